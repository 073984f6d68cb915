"""With mask and scales frozen, masking and quantizing commute."""

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nf4, nvfp4
from sqtheory.alphabet.rounding import ceil, stochastic
from sqtheory.alphabet.scaling import HalfRange, mse
from sqtheory.alphabet.sparsifiers import nm, threshold, top
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Claim, NoneKnown
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.measured import measured
from sqtheory.theory.quantities import FROZEN_Z, STEADY
from sqtheory.theory.theorem import Theorem

DEFECT = measured(
    "d",
    r"\lVert m\odot q_\sigma(x)-q_\sigma(m\odot x)\rVert_\infty",
    "the largest entry of m ⊙ q(x) − q(m ⊙ x), every scale fixed at its value for x",
    lambda o: o.most(o.minus(o.kept(o.m, o.q), o.frozen)),
)


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
            *(int_(4, block=6), int_(3, rounding=ceil), int_(4, scaling=HalfRange()), int_(4, scaling=mse(20))),
            *(hbfp(4, block=4), mxfp(E2M1), mxfp(E4M3, block=4), nvfp4(block=4), nf4()),
        ),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 6), top(0.25, per=Rows()), threshold(0.5)),
    ),
    witness=NoneKnown("an identity has no slack to show tight"),
    source=NEW,
    formal=("frozen_commutation",),
)
