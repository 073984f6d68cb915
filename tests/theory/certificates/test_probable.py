"""The coverage of the probabilistic bound: guaranteed for stochastic rounding, measured for rounding to nearest."""

from dataclasses import replace

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.rounding import stochastic
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.theory.certificates import concentration
from sqtheory.theory.certificates.probable import ProbableBound
from tests.theory.certificates.material import activations, linears


def drawn(q: Quantizer, seed: int) -> Quantizer:
    return replace(q, rounding=stochastic(np.random.default_rng(seed)))


def errors(x: Array, w: Array, q: Quantizer, a: Quantizer | None, draws: int) -> Array:
    """X Wᵀ − Q(X) Q(s(W))ᵀ of so many draws."""
    sparse = nm(2, 4)(w)
    images = ((x if a is None else drawn(a, 100 + k)(x), drawn(q, k)(sparse)) for k in range(draws))
    return np.stack([x @ w.T - x_hat @ w_hat.T for x_hat, w_hat in images])


@pytest.mark.parametrize("fmt", ["int8", "int3", "hbfp4"])
@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("delta", [0.5, 0.05])
def test_coverage_is_at_least_what_is_promised(fmt: str, rounded: bool, delta: float) -> None:
    """25 000 entries each; Hoeffding is loose: 5 % of chance allowed leaves less than 0.1 % outside."""
    q, a = parse(fmt), int_(8) if rounded else None
    assert isinstance(q, Quantizer)
    _, w = linears("zoo:lm-dense")[3]
    x = activations(np.random.default_rng(0), 64, w.shape[1], "channels")
    bound = concentration(x, w, q, nm(2, 4), activations=a, delta=delta)
    found = errors(x, w, q, a, 2)
    assert bound.coverage(found) >= 1 - delta
    assert (np.abs(found - bound.bias) <= bound.worst * (1 + 1e-9)).all()
    assert bound.coverage(bound.bias + 0.3 * bound.deviation) == 1 > bound.coverage(bound.bias + 1.01 * bound.deviation)


def test_the_bound_is_not_slack_by_more_than_its_inequality() -> None:
    """Fair coins: weights half a step above a level. The largest errors come within a factor 2 of δ = 1 %."""
    w = np.full((400, 64), 2.5)
    w[:, 0] = 7
    x = np.ones((1, 64))
    bound = concentration(x, w, int_(4), delta=0.01)
    found = x @ w.T - x @ drawn(int_(4), 0)(w).T
    assert np.std(found) == pytest.approx(np.sqrt(63) / 2, rel=0.1)
    assert np.abs(found).max() > bound.deviation[0, 0] / 2
    assert bound.deviation[0, 0] < bound.worst[0, 0] / 4


@pytest.mark.parametrize("fmt", ["int8", "int4", "int3", "mxfp4"])
def test_rounding_real_weights_to_nearest_is_covered_too(fmt: str) -> None:
    """No theorem says so (mxfp4 saturates besides): measured, 99 % where 95 % are modelled."""
    q = parse(fmt)
    assert isinstance(q, Quantizer)
    for name, w in linears("zoo:lm-dense")[3:5]:
        x = activations(np.random.default_rng(0), 64, w.shape[1], "channels")
        bound = concentration(x, w, q, nm(2, 4), delta=0.05)
        assert bound.coverage(x @ w.T - x @ q(nm(2, 4)(w)).T) > 0.99, name


def test_rounding_equal_weights_to_nearest_is_not_covered() -> None:
    w = np.full((1, 256), 2.25)
    w[:, ::64] = 7
    x = np.ones((1, 256))
    bound = concentration(x, w, int_(4), delta=0.05)
    assert bound.coverage(x @ w.T - x @ int_(4)(w).T) == 0


def test_a_bound_of_half_the_size_is_seen_to_fail() -> None:
    w, x = np.full((400, 64), 2.5), np.ones((1, 64))
    w[:, 0] = 7
    honest = concentration(x, w, int_(4), delta=0.2)
    short = ProbableBound(honest.bias, honest.deviation / 2, honest.worst, 0.2)
    found = x @ w.T - x @ drawn(int_(4), 1)(w).T
    assert honest.coverage(found) >= 0.8 > short.coverage(found)


@pytest.mark.parametrize("delta", [0.0, 1.0, -1.0, float("nan")])
def test_delta_is_a_chance(delta: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        concentration(np.ones((1, 4)), np.ones((1, 4)), int_(4), delta=delta)
