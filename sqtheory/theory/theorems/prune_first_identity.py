"""The error of S→Q splits over pruned and kept entries."""

from math import inf

import numpy as np
import sympy

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nf4, nvfp4
from sqtheory.alphabet.rounding import floor, stochastic
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import nm, threshold, top
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Norms, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.measured import measured
from sqtheory.theory.quantities import POWER_Q_KEPT, POWER_S, POWER_SQ, SIGMA, STEADY, Z
from sqtheory.theory.theorem import Theorem

DEFECT = measured(
    "d",
    r"\lVert\varepsilon_{q\circ s}(x)-m\odot\varepsilon_q(x)-\varepsilon_s(x)\rVert_\infty",
    "the largest entry of ε_{q∘s}(x) − m ⊙ ε_q(x) − ε_s(x)",
    lambda o: o.most(o.minus(o.minus(o.minus(o.x, o.sq), o.kept(o.m, o.minus(o.x, o.q))), o.minus(o.x, o.sparse))),
)

THEOREM = Theorem(
    slug="prune_first_identity",
    title="The error of S→Q is that of s on the pruned entries and that of q on the kept ones",
    claims=(
        Claim(POWER_SQ, "==", POWER_S + POWER_Q_KEPT, Norms.FINITE),
        Claim(POWER_SQ, "==", sympy.Max(POWER_S, POWER_Q_KEPT), Norms.LARGEST),
        Claim(DEFECT, "==", 0),
    ),
    where=(POWER_SQ, POWER_S, POWER_Q_KEPT, DEFECT),
    given=(
        Z.shown(Case.of([3, -1], bcq(2), nm(1, 2))),
        SIGMA.shown(Case.of([7, 3, 1, 0], int_(4), nm(2, 4, score=given([0, 3, 2, 1])))),
        STEADY.shown(Case.of([7, 3.5, 0, 0] * 8, int_(4, rounding=stochastic(np.random.default_rng(0))), nm(2, 4))),
    ),
    domain=Domain(
        x=Arrays(16),
        q=OneOf(
            *(int_(4, block=8), int_(3, rounding=floor), hbfp(4, block=8), mxfp(E2M1), mxfp(E4M3, block=4)),
            *(nvfp4(block=8), nf4(block=16)),
        ),
        s=OneOf(nm(2, 4), nm(1, 4), nm(4, 8), top(0.5, per=Rows()), threshold(0.5)),
        p=OneOf(0.5, 1.0, 2.0, 3.0, inf),
    ),
    witness=Attained(Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4))),
    source=Reference("harma2025interplay", "after Theorem 3.5, sharpened to an identity"),
    formal=("prune_first_identity",),
)
