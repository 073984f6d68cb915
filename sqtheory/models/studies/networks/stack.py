"""The certified bound on a network's logits: theorem ``propagation`` through every part of it, weights compressed.

Bounds are those of exact arithmetic; the float32 rounding of a forward pass is not among them.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.models.architectures import decoder, vit
from sqtheory.models.architectures.decoder import ByteDecoder
from sqtheory.models.architectures.layers import silu_product
from sqtheory.models.architectures.linears import EXACT, Compressed, Linear, Watched
from sqtheory.models.architectures.model import Model
from sqtheory.models.architectures.vit import VisionTransformer
from sqtheory.models.evaluation.data import Samples
from sqtheory.models.evaluation.evaluating import single_threaded_products
from sqtheory.models.evaluation.weight_images import Weights
from sqtheory.orders.matrix_errors import spectral
from sqtheory.theory.certificates import (
    through_activation,
    through_attention,
    through_linear,
    through_norm,
    through_product,
    through_residual,
)

HEADS: Mapping[type[Model], str] = {ByteDecoder: "embed_tokens.weight", VisionTransformer: "head.weight"}
"""The tensor that makes logits of the last normalized vectors."""
Seen: TypeAlias = Mapping[str, tuple[Array, Array]]
"""Input and output of every block linear of the dense model by name, each (batch, positions, width)."""


@final
@dataclass(frozen=True)
class StackBound:
    """‖logits − logits of the compressed network‖₂ of single predictions: measured, and certified."""

    measured: float
    """The largest that occurred."""
    bound: float
    """The largest that is certified."""
    tightness: float
    """The largest ratio of both, prediction by prediction; at most 1."""
    ceiling: float
    """What the norm before the head certifies whatever the weights of the blocks: ‖head‖₂ 2 max|γ| √n."""

    @property
    def informative(self) -> bool:
        """The bound knows more than that the logits come out of a norm."""
        return self.bound < self.ceiling * (1 - 1e-9)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        return {"measured": self.measured, "bound": self.bound, "tightness": self.tightness, "ceiling": self.ceiling}


def certify_stack(
    model: Model, samples: Samples, changed: Weights, *, done: Callable[[int], None] = lambda count: None
) -> StackBound | None:
    """The bound for these weights over all predictions; None for an architecture whose parts have no bound here."""
    if not isinstance(model, ByteDecoder | VisionTransformer):
        return None
    distances, bounds = [], []
    head, gain = model.tensors[HEADS[type(model)]], model.tensors["norm.weight"]
    for start in range(0, len(samples), model.batch):
        batch = samples.inputs[start : start + model.batch]
        seen: dict[str, tuple[Array, Array]] = {}

        def see(layer: Linear, x: Array, y: Array, seen: dict[str, tuple[Array, Array]] = seen) -> None:
            seen[layer.name] = x.copy(), y.copy()

        with single_threaded_products():
            dense = model.logits(batch, Watched(EXACT, see))
            distances.append(np.linalg.norm(dense - model.logits(batch, Compressed(changed)), axis=1))
            last = (
                _decoder(model, batch, changed, seen)
                if isinstance(model, ByteDecoder)
                else _transformer(model, batch, changed, seen)
            )
            bounds.append(spectral(head) * last)
        done(len(batch))
    measured, certified = np.concatenate(distances), np.concatenate(bounds)
    ratio = np.divide(measured, certified, out=np.ones(len(measured)), where=certified > 0)
    ceiling = spectral(head) * 2 * float(np.abs(gain).max()) * math.sqrt(len(gain))
    return StackBound(float(measured.max()), float(certified.max()), float(ratio.max()), ceiling)


def _decoder(model: ByteDecoder, inputs: NDArray[Any], changed: Weights, seen: Seen) -> Array:
    rows = model.embedded(inputs)
    e = np.zeros(rows.shape[0] * rows.shape[1])
    pass_linear = _Linears(model, changed, seen)

    def normed(e: Array, name: str) -> Array:
        gain = model.tensors[f"{name}.weight"]
        return through_norm(e, rows, gain, decoder.EPSILON, centred=False)

    for block in range(model.depth):
        at = f"layers.{block}"
        names = [f"{at}.{name}" for name in decoder.LAYERS]
        attended = pass_linear.attended(normed(e, f"{at}.{decoder.NORMS[0]}"), names[:3], causal=True)
        e = through_residual(e, pass_linear(attended, names[3]))
        rows = rows + pass_linear.output(names[3])
        y = normed(e, f"{at}.{decoder.NORMS[1]}")
        gate, up = (pass_linear.output(name) for name in names[4:6])
        opened = silu_product(gate.copy(), np.ones_like(gate))
        inner = through_product(
            through_activation(pass_linear(y, names[4]), "silu"), pass_linear(y, names[5]), opened, up
        )
        e = through_residual(e, pass_linear(inner, names[6]))
        rows = rows + pass_linear.output(names[6])
    return normed(e, "norm")


def _transformer(model: VisionTransformer, inputs: NDArray[Any], changed: Weights, seen: Seen) -> Array:
    rows = model.embedded(inputs)
    e = np.zeros(rows.shape[0] * rows.shape[1])
    pass_linear = _Linears(model, changed, seen)

    def normed(e: Array, name: str) -> Array:
        return through_norm(e, rows, model.tensors[f"{name}.weight"], vit.EPSILON, centred=True)

    for block in range(model.depth):
        at = f"blocks.{block}"
        names = [f"{at}.{name}" for name in vit.LAYERS]
        attended = pass_linear.attended(normed(e, f"{at}.norm1"), names[:1], causal=False)
        e = through_residual(e, pass_linear(attended, names[1]))
        rows = rows + pass_linear.output(names[1])
        inner = through_activation(pass_linear(normed(e, f"{at}.norm2"), names[2]), "gelu")
        e = through_residual(e, pass_linear(inner, names[3]))
        rows = rows + pass_linear.output(names[3])
    return normed(e, "norm").reshape(rows.shape[:2])[:, 0]


@final
@dataclass(frozen=True, eq=False)
class _Linears:
    """Bounds through the linears of one batch, by the names of their layers."""

    model: ByteDecoder | VisionTransformer
    changed: Weights
    seen: Seen

    def __call__(self, e: Array, layer: str) -> Array:
        name = f"{layer}.weight"
        return through_linear(e, self.seen[name][0], self.model.tensors[name], self.changed[name])

    def output(self, layer: str) -> Array:
        return self.seen[f"{layer}.weight"][1]

    def attended(self, e: Array, layers: list[str], *, causal: bool) -> Array:
        """Through the queries, keys and values of one layer or three, and attention of every head of every sequence.

        Rotations by position keep all lengths, so they are left out.
        """
        x = self.seen[f"{layers[0]}.weight"][0]
        batch, length, width = x.shape
        outputs = np.concatenate([self.output(layer) for layer in layers], axis=2)
        shape = (3, self.model.heads, width // self.model.heads)
        parts = outputs.reshape(batch, length, *shape)
        weights, changed = (
            np.concatenate([each[f"{layer}.weight"] for layer in layers]).reshape(*shape, width)
            for each in (self.model.tensors, self.changed)
        )
        mask = np.tri(length, dtype=np.bool_) if causal else None
        total = np.zeros((batch, length))
        for head in range(self.model.heads):
            three = [through_linear(e, x, weights[i, head], changed[i, head]).reshape(batch, length) for i in range(3)]
            for b in range(batch):
                q, k, v = (parts[b, :, i, head] for i in range(3))
                bound = through_attention(three[0][b], three[1][b], three[2][b], q, k, v, mask=mask)
                total[b] += bound**2
        return np.asarray(np.sqrt(total).reshape(-1))
