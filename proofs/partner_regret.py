"""u = (1, 1, −t): the score drops the aligned pair and loses 2 + 2μ; dropping j and k loses no more than 1 + t²."""

import math
from typing import Any

import sympy

from sqtheory.theory.theorems.partner_regret import COHERENCE, OTHER, PAIRS, REGRET, THEOREM

from .atoms import Atoms, Number
from .conclusions import OnlyTested
from .dot_decomposition import product
from .gram_error import columns, matrix
from .proof import Proof
from .steps import Enumerated, Equal, NonNegative, Smt

mu, rest = sympy.symbols("mu rest", nonnegative=True)
Cosines = list[list[float]]


def cosines(a: Atoms) -> Cosines:
    """⟨X_i, X_j⟩/(‖X_i‖‖X_j‖) of the columns, each quotient of rationals rounded once before its root."""
    cols = columns(matrix(a.x))
    dots = [[product(p, q) for q in cols] for p in cols]
    return [
        [
            math.copysign(math.sqrt(dots[i][j] ** 2 / (dots[i][i] * dots[j][j])), dots[i][j]) if dots[i][j] else 0.0
            for j in range(len(cols))
        ]
        for i in range(len(cols))
    ]


def pair(r: Cosines) -> int:
    """The place of the pair of largest |cosine|."""
    return max(range(len(PAIRS)), key=lambda at: (abs(r[PAIRS[at][0]][PAIRS[at][1]]), -at))


def coherence(a: Atoms) -> Number:
    """The largest |cosine|."""
    r = cosines(a)
    i, j = PAIRS[pair(r)]
    return abs(r[i][j])


def regret(a: Atoms) -> Number:
    """The loss of keeping the largest score over the least loss of keeping one."""
    r = cosines(a)
    (i, j), k = PAIRS[pair(r)], OTHER[pair(r)]
    u = [0.0] * len(r)
    u[i], u[j] = 1.0, -1.0 if r[i][j] < 0 else 1.0
    u[k] = (-1.0 if u[j] * r[j][k] > 0 else 1.0) * (1 + abs(r[i][j]) / 4)
    places = range(len(u))

    def loss(kept: int) -> float:
        return math.fsum(u[p] * u[q] * r[p][q] for p in places for q in places if kept not in (p, q))

    chosen = max(places, key=lambda p: (u[p] ** 2 * r[p][p], -p))
    return loss(chosen) - min(map(loss, places))


def one_dropped_is_exact() -> list[str]:
    """Pairs of inputs of which the one of larger score is not the dearer to drop alone."""
    tried = [(w, n) for w in range(-3, 4) for n in range(4)]
    return [
        f"{first}, {second}"
        for first in tried
        for second in tried
        if abs(first[0]) * first[1] > abs(second[0]) * second[1]
        and not (first[0] * first[1]) ** 2 > (second[0] * second[1]) ** 2
    ]


def margin(z3: Any) -> tuple[list[Any], Any]:
    """2 + 2μ − 1 − (1 + μ/4)² ≥ μ for μ in [0, 1]."""
    m = z3.Real("m")
    return [m >= 0, m <= 1], 2 + 2 * m - 1 - (1 + m / 4) * (1 + m / 4) >= m


PROOF = Proof(
    theorem=THEOREM,
    model={COHERENCE: coherence, REGRET: regret},
    steps=(
        Equal("the pair dropped, its signs aligned: 1 + 1 + 2 μ", 1 + 1 + 2 * mu * 1 * 1, 2 + 2 * mu),
        Equal(
            "j and k dropped, k against j: 1 + t² − 2 t |cos(X_j, X_k)|, at most 1 + t²",
            1 + (1 + mu / 4) ** 2 - (1 + (1 + mu / 4) ** 2 - 2 * (1 + mu / 4) * rest),
            2 * (1 + mu / 4) * rest,
        ),
        NonNegative("… for a cosine of any size", 2 * (1 + mu / 4) * rest),
        Smt("the difference is μ at least", margin),
        Enumerated(
            "where one input is dropped, its score squared is the loss: the score is exact", one_dropped_is_exact
        ),
        OnlyTested("the instance is made of the largest cosine of float64 numbers: the four lines above are its proof"),
    ),
)
