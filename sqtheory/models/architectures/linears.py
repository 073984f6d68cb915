"""What the linear layers of a model do: as exported, with other weights and quantized inputs, or watched."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import final

import numpy as np

from sqtheory.alphabet import kernels
from sqtheory.alphabet.kernels.maxima import amax_of_runs
from sqtheory.alphabet.operators import IDENTITY, Operator
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scaling import Frozen, Reach, Scaling, maxima
from sqtheory.alphabet.traits import DETERMINISTIC
from sqtheory.arithmetic import Accumulation, ReadMatrix, accumulated, read
from sqtheory.arrays import Array, FixedArray
from sqtheory.exceptions import about
from sqtheory.models.architectures.layers import attention, concentrations


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
        return self.biased(x.reshape(-1, x.shape[-1]) @ weight.T, x)

    def biased(self, y: Array, x: Array) -> Array:
        """y + b in place, for products y (rows, outputs) of inputs x, in the shape of outputs."""
        if self.bias is not None:
            y += self.bias
        return y.reshape(*x.shape[:-1], y.shape[-1])


class Linears(ABC):
    """A policy: what a model gets when it asks for the output of one of its block linears."""

    @property
    def by_row(self) -> bool:
        """Each output row follows from its input row alone, so that rows nobody reads may be left out."""
        return False

    @abstractmethod
    def __call__(self, layer: Linear, x: Array) -> Array:
        """The output (…, outputs) for inputs (batch, positions, inputs): a new array, which the model may overwrite."""

    def each(self, layers: Sequence[Linear], x: Array) -> tuple[Array, ...]:
        """The outputs of layers that are given the same inputs."""
        return tuple(self(layer, x) for layer in layers)

    def attended(self, at: str, q: Array, k: Array, v: Array, *, causal: bool = False) -> Array:
        """``attention`` of these heads, in the block whose linears have names that begin with ``at`` and a dot."""
        return attention(q, k, v, causal=causal)


@final
@dataclass(frozen=True)
class Exact(Linears):
    """x Wᵀ + b, as exported."""

    @property
    def by_row(self) -> bool:
        return True

    def __call__(self, layer: Linear, x: Array) -> Array:
        return layer.of(x, layer.weight)


EXACT = Exact()


@final
@dataclass(frozen=True, eq=False)
class Compressed(Linears):
    """q(x) Ŵᵀ + b: weights by name, inputs through an operator, or one of the layer's own by its name in ``own``.

    An operator whose scales are shared beyond one row (NVFP4's tensor scale) sees one sample at a time, so that no
    output depends on which samples are computed together. With an ``accumulation`` both factors are read as its
    operands and their products added up as it does. Raises ValueError for a random operator on activations.
    """

    weights: Mapping[str, Array]
    activations: Operator = IDENTITY
    own: Mapping[str, Operator] = field(default_factory=dict)
    accumulation: Accumulation | None = None
    _read: dict[str, ReadMatrix] = field(default_factory=dict, init=False)
    """Weights as operands."""

    def __post_init__(self) -> None:
        for f in (self.activations, *self.own.values()):
            if DETERMINISTIC not in f.traits:
                raise ValueError(f"activations need a deterministic operator, got {f}")

    @property
    def by_row(self) -> bool:
        return self.activations.by_row and all(f.by_row for f in self.own.values())

    def __call__(self, layer: Linear, x: Array) -> Array:
        f = self.own.get(layer.name, self.activations)
        return self._of(layer, quantized_inputs(layer, x, f))

    def each(self, layers: Sequence[Linear], x: Array) -> tuple[Array, ...]:
        """Inputs that several layers share are quantized once; a refusal names the first."""
        if any(layer.name in self.own for layer in layers):
            return super().each(layers, x)
        seen = quantized_inputs(layers[0], x, self.activations)
        return tuple(self._of(layer, seen) for layer in layers)

    def _of(self, layer: Linear, x: Array) -> Array:
        weight = self.weights[layer.name]
        if self.accumulation is None:
            return layer.of(x, weight)
        with about(f"product of {layer.name!r} by {self.accumulation}"):
            if layer.name not in self._read:
                self._read[layer.name] = read(weight, self.accumulation.reads, "w")
            rows = read(x.reshape(-1, x.shape[-1]), self.accumulation.reads, "x")
            return layer.biased(accumulated(rows, self._read[layer.name], self.accumulation), x)


@final
@dataclass(frozen=True, eq=False)
class Watched(Linears):
    """The outputs of another policy, each shown to ``see`` with its layer and its input first.

    ``see(layer, x, y)`` must copy what it keeps: the model overwrites these arrays. ``attending`` is told of each
    attention in which block it is and what every position receives, (batch, positions).
    """

    inner: Linears
    see: Callable[[Linear, Array, Array], None]
    attending: Callable[[str, Array], None] | None = None

    def __call__(self, layer: Linear, x: Array) -> Array:
        y = self.inner(layer, x)
        self.see(layer, x, y)
        return y

    def each(self, layers: Sequence[Linear], x: Array) -> tuple[Array, ...]:
        outputs = self.inner.each(layers, x)
        for layer, y in zip(layers, outputs, strict=True):
            self.see(layer, x, y)
        return outputs

    def attended(self, at: str, q: Array, k: Array, v: Array, *, causal: bool = False) -> Array:
        if self.attending is not None:
            self.attending(at, concentrations(q, k, causal=causal))
        return self.inner.attended(at, q, k, v, causal=causal)


def quantized_inputs(layer: Linear, x: Array, activations: Operator) -> Array:
    """q(x) for inputs x (batch, positions, inputs). Raises NonFinite naming the layer."""
    if activations == IDENTITY:
        return x
    with about(f"input of {layer.name!r}"):
        if activations.by_row:
            return activations(x)
        if isinstance(activations, Quantizer) and _by_sample(activations.scaling):
            found = _of_samples(activations, x)
            if found is not None:
                return found
        out = np.empty(x.shape, x.dtype)
        for sample, image in zip(x, out, strict=True):
            activations(sample, out=image)
        return out


def _by_sample(scaling: Scaling) -> bool:
    """The scales of a sample follow from the maxima of its blocks and its own."""
    return scaling.looks_at is Reach.tensor and scaling.follows_maximum


def _of_samples(q: Quantizer, x: Array) -> Array | None:
    """The image of a batch of samples, each with the scales that it has alone; None where an entry is not finite."""
    q.partition.check_tail(x.shape, q.tail, "blocks")
    size = q.partition.sides(x.shape)[-1]
    whole = x.shape[-1] % size == 0 and x.flags.c_contiguous and q.partition.run is not None
    amax = amax_of_runs(x.reshape(-1), size).reshape(q.partition.grid(x.shape)) if whole else maxima(x, q.partition)
    top = amax.max(axis=tuple(range(1, amax.ndim)), keepdims=True)
    if not (top < np.inf).all():
        return None
    scales = q.scaling.of_maxima(amax, top, q.format)
    out = np.empty(x.shape, x.dtype)
    if kernels.image_at(x, out, q.format, scales, q.partition, q.rounding, q.saturate):
        return out
    return replace(q, scaling=Frozen(FixedArray(scales)))(x)
