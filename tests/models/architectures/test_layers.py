import math

import numpy as np
import pytest

from sqtheory.alphabet.kernels import engine
from sqtheory.arrays import Array
from sqtheory.models.architectures import compiled as loops
from sqtheory.models.architectures.layers import (
    ROWS,
    TILE,
    attention,
    concentrations,
    gelu,
    layer_norm,
    rms_norm,
    rotate,
    rotations,
    silu_product,
)


def normal(*shape: int, seed: int = 0, scale: float = 1.0) -> Array:
    return (scale * np.random.default_rng(seed).normal(size=shape)).astype(np.float32)


def test_layer_norm_centres_and_scales_the_last_axis() -> None:
    x, weight, bias = normal(3, 5, 48) + 2, normal(48, seed=1), normal(48, seed=2)
    wide = x.astype(np.float64)
    centred = wide - wide.mean(axis=-1, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 0.01) * weight + bias
    np.testing.assert_allclose(layer_norm(x, weight, bias, 0.01), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(x, normal(3, 5, 48) + 2)


def test_rms_norm_scales_the_last_axis() -> None:
    x, weight = normal(3, 5, 48) + 2, normal(48, seed=1)
    wide = x.astype(np.float64)
    expected = wide / np.sqrt((wide**2).mean(axis=-1, keepdims=True) + 0.01) * weight
    np.testing.assert_allclose(rms_norm(x, weight, 0.01), expected, rtol=1e-5)
    np.testing.assert_array_equal(x, normal(3, 5, 48) + 2)


def test_gelu_is_the_normal_distribution_function_times_x() -> None:
    x = np.linspace(-12, 12, 200_001, dtype=np.float32)
    expected = np.array([v * math.erfc(-v / math.sqrt(2)) / 2 for v in x.tolist()])
    assert np.abs(gelu(x.copy()) - expected).max() < 1e-6
    with np.errstate(all="raise", under="ignore", over="ignore"):
        far = gelu(np.array([0, 50, 1e4, 1e19, 3e38, -50, -1e4, -1e19, -3e38], np.float32))
    np.testing.assert_array_equal(far, np.array([0, 50, 1e4, 1e19, 3e38, 0, 0, 0, 0], np.float32))


def test_gelu_has_no_seam_between_tiles() -> None:
    x = np.tile(normal(7), 30_000)
    np.testing.assert_array_equal(gelu(x.copy()), np.tile(gelu(normal(7)), 30_000))


def test_silu_product() -> None:
    gate, up = normal(4, 100, scale=40), normal(4, 100, seed=1)
    expected = gate.astype(np.float64) / (1 + np.exp(-gate.astype(np.float64))) * up
    np.testing.assert_allclose(silu_product(gate.copy(), up), expected, rtol=1e-5, atol=1e-12)
    np.testing.assert_array_equal(silu_product(np.array([-1e4], np.float32), np.ones(1, np.float32)), [0])


def test_silu_product_has_no_seam_between_tiles_and_any_order() -> None:
    gate, up = np.random.default_rng(1).normal(size=(2, 3, TILE // 2)).astype(np.float32)
    rows = [silu_product(one.copy(), other) for one, other in zip(gate, up, strict=True)]
    np.testing.assert_array_equal(silu_product(gate.copy(), up), rows)
    np.testing.assert_array_equal(silu_product(np.asfortranarray(gate), up), rows)


def test_rotations_turn_pairs_of_halves() -> None:
    x = normal(2, 3, 9, 8)
    turned = rotate(x, *rotations(9, 8, base=100.0))
    pairs = x[..., :4] + 1j * x[..., 4:]
    angles = np.arange(9)[:, None] * 100.0 ** (-np.arange(4) / 4)
    expected = pairs * np.exp(1j * angles)
    np.testing.assert_allclose(turned, np.concatenate([expected.real, expected.imag], axis=-1), atol=1e-5)


def test_turned_pairs_have_the_bits_of_the_formula() -> None:
    x, (cos, sin) = normal(2, 9, 3, 8).swapaxes(1, 2), rotations(9, 8)
    first, second = x[..., :4], x[..., 4:]
    expected = np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)
    np.testing.assert_array_equal(rotate(x, cos, sin), expected)


@pytest.mark.usefixtures("compiled_at_once")
def test_compiled_loops_have_the_bits_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """More entries than a tile; GELU where tanh is ±1, where squares overflow, and at numbers that are none."""
    wide, weight, bias = normal(3, TILE, scale=4), normal(TILE, seed=1), normal(TILE, seed=2)
    odd = np.array([0.0, -0.0, 1e-42, 30, -30, 3e19, -3e38, np.inf, np.nan], np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        plain = [layer_norm(wide, weight, bias, 0.01), gelu(wide.copy()), gelu(odd.copy())]
    used: list[object] = []
    gated = loops.gated
    monkeypatch.setattr(loops, "gated", lambda *given: (used.append(given), gated(*given)))
    with engine("numba"):
        fast = [layer_norm(wide, weight, bias, 0.01), gelu(wide.copy()), gelu(odd.copy())]
    for one, other in zip(plain, fast, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(np.signbit(one), np.signbit(other))
    assert len(used) == 4


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize("length", [11, ROWS, 2 * ROWS + 5])
def test_attention(causal: bool, scale: float, length: int) -> None:
    """Scores of scale 30 spread over thousands, so that every row needs a maximum of its own."""
    q, k, v = normal(3, 2, 4, length, 6, scale=scale)
    scores = np.einsum("bhid,bhjd->bhij", *(a.astype(np.float64) for a in (q, k))) / math.sqrt(6)
    assert (scores.max() - scores.min() > 80) == (scale > 1)
    room = 2 * float(np.finfo(np.float32).eps * np.abs(scores).max() * np.abs(v).max())
    if causal:
        scores += np.triu(np.full((length, length), -np.inf), 1)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    expected = np.einsum("bhij,bhjd->bihd", weights, v.astype(np.float64)).reshape(2, length, 24)
    np.testing.assert_allclose(attention(q, k, v, causal=causal), expected, atol=max(room, 1e-5))


@pytest.mark.parametrize("causal", [False, True])
def test_what_keys_receive_is_the_column_sums_of_attention(causal: bool) -> None:
    """Attention to values that are the unit vectors gives its own rows."""
    q, k = normal(2, 3, 5, 8), normal(2, 3, 5, 8, seed=1, scale=4)
    units = np.broadcast_to(np.eye(5, 8, dtype=np.float32), (2, 3, 5, 8))
    rows = attention(q, k, units, causal=causal).reshape(2, 5, 3, 8)[..., :5]
    received = concentrations(q, k, causal=causal)
    np.testing.assert_allclose(received, rows.astype(np.float64).sum(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_allclose(received.sum(axis=1), 15, rtol=1e-12)
    assert not causal or (received[:, -1] <= 3 + 1e-12).all()
