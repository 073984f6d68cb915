"""Power-of-two scales, and real ones, follow a change of exponent."""

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.quantizers import Quantizer, bcq, cast, hbfp, int_, mxfp, mxint, nf4
from sqtheory.alphabet.rounding import stochastic
from sqtheory.alphabet.traits import DYADIC_EQUIVARIANT
from sqtheory.arrays import Array, Mask
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Claim, NoneKnown, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import EXPONENTS, STEADY
from sqtheory.theory.samples import heavy, negative_zeros, normal, one_signed, powers, ties, zeros
from sqtheory.theory.theorem import Theorem

SHIFTS = (-40, -3, -1, 1, 2, 30)


def _defect(case: Case) -> Array:
    gaps = [np.ldexp(case.q(np.ldexp(case.x, j)), -j) - case.orders.image for j in SHIFTS]
    return np.asarray(np.max(np.abs(gaps), axis=(0, 2)))


DEFECT = Quantity(
    "d",
    r"\max_j\lVert 2^{-j}q(2^jx)-q(x)\rVert_\infty",
    f"the largest entry of 2^−j q(2^j x) − q(x) over j in {SHIFTS}",
    _defect,
)


def _follows(case: Case) -> Mask:
    sigma = case.dense_scale
    shifted = ((case.spread(case.q.scales(np.ldexp(case.x, j))), np.ldexp(sigma, j)) for j in SHIFTS)
    return case.every(np.all([found == expected for found, expected in shifted], axis=0))


def _homogeneous(q: Quantizer) -> Ruling:
    does = DYADIC_EQUIVARIANT in q.scaling.equivariance and q.scaling.zero_block_is_zero
    return Ruling(does, f"{q.scaling} {'follows' if does else 'does not follow'} a power of two")


FOLLOWS = Assumption(
    "scale_follows",
    f"σ(2^j x) = 2^j σ(x) in every block, for every j in {SHIFTS}",
    _follows,
    lambda s, q, p, shape: _homogeneous(q),
)

THEOREM = Theorem(
    slug="dyadic_equivariance",
    title="Where scales follow a power of two, σ(2^j x) = 2^j σ(x), images do, barring the range of exponents",
    claims=(Claim(DEFECT, "==", 0),),
    where=(DEFECT,),
    given=(
        FOLLOWS.shown(Case.of([7, 2.5], cast(E2M1))),
        STEADY.shown(Case.of([7, 3.5, 1.5, 2.5] * 8, int_(4, rounding=stochastic(np.random.default_rng(0))))),
        EXPONENTS.shown(Case.of([7 * 2.0**-1040, 0], int_(4))),
    ),
    domain=Domain(
        x=Arrays(8, kinds=(normal, ties, powers, zeros, one_signed, heavy, negative_zeros)),
        q=OneOf(int_(4), int_(3, block=4), hbfp(4), mxint(8), mxfp(E2M1), mxfp(E4M3, block=4), nf4(), bcq(3)),
    ),
    witness=NoneKnown("an identity has no slack to show tight"),
    source=NEW,
)
