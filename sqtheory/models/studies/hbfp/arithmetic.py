"""The three products of a linear layer, forward and backward, with operands in block floating point."""

from dataclasses import dataclass
from enum import Enum
from typing import final

import numpy as np

from sqtheory.alphabet.operators import IDENTITY, Operator
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, Mask
from sqtheory.orders.applied import Order


class Conversion(Enum):
    """Along which axis the blocks of an operand run, that is, when it is converted."""

    product = "for every product anew, along the axis that it sums over: all sums within blocks are of integers"
    tensor = "once for each tensor, along its last axis, as published emulators do: backward, blocks cross the sum"

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True, eq=False)
class WeightOperand:
    """What the products of one step see of a weight (outputs, inputs)."""

    wide: Array
    """W, or s(W) where the mask comes first: what q is applied to."""
    kept: Mask | None
    """What a mask keeps after q; None where it comes first, or there is none."""
    image: Array
    """Ŵ, multiplied with inputs."""


@final
@dataclass(frozen=True)
class Arithmetic:
    """XWᵀ, GW and GᵀX with both operands through q, whose blocks run along the last axis of what it is given.

    Sums of products are those of the dtype. With a mask s the weight is q(s(W)) or s(q(W)); backward the pattern is
    that of the forward weight, and the gradient is that of all of W (straight through q and s).
    """

    q: Operator = IDENTITY
    s: Sparsifier | None = None
    order: Order = Order.sq
    conversion: Conversion = Conversion.product

    def operand(self, w: Array) -> WeightOperand:
        """What is made of a weight (outputs, inputs), float32 or float64."""
        if self.s is None:
            return WeightOperand(w, None, self.q(w))
        if self.order is Order.sq:
            sparse = self.s(w)
            return WeightOperand(sparse, None, self.q(sparse))
        image = self.q(w)
        kept = self.s.mask(image, w)
        return WeightOperand(w, kept, np.where(kept, image, w.dtype.type(0)))

    def output(self, x: Array, weight: WeightOperand) -> Array:
        """XŴᵀ (batch, outputs) of inputs X (batch, inputs)."""
        return np.asarray(self.q(x) @ weight.image.T)

    def input_gradient(self, g: Array, weight: WeightOperand) -> Array:
        """GŴ (batch, inputs) of the gradients G of outputs (batch, outputs)."""
        if self.conversion is Conversion.tensor:
            return np.asarray(self.q(g) @ weight.image)
        image = self._across(weight.wide)
        return np.asarray(self.q(g) @ (image if weight.kept is None else np.where(weight.kept, image, g.dtype.type(0))))

    def weight_gradient(self, g: Array, x: Array) -> Array:
        """GᵀX (outputs, inputs), a sum over the batch."""
        if self.conversion is Conversion.tensor:
            return np.asarray(self.q(g).T @ self.q(x))
        return np.asarray(self._across(g).T @ self._across(x))

    def _across(self, a: Array) -> Array:
        """The image of a matrix whose blocks run along its first axis."""
        return a if self.q == IDENTITY else self.q(np.ascontiguousarray(a.T)).T
