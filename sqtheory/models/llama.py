"""A Llama-shaped decoder of a GGUF file: grouped-query attention, rotary positions, its own tokenizer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.exceptions import CheckpointError
from sqtheory.models.byte_pairs import BytePairs
from sqtheory.models.layers import attention, rms_norm, rotate, rotations, silu_product
from sqtheory.models.linears import EXACT, Linear, Linears
from sqtheory.models.model import Model, Shapes, Source, depth_of

LAYERS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")


@final
@dataclass(frozen=True, eq=False)
class Llama(Model):
    """RMSNorm, SwiGLU, fewer key and value heads than query heads; tokens in, one row of logits a token.

    In a GGUF file the rows of queries and keys are stored so that neighbouring entries turn together.
    """

    tensors: Mapping[str, Array]
    heads: int
    groups: int
    """Heads of keys and values, each shared by ``heads``/``groups`` heads of queries."""
    epsilon: float
    base: float
    tokenizer: BytePairs
    stored: str
    """The type of the queries' weights in the file: the numbers here are what blocks of it stand for."""

    family: ClassVar[str] = "Llama of a GGUF file"
    metrics: ClassVar[tuple[str, ...]] = ("perplexity", "cross_entropy", "accuracy")
    batch: ClassVar[int] = 1
    mark: ClassVar[str] = "blk.0.attn_q.weight"

    @classmethod
    def of(cls, tensors: Mapping[str, Array], heads: int | None, source: Source) -> "Llama":
        def said(key: str, usual: Any = None) -> Any:
            value = source.metadata.get(key, usual)
            if value is None:
                raise CheckpointError(f"a {cls.family} needs {key!r} in its metadata")
            return value

        if said("general.architecture") != "llama":
            raise CheckpointError(f"the architecture of a {cls.family} is llama, got {said('general.architecture')!r}")
        count = heads or int(said("llama.attention.head_count"))
        return cls(
            tensors,
            count,
            int(said("llama.attention.head_count_kv", count)),
            float(said("llama.attention.layer_norm_rms_epsilon")),
            float(said("llama.rope.freq_base", 10_000.0)),
            BytePairs(said("tokenizer.ggml.tokens"), said("tokenizer.ggml.merges")),
            source.dtypes.get(cls.mark, "F32"),
        )

    @property
    def label(self) -> str:
        exact = self.stored in ("F64", "F32", "F16", "BF16")
        return self.family if exact else f"{self.family}, dequantised {self.stored}"

    @property
    def spelled(self) -> str:
        return f"{super().spelled}, {self.groups} of keys, ε = {self.epsilon}, base {self.base}"

    @property
    def depth(self) -> int:
        """The number of blocks."""
        return depth_of(self.tensors, "blk")

    def shapes(self) -> Shapes:
        vocabulary, width = len(self.tokenizer.tokens), self.tensors[self.mark].shape[1]
        if width % self.heads or self.heads % self.groups or (width // self.heads) % 2:
            raise CheckpointError(
                f"a width of {width} has no {self.heads} heads in {self.groups} groups of an even size"
            )
        gate = self.tensors.get("blk.0.ffn_gate.weight")
        hidden, keys = 0 if gate is None else gate.shape[0], width // self.heads * self.groups
        sizes = {"attn_k": (keys, width), "attn_v": (keys, width), "ffn_down": (width, hidden)}
        sizes |= {"ffn_gate": (hidden, width), "ffn_up": (hidden, width)}
        shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (vocabulary, width), "output_norm.weight": (width,)}
        for block in range(self.depth):
            shapes |= {f"blk.{block}.{name}.weight": sizes.get(name, (width, width)) for name in LAYERS}
            shapes |= {f"blk.{block}.{norm}.weight": (width,) for norm in ("attn_norm", "ffn_norm")}
        return shapes

    @property
    def linears(self) -> tuple[Linear, ...]:
        return tuple(self.linear(f"blk.{block}.{layer}") for block in range(self.depth) for layer in LAYERS)

    def logits(self, inputs: NDArray[Any], linears: Linears = EXACT) -> Array:
        """``inputs``: tokens (batch, length); (batch·length, vocabulary), the row of a token scoring its successor."""
        x = self.tensors["token_embd.weight"][inputs]
        turn = rotations(inputs.shape[1], x.shape[2] // self.heads, self.base)
        for block in range(self.depth):
            at = f"blk.{block}"
            y = self._normed(x, f"{at}.attn_norm")
            x += linears(self.linear(f"{at}.attn_output"), self._attended(y, at, linears, turn))
            y = self._normed(x, f"{at}.ffn_norm")
            gate, up = (linears(self.linear(f"{at}.{name}"), y) for name in ("ffn_gate", "ffn_up"))
            x += linears(self.linear(f"{at}.ffn_down"), silu_product(gate, up))
        head = self.tensors.get("output.weight", self.tensors["token_embd.weight"])
        return self._normed(x, "output_norm").reshape(-1, x.shape[2]) @ head.T

    def _attended(self, y: Array, at: str, linears: Linears, turn: tuple[Array, Array]) -> Array:
        q, k, v = (self._heads(linears(self.linear(f"{at}.{name}"), y), name) for name in LAYERS[:3])
        each = self.heads // self.groups
        return attention(rotate(q, *turn), np.repeat(rotate(k, *turn), each, 1), np.repeat(v, each, 1), causal=True)

    def _heads(self, values: Array, name: str) -> Array:
        """(batch, heads, length, size); even entries of queries and keys come before the odd, as ``rotate`` pairs."""
        batch, length, _ = values.shape
        count = self.heads if name == "attn_q" else self.groups
        split = values.reshape(batch, length, count, -1).swapaxes(1, 2)
        return split if name == "attn_v" else np.concatenate([split[..., ::2], split[..., 1::2]], axis=-1)

    def _normed(self, x: Array, at: str) -> Array:
        return rms_norm(x, self.tensors[f"{at}.weight"], self.epsilon)
