"""Rank correlations against their definition, the bootstrap against scipy's idea of it, and the committed table."""

import numpy as np
import pytest
from scipy import stats

from sqtheory.models.studies.intensities import Grid, Harms, intensity_table, interval, midranks, spearman
from tests import intensities
from tests.results import FOLDER


def test_ranks_and_their_correlation_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    for size in (2, 5, 36):
        for _ in range(20):
            x, y = rng.integers(0, 6, (2, size)).astype(np.float64)
            assert midranks(x).tolist() == stats.rankdata(x).tolist()
            if np.ptp(x) > 0 and np.ptp(y) > 0:
                assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    assert spearman([1, 2, 3, 4], [1, 8, 27, 64]) == 1 and spearman([1, 2, 3], [3, 2, 1]) == -1


def test_one_value_has_no_rank_correlation() -> None:
    for x, y in (([1, 1], [1, 2]), ([1, 2], [3, 3])):
        with pytest.raises(ValueError, match="two values that differ"):
            spearman(x, y)
        with pytest.raises(ValueError, match="two values that differ"):
            interval(x, y, np.random.default_rng(0))


def test_the_interval_is_seeded_and_closes_on_what_is_certain() -> None:
    x = list(range(12))
    assert interval(x, [v**3 for v in x], np.random.default_rng(0), 50) == (1, 1)
    noisy = np.random.default_rng(1).normal(size=12) + np.array(x) / 4
    first, again, other = (interval(x, noisy.tolist(), np.random.default_rng(seed), 200) for seed in (2, 2, 3))
    assert first == again != other
    assert first[0] < spearman(x, noisy) < first[1]
    with pytest.raises(TypeError):
        interval(x, x, None)  # type: ignore[arg-type]


def test_the_sign_rule_is_counted_and_equal_orders_have_no_correlation() -> None:
    kept, broken, even = Harms("a", 1, 3, 5, 6), Harms("a", 4, 3, 5, 8), Harms("b", 4, 3, 5, 5)
    assert (kept.gap, kept.advantage, broken.gap, broken.advantage) == (2, 1, -1, 3)
    row = Grid("g", (kept, broken, even)).row(np.random.default_rng(0))
    assert row[:6] == ("g", "3", "1", "1", "1", "1")
    assert Grid("g", (kept, broken, even)).within() == -1
    flat = intensity_table([Grid("flat", (even, Harms("b", 1, 3, 2, 2)))], np.random.default_rng(0))
    assert flat.rows == (("flat", "2", "1", "0", "0", "2", "–", "–", "–"),)


def test_the_committed_table_is_what_its_command_writes() -> None:
    assert intensities.FILE.read_text(encoding="utf-8") == intensities.text()


def test_the_documentation_says_how_often_quantization_alone_harms_more() -> None:
    counts = {word: [0, 0] for word in ("one-shot", "fine-tuned")}
    for grid in intensities.grids():
        of = counts[grid.name.split(", ")[1]]
        of[0] += sum(each.gap > 0 for each in grid.harms)
        of[1] += len(grid.harms)
    said = (FOLDER.parent / "docs" / "costs.md").read_text(encoding="utf-8")
    assert all(f"in {few} of {many}" in " ".join(said.split()) for few, many in counts.values())


def test_harms_are_those_of_the_tables() -> None:
    """Of the byte model 2:4 with INT4: 2.5223, 1.8516, 2.5604 and 2.7025 bits per byte, 1.8353 dense."""
    [grid] = [each for each in intensities.grids() if each.name == "lm, one-shot, weights"]
    assert Harms("2:4", 6870, 163, 7251, 8672) in grid.harms and len(grid.harms) == 36
    [images] = [each for each in intensities.grids() if each.name == "vit, one-shot, weights"]
    assert images.harms[0] == Harms("50%", 14000, -200, 13500, 13400)
