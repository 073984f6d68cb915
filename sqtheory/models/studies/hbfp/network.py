"""A multilayer perceptron whose forward and backward passes are written out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.models.studies.hbfp.arithmetic import Arithmetic, WeightOperand


@final
@dataclass(frozen=True, eq=False)
class Perceptron:
    """x ↦ W_L ρ(… ρ(W₁x + b₁) …) + b_L, ρ = max(·, 0): weights (outputs, inputs), biases (outputs,), first to last.

    Biases, ρ, and the loss are computed in the dtype of the weights.
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]

    @classmethod
    def drawn(cls, widths: Sequence[int], rng: Generator, dtype: type[np.floating[Any]] = np.float32) -> "Perceptron":
        """Normal weights of variance 2/inputs (He et al. 2015) and biases of 0."""
        pairs = list(zip(widths[1:], widths[:-1], strict=True))
        weights = [
            (np.sqrt(2 / inputs) * rng.standard_normal((outputs, inputs))).astype(dtype) for outputs, inputs in pairs
        ]
        return cls(tuple(weights), tuple(np.zeros(outputs, dtype) for outputs, _ in pairs))

    def operands(self, arithmetic: Sequence[Arithmetic]) -> tuple[WeightOperand, ...]:
        """What the products of every layer see of its weight."""
        return tuple(each.operand(w) for each, w in zip(arithmetic, self.weights, strict=True))

    def logits(self, x: Array, arithmetic: Sequence[Arithmetic]) -> Array:
        """(batch, classes) of inputs (batch, inputs)."""
        return self._forward(x, arithmetic, self.operands(arithmetic))[-1]

    def gradients(
        self, x: Array, classes: NDArray[np.integer[Any]], arithmetic: Sequence[Arithmetic]
    ) -> tuple[float, tuple[Array, ...], tuple[Array, ...]]:
        """The mean cross-entropy, and its gradients by every weight and every bias, as the arithmetic computes them."""
        operands = self.operands(arithmetic)
        values = self._forward(x, arithmetic, operands)
        loss, g = cross_entropy(values[-1], classes)
        by_weight: list[Array] = []
        by_bias: list[Array] = []
        for layer in reversed(range(len(self.weights))):
            by_weight.append(arithmetic[layer].weight_gradient(g, values[layer]))
            by_bias.append(g.sum(axis=0))
            if layer:
                g = arithmetic[layer].input_gradient(g, operands[layer]) * (values[layer] > 0)
        return loss, tuple(reversed(by_weight)), tuple(reversed(by_bias))

    def _forward(self, x: Array, arithmetic: Sequence[Arithmetic], operands: Sequence[WeightOperand]) -> list[Array]:
        """The inputs of every layer, and the logits."""
        values = [x]
        last = len(self.weights) - 1
        for layer, (each, seen, bias) in enumerate(zip(arithmetic, operands, self.biases, strict=True)):
            y = each.output(values[-1], seen) + bias
            values.append(y if layer == last else np.maximum(y, 0))
        return values


def cross_entropy(logits: Array, classes: NDArray[np.integer[Any]]) -> tuple[float, Array]:
    """−mean log softmax(logits)[class], and its gradient by the logits (batch, classes)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    total = exponentials.sum(axis=1, keepdims=True)
    rows = np.arange(len(classes))
    loss = float(np.mean(np.log(total[:, 0]) - shifted[rows, classes]))
    gradient = exponentials / total
    gradient[rows, classes] -= 1
    return loss, gradient / gradient.dtype.type(len(classes))
