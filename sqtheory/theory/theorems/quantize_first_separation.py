"""Quantizing first can cost more than both errors together: one block for every family of formats."""

from sqtheory.alphabet.formats import E2M1, E2M3, E3M2, E4M3, E5M2
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, mxint, nf4, nvfp4
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import high_index
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Claim, Reference, Separation
from sqtheory.theory.quantities import ERROR_Q, ERROR_QS, ERROR_S
from sqtheory.theory.theorem import Theorem

THEOREM = Theorem(
    slug="quantize_first_separation",
    title="Quantizing before pruning can cost more than both errors together, in formats of every family",
    claims=(Claim(ERROR_QS, ">", ERROR_S + ERROR_Q),),
    where=(ERROR_QS, ERROR_S, ERROR_Q),
    domain=None,
    witness=Separation(
        (
            Case.of([-5 / 8, -3 / 8], hbfp(3, block=2), nm(1, 2, ties=high_index)),
            Case.of([0, 5.5, 7, -6.5], int_(4), nm(2, 4), 2.0),
            Case.of([1.625, 2, 0.125, 7], int_(4), nm(2, 4)),
            Case.of([127, 1.5, 0, 2], int_(8), nm(2, 4)),
            Case.of([3, 1.5, 0, 2], int_(3), nm(2, 4)),
            Case.of([127, 1.5, 0, 2], hbfp(8), nm(2, 4)),
            Case.of([31, 1.5, 0, 2], hbfp(6), nm(2, 4)),
            Case.of([7, 1.5, 0, 2], hbfp(4), nm(2, 4)),
            Case.of([448, 19, 0, 20], mxfp(E4M3), nm(2, 4)),
            Case.of([8, 5.5, 0, 6], mxfp(E5M2), nm(2, 4)),
            Case.of([7, 6.75, 0, 7], mxfp(E2M3), nm(2, 4)),
            Case.of([28, 19, 0, 20], mxfp(E3M2), nm(2, 4)),
            Case.of([6, 3.5, 0, 4], mxfp(E2M1), nm(2, 4)),
            Case.of([127, 1.5, 0, 2], mxint(8), nm(2, 4)),
            Case.of([6, 3.5, 0, 4], nvfp4(), nm(2, 4)),
            Case.of([8, 7, 0, 8], nf4(), nm(2, 4)),
            Case.of([7, 0, 1, 1], bcq(3), nm(2, 4)),
        )
    ),
    source=Reference("harma2025interplay", "after Theorem 3.6"),
)
