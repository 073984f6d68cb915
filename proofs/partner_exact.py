"""Of orthogonal columns nothing adds up: a mask loses Σ ‖X_j‖² w_j² of what it drops, least by dropping the least."""

import sympy

from sqtheory.theory.theorems.partner_exact import THEOREM
from sqtheory.theory.theorems.partner_optimal import LEAST, SCORED

from .atoms import Atoms, Number
from .conclusions import Concludes
from .dot_decomposition import product as dot
from .gram_error import columns, matrix
from .linear_layer import unknown
from .partner_optimal import by_score, choices, dropped, loss
from .proof import Proof
from .shapes import Diagonal
from .steps import Equal
from .unknowns import Facts, Unknowns, on_top

x1, x2, y1, y2, z, v = sympy.symbols("x1 x2 y1 y2 z v", real=True)


def scored(a: Atoms) -> Number:
    """The loss of the mask by the score: of unknowns the mask is given, and its definition says what it is."""
    if unknown(a.w):
        return loss(a.x, dropped(a.w, [i for i, kept in enumerate(a.weight.m) if kept]))
    return sum(loss(a.x, dropped(row, by_score(a, a.x, row))) for row in matrix(a.w))


def best(a: Atoms) -> Number:
    """The least loss over all choices, row by row."""
    losses = [[loss(a.x, dropped(row, kept)) for kept in choices(a)] for row in matrix(a.w)]
    return sum(sympy.Min(*each, evaluate=False) if unknown(a.w) else a.least(each) for each in losses)


def ranked(a: Unknowns) -> Facts:
    """No kept w_j has a smaller w_j² ‖X_j‖² than a pruned one of its group."""
    power = [dot(c, c) for c in columns(matrix(a.x))]
    return on_top([w**2 * p for w, p in zip(a.w, power, strict=True)], a.weight.m, a.weight.groups)


PROOF = Proof(
    theorem=THEOREM,
    model={SCORED: scored, LEAST: best},
    steps=(
        Equal(
            "two samples of two inputs: the products of what is dropped come with ⟨X_1, X_2⟩, which is 0",
            (x1 * z + y1 * v) ** 2 + (x2 * z + y2 * v) ** 2 - 2 * z * v * (x1 * y1 + x2 * y2),
            (x1**2 + x2**2) * z**2 + (y1**2 + y2**2) * v**2,
        ),
        *(Concludes(Diagonal(n, 4), definitions=(ranked,)) for n in (1, 2, 3)),
    ),
)
