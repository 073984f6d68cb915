"""What masks and formats make of the weights of a model's block linears, alone and together, each computed once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, final

import numpy as np

from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.procedures import PLAIN
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.traits import DETERMINISTIC
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import about
from sqtheory.execution.assignment import Assignment
from sqtheory.models.architectures.linears import Linear
from sqtheory.models.architectures.model import Model
from sqtheory.orders.applied import Order, TwoOrders, both
from sqtheory.orders.optimum import gain_optimum
from sqtheory.orders.procedural import ordered_image, quantized_image, sparse_image

Weights: TypeAlias = Mapping[str, Array]
"""The weight of every block linear by name."""
MASKS = 8
"""Masks that are kept of a weight, a byte an entry: the patterns of the grid under two tie rules."""


def weights(model: Model, f: Operator) -> Weights:
    """f(W) of every block linear. Raises what f raises, naming the tensor."""
    return images(model, lambda layer: f(layer.weight))


def images(model: Model, image: Callable[[Linear], Array]) -> Weights:
    """What each block linear has instead of its weight. Raises what ``image`` raises, naming the tensor."""
    out: dict[str, Array] = {}
    for layer in model.linears:
        with about(f"tensor {layer.name!r}"):
            out[layer.name] = image(layer)
    return out


def ordered_weights(
    model: Model, s: Sparsifier, q: Operator, orders: Sequence[Order] = (Order.sq, Order.qs)
) -> Mapping[Order, Weights]:
    """q(s(W)), s(q(W)) or the gain optimum in the 2-norm of every block linear, masks and images computed once."""
    each = WeightImages(model)
    return _by_order(model, orders, lambda layer: each.together(layer, s, q, orders))


@final
@dataclass(frozen=True, eq=False)
class WeightImages:
    """m(W) of the last ``MASKS`` masks and q(W) of the last format that were asked for, of every block linear.

    What draws numbers is drawn anew, and what a method makes of survivors made anew, each time it is asked for.
    Raises what the operators raise, naming the tensor.
    """

    model: Model
    _masks: dict[str, dict[Sparsifier, Mask]] = field(default_factory=dict, init=False)
    _images: dict[str, tuple[Operator, Array]] = field(default_factory=dict, init=False)

    def sparse(self, assignment: Assignment) -> Weights:
        """s(W) under the mask of every weight."""

        def made(layer: Linear) -> Array:
            pair, w = assignment.of(layer.name), layer.weight
            plain = pair.procedure == PLAIN
            return np.where(self._mask(layer, pair.s), w, w.dtype.type(0)) if plain else sparse_image(w, pair)

        return images(self.model, made)

    def quantized(self, assignment: Assignment) -> Weights:
        """q(W) under the format of every weight."""

        def made(layer: Linear) -> Array:
            pair = assignment.of(layer.name)
            plain = pair.procedure == PLAIN
            return self._image(layer, pair.q) if plain else quantized_image(layer.weight, pair)

        return images(self.model, made)

    def ordered(self, assignment: Assignment, orders: Sequence[Order]) -> Mapping[Order, Weights]:
        """What each order makes of every weight with the mask and the format that it is assigned: what apply writes."""
        return _by_order(self.model, orders, lambda layer: self._assigned(layer, assignment, orders))

    def together(self, layer: Linear, s: Sparsifier, q: Operator, orders: Sequence[Order]) -> list[Array]:
        """q(s(W)), s(q(W)) or the gain optimum in the 2-norm, one for each order."""
        two = both(layer.weight, s, q, mask=self._mask(layer, s), image=self._image(layer, q))
        return [_of(two, order) for order in orders]

    def _assigned(self, layer: Linear, assignment: Assignment, orders: Sequence[Order]) -> list[Array]:
        pair = assignment.of(layer.name)
        entrywise = pair.procedure == PLAIN and DETERMINISTIC in pair.s.traits & pair.q.traits
        if assignment.uniform or (entrywise and Order.joint not in orders):
            return self.together(layer, pair.s, pair.q, orders)
        return [ordered_image(layer.weight, assignment.of(layer.name), order) for order in orders]

    def _mask(self, layer: Linear, s: Sparsifier) -> Mask:
        if DETERMINISTIC not in s.traits:
            return s.mask(layer.weight)
        known = self._masks.setdefault(layer.name, {})
        if s not in known:
            while len(known) >= MASKS:
                del known[next(iter(known))]
            known[s] = s.mask(layer.weight)
        return known[s]

    def _image(self, layer: Linear, q: Operator) -> Array:
        if DETERMINISTIC not in q.traits:
            return q(layer.weight)
        if layer.name not in self._images or self._images[layer.name][0] != q:
            self._images[layer.name] = q, q(layer.weight)
        return self._images[layer.name][1]


def _of(two: TwoOrders, order: Order) -> Array:
    match order:
        case Order.sq:
            return two.after_mask
        case Order.qs:
            return two.masked_image
        case Order.gain:
            return gain_optimum(two.x, two.image, two.s, 2)
        case Order.joint:
            raise ValueError("a joint pass is for a method: --method")


def _by_order(model: Model, orders: Sequence[Order], made: Callable[[Linear], list[Array]]) -> Mapping[Order, Weights]:
    """What ``made`` makes of every weight, one array for each order, by order and name."""
    out: dict[Order, dict[str, Array]] = {order: {} for order in orders}
    for layer in model.linears:
        with about(f"tensor {layer.name!r}"):
            for order, weight in zip(orders, made(layer), strict=True):
                out[order][layer.name] = weight
    return out
