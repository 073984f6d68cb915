"""Linearized attention while decoding: a running state Σ φ(k_t) v_tᵀ, which a grid can hold still."""

import numpy as np

from sqtheory.arrays import Array
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

Q, K = np.array([[2.0, 1], [1, 3], [0, 2], [1, 1]]), np.array([[1.0, 0], [2, 1], [1, 1], [0, 3]])
V = np.array([[1.0, -1], [2, 0], [-1, 4], [3, 1]])


def causal(q: Array, k: Array, v: Array) -> Array:
    """Σ_{s ≤ t} ⟨q_t, k_s⟩ v_s, row by row: q, k (length, features), v (length, values)."""
    return np.asarray(np.tril(q @ k.T) @ v)


def decoded(q: Array, k: Array, v: Array, step: float = 0.0) -> Array:
    """S_t = S_{t−1} + k_t v_tᵀ and q_t S_t, the state rounded to multiples of a step after every token if it is > 0."""
    state, rows = np.zeros((k.shape[1], v.shape[1])), []
    for one, key, value in zip(q, k, v, strict=True):
        state = state + np.outer(key, value)
        state = np.rint(state / step) * step if step else state
        rows.append(one @ state)
    return np.asarray(rows)


def one_map() -> bool:
    """Token by token and all at once are the same numbers, here exactly."""
    return np.array_equal(decoded(Q, K, V), causal(Q, K, V))


def stands_still() -> bool:
    """Of 16 tokens that add 3/8 each a state on the integers keeps 0; rounded once it would be 6."""
    ones, values = np.ones((16, 1)), np.full((16, 1), 0.375)
    held, summed = decoded(ones, ones, values, 1.0), causal(ones, ones, values)
    return bool(held[-1, 0] == 0 and np.rint(summed[-1, 0]) == 6)


METHOD = Idea(
    name="linear_attention",
    title="Linearized attention while decoding, with a running state",
    source=Reference("you2024linear", "abstract and §3; the convolution beside it is left out"),
    computes="the state that equals causal kernel attention, and what rounding it after every token loses.",
    outside="speculative decoding, speed.",
    evidence=(
        Runs("the running state is causal attention without softmax, number for number", OrderVerdict.none, one_map),
        Runs(
            "rounded after every token it errs by up to half a step for each: 16 tokens of ⅜ are never seen",
            OrderVerdict.none,
            stands_still,
        ),
    ),
)
