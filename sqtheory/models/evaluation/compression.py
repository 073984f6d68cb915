"""The weights that a model computes with after sparsity, quantization, or both in either order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, final

from sqtheory.alphabet.operators import IDENTITY, Operator
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array
from sqtheory.exceptions import about
from sqtheory.execution.assignment import Assignment
from sqtheory.models.architectures.linears import EXACT, Compressed, Linear, Linears
from sqtheory.models.architectures.model import Model
from sqtheory.orders.applied import Order, both
from sqtheory.orders.optimum import gain_optimum
from sqtheory.orders.procedural import ordered_image

Weights: TypeAlias = Mapping[str, Array]
"""The weight of every block linear by name."""


@final
@dataclass(frozen=True)
class Compression:
    """What is done to the block linears: weights through one or both operators, inputs through ``activations``."""

    mask: Sparsifier | None = None
    format: Operator | None = None
    order: Order | None = None
    activations: Operator = IDENTITY

    def __post_init__(self) -> None:
        if (self.order is not None) != (self.mask is not None and self.format is not None):
            raise ValueError("an order is for a mask and a format together")


DENSE = Compression()


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
    out: dict[Order, dict[str, Array]] = {order: {} for order in orders}
    for layer in model.linears:
        with about(f"tensor {layer.name!r}"):
            two = both(layer.weight, s, q)
            for order, made in out.items():
                match order:
                    case Order.sq:
                        made[layer.name] = two.after_mask
                    case Order.qs:
                        made[layer.name] = two.masked_image
                    case Order.gain:
                        made[layer.name] = gain_optimum(two.x, two.image, s, 2)
                    case Order.joint:
                        raise ValueError("a joint pass is for a method: --method")
    return out


def assigned_weights(
    model: Model, assignment: Assignment, orders: Sequence[Order] = (Order.sq, Order.qs)
) -> Mapping[Order, Weights]:
    """``ordered_weights`` with the operators that each weight is assigned, anew for every order: what apply writes."""
    if assignment.uniform:
        return ordered_weights(model, *assignment.pattern, orders)
    return {order: images(model, partial(_assigned, assignment, order)) for order in orders}


def _assigned(assignment: Assignment, order: Order, layer: Linear) -> Array:
    return ordered_image(layer.weight, assignment.of(layer.name), order)


def compressed(model: Model, recipe: Compression) -> Linears:
    """The policy that computes with a recipe. Raises what its operators raise, naming the tensor."""
    if recipe.order is not None and recipe.mask is not None and recipe.format is not None:
        found = ordered_weights(model, recipe.mask, recipe.format, [recipe.order])
        return Compressed(found[recipe.order], recipe.activations)
    alone = recipe.mask or recipe.format or IDENTITY
    if alone == recipe.activations == IDENTITY:
        return EXACT
    return Compressed(weights(model, alone), recipe.activations)
