"""“Quantization error dominates” is no law: at four bits and half the entries pruned the mask errs more."""

from math import inf

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import hbfp, int_, mxfp, mxint
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Claim, Reference, Separation
from sqtheory.theory.quantities import ERROR_Q, ERROR_S
from sqtheory.theory.theorem import Theorem

X = [7, -5.25, 4.5, -3.625, 2.875, -2.125, 1.375, -0.625]
"""Magnitudes in nearly equal steps, signs in turn."""

THEOREM = Theorem(
    slug="mask_dominates",
    title="The mask can err more than four-bit rounding, in every norm: quantization error need not dominate",
    claims=(Claim(ERROR_S, ">", ERROR_Q),),
    where=(ERROR_S, ERROR_Q),
    domain=None,
    witness=Separation(
        (
            *(Case.of(X, int_(4), nm(2, 4), p) for p in (1, 2, inf)),
            *(Case.of(X, q, nm(2, 4), 2) for q in (hbfp(4), mxint(4), mxfp(E2M1), int_(3))),
            Case.of(X, int_(4), top(0.5, per=Rows()), 2),
            Case.of(X, int_(4), nm(3, 4), 2),
        )
    ),
    source=Reference("harma2025interplay", "§5, whose sentence on which error dominates is about models"),
)
