"""What the linear layers of a model do: as exported, with other weights and quantized inputs, or watched."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.arrays import Array
from sqtheory.exceptions import NonFinite
from sqtheory.operators import IDENTITY, Operator
from sqtheory.partition import Blocks, Rows
from sqtheory.quantizers import Quantizer
from sqtheory.scaling import TwoLevel
from sqtheory.traits import DETERMINISTIC


@final
@dataclass(frozen=True, eq=False)
class Linear:
    """y = x Wᵀ + b for rows x (…, inputs): the weight is (outputs, inputs), the bias (outputs,) or absent."""

    name: str
    """Of the weight, as the checkpoint calls it."""
    weight: Array
    bias: Array | None = None

    def of(self, x: Array, weight: Array) -> Array:
        """x Wᵀ + b with another weight; a new array."""
        y: Array = x.reshape(-1, x.shape[-1]) @ weight.T
        if self.bias is not None:
            y += self.bias
        return y.reshape(*x.shape[:-1], weight.shape[0])


class Linears(ABC):
    """A policy: what a model gets when it asks for the output of one of its block linears."""

    @abstractmethod
    def __call__(self, layer: Linear, x: Array) -> Array:
        """The output (…, outputs) for inputs (batch, positions, inputs): a new array, which the model may overwrite."""


@final
@dataclass(frozen=True)
class Exact(Linears):
    """x Wᵀ + b, as exported."""

    def __call__(self, layer: Linear, x: Array) -> Array:
        return layer.of(x, layer.weight)


EXACT = Exact()


@final
@dataclass(frozen=True, eq=False)
class Compressed(Linears):
    """q(x) Ŵᵀ + b: weights by name, inputs through an operator.

    An operator whose scales are shared beyond one row (NVFP4's tensor scale) sees one sample at a time, so that no
    output depends on which samples are computed together. Raises ValueError for a random operator on activations.
    """

    weights: Mapping[str, Array]
    activations: Operator = IDENTITY

    def __post_init__(self) -> None:
        if DETERMINISTIC not in self.activations.traits:
            raise ValueError(f"activations need a deterministic operator, got {self.activations}")

    def __call__(self, layer: Linear, x: Array) -> Array:
        return layer.of(quantized_inputs(layer, x, self.activations), self.weights[layer.name])


@final
@dataclass(frozen=True, eq=False)
class Watched(Linears):
    """The outputs of another policy, each shown to ``see`` with its layer and its input first.

    ``see(layer, x, y)`` must copy what it keeps: the model overwrites these arrays.
    """

    inner: Linears
    see: Callable[[Linear, Array, Array], None]

    def __call__(self, layer: Linear, x: Array) -> Array:
        y = self.inner(layer, x)
        self.see(layer, x, y)
        return y


def quantized_inputs(layer: Linear, x: Array, activations: Operator) -> Array:
    """q(x) for inputs x (batch, positions, inputs). Raises NonFinite naming the layer."""
    if activations == IDENTITY:
        return x
    try:
        if _row_by_row(activations):
            return activations(x)
        out = np.empty(x.shape, x.dtype)
        for sample, image in zip(x, out, strict=True):
            activations(sample, out=image)
        return out
    except NonFinite as refusal:
        raise NonFinite(f"input of {layer.name!r}: {refusal}") from None


def _row_by_row(f: Operator) -> bool:
    """No entry's image depends on another row."""
    if not isinstance(f, Quantizer) or isinstance(f.scaling, TwoLevel):
        return False
    return isinstance(f.partition, Rows) or (isinstance(f.partition, Blocks) and f.partition.axis == -1)
