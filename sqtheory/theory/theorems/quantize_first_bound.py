"""What quantizing first can cost at most, with no assumption on scales, zeros or rounding."""

from math import inf

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nf4, nvfp4
from sqtheory.alphabet.rounding import floor
from sqtheory.alphabet.scaling import HalfRange
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.alphabet.ties import Adversarial, high_index
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import ERROR_Q, ERROR_Q_PRUNED, ERROR_QS, ERROR_S, MAGNITUDE, NORM
from sqtheory.theory.theorem import Theorem

THEOREM = Theorem(
    slug="quantize_first_bound",
    title="Quantizing first adds at most the error of q on the entries that s prunes at x, whatever q is",
    claims=(Claim(ERROR_QS, "<=", ERROR_S + ERROR_Q + ERROR_Q_PRUNED),),
    where=(ERROR_QS, ERROR_S, ERROR_Q, ERROR_Q_PRUNED),
    given=(
        MAGNITUDE.shown(
            Case.of([7, 6.375, 0.625, 0], int_(4), nm(2, 4, score=wanda(np.diag([16.0, 1.0, 9.0, 1.0])))),
        ),
        NORM.shown(Case.of([7, 1.75, 2.25, 0], int_(4), nm(2, 4), 0.5)),
    ),
    domain=Domain(
        x=Arrays(12),
        q=OneOf(
            *(int_(4, block=6), int_(3, rounding=floor), int_(4, scaling=HalfRange()), hbfp(4, block=4)),
            *(mxfp(E2M1), mxfp(E4M3, block=4), nvfp4(block=4), nf4(), bcq(3)),
        ),
        s=OneOf(
            *(nm(2, 4), nm(1, 4), nm(2, 4, ties=high_index), nm(2, 4, ties=Adversarial(1))),
            *(top(0.5, per=Rows()), nm(3, 6)),
        ),
        p=OneOf(1.0, 1.5, 2.0, 3.0, inf),
    ),
    witness=Attained(Case.of([7, 1.75, 2.25, 0], int_(4), nm(2, 4))),
    source=Reference("harma2025interplay", "after Theorem 3.7, with the surplus made explicit"),
)
