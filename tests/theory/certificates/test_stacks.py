"""Bounds through whole networks hold for every sample; a bound that is too small is seen."""

import numpy as np
import pytest

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.theory.certificates import (
    through_activation,
    through_attention,
    through_layers,
    through_linear,
    through_norm,
    through_product,
    through_residual,
)
from sqtheory.theory.lipschitz import constant

WIDTH, TOKENS, EPSILON = 16, 12, 1e-5
COMPRESS = nm(2, 4) >> int_(6)


def silu(t: Array) -> Array:
    return np.asarray(t * (1 + np.tanh(t / 2)) / 2)


def layer_norm(y: Array, gain: Array) -> Array:
    centred = y - y.mean(axis=1, keepdims=True)
    return np.asarray(gain * centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + EPSILON))


def attention(q: Array, k: Array, v: Array, mask: Array) -> Array:
    scores = np.where(mask, q @ k.T / np.sqrt(q.shape[1]), -np.inf)
    share = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(share / share.sum(axis=1, keepdims=True) @ v)


def gap(a: Array, b: Array) -> Array:
    return np.asarray(np.linalg.norm(a - b, axis=1))


@pytest.mark.parametrize("seed", range(8))
def test_a_chain_of_layers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(WIDTH, WIDTH)) / 4 for _ in range(4)]
    y, y_hat = [rng.normal(size=(TOKENS, WIDTH))], [np.empty(0)]
    y_hat[0] = int_(8)(y[0])
    for w in weights:
        y.append(silu(y[-1] @ w.T))
        y_hat.append(silu(y_hat[-1] @ COMPRESS(w).T))
    bounds = through_layers(gap(y[0], y_hat[0]), y[:-1], [(w, COMPRESS(w)) for w in weights], "silu")
    for depth, bound in enumerate(bounds, 1):
        measured = gap(y[depth], y_hat[depth])
        assert (measured <= bound).all() and (measured > 0).all()
    assert (gap(y[1], y_hat[1]) > bounds[0] / 8).any()


@pytest.mark.parametrize("seed", range(8))
def test_a_transformer_block(seed: int) -> None:
    """Norm, causal attention, projection, residual, norm, silu, residual, all weights compressed."""
    rng = np.random.default_rng(seed)
    names = ("q", "k", "v", "o", "up", "down")
    w = {name: rng.normal(size=(WIDTH, WIDTH)) / 8 for name in names}
    gain = rng.uniform(0.5, 1.5, WIDTH)
    causal = np.tril(np.ones((TOKENS, TOKENS), bool))

    def block(y: Array, w: dict[str, Array]) -> dict[str, Array]:
        inner = layer_norm(y, gain)
        heads = {name: inner @ w[name].T for name in "qkv"}
        mixed = attention(heads["q"], heads["k"], heads["v"], causal)
        middle = y + mixed @ w["o"].T
        normed = layer_norm(middle, gain)
        hidden = silu(normed @ w["up"].T)
        states = {"inner": inner, "mixed": mixed, "middle": middle, "normed": normed, "hidden": hidden}
        return heads | states | {"out": middle + hidden @ w["down"].T}

    start = rng.normal(size=(TOKENS, WIDTH)) * 3
    start_hat = int_(8)(start)
    small = {name: COMPRESS(v) for name, v in w.items()}
    ours, theirs = block(start, w), block(start_hat, small)

    e: dict[str, Array] = {"start": gap(start, start_hat)}
    e["inner"] = through_norm(e["start"], start, gain, EPSILON, centred=True)
    for name in "qkv":
        e[name] = through_linear(e["inner"], ours["inner"], w[name], small[name])
    e["mixed"] = through_attention(e["q"], e["k"], e["v"], ours["q"], ours["k"], ours["v"], mask=causal)
    e["middle"] = through_residual(e["start"], through_linear(e["mixed"], ours["mixed"], w["o"], small["o"]))
    e["normed"] = through_norm(e["middle"], ours["middle"], gain, EPSILON, centred=True)
    e["hidden"] = through_activation(through_linear(e["normed"], ours["normed"], w["up"], small["up"]), "silu")
    e["out"] = through_residual(e["middle"], through_linear(e["hidden"], ours["hidden"], w["down"], small["down"]))
    for name, state in ours.items():
        assert (gap(state, theirs[name]) <= e[name] * (1 + 1e-12)).all(), name


def test_every_step_is_reached_by_some_network() -> None:
    """Aligned layers: a bound of any smaller constant would be broken."""
    y, y_hat = np.array([[2.0, 0.0]]), np.array([[1.0, 0.0]])
    w, w_hat = np.diag([3.0, 1.0]), np.diag([2.0, 1.0])
    assert through_linear(gap(y, y_hat), y, w, w_hat).tolist() == [4.0] == gap(y @ w.T, y_hat @ w_hat.T).tolist()
    far, near = np.array([[5.0, 12.0, 0.0]]), np.array([[5.0, 12.0, 0.0]]) + np.array([[-12.0, 5.0, 0.0]]) * 1e-6
    rms = [y / np.sqrt((y**2).mean(axis=1, keepdims=True)) for y in (far, near)]
    bound = through_norm(gap(far, near), far, np.ones(3), 0.0, centred=False)
    assert gap(rms[0], rms[1])[0] == pytest.approx(bound[0], rel=1e-5)


def test_a_constant_that_is_too_small_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sqtheory.theory.certificates.stacks.constant", lambda name: constant(name) * 0.1)
    with pytest.raises(AssertionError):
        test_a_chain_of_layers(0)


def test_a_normalized_error_is_bounded_however_large_it_was() -> None:
    y = np.array([[1.0, 2.0, 3.0, 4.0]])
    assert through_norm(np.array([1e9]), y, np.ones(4), 1e-5, centred=True).tolist() == [4.0]


def test_bad_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 0 for each of 1 samples"):
        through_linear(np.array([1.0, 2.0]), np.ones((1, 2)), np.eye(2), np.eye(2))
    with pytest.raises(ValueError, match="layer_norm has no Lipschitz constant"):
        through_activation(np.ones(1), "layer_norm")


@pytest.mark.parametrize("seed", range(8))
def test_a_product_of_two_branches(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, TOKENS, WIDTH))
    size = 10.0 ** rng.integers(-3, 2)
    moved, other = size * rng.normal(size=(2, TOKENS, WIDTH))
    bound = through_product(gap(moved, 0 * a), gap(other, 0 * b), a, b)
    assert (gap(a * b, (a + moved) * (b + other)) <= bound).all()


def test_a_product_attains_its_bound() -> None:
    """One entry, errors of its sign."""
    a, b, e, f = np.array([[3.0, 0.0]]), np.array([[2.0, 0.0]]), np.array([0.5]), np.array([0.25])
    assert through_product(e, f, a, b) == pytest.approx(3.5 * 2.25 - 6.0)
