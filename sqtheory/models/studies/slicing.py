"""A byte decoder with its residual stream written in other orthonormal directions, all of them or the leading ones.

RMSNorm divides by a norm that no rotation changes, so with its weights moved into the linears behind it every block may
have directions of its own: W Q for what reads the stream, Qᵀ W for what writes it, and QᵀQ' on the shortcut from one to
the next (`ashkboos2024slicegpt`, Theorem 1). Deleting trailing directions is a column or row less in each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.transforms import principal_axes
from sqtheory.arrays import Array
from sqtheory.models.architectures.decoder import EPSILON, LAYERS, NORMS, ByteDecoder
from sqtheory.models.architectures.layers import attention, rotate, rotations, silu_product


@final
@dataclass(frozen=True, eq=False)
class RotatedBlock:
    """The linears of a block in the directions of what they read and write, and its two shortcuts, float64."""

    linears: tuple[Array, ...]
    """As ``LAYERS`` names them, (outputs, inputs)."""
    shortcuts: tuple[Array, Array]
    """Around attention and around the MLP, (directions before, directions after)."""


@final
@dataclass(frozen=True, eq=False)
class RotatedDecoder:
    """The decoder in chosen directions, in float64."""

    heads: int
    width: int
    """Of the stream before directions were deleted: norms are means over so many entries."""
    embedding: Array
    blocks: tuple[RotatedBlock, ...]
    head: Array

    def logits(self, inputs: NDArray[Any]) -> Array:
        """``inputs``: bytes (batch, length); (batch·length, 256), the row of a byte scoring its successor."""
        *_, last = self.streams(inputs)
        return self._normed(last).reshape(-1, last.shape[-1]) @ self.head.T

    def streams(self, inputs: NDArray[Any]) -> Iterator[Array]:
        """The residual stream (batch, length, directions) before every norm, first to last."""
        x = self.embedding[inputs]
        batch, length, _ = x.shape
        for block in self.blocks:
            yield x
            q, k, v, out, gate, up, down = block.linears
            y, turn = self._normed(x), rotations(length, len(q) // self.heads)
            three = ((y @ w.T).reshape(batch, length, self.heads, -1).swapaxes(1, 2) for w in (q, k, v))
            queries, keys, values = three
            x = (
                x @ block.shortcuts[0]
                + attention(rotate(queries, *turn), rotate(keys, *turn), values, causal=True) @ out.T
            )
            yield x
            y = self._normed(x)
            x = x @ block.shortcuts[1] + silu_product(y @ gate.T, y @ up.T) @ down.T
        yield x

    def _normed(self, x: Array) -> Array:
        return np.asarray(x / np.sqrt((x**2).sum(axis=-1, keepdims=True) / self.width + EPSILON))


def rotated(model: ByteDecoder, bases: Sequence[Array], *, centred: bool = False) -> RotatedDecoder:
    """The decoder in the given directions: one array (width, kept) of orthonormal columns before every norm.

    With all directions kept its logits are the decoder's but for rounding. ``centred`` takes the mean off every row of
    the embedding, as published code does for every model: right under LayerNorm, another function under RMSNorm.
    Raises ValueError for another number of bases than two a block and one at the end, and for one that does not fit.
    """
    tensors = {name: t.astype(np.float64) for name, t in model.tensors.items()}
    embedding = tensors["embed_tokens.weight"]
    width = embedding.shape[1]
    if len(bases) != 2 * model.depth + 1 or any(len(basis) != width for basis in bases):
        raise ValueError(
            f"a stream of {width} entries before {2 * model.depth + 1} norms needs a basis for each of them"
        )
    blocks = []
    for block in range(model.depth):
        first, middle, last = bases[2 * block : 2 * block + 3]
        at = f"layers.{block}"
        scales = [tensors[f"{at}.{norm}.weight"] for norm in NORMS]
        w = [tensors[f"{at}.{name}.weight"] for name in LAYERS]
        reading = [each * scales[0] @ first for each in w[:3]], [each * scales[1] @ middle for each in w[4:6]]
        linears = (*reading[0], middle.T @ w[3], *reading[1], last.T @ w[6])
        blocks.append(RotatedBlock(linears, (first.T @ middle, middle.T @ last)))
    start = embedding - embedding.mean(axis=1, keepdims=True) if centred else embedding
    head = embedding * tensors["norm.weight"] @ bases[-1]
    return RotatedDecoder(model.heads, width, start @ bases[0], tuple(blocks), head)


def principal_bases(model: ByteDecoder, inputs: NDArray[Any], kept: int | None = None) -> list[Array]:
    """The leading principal axes of the residual stream before every norm, on these bytes (batch, length)."""
    width = model.tensors["embed_tokens.weight"].shape[1]
    dense = rotated(model, [np.eye(width)] * (2 * model.depth + 1))
    streams = (x.reshape(-1, width) for x in dense.streams(inputs))
    return [principal_axes(x.T @ x).axes.values[:, :kept] for x in streams]
