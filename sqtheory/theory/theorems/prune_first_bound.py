"""Pruning before quantizing adds no error to the sum of both."""

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
from sqtheory.theory.quantities import ERROR_Q, ERROR_S, ERROR_SQ, NORM, POWER_Q, POWER_S, POWER_SQ, SIGMA, STEADY, Z
from sqtheory.theory.theorem import Theorem

THEOREM = Theorem(
    slug="prune_first_bound",
    title="Pruning before quantizing adds no error: both errors bound that of S→Q",
    claims=(
        Claim(ERROR_SQ, "<=", ERROR_S + ERROR_Q),
        Claim(POWER_SQ, "<=", POWER_S + POWER_Q, Norms.FINITE),
        Claim(POWER_SQ, "<=", sympy.Max(POWER_S, POWER_Q), Norms.LARGEST),
    ),
    where=(ERROR_SQ, ERROR_S, ERROR_Q, POWER_SQ, POWER_S, POWER_Q),
    given=(
        Z.shown(Case.of([3, -1], bcq(2), nm(1, 2))),
        SIGMA.shown(Case.of([7, 3, 1, 0], int_(4), nm(2, 4, score=given([0, 3, 2, 1])))),
        STEADY.shown(Case.of([7, 3.25, 0, 0], int_(4, rounding=stochastic(np.random.default_rng(2))), nm(2, 4))),
        NORM.shown(Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4), 0.5)),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(int_(4), int_(3, block=4, rounding=floor), hbfp(4), mxfp(E2M1), mxfp(E4M3, block=4)),
            *(nvfp4(block=8), nf4(), bcq(2, zero=True)),
        ),
        s=OneOf(nm(2, 4), nm(1, 4), nm(4, 8), top(0.5, per=Rows()), threshold(0.5)),
        p=OneOf(1.0, 1.5, 2.0, 3.0, inf),
    ),
    witness=Attained(Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4))),
    source=Reference("harma2025interplay", "after Theorem 3.5"),
    formal=("prune_first_bound", "prune_first_slack"),
)
