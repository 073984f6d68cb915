"""zᵀGz = Σ G_jj z_j² + zᵀOz, O = G off its diagonal; the score drops least of the first, and G of W has no O."""

import math
from itertools import combinations
from typing import Any

import numpy as np
import sympy

from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems.partner_perturbed import ALIKE, ERROR, EXCESS, SIZES, THEOREM, WEIGHT

from .atoms import Atoms, Number, Row
from .conclusions import OnlyTested
from .dot_decomposition import error
from .dot_decomposition import product as dot
from .gram_error import columns, matrix
from .linear_layer import spectral
from .partner_optimal import by_score, choices, loss
from .partner_optimal import dropped as without
from .proof import Proof
from .steps import Cited, Enumerated, Equal, Smt

z1, z2, y1, y2, o = sympy.symbols("z1 z2 y1 y2 o", real=True)
w, e, v, f = sympy.symbols("w e v f", real=True)


def pairs(a: Atoms) -> list[tuple[Row, Row]]:
    """z and z* of every row; of equal losses the choice that comes first."""
    found = []
    for row in matrix(a.w):
        best = min(choices(a), key=lambda kept: loss(a.q, without(row, kept)))
        found.append((without(row, by_score(a, a.q, row)), without(row, best)))
    return found


def excess(a: Atoms) -> Number:
    """Σ ‖Ŵz‖² − ‖Ŵz*‖²."""
    return sum(loss(a.q, z) - loss(a.q, best) for z, best in pairs(a))


def norm(row: Row) -> float:
    """‖·‖₂."""
    return math.sqrt(dot(row, row))


def alike(a: Atoms) -> Number:
    """‖O‖ Σ ‖z − z*‖ ‖z + z*‖."""
    cols = columns(matrix(a.q))
    off = np.array([[0.0 if i == j else float(dot(p, q)) for j, q in enumerate(cols)] for i, p in enumerate(cols)])
    total = sum(norm(error(z, b)) * norm([p + q for p, q in zip(z, b, strict=True)]) for z, b in pairs(a))
    return float(np.abs(np.linalg.eigvalsh(off)).max()) * total


def sizes(a: Atoms) -> Number:
    """Σ ‖z‖² + ‖z*‖²."""
    return sum(dot(z, z) + dot(best, best) for z, best in pairs(a))


def diagonal_first(z3: Any) -> tuple[list[Any], Any]:
    """The score's part of the diagonal is the less: the difference of the losses is at most that of the rest."""
    d, d_best, r, r_best = z3.Reals("d d_best r r_best")
    return [d <= d_best], (d + r) - (d_best + r_best) <= r - r_best


def means(z3: Any) -> tuple[list[Any], Any]:
    """‖z − y‖ ‖z + y‖ ≤ (‖z − y‖² + ‖z + y‖²)/2."""
    p, q = z3.Reals("p q")
    return [p >= 0, q >= 0], 2 * p * q <= p * p + q * q


def more_without_a_diagonal() -> list[str]:
    """J − 2I/n·… : for n = 2, 3, 4 the matrix J − (n/2) I has norm n/2 and, off its diagonal, n − 1 = (2 − 2/n) n/2."""
    wrong = []
    for n in (2, 3, 4):
        whole = np.ones((n, n)) - n / 2 * np.eye(n)
        off = whole - np.diag(np.diag(whole))
        if not np.isclose(np.linalg.norm(off, 2), (2 - 2 / n) * np.linalg.norm(whole, 2), rtol=1e-12):
            wrong.append(str(n))
    return wrong


def column_pairs() -> list[str]:
    """Orthogonal columns of small integers whose sum has not the sum of their squares."""
    tried = [(a, b) for a in range(-2, 3) for b in range(-2, 3)]
    return [
        f"{p}, {q}"
        for p, q in combinations(tried, 2)
        if p[0] * q[0] + p[1] * q[1] == 0
        and (p[0] + q[0]) ** 2 + (p[1] + q[1]) ** 2 != p[0] ** 2 + p[1] ** 2 + q[0] ** 2 + q[1] ** 2
    ]


PROOF = Proof(
    theorem=THEOREM,
    model={
        EXCESS: excess,
        ALIKE: alike,
        ERROR: lambda a: spectral(error(a.q, a.x)),
        WEIGHT: lambda a: spectral(a.x),
        SIZES: sizes,
    },
    steps=(
        Smt("the score drops the least of Σ G_jj z_j² (partner_optimal)", diagonal_first),
        Equal(
            "zᵀOz − yᵀOy = (z − y)ᵀO(z + y) for symmetric O, in two entries",
            2 * o * z1 * z2 - 2 * o * y1 * y2,
            o * ((z1 - y1) * (z2 + y2) + (z2 - y2) * (z1 + y1)),
        ),
        Equal(
            "(w + e)(v + f) − w v, what quantizing adds to a product of columns",
            (w + e) * (v + f) - w * v,
            w * f + e * v + e * f,
        ),
        Enumerated("orthogonal columns add no product to the loss of two dropped inputs", column_pairs),
        Cited(
            "‖WᵀE + EᵀW + EᵀE‖ ≤ 2‖E‖‖W‖ + ‖E‖², and ‖A − diag A‖ ≤ (2 − 2/n)‖A‖ by pinching",
            Reference("bhatia1997", "§IV.2, pinchings"),
        ),
        Enumerated("… with equality for J − (n/2) I", more_without_a_diagonal),
        Smt("‖z − z*‖ ‖z + z*‖ is at most ‖z‖² + ‖z*‖²", means),
        OnlyTested("spectral norms and a minimum over masks: the norms' inequalities are cited"),
    ),
)
