"""φ(Wy) − φ(Ŵŷ): φ stretches by L, and Wy − Ŵŷ = (W − Ŵ)y + Ŵ(y − ŷ)."""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

import numpy as np
import sympy
from sympy import Le

from sqtheory.theory.claims import Quantity
from sqtheory.theory.lipschitz import constant
from sqtheory.theory.theorems.linear_layer import X_ERROR
from sqtheory.theory.theorems.propagation import NETWORKS, QUANTITIES, THEOREM, Network

from .atoms import Atoms, Number, Row
from .conclusions import Concludes, Lemma
from .dot_decomposition import error, product
from .gram_error import matrix
from .linear_layer import GOLUB, frobenius, products, spectral, triangle, unknown
from .proof import MODELLED, Proof
from .shapes import Groups
from .steps import Cited, Enumerated, Equal
from .unknowns import Facts, Unknowns

w, g, y, z, u = sympy.symbols("w g y z u", real=True)
t = sympy.symbols("t", real=True)
Model = Callable[[Atoms], Number]


def activate(name: str, values: Row) -> Row:
    """φ entry by entry: exact for relu, in float64 for silu; of unknowns numbers of which the lemma speaks."""
    if unknown(values):
        return [sympy.Function(name, real=True)(sympy.expand(v)) for v in values]
    if name == "relu":
        return [max(v, Fraction(0)) for v in values]
    return [Fraction(v / (1 + math.exp(-max(v, -700.0)))) for v in map(float, values)]


def through(row: Row, weights: Row) -> Row:
    """Y Wᵀ, a row of entries again."""
    return [product(sample, output) for sample in matrix(row) for output in matrix(weights)]


def compressed(n: Network, a: Atoms) -> Row:
    """Ŵ."""
    return list(a.weight.sq if n.order == "q∘s" else a.weight.qs)


def states(n: Network, start: Row, weights: Row) -> list[Row]:
    """y₀, y₁, y₂."""
    first = activate(n.name, through(start, weights))
    return [start, first, activate(n.name, through(first, weights))]


@lru_cache(maxsize=2 * MODELLED)
def both_states(n: Network, a: Atoms) -> tuple[list[Row], list[Row]]:
    """y₀, y₁, y₂ and ŷ₀, ŷ₁, ŷ₂."""
    return states(n, a.x, a.w), states(n, a.q, compressed(n, a))


def distance(n: Network, a: Atoms, depth: int) -> Number:
    """‖y_l − ŷ_l‖_F."""
    ours, theirs = both_states(n, a)
    return frobenius(error(ours[depth], theirs[depth]))


def residual(n: Network, a: Atoms) -> Number:
    """‖y₀ + y₁ − ŷ₀ − ŷ₁‖_F."""
    ours, theirs = both_states(n, a)
    both = (error(ours[i], theirs[i]) for i in (0, 1))
    return frobenius([one + two for one, two in zip(*both, strict=True)])


def fed(n: Network, a: Atoms, depth: int) -> Number:
    """‖y_l (W − Ŵ)ᵀ‖_F."""
    return frobenius(through(both_states(n, a)[0][depth], error(a.w, compressed(n, a))))


def stretched(a: Unknowns, goals: Facts) -> Facts:
    """‖φ(A) − φ(B)‖_F ≤ L ‖A − B‖_F for both layers of both networks."""
    found = []
    for n in NETWORKS:
        ours, theirs = both_states(n, a)
        for depth in (0, 1):
            inside = error(through(ours[depth], a.w), through(theirs[depth], compressed(n, a)))
            after = frobenius(error(ours[depth + 1], theirs[depth + 1]))
            found.append(
                Le(after, sympy.nsimplify(constant(n.name), rational=True) * frobenius(inside), evaluate=False)
            )
    return found


def added(a: Unknowns, goals: Facts) -> Facts:
    """Wy − Ŵŷ = (W − Ŵ)y + Ŵ(y − ŷ), its norm at most the sum, and that of the last at most ‖y − ŷ‖_F ‖Ŵ‖₂."""
    found = []
    for n in NETWORKS:
        image = compressed(n, a)
        ours, theirs = both_states(n, a)
        for depth in (0, 1):
            apart = error(ours[depth], theirs[depth])
            found += [triangle(through(ours[depth], error(a.w, image)), through(apart, image))]
            found += products(apart, image)
        found += [triangle(error(ours[0], theirs[0]), error(ours[1], theirs[1]))]
    return found


def models(n: Network) -> dict[Quantity, Model]:
    """The quantities of one network."""
    numbers: tuple[Model, ...] = (
        lambda a: distance(n, a, 1),
        lambda a: distance(n, a, 2),
        lambda a: residual(n, a),
        lambda a: spectral(compressed(n, a)),
        lambda a: fed(n, a, 0),
        lambda a: fed(n, a, 1),
    )
    return dict(zip(QUANTITIES[n.name], numbers, strict=True))


def steeper() -> list[str]:
    """Points between which relu or silu rises by more than its constant: slopes on [−40, 40] by steps of 2^−10."""
    grid = np.arange(-40 * 1024, 40 * 1024 + 1) / 1024
    wrong = []
    for n, most in zip(NETWORKS, (1.0, 1.09984), strict=True):
        slopes = np.abs(np.diff(n.activation(grid))) * 1024
        if slopes.max() > most:
            wrong.append(f"{n.name}: {slopes.max()}")
    return wrong


def squares_obey() -> list[str]:
    """The bound with L for t ↦ t² that a large input does not break, for L up to 2^20."""
    return [
        str(size) for size in (2.0**k for k in range(21)) if not (2 * size) ** 2 - size**2 > size * (2 * size - size)
    ]


NORMS = Cited("‖A + B‖_F ≤ ‖A‖_F + ‖B‖_F and ‖(Y − Ŷ)Ŵᵀ‖_F ≤ ‖Y − Ŷ‖_F ‖Ŵ‖₂", GOLUB)
SLOPES = Enumerated(
    "relu is 1-Lipschitz, silu 1.09984-Lipschitz on a grid; beyond it silu is within 10⁻¹⁵ of 0 or t", steeper
)
# No assumption is made, so that every q(w)_i is any number, 0 too: rows of which all is kept stand for every mask.
LEMMAS = (
    Lemma("an activation stretches by its slope", (SLOPES,), stretched),
    Lemma("norms of sums and products", (NORMS,), added),
)
sigma = 1 / (1 + sympy.exp(-t))
PROOF = Proof(
    theorem=THEOREM,
    model={X_ERROR: lambda a: frobenius(error(a.x, a.q)), **models(NETWORKS[0]), **models(NETWORKS[1])},
    steps=(
        Equal(
            "w y − g z = (w − g) y + g (y − z), entry by entry; sums over inputs add",
            w * y - g * z,
            (w - g) * y + g * (y - z),
        ),
        Equal("residual: (y + u) − (z + g) = (y − z) + (u − g)", (y + u) - (z + g), (y - z) + (u - g)),
        NORMS,
        Equal(
            "the slope σ + tσ(1 − σ) of silu has derivative σ(1 − σ)(2 − t tanh(t/2)): largest where t tanh(t/2) = 2",
            sympy.diff(t * sigma, t, 2).rewrite(sympy.exp),
            (sigma * (1 - sigma) * (2 - t * (2 * sigma - 1))).rewrite(sympy.exp),
        ),
        SLOPES,
        Concludes(Groups(4, 4, 4, products=True, whole="any Ŵ: masks are in its norms alone"), lemmas=LEMMAS),
        Enumerated("an activation without a Lipschitz constant: t² breaks the bound for every L ≤ 2^20", squares_obey),
    ),
)
