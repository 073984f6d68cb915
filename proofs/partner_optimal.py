"""In u_j = ‖X_j‖ w_j the loss is the form of R, within [λ_min, λ_max] of Σ u_j², of which the score drops the least."""

from collections.abc import Sequence
from itertools import combinations, product
from typing import Any

import numpy as np
import sympy

from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems.partner_optimal import HIGH, LEAST, LOW, SCORED, THEOREM

from .atoms import Atoms, Number, Row
from .conclusions import OnlyTested
from .dot_decomposition import product as dot
from .gram_error import columns, matrix
from .proof import Proof
from .steps import Cited, Enumerated, Equal, Smt

x1, x2, y1, y2, u, v = sympy.symbols("x1 x2 y1 y2 u v", real=True)


def groups(a: Atoms) -> list[list[int]]:
    """The places of one row of four that belong to each group of s."""
    return [g for g in a.weight.groups if max(g) < 4]


def choices(a: Atoms) -> list[frozenset[int]]:
    """Every set of kept inputs with the budget of every group."""
    per_group = [list(combinations(g, a.weight.budget(g))) for g in groups(a)]
    return [frozenset(i for part in one for i in part) for one in product(*per_group)]


def dropped(row: Row, kept: Sequence[int] | frozenset[int]) -> Row:
    """What is not kept of a row."""
    return [0 * v if i in kept else v for i, v in enumerate(row)]


def loss(x: Row, z: Row) -> Number:
    """‖X z‖²."""
    return sum(dot(sample, z) ** 2 for sample in matrix(x))


def by_score(a: Atoms, x: Row, row: Row) -> frozenset[int]:
    """In every group the inputs of largest w_j² ‖X_j‖², then of largest |w_j|, then the first."""
    power = [dot(c, c) for c in columns(matrix(x))]
    ranked = [
        (sorted(g, key=lambda i: (row[i] ** 2 * power[i], abs(row[i]), -i), reverse=True), a.weight.budget(g))
        for g in groups(a)
    ]
    return frozenset(i for order, budget in ranked for i in order[:budget])


def scored(a: Atoms) -> Number:
    """The loss of the mask by the score, row by row."""
    return sum(loss(a.x, dropped(row, by_score(a, a.x, row))) for row in matrix(a.w))


def best(a: Atoms) -> Number:
    """The least loss of every row over all choices."""
    return sum(min(loss(a.x, dropped(row, kept)) for kept in choices(a)) for row in matrix(a.w))


def extreme(x: Row, which: int) -> Number:
    """An eigenvalue of the cosines: 1 where they are those of orthogonal columns, else in float64."""
    cols = columns(matrix(x))
    if all(dot(p, q) == 0 for p, q in combinations(cols, 2)):
        return sympy.Integer(1)
    cosines = np.eye(len(cols))
    for i, j in combinations(range(len(cols)), 2):
        square = dot(cols[i], cols[i]) * dot(cols[j], cols[j])
        if square:
            cosine = float(sympy.sign(dot(cols[i], cols[j]))) * float(dot(cols[i], cols[j]) ** 2 / square) ** 0.5
            cosines[i, j] = cosines[j, i] = cosine
    return float(np.linalg.eigvalsh(cosines)[which])


def least_dropped(z3: Any) -> tuple[list[Any], Any]:
    """Of two inputs in one group the one of larger score is kept: dropping the other drops no more of Σ u²."""
    u_i, u_j, rest = z3.Reals("u_i u_j rest")
    return [u_i * u_i >= u_j * u_j], rest + u_j * u_j <= rest + u_i * u_i


def quotient(z3: Any) -> tuple[list[Any], Any]:
    """Both bounds, each multiplied by the other's eigenvalue."""
    low, high, scored, best, s, t = z3.Reals("low high scored best s t")
    bounds = [low >= 0, high >= low, s >= 0, s <= t, scored <= high * s, low * t <= best]
    products = [low * scored <= low * (high * s), high * (low * t) <= high * best, low * high * s <= low * high * t]
    return bounds + products, low * scored <= high * best


def uncorrelated_would_not_do() -> list[str]:
    """Three inputs, the first two alike: the score keeps the third and loses 4, the best mask 2."""
    x = [[1, 1, 0], [0, 0, 1]]
    losses = {kept: sum(sum(c for i, c in enumerate(s) if i != kept) ** 2 for s in x) for kept in range(3)}
    return [] if losses == {0: 2, 1: 2, 2: 4} else [str(losses)]


PROOF = Proof(
    theorem=THEOREM,
    model={
        SCORED: scored,
        LEAST: best,
        LOW: lambda a: extreme(a.x, 0),
        HIGH: lambda a: extreme(a.x, -1),
    },
    steps=(
        Equal(
            "two inputs: ‖X z‖² = u² + 2 c u v + v² for u = ‖X_1‖ z_1, v = ‖X_2‖ z_2 and their cosine c",
            (x1 * u + y1 * v) ** 2 + (x2 * u + y2 * v) ** 2,
            (x1**2 + x2**2) * u**2 + 2 * (x1 * y1 + x2 * y2) * u * v + (y1**2 + y2**2) * v**2,
        ),
        Cited(
            "λ_min Σ u² ≤ uᵀ R u ≤ λ_max Σ u² for symmetric R (Rayleigh)",
            Reference("golub2013", "§8.1, extreme quotients"),
        ),
        Smt(
            "an exchange for the input of larger score drops no more of Σ u², so that the score drops least",
            least_dropped,
        ),
        Smt("Y_score ≤ λ_max S, S ≤ T and λ_min T ≤ Y_best for Σ u² dropped by both: the quotient", quotient),
        Enumerated("with correlated inputs the score can miss the best mask", uncorrelated_would_not_do),
        OnlyTested("eigenvalues and a minimum over masks are cited and enumerated: no solver derives the quotient"),
    ),
)
