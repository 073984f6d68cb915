"""What leaves an accumulator's sum alike: signs, powers of two, and the order within a group, but not across groups."""

import numpy as np

from sqtheory.alphabet.formats import BFLOAT16, E4M3
from sqtheory.alphabet.quantizers import cast
from sqtheory.arithmetic.named import aligned, wgmma
from sqtheory.arrays import Array, Mask
from sqtheory.theory.accumulated import FL, accumulator, operands, reversed_within, within_float32
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Claim, NoneKnown, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import decided_by_tensor
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.accumulator_bound import CASTS, MASKS, NAMED

SHIFT = 2
"""Binades by which x is shifted."""


def times(case: Case, factor: float) -> Array:
    """fl of the row with x times a factor, where the operand holds that."""
    how, (a, b) = accumulator(case), operands(case)
    return how.dots(how.operand.toward_zero(factor * a), b).astype(np.float64)


def _normal(case: Case) -> Mask:
    operand, size = accumulator(case).operand, np.abs(operands(case)[0])
    normal = (size >= 2.0**operand.emin) & (size <= operand.max * 2.0**-SHIFT)
    return case.every((size == 0) | normal)


NEGATED = Quantity("fl_minus", r"\operatorname{fl}(-x)", "fl of −x and w", lambda case: times(case, -1.0))
SHIFTED = Quantity("fl_4", r"\operatorname{fl}(4x)", "fl of 4x and w", lambda case: times(case, 2.0**SHIFT))
WITHIN = Quantity(
    "fl_within",
    r"\operatorname{fl}\circ\pi",
    "fl of the row with the places of every group in reverse order, so that any order within groups is meant",
    reversed_within,
)
NORMAL = Assumption(
    "normal",
    "every x_i is 0 or a normal operand of which the operands hold 4x_i",
    _normal,
    decided_by_tensor,
)
SHIFT_IN_RANGE = Assumption(
    "shift_in_range",
    "Σ|x_i w_i| ≤ 2^125 and every x_i w_i is a multiple of 2^−126: shifted or not, partial "
    "results are 0 or normal in float32",
    lambda case: np.logical_and(*(within_float32(np.multiply(*operands(case)) * by) for by in (1.0, 2.0**SHIFT))),
    decided_by_tensor,
)
TINY = Case.of([3 * 2.0**-9], cast(E4M3), w=[1], accumulator=aligned("e4m3", group=2, fraction=1, significant=10))
"""A subnormal operand: it is cut as if it were the smallest normal one."""

THEOREM = Theorem(
    slug="accumulator_symmetry",
    title="A sum in an accumulator is odd, shifts with its operands, and does not see the order within a group",
    claims=(Claim(NEGATED, "==", -FL), Claim(SHIFTED, "==", 4 * FL), Claim(WITHIN, "==", FL)),
    where=(FL, NEGATED, SHIFTED, WITHIN),
    given=(
        NORMAL.shown(TINY),
        SHIFT_IN_RANGE.shown(Case.of([2.0**63], cast(BFLOAT16), w=[2.0**64], accumulator=wgmma("bf16"))),
    ),
    domain=Domain(
        x=Arrays(40, kinds=(normal, ties, one_signed, heavy)),
        w=Arrays(40, kinds=(normal, ties, one_signed, heavy)),
        q=CASTS,
        s=MASKS,
        accumulators=OneOf(*NAMED),
    ),
    witness=NoneKnown("an identity has no slack to show tight"),
    source=NEW,
    formal=("accumulator_odd", "accumulator_dyadic", "accumulator_permuted"),
)
