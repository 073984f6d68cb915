"""d_r(A) = min ‖A − L‖ over rank r is 1-Lipschitz, and the n − r smallest of n squares are at most their share."""

from fractions import Fraction

import numpy as np
import sympy
from sympy import Eq, Le

from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems.gram_error import INPUTS
from sqtheory.theory.theorems.low_rank_gap import APART, RANK, REST_QS, REST_SQ, THEOREM, WHOLE_QS, WHOLE_SQ

from .atoms import Atoms, Number, Row
from .conclusions import Concludes, Lemma
from .dot_decomposition import error, product
from .gram_error import matrix
from .linear_layer import frobenius, root, unknown
from .proof import Proof
from .shapes import Groups
from .steps import Cited, Enumerated, NonNegative
from .unknowns import Facts, Unknowns

more = sympy.symbols("more1:4", nonnegative=True)
least = sympy.symbols("least", nonnegative=True)


class Rest(sympy.Function):  # type: ignore[misc]
    """The distance of a matrix, given entry by entry, to rank ``RANK``: of numbers a float."""

    is_real = True
    is_nonnegative = True

    @classmethod
    def eval(cls, *entries: sympy.Expr) -> sympy.Expr | None:
        """By the singular values, where all entries are numbers."""
        return sympy.Float(tail(list(map(float, entries)))) if all(e.is_number for e in entries) else None


def tail(row: Row) -> float:
    """√ of the sum of the squares of all but the largest singular values."""
    unit = max(map(abs, row)) or 1
    spectrum = np.linalg.svd([[float(v / unit) for v in r] for r in matrix(row)], compute_uv=False)
    return float(np.sqrt((spectrum[RANK:] ** 2).sum()) * float(unit))


def rest(row: Row) -> Number:
    """√ of the sum of all but the largest eigenvalues of MMᵀ: exact where it is diagonal; of unknowns a name."""
    if unknown(row):
        return Rest(*map(sympy.expand, row))
    rows = matrix(row)
    gram = [[product(u, v) for v in rows] for u in rows]
    if all(gram[i][j] == 0 for i in range(len(gram)) for j in range(i)):
        return root(sum(sorted((gram[i][i] for i in range(len(gram))), reverse=True)[RANK:], Fraction(0)))
    return tail(row)


def errors(a: Atoms) -> tuple[Row, Row]:
    """The entries of W − q(s(W)) and of W − s(q(W))."""
    return error(a.x, a.sq), error(a.x, a.qs)


def near(a: Unknowns, goals: Facts) -> Facts:
    """d_r(A) ≤ d_r(B) + ‖A − B‖_F both ways, and the norm is that of the results' difference."""
    one, other = errors(a)
    apart = frobenius(error(a.sq, a.qs))
    return [
        fact
        for u, v in ((one, other), (other, one))
        for fact in (
            Le(rest(u), rest(v) + frobenius(error(u, v)), evaluate=False),
            Eq(frobenius(error(u, v)), apart, evaluate=False),
        )
    ]


def shared(a: Unknowns, goals: Facts) -> Facts:
    """n d_r(A)² ≤ (n − r) ‖A‖_F²."""
    return [Le(INPUTS * rest(e) ** 2, (INPUTS - RANK) * frobenius(e) ** 2, evaluate=False) for e in errors(a)]


def order_survives() -> list[str]:
    """Diagonal errors (3, 3, 0) and (5, 0, 0), if the smaller one has the smaller rest too."""
    kept = [(3.0, 3.0, 0.0), (5.0, 0.0, 0.0)]
    sizes = [sum(v * v for v in e) for e in kept]
    rests = [sum(sorted((v * v for v in e), reverse=True)[RANK:]) for e in kept]
    return [] if sizes[0] < sizes[1] and rests[0] > rests[1] else [f"{sizes}, {rests}"]


YOUNG = Cited("min ‖A − L‖_F² over rank L ≤ r is Σ_{i>r} σ_i(A)²", Reference("eckart1936approximation"))
LIPSCHITZ = Cited(
    "the distance to any set is 1-Lipschitz: ‖A − L‖ ≤ ‖B − L‖ + ‖A − B‖, for the best L of B",
    Reference("golub2013", "§2.3"),
)
SHARE = NonNegative(
    "of squares l, l + m₁, l + m₁ + m₂, l + m₁ + m₂ + m₃ the least three are at most ¾ of the sum",
    3 * (4 * least + 3 * more[0] + 2 * more[1] + more[2]) - 4 * (3 * least + 2 * more[0] + more[1]),
)

PROOF = Proof(
    theorem=THEOREM,
    model={
        REST_SQ: lambda a: rest(errors(a)[0]),
        REST_QS: lambda a: rest(errors(a)[1]),
        WHOLE_SQ: lambda a: frobenius(errors(a)[0]),
        WHOLE_QS: lambda a: frobenius(errors(a)[1]),
        APART: lambda a: frobenius(error(a.sq, a.qs)),
    },
    steps=(
        YOUNG,
        LIPSCHITZ,
        SHARE,
        Concludes(
            Groups(2, 4, 4),
            lemmas=(
                Lemma("the distance to rank r is 1-Lipschitz", (YOUNG, LIPSCHITZ), near),
                Lemma("the least n − r of n squares", (YOUNG, SHARE), shared),
            ),
        ),
        Enumerated("which error is the smaller is not kept: a correction may turn the order round", order_survives),
    ),
)
