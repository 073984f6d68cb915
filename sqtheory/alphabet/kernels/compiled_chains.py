"""What a mask 4 and a format leave of float32 numbers, and the error, in machine code: strips that stay in cache.

Powers t < 2^e of errors are added as in ``compiled_groups``: the bits of t + 2^e, and of what that sum rounds away
plus 1.5·2^{e−52}, are integers, exact in any order; what is left then is 0, or the strip is not of these loops.
"""

import numpy as np

from sqtheory.alphabet.kernels.compiled_loop import loop

STRIP = 2048
"""Entries of a strip at most: so many integers below 2^52 add up to one of 64 bits."""
f4, f8, i4, i8 = np.float32, np.float64, np.int32, np.int64


@loop
def masked(bits, least, later, size, out, maxima):  # type: ignore[no-untyped-def]
    """x where it beats ``least`` others of its four, else +0, as bits, and the largest magnitude of every ``size``.

    Of equal magnitudes wins the earlier (``later`` 1) or the later (0).
    """
    magnitude, one, two, three, zero = i4(0x7FFFFFFF), i4(1), i4(2), i4(3), i4(0)
    step = max(1, STRIP // size) * size
    for start in range(0, bits.size, step):
        strip, image = bits[start : start + step], out[start : start + step]
        for r in range(strip.size // 4):
            b0, b1, b2, b3 = strip[4 * r], strip[4 * r + 1], strip[4 * r + 2], strip[4 * r + 3]
            a0, a1, a2, a3 = i4(b0 & magnitude), i4(b1 & magnitude), i4(b2 & magnitude), i4(b3 & magnitude)
            w01, w02, w03 = i4(a1 < i4(a0 + later)), i4(a2 < i4(a0 + later)), i4(a3 < i4(a0 + later))
            w12, w13, w23 = i4(a2 < i4(a1 + later)), i4(a3 < i4(a1 + later)), i4(a3 < i4(a2 + later))
            image[4 * r] = b0 if i4(w01 + w02 + w03) >= least else zero
            image[4 * r + 1] = b1 if i4(w12 + w13 + one - w01) >= least else zero
            image[4 * r + 2] = b2 if i4(w23 + two - w02 - w12) >= least else zero
            image[4 * r + 3] = b3 if i4(three - w03 - w13 - w23) >= least else zero
        first = start // size
        for run in range(image.size // size):
            top, own = i4(0), image[run * size : (run + 1) * size]
            for j in range(size):
                top = max(top, i4(own[j] & magnitude))
            maxima[first + run] = top


@loop
def rounded_by(v, scales, factors, size, rounding, places):  # type: ignore[no-untyped-def]
    """φ ρ(x/σ) in place of x for runs of ``size``, each with its σ and φ; the sign of 0 as by ``Format.round``.

    ``rounding``: the fields of a ``LoopRounding``, as a plain tuple, which the code kept on disk can always read back.
    """
    kind, low, high, magic, least, lift, cuts, levels = rounding
    exponent, sign = i4(0x7F800000), i4(-0x80000000)
    for run in range(v.size // size):
        own, factor = v[run * size : (run + 1) * size], factors[run]
        divisor = f4(1) if scales[run] == f4(0) else scales[run]
        if kind == 0:
            for j in range(size):
                a = min(max(own[j] / divisor, low), high)
                own[j] = f4(f4(a + magic) - magic) * factor
        elif kind == 1:
            for j in range(size):
                a = min(max(own[j] / divisor, low), high)
                b = f4(a).view(i4)
                c = i4(max(i4(b & exponent), least) + lift)
                a = f4(f4(a + i4(c).view(f4)) - i4(c).view(f4))
                own[j] = i4(f4(a).view(i4) | i4(b & sign)).view(f4) * factor
        else:
            places[:size] = 0
            for j in range(size):
                own[j] /= divisor
            for cut in cuts:
                for j in range(size):
                    places[j] = i4(places[j] + (i4(1) if own[j] >= cut else i4(0)))
            for j in range(size):
                own[j] = levels[places[j]] * factor


@loop
def images(y, scales, size, rounding):  # type: ignore[no-untyped-def]
    """σ ρ(y/σ) in place of y for runs of ``size``, each with its σ."""
    step, places = max(1, STRIP // size) * size, np.empty(size, i4)
    for start in range(0, y.size, step):
        own = scales[start // size :]
        rounded_by(y[start : start + step], own, own, size, rounding, places)


@loop
def image_and_error(x, y, scales, size, rounding, square, power, totals):  # type: ignore[no-untyped-def]
    """Round y in place, and add up |x − y| or its square, below 2^power: two integers of every strip in ``totals``.

    Returns whether nothing is left beside the integers.
    """
    lift, rest = 2.0**power, 1.5 * 2.0 ** (power - 52)
    step, places = max(1, STRIP // size) * size, np.empty(size, i4)
    left, number = i8(0), 0
    for start in range(0, x.size, step):
        given, image = x[start : start + step], y[start : start + step]
        own = scales[start // size :]
        rounded_by(image, own, own, size, rounding, places)
        first, second = i8(0), i8(0)
        for i in range(given.size):
            e = f8(given[i]) - f8(image[i])
            t = e * e if len(square) else abs(e)
            h = t + lift
            d = t - (h - lift)
            g = d + rest
            first += f8(h).view(i8)
            second += f8(g).view(i8)
            left |= f8(d - (g - rest)).view(i8)
        totals[number, 0] = first - i8(given.size) * f8(lift).view(i8)
        totals[number, 1] = second - i8(given.size) * f8(rest).view(i8)
        number += 1
    return left & i8(0x7FFFFFFFFFFFFFFF) == 0
