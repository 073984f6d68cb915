"""The maps between the linear layers of a transformer, float32, batched: norms, activations, rotations, attention."""

import math
from types import ModuleType

import numpy as np

from sqtheory.alphabet.kernels.engine import compiled
from sqtheory.arrays import Array

GELU = (
    7.97884216e-01,
    3.63342822e-02,
    -3.31289896e-05,
    -5.52404349e-05,
    3.96914249e-06,
    -1.33448105e-07,
    1.80564580e-09,
)
"""P with Φ(x) ≈ (1 + tanh(x P(x²)))/2, minimax for |x| ≤ 5.5: xΦ(x) errs by 7e-8. Beyond, P > 0 and tanh is ±1."""
WORTH = 32
"""So many entries here are worth loading the compiled loops for as much as one of a kernel."""
TILE = 1 << 16
"""Entries whose intermediate results stay in cache."""
SPREAD = 80.0
"""exp of a difference up to this is a normal float32 number."""
ROWS = 48
"""A multiple of the rows that kernels of products work on at once (4, 6, 8, 12, 16, …): a part has the whole's bits."""


def layer_norm(x: Array, weight: Array, bias: Array, epsilon: float) -> Array:
    """(x − mean)/√(variance + ε) · weight + bias over the last axis; a new array."""
    width = x.shape[-1]
    flat, loops = x.reshape(-1, width), _loops(x.size)
    means = flat @ np.full(width, 1 / width, x.dtype)
    out = np.empty(flat.shape, x.dtype)
    if loops is None:
        np.subtract(flat, means[:, None], out=out)
        out *= _reciprocal_roots(out, epsilon)[:, None]
        out *= weight
        out += bias
    else:
        loops.centred(flat, means, out)
        loops.affine(out, _reciprocal_roots(out, epsilon), weight, bias)
    return out.reshape(x.shape)


def rms_norm(x: Array, weight: Array, epsilon: float) -> Array:
    """x/√(mean x² + ε) · weight over the last axis; a new array."""
    rows = x.reshape(-1, x.shape[-1])
    scaled = rows * _reciprocal_roots(rows, epsilon)[:, None]
    scaled *= weight
    return scaled.reshape(x.shape)


def gelu(x: Array) -> Array:
    """xΦ(x), Φ the normal distribution function, within 1e-6 of it in float32; overwrites x, tile by tile."""
    flat, loops = x.reshape(-1), _loops(x.size)
    square, z = np.empty(TILE, x.dtype), np.empty(TILE, x.dtype)
    coefficients = tuple(map(x.dtype.type, GELU))
    for start in range(0, flat.size, TILE):
        part = flat[start : start + TILE]
        u, inner = square[: part.size], z[: part.size]
        if loops is not None:
            loops.odd_polynomial(part, coefficients, inner)
            np.tanh(inner, out=inner)
            loops.gated(part, inner, x.dtype.type(0.5))
            continue
        np.multiply(part, part, out=u)
        np.multiply(u, coefficients[-1], out=inner)
        with np.errstate(over="ignore"):  # tanh of an infinite number is ±1
            for coefficient in coefficients[-2:0:-1]:
                inner += coefficient
                inner *= u
        inner += coefficients[0]
        inner *= part
        np.tanh(inner, out=inner)
        inner *= 0.5
        inner += 0.5
        part *= inner
    return x


def silu_product(gate: Array, up: Array) -> Array:
    """gate/(1 + exp(−gate)) · up, tile by tile; overwrites gate where its entries are in C order."""
    flat, factors, held = gate.reshape(-1), up.reshape(-1), np.empty(TILE, gate.dtype)
    for start in range(0, flat.size, TILE):
        part = flat[start : start + TILE]
        denominator = np.negative(part, out=held[: part.size])
        with np.errstate(over="ignore"):  # exp of a large number is infinite and its reciprocal 0, as it should be
            np.exp(denominator, out=denominator)
        denominator += 1
        part /= denominator
        part *= factors[start : start + TILE]
    return flat.reshape(gate.shape)


def rotations(length: int, size: int, base: float = 10_000.0) -> tuple[Array, Array]:
    """cos and sin of position · base^{−2i/size}, each (length, size/2), float32."""
    frequencies = (base ** (-np.arange(0, size, 2, dtype=np.float32) / size)).astype(np.float32)
    angles = np.arange(length, dtype=np.float32)[:, None] * frequencies
    return np.cos(angles), np.sin(angles)


def rotate(x: Array, cos: Array, sin: Array) -> Array:
    """Turn the pairs (x_i, x_{i+d/2}) of heads x (batch, heads, length, d) by the angles of their positions.

    A new array whose memory is in the order (batch, length, heads, d), in which projections come.
    """
    rows, half = x.swapaxes(1, 2), x.shape[-1] // 2
    out = np.empty(rows.shape, x.dtype)
    out[..., :half], out[..., half:] = rows[..., half:], rows[..., :half]
    out *= np.concatenate([-sin, sin], axis=-1)[:, None]
    out += rows * np.concatenate([cos, cos], axis=-1)[:, None]
    return out.swapaxes(1, 2)


def attention(q: Array, k: Array, v: Array, *, causal: bool = False) -> Array:
    """softmax(QKᵀ/√d)V of heads (batch, heads, length, d) as (batch, length, heads·d); causal: no later position.

    One maximum serves all rows where exp cannot underflow below it, else each row has its own. Causal rows are worked
    on ``ROWS`` at a time, with the keys that the last of them sees.
    """
    batch, heads, length, size = q.shape
    scores = np.matmul(q * q.dtype.type(1 / math.sqrt(size)), k.swapaxes(-1, -2))
    largest = scores.max()
    if largest - scores.min() > SPREAD:
        if causal:
            scores += np.triu(np.full((length, length), -np.inf, q.dtype), 1)
        scores -= scores.max(axis=-1, keepdims=True)
        largest = q.dtype.type(0)
    out = np.empty((batch, length, heads, size), q.dtype)
    step = ROWS if causal else length
    for start in range(0, length, step):
        stop = min(start + step, length)
        part = scores[..., start:stop, :stop]
        part -= largest
        np.exp(part, out=part)
        if causal:
            part[..., start:] *= np.tri(stop - start, dtype=q.dtype)
            scores[..., start:stop, stop:] = 0
        np.matmul(part, v[..., :stop, :], out=out.swapaxes(1, 2)[..., start:stop, :])
    totals = scores.reshape(-1, length) @ np.ones(length, q.dtype)
    out /= totals.reshape(batch, heads, length).swapaxes(1, 2)[..., None]
    return out.reshape(batch, length, heads * size)


def concentrations(q: Array, k: Array, *, causal: bool = False) -> Array:
    """Σ over heads and queries of the attention that each key receives, float64 (batch, length); its sum heads·length.

    q, k as in ``attention`` (`sung2025rsq`, §4.2: a token is the more important the more attention it receives).
    """
    scores = np.matmul(q, k.swapaxes(-1, -2)).astype(np.float64) / math.sqrt(q.shape[-1])
    if causal:
        scores += np.triu(np.full(scores.shape[-2:], -np.inf), 1)
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    received: Array = (scores / scores.sum(axis=-1, keepdims=True)).sum(axis=(1, 2))
    return received


def _reciprocal_roots(rows: Array, epsilon: float) -> Array:
    """1/√(mean of the squares + ε) of every row."""
    squares = np.einsum("ij,ij->i", rows, rows)
    return np.asarray(1 / np.sqrt(squares / rows.shape[1] + rows.dtype.type(epsilon)))


def _loops(entries: int) -> ModuleType | None:
    """The same maps in machine code for so many entries, where the engine is numba."""
    if compiled(entries // WORTH) is None:
        return None
    import sqtheory.models.architectures.compiled as loops

    return loops
