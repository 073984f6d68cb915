"""Laws of one group of independent entries: against sampling, against scipy's own quadrature, and in the limit."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pytest
from scipy import integrate, special, stats

from sqtheory.alphabet.formats import E2M1, INT4, INT8, NF4, IntFormat
from sqtheory.theory.expectations import (
    Density,
    Empirical,
    ScipyDensity,
    expected_mask_change,
    expected_order_gap,
    kappa,
    locally_constant_gap,
    mask_change_law,
    order_gap_law,
    order_gap_topk,
)
from tests.nightly import thin

HALF_NORMAL = ScipyDensity(stats.norm())
LAWS = {
    "normal": stats.norm(),
    "laplace": stats.laplace(),
    "t5": stats.t(5),
    "t2": stats.t(2),
    "uniform": stats.uniform(-1, 2),
    "logistic": stats.logistic(),
}


def images(x: np.ndarray, levels: np.ndarray) -> np.ndarray:
    middle = (levels[1:] + levels[:-1]) / 2
    return levels[np.searchsorted(middle, x, side="right")]


def sampled(law: object, levels: np.ndarray, n: int, m: int, p: int, rng: np.random.Generator) -> np.ndarray:
    """Means and standard errors of the gap of one group and of a change of masks, ties broken at random, by sorting."""
    x = np.abs(law.rvs(size=(200_000, m), random_state=rng))  # type: ignore[attr-defined]
    y = images(x, levels)
    first = np.argsort(-x, axis=1)[:, :n]
    last = np.lexsort([rng.random(x.shape), -y], axis=1)[:, :n]
    saved = x**p - np.abs(x - y) ** p
    gap = np.take_along_axis(saved, first, 1).sum(axis=1) - np.take_along_axis(saved, last, 1).sum(axis=1)
    changed = (np.sort(first, axis=1) != np.sort(last, axis=1)).any(axis=1)
    return np.array([(v.mean(), v.std() / math.sqrt(len(v))) for v in (gap, changed)])


@dataclass(frozen=True)
class Scalar:
    """Density and distribution function of a law by its formula, number by number."""

    pdf: Callable[[float], float]
    cdf: Callable[[float], float]


SCALARS = {
    "normal": Scalar(lambda t: math.exp(-t * t / 2) / math.sqrt(2 * math.pi), lambda t: 1 - math.erfc(t / 2**0.5) / 2),
    "laplace": Scalar(lambda t: math.exp(-t) / 2, lambda t: 1 - math.exp(-t) / 2),
    "t5": Scalar(
        lambda t: 8 / (3 * math.pi * math.sqrt(5) * (1 + t * t / 5) ** 3),
        lambda t: (
            0.5
            + (t / math.sqrt(5) * (1 + 2 / (3 * (1 + t * t / 5))) / (1 + t * t / 5) + math.atan(t / math.sqrt(5)))
            / math.pi
        ),
    ),
    "t2": Scalar(lambda t: (2 + t * t) ** -1.5, lambda t: 0.5 + t / (2 * math.sqrt(2 + t * t))),
    "uniform": Scalar(lambda t: 0.5 * (t <= 1), lambda t: min(1.0, (1 + t) / 2)),
    "logistic": Scalar(lambda t: math.exp(-t) / (1 + math.exp(-t)) ** 2, lambda t: 1 / (1 + math.exp(-t))),
}
"""The laws again at t ≥ 0, not by scipy, whose every call takes a hundred times as long."""


@pytest.mark.parametrize("name", LAWS)
def test_the_formulas_of_the_laws(name: str) -> None:
    t = np.linspace(0, 5, 21)
    assert [SCALARS[name].pdf(v) for v in t] == pytest.approx(LAWS[name].pdf(t).tolist(), rel=1e-12)
    assert [SCALARS[name].cdf(v) for v in t] == pytest.approx(LAWS[name].cdf(t).tolist(), rel=1e-12)


def quad_gap(law: Scalar, levels: np.ndarray, n: int, m: int, p: int) -> float:
    """m Σ_cells P(cell) Cov(gain, chance | cell) by adaptive quadrature in t."""
    ends = [0.0, *((levels[1:] + levels[:-1]) / 2), np.inf]
    total = 0.0
    for low, high, v in zip(ends[:-1], ends[1:], levels, strict=True):

        def density(t: float) -> float:
            return 2 * law.pdf(t)

        def saved(t: float, v: float = v) -> float:
            return t**p - abs(t - v) ** p

        def chance(t: float) -> float:
            return float(special.betainc(m - n, n, 2 * law.cdf(t) - 1))

        def over(f: object, low: float = low, high: float = high, v: float = v) -> float:
            pieces = [(low, v), (v, high)] if low < v < high else [(low, high)]
            return sum(
                integrate.quad(lambda t: density(t) * f(t), a, b, epsabs=1e-13, epsrel=1e-11, limit=200)[0]  # type: ignore[operator]
                for a, b in pieces
            )

        share = over(lambda t: 1.0)
        if share > 1e-12:
            mean = over(chance) / share
            total += over(lambda t, mean=mean, saved=saved: saved(t) * (chance(t) - mean))
    return m * total


def test_the_constants_of_half_normal_two_of_four() -> None:
    assert kappa(HALF_NORMAL, 2, 4) / 12 == pytest.approx(0.1980, abs=5e-5)
    assert kappa(HALF_NORMAL, 2, 4) / 4 == pytest.approx(0.594, abs=5e-4)
    assert kappa(HALF_NORMAL, 2, 4, 1) / 6 == pytest.approx(0.2450, abs=5e-5)
    assert mask_change_law(HALF_NORMAL, 2, 4, 0.01) == pytest.approx(0.00594, abs=1e-5)


@pytest.mark.parametrize("name", ["normal", "laplace", "t5", "logistic"])
@pytest.mark.parametrize(("n", "m"), [(2, 4), (1, 4), (4, 8), (3, 4)])
@pytest.mark.parametrize("moment", [0, 1])
def test_kappa_by_adaptive_quadrature(name: str, n: int, m: int, moment: int) -> None:
    law = LAWS[name]
    constant = math.factorial(m) / (math.factorial(n - 1) * math.factorial(m - n - 1))

    def integrand(t: float) -> float:
        below = 1 - 2 * float(law.sf(t))
        return t**moment * below ** (m - n - 1) * (1 - below) ** (n - 1) * 4 * float(law.pdf(t)) ** 2

    exact = constant * integrate.quad(integrand, 0, np.inf, epsabs=1e-12, limit=200)[0]
    assert kappa(ScipyDensity(law), n, m, moment) == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize(("n", "m"), [(2, 4), (1, 2), (7, 8), (40, 200)])
def test_kappa_of_the_uniform_law_is_the_size_of_the_group(n: int, m: int) -> None:
    assert kappa(ScipyDensity(LAWS["uniform"]), n, m) == pytest.approx(m, rel=1e-10)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("p", [1, 2])
def test_the_finite_step_value_by_adaptive_quadrature(name: str, p: int) -> None:
    levels = np.arange(8.0) / 3
    for n, m in ((2, 4), (1, 4), (3, 4)):
        exact = quad_gap(SCALARS[name], levels, n, m, p)
        assert expected_order_gap(ScipyDensity(LAWS[name]), INT4, 1 / 3, n, m, p) == pytest.approx(exact, rel=1e-6)


@thin(2)
@pytest.mark.parametrize("name", ["normal", "laplace", "t5", "uniform"])
@pytest.mark.parametrize(("n", "m"), [(2, 4), (1, 4), (3, 4), (4, 8)])
@pytest.mark.parametrize("p", [1, 2])
def test_the_exact_value_is_what_is_sampled(name: str, n: int, m: int, p: int) -> None:
    """Within five standard errors, for INT4 at steps of a third and saturation at seven of them."""
    levels = np.arange(8.0) / 3
    (gap, gap_error), (change, change_error) = sampled(LAWS[name], levels, n, m, p, np.random.default_rng(n * m + p))
    density = ScipyDensity(LAWS[name])
    assert abs(expected_order_gap(density, INT4, 1 / 3, n, m, p) - gap) < 5 * gap_error
    assert abs(expected_mask_change(density, INT4, 1 / 3, n, m) - change) < 5 * change_error


@pytest.mark.parametrize("p", [1, 2])
def test_where_most_of_the_law_saturates(p: int) -> None:
    """INT3 whose largest level is 0.3 σ: three quarters of the entries share the last cell."""
    (gap, error), (change, change_error) = sampled(stats.norm(), np.arange(4) / 10, 2, 4, p, np.random.default_rng(3))
    assert abs(expected_order_gap(HALF_NORMAL, IntFormat(3), 0.1, 2, 4, p) - gap) < 5 * error
    assert abs(expected_mask_change(HALF_NORMAL, IntFormat(3), 0.1, 2, 4) - change) < 5 * change_error


@pytest.mark.parametrize("p", [1, 2])
def test_a_floating_grid(p: int) -> None:
    levels = 0.5 * E2M1.values[E2M1.values >= 0]
    (gap, error), _ = sampled(stats.norm(), levels, 2, 4, p, np.random.default_rng(1))
    assert abs(expected_order_gap(HALF_NORMAL, E2M1, 0.5, 2, 4, p) - gap) < 5 * error


@pytest.mark.parametrize("name", ["normal", "laplace", "t5"])
@pytest.mark.parametrize("p", [1, 2])
def test_the_law_is_the_limit_of_small_steps(name: str, p: int) -> None:
    density = ScipyDensity(LAWS[name])

    def ratio(bits: int) -> float:
        step = 32 / 2 ** (bits - 1)
        return expected_order_gap(density, IntFormat(bits), step, 2, 4, p) / order_gap_law(density, 2, 4, step, p)

    errors = [abs(ratio(bits) - 1) for bits in (8, 12)]
    assert errors[1] < errors[0] and errors[1] < 0.01


def test_every_group_of_a_small_discrete_law() -> None:
    """A uniform law on many points, all groups of two by all pairs: 1:2 in INT3, the naive expectation."""
    points = (np.arange(400) + 0.5) / 400 * 3.5
    y = images(points, np.arange(4.0))
    saved = points - np.abs(points - y)
    tied = [(i, j) for i, j in combinations(range(points.size), 2) if y[i] == y[j]]
    naive = sum(max(saved[i], saved[j]) - (saved[i] + saved[j]) / 2 for i, j in tied) * 2 / points.size**2
    exact = expected_order_gap(ScipyDensity(stats.uniform(-3.5, 7)), IntFormat(3), 1.0, 1, 2)
    assert exact == pytest.approx(naive, rel=5e-3)


@pytest.mark.parametrize("keep", [0.1, 0.3, 0.5, 0.62, 0.9])
@pytest.mark.parametrize("p", [1, 2])
def test_large_groups_tend_to_the_unstructured_mask(keep: float, p: int) -> None:
    for name in ("normal", "t2", "uniform"):
        density = ScipyDensity(LAWS[name])
        limit = order_gap_topk(density, INT4, 0.4, keep, p)
        errors = [
            abs(expected_order_gap(density, INT4, 0.4, round(keep * m), m, p) / m - limit) for m in (100, 10_000, 10**6)
        ]
        assert errors[2] <= errors[1] + 1e-12 and errors[1] <= errors[0] + 1e-12 and errors[2] < 2e-4


@pytest.mark.parametrize("p", [1, 2])
def test_the_gap_of_a_top_mask_depends_on_the_place_in_the_cell(p: int) -> None:
    """For the uniform law in closed form; nothing at the ends of a cell; nothing in the cell of zero."""
    uniform = ScipyDensity(LAWS["uniform"])
    for theta in (0.1, 0.25, 0.5, 0.75, 0.9):
        keep = 1 - (0.5 + 0.0625 - theta * 0.125)
        found = order_gap_topk(uniform, IntFormat(5), 0.125, keep, p)
        assert found == pytest.approx(locally_constant_gap(1, 0.5, 0.125, theta, p), rel=1e-10)
    assert locally_constant_gap(1, 0.5, 0.125, 0, p) == locally_constant_gap(1, 0.5, 0.125, 1, p) == 0
    assert order_gap_topk(HALF_NORMAL, INT4, 0.4, 1 - float(HALF_NORMAL.cdf(np.array(0.1)))) == pytest.approx(0)


def test_an_empirical_law_is_that_of_its_sample() -> None:
    sample = np.random.default_rng(0).standard_normal(200_000)
    empirical = Empirical.of(sample)
    assert empirical.second_moment == pytest.approx(np.mean(sample**2))
    for n, m in ((2, 4), (4, 8)):
        exact = expected_order_gap(HALF_NORMAL, INT4, 0.4, n, m)
        assert expected_order_gap(empirical, INT4, 0.4, n, m) == pytest.approx(exact, rel=0.01)
        assert kappa(empirical, n, m) == pytest.approx(kappa(HALF_NORMAL, n, m), rel=0.03)


@pytest.mark.parametrize(
    "density",
    [HALF_NORMAL, ScipyDensity(stats.t(2)), Empirical.of(np.arange(1, 101))],
    ids=["normal", "student", "empirical"],
)
def test_quantiles_invert_the_distribution_function(density: Density) -> None:
    u = np.linspace(0.05, 0.95, 19)
    assert np.allclose(density.cdf(density.quantile(u)), u)
    assert np.allclose(density.upper_quantile(1 - u), density.quantile(u))


def test_refusals() -> None:
    with pytest.raises(ValueError, match="0 < n < m"):
        kappa(HALF_NORMAL, 4, 4)
    for p in (0.5, 1.5, 3, np.inf):
        with pytest.raises(ValueError, match="p = 1 and 2"):
            order_gap_law(HALF_NORMAL, 2, 4, 0.1, p)
        with pytest.raises(ValueError, match="p = 1 and 2"):
            expected_order_gap(HALF_NORMAL, INT4, 0.1, 2, 4, p)
        with pytest.raises(ValueError, match="p = 1 and 2"):
            locally_constant_gap(1, 1, 1, 0.5, p)
    with pytest.raises(ValueError, match="not a grid symmetric"):
        expected_order_gap(HALF_NORMAL, NF4, 1.0, 2, 4)
    with pytest.raises(ValueError, match="positive scale"):
        expected_order_gap(HALF_NORMAL, INT4, 0.0, 2, 4)
    with pytest.raises(ValueError, match="between 0 and 1"):
        order_gap_topk(HALF_NORMAL, INT8, 1.0, 1.0)
    for law in (stats.expon(), stats.norm(0.1), stats.skewnorm(2)):
        with pytest.raises(ValueError, match="symmetric about 0"):
            ScipyDensity(law)
    with pytest.raises(ValueError, match="two or more"):
        Empirical.of([1.0])
    with pytest.raises(ValueError, match="got 2 of 3"):
        Empirical.of([1.0, np.nan, 2.0])
