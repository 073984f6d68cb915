"""What attention of one head errs for a changed cache, bounded by what softmax and values can do: row by row.

By theorems ``softmax_shift`` and ``cache_error``, nothing evicted; the bounds are computed in float64, not rounded up.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.arrays import Array


@final
@dataclass(frozen=True, eq=False)
class AttentionErrors:
    """Of every query (rows), and of every channel of the values (columns): what is lost and what can be, float64."""

    spread: Array
    """δ = max(z − ẑ) − min(z − ẑ) of the logits that a query sees, (queries,)."""
    moved: Array
    """‖softmax(z) − softmax(ẑ)‖₁, (queries,)."""
    moved_bound: Array
    """2 tanh(δ/4), (queries,)."""
    size: Array
    """|softmax(z)V|, (queries, channels)."""
    output: Array
    """|softmax(z)V − softmax(ẑ)V̂|, (queries, channels)."""
    output_bound: Array
    """tanh(δ/4)(max v − min v) + max|v − v̂| over the tokens seen, (queries, channels)."""


def attention_errors(
    q: Array, k: Array, v: Array, keys: Array, values: Array, *, causal: bool = False
) -> AttentionErrors:
    """Attention softmax(qkᵀ/√d)v of one head against that with other keys and values, which have the same shapes.

    q: (queries, d); k: (tokens, d); v: (tokens, channels), any real dtype. Causal: as many queries as tokens, each of
    which sees none that is later. Raises ValueError for shapes that do not fit.
    """
    if k.shape != keys.shape or v.shape != values.shape or len(k) != len(v) or q.shape[1] != k.shape[1]:
        shapes = ", ".join(str(each.shape) for each in (q, k, v, keys, values))
        raise ValueError(f"queries, keys, values and the other keys and values do not fit: {shapes}")
    if causal and len(q) != len(k):
        raise ValueError(f"causal attention needs as many queries as tokens, got {len(q)} and {len(k)}")
    q, k, v, keys, values = (np.asarray(each, np.float64) for each in (q, k, v, keys, values))
    seen = np.tril(np.ones((len(q), len(k)), bool)) if causal else np.ones((len(q), len(k)), bool)
    z, other = (np.where(seen, q @ each.T / np.sqrt(q.shape[1]), -np.inf) for each in (k, keys))
    moved = q @ (k - keys).T / np.sqrt(q.shape[1])
    spread = np.where(seen, moved, -np.inf).max(axis=1) - np.where(seen, moved, np.inf).min(axis=1)
    p, made = _softmax(z), _softmax(other)
    top, low, lost = (_over(seen, each) for each in (v, -v, np.abs(v - values)))
    return AttentionErrors(
        spread,
        np.abs(p - made).sum(axis=1),
        2 * np.tanh(spread / 4),
        np.abs(p @ v),
        np.abs((p - made) @ (v - v[:1]) + made @ (v - values)),
        np.tanh(spread / 4)[:, None] * (top + low) + lost,
    )


def _softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def _over(seen: Array, v: Array) -> Array:
    """The largest entry of every channel over the tokens that each query sees, (queries, channels)."""
    if seen.all():
        return np.broadcast_to(v.max(axis=0), (len(seen), v.shape[1]))
    return np.asarray(np.maximum.accumulate(v, axis=0))
