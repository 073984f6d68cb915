"""Binary codes fitted to rows: greedily, one sign vector after the other, and by alternation."""

from collections.abc import Callable

import numpy as np

from sqtheory.alphabet.binary.code import BinaryCode, nearest_code
from sqtheory.arrays import Array, Mask

Rounded = Callable[[Array], Array]
"""What is made of scales before the signs are chosen for them."""


def greedy(rows: Array, bits: int, kept: Mask | None = None) -> BinaryCode:
    """α_i = mean |r_i| and b_i = sign r_i of the kept entries' residuals r_i, `xu2018alternating`, §3: sign 0 is 1.

    Every bit takes k (mean |r_i|)² from ‖r_i‖², k the number of kept entries (theorem ``binary_code_residual``).
    """
    where = np.ones(rows.shape, bool) if kept is None else kept
    count = np.maximum(where.sum(axis=1), 1)
    residual = np.where(where, rows, 0.0).astype(np.float64)
    scales, signs = np.zeros((len(rows), bits)), np.zeros((*rows.shape, bits), np.int8)
    for bit in range(bits):
        chosen = np.where(where, np.where(residual < 0, -1, 1), 0).astype(np.int8)
        scales[:, bit] = np.abs(residual).sum(axis=1) / count
        signs[:, :, bit] = chosen
        residual = residual - scales[:, bit, None] * chosen
    return BinaryCode(scales, signs)


def least_squares(rows: Array, code: BinaryCode) -> Array:
    """The scales of least error for the signs of a code: of several the shortest, negative ones with their sign lost.

    The signs that go with |α| in descending order are not those given; ``nearest_code`` finds them or better ones.
    """
    signs = code.signs.astype(np.float64)
    gram, projected = np.einsum("rni,rnj->rij", signs, signs), np.einsum("rni,rn->ri", signs, rows)
    exact = np.einsum("rij,rj->ri", np.linalg.pinv(gram, hermitian=True), projected)
    return np.asarray(-np.sort(-np.abs(exact), axis=1))


def refined(rows: Array, code: BinaryCode, rounded: Rounded | None = None) -> BinaryCode:
    """One round of the alternation: scales by least squares, rounded if told, then the nearest code of every entry.

    `xu2018alternating`, Algorithm 2. Without rounding the error does not rise (theorem ``binary_code_residual``).
    """
    kept = (code.signs != 0).any(axis=2)
    scales = least_squares(np.where(kept, rows, 0.0), code)
    return nearest_code(rows, scales if rounded is None else rounded(scales), kept)


def alternated(rows: Array, code: BinaryCode, rounds: int, rounded: Rounded | None = None) -> BinaryCode:
    """So many rounds of ``refined``. Without rounding a row stays as it is once a round does not lessen its error."""
    for _ in range(rounds):
        new = refined(rows, code, rounded)
        if rounded is not None:
            code = new
            continue
        better = errors(rows, new) < errors(rows, code)
        if not better.any():
            break
        code = BinaryCode(
            np.where(better[:, None], new.scales, code.scales),
            np.where(better[:, None, None], new.signs, code.signs),
        )
    return code


def errors(rows: Array, code: BinaryCode) -> Array:
    """Σ (x − Σ α_i b_i)² over the encoded entries of every row."""
    kept = (code.signs != 0).any(axis=2)
    return np.asarray((np.where(kept, rows - code.values, 0.0) ** 2).sum(axis=1))
