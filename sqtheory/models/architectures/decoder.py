"""A Llama-shaped decoder over byte values, as it was trained for the zoo."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.models.architectures.layers import rms_norm, rotate, rotations, silu_product
from sqtheory.models.architectures.linears import EXACT, Linear, Linears
from sqtheory.models.architectures.model import Model, Shapes, Source, depth_of, heads_of

EPSILON = 1e-5
LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@final
@dataclass(frozen=True, eq=False)
class ByteDecoder(Model):
    """RMSNorm, rotary positions (halves), causal attention, SwiGLU, output tied to the embedding of 256 byte values."""

    tensors: Mapping[str, Array]
    heads: int

    family: ClassVar[str] = "byte language model"
    metrics: ClassVar[tuple[str, ...]] = ("bits_per_byte", "perplexity", "cross_entropy", "accuracy")
    batch: ClassVar[int] = 4
    mark: ClassVar[str] = "embed_tokens.weight"

    @classmethod
    def of(cls, tensors: Mapping[str, Array], heads: int | None, source: Source) -> "ByteDecoder":
        return cls(tensors, heads_of(tensors["embed_tokens.weight"].shape[-1], heads, 64))

    @property
    def depth(self) -> int:
        """The number of blocks."""
        return depth_of(self.tensors, "layers")

    def shapes(self) -> Shapes:
        width = self.tensors["embed_tokens.weight"].shape[-1]
        gate = self.tensors.get("layers.0.gate_proj.weight")
        hidden = 0 if gate is None else gate.shape[0]
        shapes: dict[str, tuple[int, ...]] = {"embed_tokens.weight": (256, width), "norm.weight": (width,)}
        ends = {"gate_proj": (hidden, width), "up_proj": (hidden, width), "down_proj": (width, hidden)}
        for block in range(self.depth):
            shapes |= {f"layers.{block}.{name}.weight": ends.get(name, (width, width)) for name in LAYERS}
            shapes |= {f"layers.{block}.{norm}.weight": (width,) for norm in NORMS}
        return shapes

    @property
    def linears(self) -> tuple[Linear, ...]:
        return tuple(self.linear(f"layers.{block}.{layer}") for block in range(self.depth) for layer in LAYERS)

    def logits(self, inputs: NDArray[Any], linears: Linears = EXACT) -> Array:
        """``inputs``: bytes (batch, length); (batch·length, 256), the row of a byte scoring its successor."""
        embedding = self.tensors["embed_tokens.weight"]
        x = self.embedded(inputs)
        turn = rotations(inputs.shape[1], embedding.shape[1] // self.heads)
        for block in range(self.depth):
            at = f"layers.{block}"
            x += linears(
                self.linear(f"{at}.o_proj"), self._attended(self._normed(x, f"{at}.{NORMS[0]}"), at, linears, turn)
            )
            y = self._normed(x, f"{at}.{NORMS[1]}")
            gate, up = linears.each([self.linear(f"{at}.{name}") for name in ("gate_proj", "up_proj")], y)
            x += linears(self.linear(f"{at}.down_proj"), silu_product(gate, up))
        return self._normed(x, "norm").reshape(-1, embedding.shape[1]) @ embedding.T

    def embedded(self, inputs: NDArray[Any]) -> Array:
        """The vectors of the bytes, what the first block reads: a new array."""
        out: Array = self.tensors["embed_tokens.weight"][inputs]
        return out

    def _attended(self, y: Array, at: str, linears: Linears, turn: tuple[Array, Array]) -> Array:
        batch, length, _ = y.shape
        three = linears.each([self.linear(f"{at}.{name}") for name in LAYERS[:3]], y)
        q, k, v = (each.reshape(batch, length, self.heads, -1).swapaxes(1, 2) for each in three)
        return linears.attended(at, rotate(q, *turn), rotate(k, *turn), v, causal=True)

    def _normed(self, x: Array, at: str) -> Array:
        return rms_norm(x, self.tensors[f"{at}.weight"], EPSILON)


NORMS = ("input_layernorm", "post_attention_layernorm")
