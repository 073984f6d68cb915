"""The words of theorems on dot products that an accumulator of few bits adds up."""

from dataclasses import replace

import numpy as np

from sqtheory.arithmetic.accumulation import magnitudes
from sqtheory.arithmetic.accumulator import Accumulator
from sqtheory.arithmetic.chaining import ONE_CHAIN
from sqtheory.arrays import Array, Mask
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Assumption, Quantity
from sqtheory.theory.quantities import decided_by_tensor, dot


def accumulator(case: Case) -> Accumulator:
    """The accumulator of the case in one chain of groups. Raises ValueError if there is none."""
    return replace(promoted(case), chain=ONE_CHAIN)


def promoted(case: Case) -> Accumulator:
    """The accumulator of the case, parts and all. Raises ValueError if there is none."""
    if case.accumulator is None:
        raise ValueError("this case has no accumulator")
    return case.accumulator


def operands(case: Case) -> tuple[Array, Array]:
    """q(x) and q(s(w)) as operands of the accumulator: cut towards zero to their bits, saturated."""
    read = promoted(case).operand.toward_zero
    return read(case.orders.image), read(case.weight.orders.after_mask)


def added_up(case: Case, how: Accumulator) -> Array:
    """fl(Σ x_i w_i) of every row."""
    return how.dots(*operands(case)).astype(np.float64)


def exact(case: Case) -> Array:
    """Σ x_i w_i of every row."""
    return dot(*operands(case))


def magnitude(case: Case) -> Array:
    """Σ |x_i w_i| of every row."""
    return np.asarray(np.abs(np.multiply(*operands(case))).sum(axis=1))


def sizes(case: Case) -> Array:
    """|x_i|₊ |w_i|₊ of every entry, |v|₊ = max(|v|, smallest normal operand), 0 at 0."""
    least = 2.0 ** promoted(case).operand.emin
    a, b = (magnitudes(v, least) for v in operands(case))
    return np.asarray(a * b)


def within_float32(products: Array) -> Mask:
    """Rows of products of which no partial sum leaves the normal numbers of float32, but to 0."""
    products = np.abs(products)
    units = products * 2.0**126
    return np.asarray((products.sum(axis=1) <= 2.0**127) & (units == np.rint(units)).all(axis=1))


IN_RANGE = Assumption(
    "in_range",
    "Σ|x_i w_i| ≤ 2^127 and every x_i w_i is a multiple of 2^−126: all partial results are 0 or normal in float32",
    lambda case: within_float32(np.multiply(*operands(case))),
    decided_by_tensor,
)
OPERANDS_ARE = "x and w stand for q(x) and q(s(w)) as the accumulator's operands"
FL = Quantity(
    "fl",
    r"\operatorname{fl}",
    f"fl(Σ x_i w_i) in one chain of groups of L, cut F bits below the largest exponent, P bits kept; {OPERANDS_ARE}",
    lambda case: added_up(case, accumulator(case)),
)
DOT = Quantity("xw", r"\langle x,w\rangle", f"Σ x_i w_i; {OPERANDS_ARE}", exact)
MAGNITUDES = Quantity("size", r"\sum|x_iw_i|", "Σ |x_i w_i|", magnitude)
ALLOWED = Quantity(
    "allowed",
    r"\sum_g(n_g2^{-F}+2^{1-P})A_g",
    "Σ_g (n_g 2^−F + 2^{1−P}) A_g over groups g along the row: n_g products that are not 0 in g, one more unless "
    "F ≥ P − 1 and F ≥ 2m for m bits after the point of an operand, A_g = Σ|x_i|₊|w_i|₊ of all groups up to g, "
    "|v|₊ = max(|v|, smallest normal operand), 0 at 0; nothing where n_g is 0",
    lambda case: accumulator(case).dots_within(*operands(case)),
)


def reversed_within(case: Case) -> Array:
    """fl of every row with the places of each group in reverse order."""
    how, pairs = accumulator(case), operands(case)
    order = [i for g in range(0, case.x.shape[1], how.span) for i in range(case.x.shape[1])[g : g + how.span][::-1]]
    return how.dots(*(v[:, order] for v in pairs)).astype(np.float64)


def longer(case: Case) -> Accumulator:
    """The accumulator in groups of twice as many places."""
    how = accumulator(case)
    return replace(how, span=2 * how.span)


FL_SPARSE = Quantity(
    "fl_2",
    r"\operatorname{fl}_2",
    "fl in groups of twice as many places, as the 2:4 instructions take up",
    lambda case: added_up(case, longer(case)),
)
ALLOWED_SPARSE = Quantity(
    "allowed_2",
    r"\sum_{g_2}(n_g2^{-F}+2^{1-P})A_g",
    "allowed, over groups of twice as many places",
    lambda case: longer(case).dots_within(*operands(case)),
)
