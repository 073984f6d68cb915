"""Both operands of a linear layer pruned and quantized, each in either order: four errors, four bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np

from sqtheory.arrays import Array, ArrayLike
from sqtheory.orders.applied import Order, both
from sqtheory.orders.matrix_errors import as_matrix, frobenius, same_inputs, spectral
from sqtheory.orders.pair import Pair

Word: TypeAlias = tuple[Order, Order]
"""The order on the activations and the order on the weights."""
WORDS: tuple[Word, ...] = tuple((x, w) for x in (Order.sq, Order.qs) for w in (Order.sq, Order.qs))


@final
@dataclass(frozen=True, eq=False)
class FourWords:
    """‖X Wᵀ − X̂ Ŵᵀ‖_F over ‖X Wᵀ‖_F for the four words, and what bounds each (theorem ``four_words_bound``).

    The least bound need not belong to the least error: ``four_words_separation``.
    """

    errors: Mapping[Word, float]
    """Measured; ∞ where X Wᵀ is 0 and the other product is not."""
    bounds: Mapping[Word, float]
    """‖ε(X)‖_F ‖W‖₂ + ‖X‖₂ ‖ε(W)‖_F + ‖ε(X)‖_F ‖ε(W)‖_F, over ‖X Wᵀ‖_F too."""

    @property
    def best(self) -> Word:
        """The word of the least error, of equal ones the first in ``WORDS``."""
        return min(WORDS, key=lambda word: self.errors[word])

    @property
    def safest(self) -> Word:
        """The word of the least bound, of equal ones the first in ``WORDS``."""
        return min(WORDS, key=lambda word: self.bounds[word])

    @property
    def regret(self) -> float:
        """The error of S→Q on both sides over the least, less 1; ∞ where the least alone is 0."""
        least, ours = self.errors[self.best], self.errors[WORDS[0]]
        return 0.0 if ours == least else ours / least - 1 if least else np.inf

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers by the names of the orders, ready for JSON; an infinite share as text."""

        def plain(shares: Mapping[Word, float]) -> dict[str, float | str]:
            return {spell(w): v if np.isfinite(v) else str(v) for w, v in shares.items()}

        return {"errors": plain(self.errors), "bounds": plain(self.bounds), "best": spell(self.best)}


def spell(word: Word) -> str:
    """X order × W order, as ``S→Q × Q→S``."""
    return f"{word[0]} × {word[1]}"


def four_words(x: ArrayLike, w: ArrayLike, on_x: Pair, on_w: Pair) -> FourWords:
    """The four words on activations X (samples × inputs) and weights W (outputs × inputs), operators as they are.

    Masks and formats of each side are its own, along the inputs or as they say. Raises ValueError where the operands
    have not as many inputs, are not finite, or a pair is more than two entrywise operators.
    """
    if not (on_x.plain and on_w.plain):
        raise ValueError("the four words are of masks and formats entry by entry, without procedures or moments")
    samples, weight = as_matrix(x, "X"), as_matrix(w, "W")
    same_inputs(samples, weight, "X and W")
    left, right = _images(samples, on_x), _images(weight, on_w)
    exact = samples @ weight.T
    size, wide, tall = frobenius(exact), spectral(weight), spectral(samples)
    lost = {order: frobenius(samples - image) for order, image in left.items()}
    changed = {order: frobenius(weight - image) for order, image in right.items()}
    errors = {(a, b): frobenius(exact - left[a] @ right[b].T) for a, b in WORDS}
    bounds = {(a, b): lost[a] * wide + tall * changed[b] + lost[a] * changed[b] for a, b in WORDS}
    return FourWords(*({word: share(v, size) for word, v in values.items()} for values in (errors, bounds)))


def share(part: float, whole: float) -> float:
    """part/whole; 0 for nothing of nothing, ∞ for something of it."""
    return part / whole if whole else np.inf if part else 0.0


def _images(x: Array, pair: Pair) -> dict[Order, Array]:
    made = both(x, pair.s, pair.q)
    return {Order.sq: made.after_mask, Order.qs: made.masked_image}
