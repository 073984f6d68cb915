"""Errors through the depth of a network: stretched by the compressed weights, fed by the errors of every layer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
import sympy

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nf4
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.lipschitz import constant
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.gram_error import matrix
from sqtheory.theory.theorems.linear_layer import KINDS, X_ERROR, frobenius, spectral

Activation = Callable[[Array], Array]


def relu(t: Array) -> Array:
    """max(t, 0)."""
    return np.maximum(t, 0.0)


def silu(t: Array) -> Array:
    """t/(1 + e^{−t})."""
    return np.asarray(t * (1 + np.tanh(t / 2)) / 2)


@final
@dataclass(frozen=True, eq=False)
class Network:
    """y ← φ(W y) twice with one W of 4 × 4, beside it ŷ ← φ(Ŵ ŷ) from ŷ₀ = q(y₀)."""

    name: str
    activation: Activation
    order: str

    def weights(self, case: Case) -> tuple[Array, Array]:
        """W and Ŵ."""
        orders = case.weight.orders
        return matrix(case.weight.x), matrix(orders.after_mask if self.order == "q∘s" else orders.masked_image)

    def states(self, case: Case) -> tuple[list[Array], list[Array]]:
        """y₀, y₁, y₂ and ŷ₀, ŷ₁, ŷ₂, samples × 4."""
        states = ([matrix(case.x)], [matrix(case.orders.image)])
        for side, w in zip(states, self.weights(case), strict=True):
            for _ in range(2):
                side.append(self.activation(side[-1] @ w.swapaxes(1, 2)))
        return states

    def error(self, case: Case, depth: int) -> Array:
        """‖y_l − ŷ_l‖_F."""
        ours, theirs = self.states(case)
        return frobenius(ours[depth] - theirs[depth])

    def fed(self, case: Case, depth: int) -> Array:
        """‖y_l (W − Ŵ)ᵀ‖_F."""
        w, w_hat = self.weights(case)
        return frobenius(self.states(case)[0][depth] @ (w - w_hat).swapaxes(1, 2))

    def with_residual(self, case: Case) -> Array:
        """‖y₀ + y₁ − ŷ₀ − ŷ₁‖_F."""
        ours, theirs = self.states(case)
        return frobenius(ours[0] + ours[1] - theirs[0] - theirs[1])


def _quantities(n: Network) -> tuple[Quantity, ...]:
    """e₁, e₂, the residual error, ‖Ŵ‖₂ and what the weights of both layers feed."""
    tag, w = n.name, rf"\varepsilon_{{{n.order}}}(W)".replace("∘", r"\circ ")
    of = f"of y ← {n.name}(W y) and the same with {n.order}(W) from q(y₀)"
    return (
        Quantity(
            f"{tag}_e1",
            rf"e_1^{{{tag}}}",
            f"the Frobenius distance after one layer {of}",
            lambda case: n.error(case, 1),
        ),
        Quantity(
            f"{tag}_e2",
            rf"e_2^{{{tag}}}",
            f"the Frobenius distance after two layers {of}",
            lambda case: n.error(case, 2),
        ),
        Quantity(
            f"{tag}_r1", rf"r_1^{{{tag}}}", f"the Frobenius distance after one residual layer {of}", n.with_residual
        ),
        Quantity(
            f"{tag}_w",
            rf"\lVert\hat W^{{{tag}}}\rVert_2",
            f"the spectral norm of {n.order}(W)",
            lambda case: spectral(n.weights(case)[1]),
        ),
        Quantity(
            f"{tag}_d0",
            rf"\lVert y_0\,{w}^{{\top}}\rVert_F",
            f"‖y₀ (W − {n.order}(W))ᵀ‖_F",
            lambda case: n.fed(case, 0),
        ),
        Quantity(
            f"{tag}_d1",
            rf"\lVert y_1\,{w}^{{\top}}\rVert_F",
            f"‖y₁ (W − {n.order}(W))ᵀ‖_F, y₁ = {tag}(W y₀)",
            lambda case: n.fed(case, 1),
        ),
    )


NETWORKS = (Network("relu", relu, "q∘s"), Network("silu", silu, "s∘q"))
QUANTITIES = {n.name: _quantities(n) for n in NETWORKS}


def _claims(n: Network) -> tuple[Claim, ...]:
    e1, e2, r1, stretch, d0, d1 = QUANTITIES[n.name]
    lipschitz = sympy.nsimplify(constant(n.name), rational=True)
    return (
        Claim(e1, "<=", lipschitz * (stretch * X_ERROR + d0)),
        Claim(e2, "<=", lipschitz * (stretch * e1 + d1)),
        Claim(r1, "<=", X_ERROR + lipschitz * (stretch * X_ERROR + d0)),
    )


THEOREM = Theorem(
    slug="propagation",
    title="Through a layer an error grows by at most L‖Ŵ‖₂, and the weights' error on the exact input is added",
    claims=tuple(claim for n in NETWORKS for claim in _claims(n)),
    where=(X_ERROR, *(quantity for n in NETWORKS for quantity in QUANTITIES[n.name])),
    domain=Domain(
        x=Arrays(16, kinds=KINDS, subnormal=False),
        w=Arrays(16, kinds=KINDS, subnormal=False),
        q=OneOf(int_(4), hbfp(4, block=4), mxfp(E2M1), nf4(), bcq(3)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(1, 2)),
    ),
    witness=Attained(Case.of([1, *[0] * 15], hbfp(4), nm(2, 4), w=[1, *[0] * 15])),
    source=Reference("golub2013", "§2.3, with the triangle inequality layer by layer"),
    unconditional=True,
)
