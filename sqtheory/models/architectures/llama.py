"""A Llama-shaped decoder over named tensors: grouped-query attention, rotary positions, SwiGLU."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.exceptions import CheckpointError
from sqtheory.models.architectures.layers import rms_norm, rotate, rotations, silu_product
from sqtheory.models.architectures.linears import EXACT, Linear, Linears
from sqtheory.models.architectures.model import Model, Shapes, depth_of
from sqtheory.models.tokenizers.byte_pairs import BytePairs

EXACT_TYPES = ("F64", "F32", "F16", "BF16")
"""Stored types whose numbers are the weights, not what blocks of codes stand for."""


@final
@dataclass(frozen=True)
class Names:
    """What a kind of file calls the tensors of a Llama, without ``.weight``."""

    block: str
    """What the number of a block follows."""
    layers: tuple[str, ...]
    """In a block: queries, keys, values, output of attention; gate, up, down."""
    norms: tuple[str, str]
    """In a block: before attention, before the gate."""
    embedding: str
    norm: str
    head: str


@dataclass(frozen=True, eq=False)
class Llama(Model):
    """RMSNorm, SwiGLU, fewer key and value heads than query heads; tokens in, one row of logits a token."""

    tensors: Mapping[str, Array]
    heads: int
    groups: int
    """Heads of keys and values, each shared by ``heads``/``groups`` heads of queries."""
    epsilon: float
    base: float
    tied: bool
    """The logits come from the embedding."""
    tokenizer: BytePairs
    stored: str
    """The type of the queries' weights in the file: the numbers here are what blocks of it stand for."""

    metrics: ClassVar[tuple[str, ...]] = ("perplexity", "cross_entropy", "accuracy")
    batch: ClassVar[int] = 1
    names: ClassVar[Names]

    @property
    def label(self) -> str:
        return self.family if self.stored in EXACT_TYPES else f"{self.family}, dequantised {self.stored}"

    @property
    def spelled(self) -> str:
        return f"{super().spelled}, {self.groups} of keys, ε = {self.epsilon}, base {self.base}"

    @property
    def depth(self) -> int:
        """The number of blocks."""
        return depth_of(self.tensors, self.names.block)

    def shapes(self) -> Shapes:
        names, (vocabulary, width) = self.names, (len(self.tokenizer.tokens), self.tensors[self.mark].shape[1])
        if width % self.heads or self.heads % self.groups or (width // self.heads) % 2:
            raise CheckpointError(
                f"a width of {width} has no {self.heads} heads in {self.groups} groups of an even size"
            )
        queries, keys, values, output, gate, up, down = names.layers
        opened = self.tensors.get(f"{names.block}.0.{gate}.weight")
        hidden, shared = 0 if opened is None else opened.shape[0], (width // self.heads * self.groups, width)
        sizes = {queries: (width, width), keys: shared, values: shared, output: (width, width)}
        sizes |= {gate: (hidden, width), up: (hidden, width), down: (width, hidden)}
        ends = (names.embedding,) if self.tied else (names.embedding, names.head)
        shapes: dict[str, tuple[int, ...]] = {f"{end}.weight": (vocabulary, width) for end in ends}
        shapes[f"{names.norm}.weight"] = (width,)
        for block in range(self.depth):
            shapes |= {f"{names.block}.{block}.{name}.weight": size for name, size in sizes.items()}
            shapes |= {f"{names.block}.{block}.{norm}.weight": (width,) for norm in names.norms}
        return shapes

    @property
    def linears(self) -> tuple[Linear, ...]:
        layers = self.names.layers
        return tuple(
            self.linear(f"{self.names.block}.{block}.{each}") for block in range(self.depth) for each in layers
        )

    def logits(self, inputs: NDArray[Any], linears: Linears = EXACT) -> Array:
        """``inputs``: tokens (batch, length); (batch·length, vocabulary), the row of a token scoring its successor."""
        names = self.names
        *_, output, gate, up, down = names.layers
        x: Array = self.tensors[f"{names.embedding}.weight"][inputs]
        turn = rotations(inputs.shape[1], x.shape[2] // self.heads, self.base)
        for block in range(self.depth):
            at = f"{names.block}.{block}"
            y = self._normed(x, f"{at}.{names.norms[0]}")
            x += linears(self.linear(f"{at}.{output}"), self._attended(y, at, linears, turn))
            y = self._normed(x, f"{at}.{names.norms[1]}")
            opened, values = linears.each([self.linear(f"{at}.{name}") for name in (gate, up)], y)
            x += linears(self.linear(f"{at}.{down}"), silu_product(opened, values))
        head = self.tensors[f"{names.embedding if self.tied else names.head}.weight"]
        return self._normed(x, names.norm).reshape(-1, x.shape[2]) @ head.T

    @abstractmethod
    def _halves(self, heads: Array) -> Array:
        """Queries or keys (batch, heads, length, d) with entries i and i + d/2 those that turn together."""

    def _attended(self, y: Array, at: str, linears: Linears, turn: tuple[Array, Array]) -> Array:
        three = linears.each([self.linear(f"{at}.{name}") for name in self.names.layers[:3]], y)
        counts = (self.heads, self.groups, self.groups)
        q, k, v = (self._heads(values, count) for values, count in zip(three, counts, strict=True))
        each = self.heads // self.groups
        q, k = (rotate(self._halves(heads), *turn) for heads in (q, k))
        return linears.attended(at, q, np.repeat(k, each, 1), np.repeat(v, each, 1), causal=True)

    def _heads(self, values: Array, count: int) -> Array:
        """(batch, heads, length, size)."""
        batch, length, _ = values.shape
        return values.reshape(batch, length, count, -1).swapaxes(1, 2)

    def _normed(self, x: Array, at: str) -> Array:
        return rms_norm(x, self.tensors[f"{at}.weight"], self.epsilon)
