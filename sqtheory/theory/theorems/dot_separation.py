"""In a dot product neither order is safe: both can err by more than both parts together."""

import sympy

from sqtheory.alphabet.quantizers import hbfp, int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import high_index
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Claim, Reference, Separation
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.dot_decomposition import QS, SQ, WHOLE
from sqtheory.theory.theorems.dot_interaction import Q, S

PARTS = sympy.Abs(WHOLE - Q) + sympy.Abs(WHOLE - S)
"""|ε^D_{q,q}| + |ε^D_{I,s}|."""

THEOREM = Theorem(
    slug="dot_separation",
    title="In a dot product either order can err by more than quantizing and pruning together",
    claims=(Claim(sympy.Abs(WHOLE - SQ), ">", PARTS), Claim(sympy.Abs(WHOLE - QS), ">", PARTS)),
    where=(WHOLE, SQ, QS, Q, S),
    domain=None,
    witness=Separation(
        (
            Case.of([-1 / 16, 1 / 8], hbfp(3, block=2), nm(1, 2), w=[3 / 16, -5 / 16]),
            Case.of([1 / 8, 1 / 16], hbfp(3, block=2), nm(1, 2, ties=high_index), w=[5 / 16, 3 / 16]),
            Case.of([0.25, 0.25, 0.25, -1.75], int_(4), nm(2, 4), w=[3, 0, -0.25, 0.5]),
        )
    ),
    source=Reference("harma2025interplay", "after Theorem 3.9; one pair for both orders"),
)
