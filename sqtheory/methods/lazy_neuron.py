"""Lazy neurons: few activations are left by a ReLU after training, and of these the k largest are kept."""

from collections.abc import Callable
from itertools import product

import numpy as np

from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scaling import HalfRange
from sqtheory.alphabet.scores import magnitude
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import Array, FixedArray
from sqtheory.methods.evidence import Holds, OnWeight, OrderVerdict, Runs
from sqtheory.methods.method import Facts, Method
from sqtheory.methods.work import PrunedOperand
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import prune_first_dominates

HALF = int_(4, scaling=HalfRange())
ACTIVE = np.array([0.5, 2.0, 0.0])


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The mask of s by magnitude, which of activations after a ReLU is by value, and q."""
    return Pair(s.with_score(magnitude), q)


def expected_gradient(a: Array, slope: Callable[[Array], Array], outputs: int) -> Array:
    """E[Vᵀ ∇ℓ(V a)] over all signs V ∈ {−1, 1}^(outputs × inputs): that of a loss ℓ in the activations a.

    Of a convex ℓ it is ≥ 0 wherever a ≥ 0: E ℓ(V a) is convex and even in each a_j. ``slope`` is ∇ℓ of outputs.
    Raises ValueError for more than 2¹⁶ signs.
    """
    if outputs * a.size > 16:
        raise ValueError(f"{outputs} outputs of {a.size} inputs have more than 2^16 signs")
    every = (np.array(v).reshape(outputs, a.size) for v in product((-1.0, 1.0), repeat=outputs * a.size))
    return np.asarray(sum(v.T @ slope(v @ a) for v in every) / 2.0 ** (outputs * a.size))


def squares_push_down() -> bool:
    """Of ½ ‖y − V a‖² with m outputs it is m a, whatever y is."""
    return np.array_equal(expected_gradient(ACTIVE, lambda z: z - np.array([3.0, -1]), 2), 2 * ACTIVE)


def entropies_push_down() -> bool:
    """Of the cross-entropy of three classes it is positive where a is, and 0 where a is 0."""
    made = expected_gradient(ACTIVE, lambda z: np.exp(z) / np.exp(z).sum() - np.array([1.0, 0, 0]), 3)
    return bool((made[:2] > 0).all() and abs(made[2]) < 1e-12)


def half_is_lost() -> bool:
    """Without a negative entry the symmetric rule of published code leaves of 15 only 7."""
    return bool(np.array_equal(HALF(np.array([[15.0, 9, 8, 1]])), [[7.0, 7, 7, 1]]))


METHOD = Method(
    name="lazy_neuron",
    title="Lazy neurons: the k largest activations after a ReLU",
    source=Reference("li2023lazy", "abstract; the two-layer analysis is done anew, for every convex loss"),
    needs=(),
    build=build,
    evidence=(
        Runs("squared losses push active neurons down at initialization", OrderVerdict.none, squares_push_down),
        Runs("… and so do cross-entropies", OrderVerdict.none, entropies_push_down),
        Holds(
            "of activations of one sign too, by magnitude within one symmetric scale block",
            prune_first_dominates.THEOREM,
            Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4)),
        ),
        Runs("the symmetric rule of published code halves their range", OrderVerdict.none, half_is_lost),
        OnWeight(
            "before the ReLU a mask that takes the last negative entry brings that about",
            OrderVerdict.fails,
            FixedArray([[15.0, 9, 8, -1]]),
            Pair(nm(3, 4), HALF),
        ),
    ),
    prunes=PrunedOperand.activations,
)
