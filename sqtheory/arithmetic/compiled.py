"""Chains of groups in machine code (extra ``fast``) for 8-bit operands: compiled when first called, kept on disk."""

import numpy as np

from sqtheory.alphabet.kernels.compiled_loop import loop

F4, F8, I4, I8 = np.float32, np.float64, np.int32, np.int64


@loop
def chain8(start, a, ea, b, eb, span, every, fraction, significant, least, out):  # type: ignore[no-untyped-def]
    """Accumulators after all products, rows of a against rows of b; from 0 and added up every ``every`` places if > 0.

    Products and their sums in units of 2^{E−F} are integers below 2^31; conversion to int32 cuts towards zero.
    """
    length = a.shape[1]
    keep = I8(-1) << I8(53 - significant)
    bits = np.empty(2, np.float64)
    whole = bits.view(np.int64)
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            total, base = F8(start[i, j]), F8(0)
            for first in range(0, length, span):
                if every > 0 and first % every == 0:
                    base, total = (F8(F4(base + total)), F8(0)) if first else (total, F8(0))
                last = min(first + span, length)
                top = I4(-8192)
                for k in range(first, last):
                    top = max(top, I4(I4(ea[i, k]) + I4(eb[j, k])))
                bits[0] = total
                if total != 0.0:
                    top = max(top, I4(max(((whole[0] >> I8(52)) & I8(0x7FF)) - I8(1023), I8(least))))
                if top < -2048:
                    continue
                unit = I8(top) - I8(fraction)
                whole[1] = (I8(1023) - unit) << I8(52)
                scale = F4(min(bits[1], 2.0**100))  # beyond, all products are 0
                added = I4(0)
                for k in range(first, last):
                    added = I4(added + I4(a[i, k] * b[j, k] * scale))
                bits[0] = F8(added) + np.trunc(total * bits[1])
                whole[0] = whole[0] & keep
                whole[1] = (I8(1023) + unit) << I8(52)
                total = bits[0] * bits[1]
            out[i, j] = F4(base + total) if every > 0 else F4(total)
