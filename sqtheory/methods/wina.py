"""WINA: of every row of a layer's inputs the entries of largest |x_j|·‖W_:j‖₂ stay."""

import numpy as np

from sqtheory.alphabet.procedures import PLAIN
from sqtheory.alphabet.procedures.conjugated import Conjugated
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import magnitude, wina
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.alphabet.transforms.principal import principal_axes
from sqtheory.methods.evidence import Fails, Holds
from sqtheory.methods.method import Facts, Method, Variant
from sqtheory.methods.work import PrunedOperand
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import (
    partner_exact,
    partner_optimal,
    partner_perturbed,
    partner_regret,
    weighted_dominates,
)


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The mask of s by WINA's score of the layer's weight, and q."""
    assert known.weight is not None
    return Pair(s.with_score(wina(known.weight.values)), q)


def orthogonal(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The mask in the basis V of the right singular vectors of W = UΣVᵀ: of xV by |(xV)_j|·σ_j, then back by Vᵀ."""
    assert known.weight is not None
    w = known.weight.values.astype(np.float64)
    axes = principal_axes(w.T @ w).axes
    return Pair(s.with_score(wina(w @ axes.values)), q, Conjugated(PLAIN, axes))


SCORED = ("k_proj", "gate_proj", "qkv", "gate_up_proj")
"""The layers of which published code takes the norms of columns; for the others it puts 1."""


def published(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The same for layers of these names, the mask by magnitude for any other."""
    if any(part in SCORED for part in known.name.split(".")):
        return build(s, q, known)
    return Pair(s.with_score(magnitude), q)


def two_of_four(*norms: float) -> Sparsifier:
    """2:4 of inputs whose columns of the weight have these norms."""
    return nm(2, 4, score=wina(np.diag(norms)))


METHOD = Method(
    name="wina",
    title="WINA: activations pruned by themselves and the norms of the weight's columns",
    source=Reference("chen2025wina", "Eq. 4"),
    needs=(),
    build=build,
    evidence=(
        Fails(
            "in the norm of the columns, where a step of the grid weighs more for one input than for its neighbour",
            weighted_dominates.THEOREM,
            Case.of([7, 1.4375, 1, 0], int_(4), two_of_four(1, 1, 1.375, 1)),
        ),
        Holds(
            "in that norm, the error of the layer where columns are orthogonal, if those of a group have one norm",
            weighted_dominates.THEOREM,
            Case.of([7, 1.4375, 1, 0], int_(4), two_of_four(2, 2, 2, 2)),
        ),
    ),
    rests_on=(partner_exact.THEOREM, partner_optimal.THEOREM, partner_regret.THEOREM, partner_perturbed.THEOREM),
    variants=(
        Variant(
            "published",
            "as its code runs (microsoft/wina 8153dbf): by the norms of columns for the inputs of key and gate "
            "projections, or of those fused with them, and by magnitude for all others",
            published,
        ),
        Variant(
            "orthogonal",
            "in the basis of each weight's right singular vectors: orthogonal columns, and the mask is exact; "
            "the weight is rounded in its own",
            orthogonal,
        ),
    ),
    prunes=PrunedOperand.activations,
)
