"""With mask and scales frozen, masking and quantizing commute."""

import numpy as np

from sqtheory.arrays import Mask
from sqtheory.case import Case
from sqtheory.domain import Arrays, Domain, OneOf
from sqtheory.formats import E2M1, E4M3
from sqtheory.partition import Rows, Shape
from sqtheory.quantizers import Quantizer, bcq, hbfp, int_, mxfp, nf4, nvfp4
from sqtheory.rounding import ceil, stochastic
from sqtheory.scaling import HalfRange, MeanSquare
from sqtheory.sparsifiers import Sparsifier, nm, threshold, top
from sqtheory.structure import Ruling, keeps_all
from sqtheory.theorem import NEW, Assumption, Claim, NoneKnown, Quantity, Theorem
from sqtheory.theorems.vocabulary import STEADY
from sqtheory.traits import KEEPS_ZERO

DEFECT = Quantity(
    "d",
    r"\lVert m\odot q_\sigma(x)-q_\sigma(m\odot x)\rVert_\infty",
    "the largest entry of m ⊙ q(x) − q(m ⊙ x), every scale fixed at its value for x",
    lambda case: np.abs(np.where(case.orders.mask, case.orders.image, 0.0) - case.frozen_image).max(axis=1),
)


def _zero_stays(case: Case) -> Mask:
    if KEEPS_ZERO in case.q.traits:
        return np.ones(len(case), bool)
    zeros = case.q.frozen(case.x).apply(np.zeros_like(case.x), case.x)
    return case.every(case.orders.mask | (zeros == 0))


def _ruling(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    if keeps_all(s, shape):
        return Ruling(True, "every entry is kept")
    zero = KEEPS_ZERO in q.traits
    return Ruling(zero, f"0 {'is' if zero else 'is not'} a value of {q.format}")


FROZEN_Z = Assumption(
    "keeps_zero_frozen",
    "Z at the scales of x: q_σ(0) = 0 for every pruned entry, also in a block of which nothing is kept",
    _zero_stays,
    _ruling,
)
"""Stronger than Z: at its own scale a zero block comes back as zero even where 0 is no level."""

THEOREM = Theorem(
    slug="frozen_commutation",
    title="With mask and scales fixed, quantizing then masking equals masking then quantizing",
    claims=(Claim(DEFECT, "==", 0),),
    where=(DEFECT,),
    given=(
        FROZEN_Z.shown(Case.of([1, 2], bcq(1, block=1), nm(1, 2))),
        STEADY.shown(Case.of([7, 3.5, 0, 0] * 8, int_(4, rounding=stochastic(np.random.default_rng(0))), nm(2, 4))),
    ),
    domain=Domain(
        x=Arrays(12),
        q=OneOf(
            *(int_(4, block=6), int_(3, rounding=ceil), int_(4, scaling=HalfRange()), int_(4, scaling=MeanSquare(20))),
            *(hbfp(4, block=4), mxfp(E2M1), mxfp(E4M3, block=4), nvfp4(block=4), nf4()),
        ),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 6), top(0.25, per=Rows()), threshold(0.5)),
    ),
    witness=NoneKnown("an identity has no slack to show tight"),
    source=NEW,
    formal=("frozen_commutation",),
)
