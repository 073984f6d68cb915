"""Power-of-two scales, and real ones, follow a change of exponent."""

import numpy as np

from sqtheory.arrays import Array, Mask
from sqtheory.case import Case
from sqtheory.domain import Arrays, Domain, OneOf
from sqtheory.formats import E2M1, E4M3
from sqtheory.quantizers import bcq, cast, hbfp, int_, mxfp, mxint, nf4
from sqtheory.samples import heavy, negative_zeros, normal, one_signed, powers, ties, zeros
from sqtheory.theorem import NEW, Assumption, Claim, NoneKnown, Quantity, Theorem
from sqtheory.theorems.vocabulary import decided_by_tensor, having
from sqtheory.traits import DYADIC_EQUIVARIANT

EXPONENTS = (-40, -3, -1, 1, 2, 30)
SMALLEST, LARGEST = 2.0**-80, 2.0**90
"""Magnitudes that no 2^j takes beyond the exponents of a scale, E8M0 among them."""


def _in_range(case: Case) -> Mask:
    size = np.abs(case.x)
    return case.every((size == 0) | ((size >= SMALLEST) & (size <= LARGEST)))


IN_RANGE = Assumption(
    "exponents_in_range",
    "every x_i is 0 or 2^−80 ≤ |x_i| ≤ 2^90, so that no scale leaves the range of its exponents",
    _in_range,
    decided_by_tensor,
)


def _defect(case: Case) -> Array:
    gaps = [np.ldexp(case.q(np.ldexp(case.x, j)), -j) - case.orders.image for j in EXPONENTS]
    return np.asarray(np.max(np.abs(gaps), axis=(0, 2)))


DEFECT = Quantity(
    "d",
    r"\max_j\lVert 2^{-j}q(2^jx)-q(x)\rVert_\infty",
    f"the largest entry of 2^−j q(2^j x) − q(x) over j in {EXPONENTS}",
    _defect,
)

THEOREM = Theorem(
    slug="dyadic_equivariance",
    title="Scaling a block by a power of two scales its image: q(2^j x) = 2^j q(x), barring the range of exponents",
    claims=(Claim(DEFECT, "==", 0),),
    where=(DEFECT,),
    given=(
        having("dyadic_equivariant", DYADIC_EQUIVARIANT).shown(Case.of([7, 2.5], cast(E2M1))),
        IN_RANGE.shown(Case.of([2.0**-1074, 0], int_(4))),
    ),
    domain=Domain(
        x=Arrays(8, kinds=(normal, ties, powers, zeros, one_signed, heavy, negative_zeros)),
        q=OneOf(int_(4), int_(3, block=4), hbfp(4), mxint(8), mxfp(E2M1), mxfp(E4M3, block=4), nf4(), bcq(3)),
    ),
    witness=NoneKnown("an identity has no slack to show tight"),
    source=NEW,
)
