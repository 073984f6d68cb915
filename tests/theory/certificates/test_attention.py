"""What attention errs for a changed cache: softmax written out with exp alone, bounds by query and channel."""

import math

import numpy as np
import pytest

from sqtheory.arrays import Array
from sqtheory.theory.certificates.attention import attention_errors

RNG = np.random.default_rng(0)


def attended(q: Array, k: Array, v: Array, t: int, seen: int) -> tuple[list[float], list[float]]:
    """The weights of one query over the tokens that it sees, and its output."""
    z = [sum(a * b for a, b in zip(q[t], k[s], strict=True)) / math.sqrt(q.shape[1]) for s in range(seen)]
    total = math.fsum(math.exp(each) for each in z)
    p = [math.exp(each) / total for each in z]
    return p, [math.fsum(p[s] * v[s, j] for s in range(seen)) for j in range(v.shape[1])]


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("size", [0.01, 1.0])
def test_errors_and_bounds_are_those_of_every_query_and_channel(causal: bool, size: float) -> None:
    q, k, dk = (RNG.standard_normal((5, 4)) for _ in range(3))
    v, dv = (RNG.standard_normal((5, 3)) for _ in range(2))
    k2, v2 = k + size * dk, v + size * dv
    found = attention_errors(q, k, v, k2, v2, causal=causal)
    for t in range(5):
        seen = t + 1 if causal else 5
        (p, o), (p2, o2) = attended(q, k, v, t, seen), attended(q, k2, v2, t, seen)
        assert found.moved[t] == pytest.approx(sum(abs(a - b) for a, b in zip(p, p2, strict=True)), abs=1e-12)
        np.testing.assert_allclose(found.output[t], np.abs(np.subtract(o, o2)), atol=1e-12)
        np.testing.assert_allclose(found.size[t], np.abs(o), atol=1e-12)
        errors = [float(q[t] @ (k[s] - k2[s])) / 2 for s in range(seen)]
        delta = max(errors) - min(errors)
        assert found.spread[t] == pytest.approx(delta, abs=1e-12)
        assert found.moved_bound[t] == pytest.approx(2 * math.tanh(delta / 4), abs=1e-12)
        for j in range(3):
            column, lost = v[:seen, j], np.abs(v - v2)[:seen, j].max()
            bound = math.tanh(delta / 4) * (column.max() - column.min()) + lost
            assert found.output_bound[t, j] == pytest.approx(bound, abs=1e-12)
    assert (found.moved <= found.moved_bound + 1e-12).all() and (found.output <= found.output_bound + 1e-12).all()


def test_the_bound_is_attained_by_two_tokens() -> None:
    """Logits ±a against ∓a, values at the ends of their range: ``softmax_shift`` is sharp there."""
    q, k, v = np.ones((1, 1)), np.array([[0.5], [-0.5]]), np.array([[1.0], [0.0]])
    found = attention_errors(q, k, v, -k, v)
    assert found.output[0, 0] == pytest.approx(found.output_bound[0, 0], rel=1e-12) == pytest.approx(math.tanh(0.5))


def test_an_equal_cache_errs_by_nothing_and_shapes_must_fit() -> None:
    q, k, v = RNG.standard_normal((3, 4)), RNG.standard_normal((5, 4)), RNG.standard_normal((5, 2))
    found = attention_errors(q, k, v, k, v)
    assert not found.output.any() and not found.output_bound.any()
    with pytest.raises(ValueError, match="do not fit"):
        attention_errors(q, k, v, k[:4], v)
    with pytest.raises(ValueError, match="as many queries as tokens, got 3 and 5"):
        attention_errors(q, k, v, k, v, causal=True)
