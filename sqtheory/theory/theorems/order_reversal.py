"""Sparsity first is not universal: one tensor for each way in which an assumption fails."""

import numpy as np

from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, nf4
from sqtheory.alphabet.rounding import ceil, floor
from sqtheory.alphabet.scaling import HalfRange, Percentile, mse
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Claim, Separation
from sqtheory.theory.quantities import ERROR_QS, ERROR_SQ
from sqtheory.theory.theorem import Theorem

THEOREM = Theorem(
    slug="order_reversal",
    title="Quantizing first can be better: over several scales, with moved scales, no zero, asymmetric grids, p < 1",
    claims=(Claim(ERROR_SQ, ">", ERROR_QS),),
    where=(ERROR_SQ, ERROR_QS),
    domain=None,
    witness=Separation(
        (
            Case.of([7, 0.5, 0.4375, 1], hbfp(4, block=2), top(3, per=Rows())),
            Case.of([0, 0, 0, 0, 14, 14, 7, 0, 3, 1, 0, 0], int_(4, block=6), nm(2, 4)),
            Case.of([0, 1, 1, 1], int_(4, scaling=Percentile(50)), nm(2, 4)),
            Case.of([0, 2, 3, 5], int_(3, scaling=mse(20)), nm(2, 4)),
            Case.of([1, 1, -1, 0], int_(4, scaling=HalfRange()), nm(2, 4)),
            Case.of([7, 2.375, 2.625, 0], int_(4), nm(2, 4, score=wanda(np.diag([8, 1.375, 1.0, 1.0])))),
            Case.of([3, -1], bcq(2), nm(1, 2)),
            Case.of([1, 0, 61 / 512, -15 / 128], nf4(), nm(2, 4)),
            Case.of([7, 2.875, -2.8125, 0], int_(4, rounding=floor), nm(2, 4)),
            Case.of([-7, -2.875, 2.8125, 0], int_(4, rounding=ceil), nm(2, 4)),
            Case.of([2, 2.375, 0, 7], int_(4), nm(2, 4), 0.5),
        )
    ),
    source=NEW,
)
