"""Everything is cut towards zero: no partial result exceeds the magnitudes, and one-signed sums are only too small."""

import numpy as np

from sqtheory.alphabet.formats import E4M3
from sqtheory.alphabet.quantizers import cast
from sqtheory.arithmetic.named import fp8_fast
from sqtheory.arrays import Array
from sqtheory.theory.accumulated import IN_RANGE, MAGNITUDES, OPERANDS_ARE, accumulator, operands
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim, Quantity
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.accumulator_bound import BEYOND, DOMAIN


def partial(case: Case) -> Array:
    """max_g |C after g| of every row."""
    how, (a, b) = accumulator(case), operands(case)
    ends = [*range(how.span, a.shape[1], how.span), a.shape[1]]
    return np.asarray(np.max([np.abs(how.dots(a[:, :end], b[:, :end]).astype(np.float64)) for end in ends], axis=0))


def without_signs(case: Case) -> Array:
    """fl(Σ |x_i| |w_i|) of every row."""
    return accumulator(case).dots(*map(np.abs, operands(case))).astype(np.float64)


PARTIAL = Quantity(
    "partial",
    r"\max_g|C_g|",
    f"the largest magnitude of the accumulator after any group of one chain; {OPERANDS_ARE}",
    partial,
)
ALIKE = Quantity(
    "fl_abs",
    r"\operatorname{fl}(\sum|x_iw_i|)",
    "fl of the same products without their signs: what fl is where none is negative",
    without_signs,
)

THEOREM = Theorem(
    slug="one_signed_accumulation",
    title="Partial results never exceed the magnitudes of the products: one-signed sums are never too large",
    claims=(Claim(PARTIAL, "<=", MAGNITUDES), Claim(ALIKE, "<=", MAGNITUDES), Claim(0, "<=", ALIKE)),
    where=(PARTIAL, ALIKE, MAGNITUDES),
    given=(IN_RANGE.shown(BEYOND),),
    domain=DOMAIN,
    witness=Attained(Case.of([1, 2], cast(E4M3), w=[1, 3], accumulator=fp8_fast)),
    source=NEW,
    formal=("one_signed_partial", "one_signed_accumulation"),
)
