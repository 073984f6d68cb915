import math
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from sqtheory.formats import E2M1, INT4, INT8, NF4, IntFormat
from sqtheory.order_gap import (
    Density,
    Empirical,
    ScipyDensity,
    expected_order_gap,
    kappa,
    mask_change,
    order_gap_law,
    order_gap_topk,
)

HALF_NORMAL = ScipyDensity(stats.norm())
LAWS = {"normal": stats.norm(), "laplace": stats.laplace(), "t5": stats.t(5), "uniform": stats.uniform(-1, 2)}


def images(x: np.ndarray, levels: np.ndarray) -> np.ndarray:
    middle = (levels[1:] + levels[:-1]) / 2
    return levels[np.searchsorted(middle, x, side="right")]


def sampled(law: object, levels: np.ndarray, n: int, m: int, p: int, rng: np.random.Generator) -> tuple[float, float]:
    """Mean and standard error of the gap of one group, ties of q(x) broken at random, by sorting."""
    x = np.abs(law.rvs(size=(200_000, m), random_state=rng))  # type: ignore[attr-defined]
    y = images(x, levels)
    first = np.argsort(-x, axis=1)[:, :n]
    last = np.lexsort([rng.random(x.shape), -y], axis=1)[:, :n]
    saved = x**p - np.abs(x - y) ** p
    gap = np.take_along_axis(saved, first, 1).sum(axis=1) - np.take_along_axis(saved, last, 1).sum(axis=1)
    return float(gap.mean()), float(gap.std() / math.sqrt(len(gap)))


def test_the_constants_of_half_normal_two_of_four() -> None:
    assert kappa(HALF_NORMAL, 2, 4) / 12 == pytest.approx(0.1980, abs=5e-5)
    assert kappa(HALF_NORMAL, 2, 4) / 4 == pytest.approx(0.594, abs=5e-4)
    assert kappa(HALF_NORMAL, 2, 4, 1) / 6 == pytest.approx(0.2450, abs=5e-5)
    assert mask_change(HALF_NORMAL, 2, 4, 0.01) == pytest.approx(0.00594, abs=1e-5)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize(("n", "m"), [(2, 4), (1, 4), (3, 4), (4, 8)])
@pytest.mark.parametrize("p", [1, 2])
def test_the_exact_value_is_what_is_sampled(name: str, n: int, m: int, p: int) -> None:
    """Within five standard errors, for INT4 at steps of a third and saturation at seven of them."""
    scale = 1 / 3
    levels = scale * np.arange(8.0)
    mean, error = sampled(LAWS[name], levels, n, m, p, np.random.default_rng(n * m + p))
    assert abs(expected_order_gap(ScipyDensity(LAWS[name]), INT4, scale, n, m, p) - mean) < 5 * error


@pytest.mark.parametrize("p", [1, 2])
def test_a_floating_grid(p: int) -> None:
    levels = 0.5 * E2M1.values[E2M1.values >= 0]
    mean, error = sampled(stats.norm(), levels, 2, 4, p, np.random.default_rng(1))
    assert abs(expected_order_gap(HALF_NORMAL, E2M1, 0.5, 2, 4, p) - mean) < 5 * error


@pytest.mark.parametrize("name", ["normal", "laplace", "t5"])
@pytest.mark.parametrize("p", [1, 2])
def test_the_law_is_the_limit_of_small_steps(name: str, p: int) -> None:
    density = ScipyDensity(LAWS[name])
    ratios = [
        expected_order_gap(density, IntFormat(bits), 8 / 2 ** (bits - 1), 2, 4, p)
        / order_gap_law(density, 2, 4, 8 / 2 ** (bits - 1), p)
        for bits in (6, 8, 10)
    ]
    errors = [abs(r - 1) for r in ratios]
    assert errors[2] < errors[0] and errors[2] < 0.01


def test_every_group_of_a_small_discrete_law() -> None:
    """A uniform law on many points, all groups of two by all pairs: 1:2 in INT3, the naive expectation."""
    points = (np.arange(400) + 0.5) / 400 * 3.5
    levels = np.arange(4.0)
    y = images(points, levels)
    saved = points - np.abs(points - y)
    total = 0.0
    for i, j in combinations(range(points.size), 2):
        if y[i] == y[j]:
            total += max(saved[i], saved[j]) - (saved[i] + saved[j]) / 2 if points[j] > points[i] else 0
    naive = 2 * total / points.size**2
    exact = expected_order_gap(ScipyDensity(stats.uniform(-3.5, 7)), IntFormat(3), 1.0, 1, 2)
    assert exact == pytest.approx(naive, rel=5e-3)


@pytest.mark.parametrize("keep", [0.1, 0.3, 0.5, 0.62, 0.9])
@pytest.mark.parametrize("p", [1, 2])
def test_unstructured_masks_by_simulation(keep: float, p: int) -> None:
    rng = np.random.default_rng(5)
    count, scale = 4_000, 0.4
    levels = scale * np.arange(8.0)
    gaps = []
    for _ in range(60):
        x = np.abs(rng.standard_normal(count))
        y = images(x, levels)
        kept = round(keep * count)
        saved = x**p - np.abs(x - y) ** p
        first, last = np.argsort(-x)[:kept], np.lexsort([rng.random(count), -y])[:kept]
        gaps.append((saved[first].sum() - saved[last].sum()) / count)
    mean, error = float(np.mean(gaps)), float(np.std(gaps) / math.sqrt(len(gaps)))
    assert abs(order_gap_topk(HALF_NORMAL, INT4, scale, keep, p) - mean) < 5 * error + 2e-4 * scale


def test_the_gap_of_a_top_mask_depends_on_the_place_in_the_cell() -> None:
    """Nothing at the ends of a cell, most inside; and nothing in the cell of zero."""
    edge = 1 - float(HALF_NORMAL.cdf(np.array(0.6 + 1e-9)))
    inside = 1 - float(HALF_NORMAL.cdf(np.array(0.8)))
    assert order_gap_topk(HALF_NORMAL, INT4, 0.4, edge) < 1e-6 < order_gap_topk(HALF_NORMAL, INT4, 0.4, inside)
    assert order_gap_topk(HALF_NORMAL, INT4, 0.4, 1 - float(HALF_NORMAL.cdf(np.array(0.1)))) == pytest.approx(0)


def test_an_empirical_law_is_that_of_its_sample() -> None:
    sample = np.random.default_rng(0).standard_normal(200_000)
    empirical = Empirical.of(sample)
    for n, m in ((2, 4), (4, 8)):
        exact = expected_order_gap(HALF_NORMAL, INT4, 0.4, n, m)
        assert expected_order_gap(empirical, INT4, 0.4, n, m) == pytest.approx(exact, rel=0.01)
        assert kappa(empirical, n, m) == pytest.approx(kappa(HALF_NORMAL, n, m), rel=0.03)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="0 < n < m"):
        kappa(HALF_NORMAL, 4, 4)
    with pytest.raises(ValueError, match="p = 1 and 2"):
        order_gap_law(HALF_NORMAL, 2, 4, 0.1, 3)
    with pytest.raises(ValueError, match="not a grid symmetric"):
        expected_order_gap(HALF_NORMAL, NF4, 1.0, 2, 4)
    with pytest.raises(ValueError, match="share between"):
        order_gap_topk(HALF_NORMAL, INT8, 1.0, 1.0)
    with pytest.raises(ValueError, match="symmetric about 0"):
        ScipyDensity(stats.expon())
    with pytest.raises(ValueError, match="two or more"):
        Empirical.of([1.0])
    assert issubclass(Empirical, Density)
