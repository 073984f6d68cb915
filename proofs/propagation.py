"""φ(Wy) − φ(Ŵŷ): φ stretches by L, and Wy − Ŵŷ = (W − Ŵ)y + Ŵ(y − ŷ)."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import sympy

from proofs.atoms import Atoms, Number, Row
from proofs.conclusions import OnlyTested
from proofs.dot_decomposition import error, masked, product
from proofs.gram_error import matrix
from proofs.linear_layer import GOLUB, frobenius, spectral
from proofs.proof import Proof
from proofs.steps import Cited, Enumerated, Equal
from sqtheory.theorem import Quantity
from sqtheory.theorems.linear_layer import X_ERROR
from sqtheory.theorems.propagation import NETWORKS, QUANTITIES, THEOREM, Network

w, g, y, z, u = sympy.symbols("w g y z u", real=True)
t = sympy.symbols("t", real=True)
Model = Callable[[Atoms], Number]


def activate(name: str, values: Row) -> Row:
    """φ entry by entry: exact for relu, in float64 for silu."""
    if name == "relu":
        return [max(v, Fraction(0)) for v in values]
    return [Fraction(v / (1 + math.exp(-max(v, -700.0)))) for v in map(float, values)]


def through(row: Row, weights: Row) -> Row:
    """Y Wᵀ, a row of entries again."""
    return [product(sample, output) for sample in matrix(row) for output in matrix(weights)]


def compressed(n: Network, a: Atoms) -> Row:
    """Ŵ."""
    return a.weight.sq if n.order == "q∘s" else masked(a.weight)


def states(n: Network, start: Row, weights: Row) -> list[Row]:
    """y₀, y₁, y₂."""
    first = activate(n.name, through(start, weights))
    return [start, first, activate(n.name, through(first, weights))]


def distance(n: Network, a: Atoms, depth: int) -> Number:
    """‖y_l − ŷ_l‖_F."""
    return frobenius(error(states(n, a.x, a.w)[depth], states(n, a.q, compressed(n, a))[depth]))


def residual(n: Network, a: Atoms) -> Number:
    """‖y₀ + y₁ − ŷ₀ − ŷ₁‖_F."""
    ours, theirs = states(n, a.x, a.w), states(n, a.q, compressed(n, a))
    both = (error(ours[i], theirs[i]) for i in (0, 1))
    return frobenius([one + two for one, two in zip(*both, strict=True)])


def fed(n: Network, a: Atoms, depth: int) -> Number:
    """‖y_l (W − Ŵ)ᵀ‖_F."""
    return frobenius(through(states(n, a.x, a.w)[depth], error(a.w, compressed(n, a))))


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
        Cited("‖A + B‖_F ≤ ‖A‖_F + ‖B‖_F and ‖(Y − Ŷ)Ŵᵀ‖_F ≤ ‖Y − Ŷ‖_F ‖Ŵ‖₂", GOLUB),
        Equal(
            "the slope σ + tσ(1 − σ) of silu has derivative σ(1 − σ)(2 − t tanh(t/2)): largest where t tanh(t/2) = 2",
            sympy.diff(t * sigma, t, 2).rewrite(sympy.exp),
            (sigma * (1 - sigma) * (2 - t * (2 * sigma - 1))).rewrite(sympy.exp),
        ),
        OnlyTested("norms of matrices and Lipschitz constants: the inequalities are cited and joined by hand"),
        Enumerated(
            "relu is 1-Lipschitz, silu 1.09984-Lipschitz on a grid; beyond it silu is within 10⁻¹⁵ of 0 or t", steeper
        ),
        Enumerated("an activation without a Lipschitz constant: t² breaks the bound for every L ≤ 2^20", squares_obey),
    ),
)
