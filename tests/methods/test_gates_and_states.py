"""Linearized attention and mixtures of experts: sums written out, and every move of the logits."""

from itertools import combinations

import numpy as np
import pytest

from sqtheory.methods.linear_attention import causal, decoded
from sqtheory.methods.moe import experts

RNG = np.random.default_rng(0)


def test_the_running_state_is_the_sum_over_earlier_tokens() -> None:
    q, k, v = RNG.integers(-4, 5, (7, 3)) * 1.0, RNG.integers(-4, 5, (7, 3)) * 1.0, RNG.integers(-4, 5, (7, 2)) * 1.0
    wanted = [[sum(q[t] @ k[s] * v[s, j] for s in range(t + 1)) for j in range(2)] for t in range(7)]
    np.testing.assert_array_equal(causal(q, k, v), wanted)
    np.testing.assert_array_equal(decoded(q, k, v), wanted)


@pytest.mark.parametrize("step", [1.0, 0.25])
def test_rounding_the_state_errs_by_half_a_step_a_token_at_most(step: float) -> None:
    q, k, v = (RNG.standard_normal((20, n)) for n in (3, 3, 2))
    lost = np.abs(decoded(q, k, v, step) - causal(q, k, v))
    bound = np.arange(1, 21)[:, None] * step / 2 * np.abs(q).sum(axis=1, keepdims=True)
    assert (lost <= bound + 1e-12).all() and lost.max() > 0


def test_experts_stay_below_half_the_gap_and_not_beyond() -> None:
    for _ in range(200):
        z, k = RNG.standard_normal(5), int(RNG.integers(1, 5))
        kept = experts(z, k)
        assert kept == frozenset(max(combinations(range(5), k), key=lambda some: sum(z[list(some)])))
        order = np.sort(z)[::-1]
        gap = order[k - 1] - order[k]
        moved = z + RNG.uniform(-gap / 2, gap / 2, 5) * 0.999
        assert experts(moved, k) == kept
        inside, outside = min(kept, key=lambda i: z[i]), max(set(range(5)) - kept, key=lambda i: z[i])
        worst = z.copy()
        worst[inside], worst[outside] = z[inside] - gap * 0.501, z[outside] + gap * 0.501
        assert experts(worst, k) != kept
