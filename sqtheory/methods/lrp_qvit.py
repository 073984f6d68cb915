"""LRP-QViT: bits of layers by the relevance that is propagated through them, under one size."""

from collections.abc import Sequence
from math import log2

import numpy as np

from sqtheory.alphabet.allocation.bits import water_filled
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.scaling import Percentile
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array, FixedArray
from sqtheory.methods.evidence import Holds, OnWeight, OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import prune_first_dominates, water_filling

X, W, R = np.array([1.0, 2, -1]), np.array([[2.0, 1, 1], [1, -1, 1]]), np.array([1.0, 3])
CLIPPED = Pair(nm(2, 4), int_(4, scaling=Percentile(60.0)))


def propagated(x: Array, weight: Array, relevance: Array, eps: float = 0.0) -> Array:
    """R_j = Σ_i x_j w_ij R_i/(z_i + ε sign z_i) of the inputs x for the relevance R of the outputs z = W x; sign 0 = 1.

    ``x`` (inputs,), ``weight`` (outputs, inputs), ``relevance`` (outputs,). Raises ValueError for ε < 0, and for ε = 0
    where an output is 0.
    """
    z = weight @ x
    below = z + eps * np.where(z < 0, -1.0, 1.0)
    if eps < 0 or not below.all():
        raise ValueError(f"relevance is shared in proportion to parts of an output that is not 0: z = {z}, eps = {eps}")
    return np.asarray(x * (weight.T @ (relevance / below)))


def leaked(x: Array, weight: Array, relevance: Array, eps: float) -> float:
    """Σ_i R_i ε/(|z_i| + ε) = Σ R_i − Σ R_j: what the rule does not hand on."""
    return float(np.sum(relevance * eps / (np.abs(weight @ x) + eps)))


def linear_bits(scores: Sequence[float], sizes: Sequence[int], choices: Sequence[int], budget: int) -> tuple[int, ...]:
    """Bits that make Σ s_l b_l large under Σ n_l b_l ≤ B: the layers of largest s_l/n_l first, each as far as it goes.

    The largest sum there is for layers of one size and consecutive widths; a layer that does not go all the way leaves
    its rest to the next. Raises ValueError where the fewest bits exceed the budget.
    """
    fewest = min(choices)
    bits, spare = [fewest] * len(sizes), budget - fewest * sum(sizes)
    if spare < 0:
        raise ValueError(f"{fewest} bits for every weight exceed a budget of {budget}")
    for at in sorted(range(len(sizes)), key=lambda layer: -scores[layer] / sizes[layer]):
        bits[at] = max(b for b in choices if (b - fewest) * sizes[at] <= spare)
        spare -= (bits[at] - fewest) * sizes[at]
    return tuple(bits)


def conserved() -> bool:
    """Σ R_j = Σ R_i = 4 without ε, and less by the leak with it."""
    whole, less = propagated(X, W, R), propagated(X, W, R, 0.5)
    return bool(abs(whole.sum() - 4) < 1e-14 and abs(4 - less.sum() - leaked(X, W, R, 0.5)) < 1e-14)


def loses_to_equal_bits() -> bool:
    """Of scores 3, 2, 1 the sum gives 8, 2, 2 bits of 4 each; Σ s_l 4^{−b_l} is then 8 times that of equal bits."""
    scores, sizes = (3.0, 2.0, 1.0), (1, 1, 1)
    bits = linear_bits(scores, sizes, range(2, 9), 12)
    lost = [sum(s * 4.0**-b for s, b in zip(scores, own, strict=True)) for own in (bits, (4, 4, 4))]
    best = water_filled(scores, sizes, 4.0)
    return bits == (8, 2, 2) and lost[0] > 8 * lost[1] and abs(log2(best.gain) - log2(2 / 6 ** (1 / 3))) < 1e-12


METHOD = Idea(
    name="lrp_qvit",
    title="LRP-QViT: bits of layers by relevance propagated through them",
    source=Reference(
        "ranjan2024lrpqvit", "abstract; the ε-rule and the sum are read from its words and its successor's"
    ),
    computes="relevance through linear layers, what ε leaks, and bits for the largest sum of relevance times bits.",
    outside="attention and normalization under the rule, and accuracy.",
    evidence=(
        Runs("relevance is conserved but for what ε leaks", OrderVerdict.none, conserved),
        Runs(
            "a sum linear in bits ends at the extremes, and loses more of relevance-weighted squares than equal bits",
            OrderVerdict.none,
            loses_to_equal_bits,
        ),
        Holds(
            "whatever the bits, with scales by the maximum and one of them in a group",
            prune_first_dominates.THEOREM,
            Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4)),
        ),
        OnWeight(
            "with clipped scales: where the largest are clipped to one value, Q→S chooses among them by place",
            OrderVerdict.holds,
            FixedArray([[16.0, 14, 15, 10]]),
            CLIPPED,
        ),
        OnWeight(
            "… and where zeros lower the clip, what stays is clipped more",
            OrderVerdict.fails,
            FixedArray([[15.0, 3, 9, 13]]),
            CLIPPED,
        ),
    ),
    rests_on=(water_filling.THEOREM,),
)
