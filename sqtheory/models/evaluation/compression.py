"""A recipe: sparsity, quantization, or both in either order, and the policy that computes with it."""

from dataclasses import dataclass
from typing import final

from sqtheory.alphabet.operators import IDENTITY, Operator
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.models.architectures.linears import EXACT, Compressed, Linears
from sqtheory.models.architectures.model import Model
from sqtheory.models.evaluation.weight_images import ordered_weights, weights
from sqtheory.orders.applied import Order


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


def compressed(model: Model, recipe: Compression) -> Linears:
    """The policy that computes with a recipe. Raises what its operators raise, naming the tensor."""
    if recipe.order is not None and recipe.mask is not None and recipe.format is not None:
        found = ordered_weights(model, recipe.mask, recipe.format, [recipe.order])
        return Compressed(found[recipe.order], recipe.activations)
    alone = recipe.mask or recipe.format or IDENTITY
    if alone == recipe.activations == IDENTITY:
        return EXACT
    return Compressed(weights(model, alone), recipe.activations)
