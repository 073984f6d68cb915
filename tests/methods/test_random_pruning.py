"""Random masks: moments by all masks in fractions, budgets, and how often each order wins where the scale moves."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import nm, threshold
from sqtheory.arrays import FixedArray
from sqtheory.execution import Spelled, Sweep
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.methods import Facts, find
from sqtheory.methods.random_pruning import loss_moments, uniform_plus
from sqtheory.orders.pair import Pair
from sqtheory.orders.procedural import ProcedureImages

X = [Fraction(v) for v in (3, -1, 4, 2, 5)]
SHAPES = {"w": (64, 32), "v": (64, 32)}


def moments(weighted: list[tuple[Fraction, Fraction]]) -> tuple[Fraction, Fraction]:
    mean = sum((w * v for w, v in weighted), Fraction(0))
    return mean, sum((w * (v - mean) ** 2 for w, v in weighted), Fraction(0))


@pytest.mark.parametrize("count", [1, 2, 4])
def test_mean_and_variance_of_what_is_pruned_are_those_over_all_masks(count: int) -> None:
    d, masks = Fraction(count, 5), list(itertools.product((0, 1), repeat=5))
    lost = [sum((x**2 for x, m in zip(X, mask, strict=True) if not m), Fraction(0)) for mask in masks]
    coins = [(d ** sum(mask) * (1 - d) ** (5 - sum(mask)), v) for mask, v in zip(masks, lost, strict=True)]
    exact = [v for mask, v in zip(masks, lost, strict=True) if sum(mask) == count]
    assert loss_moments(X, count, by_entry=True) == moments(coins)
    assert loss_moments(X, count, by_entry=False) == moments([(Fraction(1, len(exact)), v) for v in exact])


def test_a_mask_does_not_look_at_weights_and_is_that_of_the_name() -> None:
    pairs = [find("random").build(nm(2, 4), int_(4), Facts(name, {}, SHAPES)) for name in ("w", "w", "v")]
    w = np.random.default_rng(0).standard_normal((64, 32))
    assert pairs[0] == pairs[1] != pairs[2]
    np.testing.assert_array_equal(pairs[0].s.mask(w), pairs[0].s.mask(w[::-1] ** 3))
    assert (pairs[0].s.mask(w).reshape(-1, 4).sum(axis=1) == 2).all()
    places = pairs[0].s.mask(w).reshape(-1, 4).mean(axis=0)
    assert np.abs(places - 0.5).max() < 6 * np.sqrt(0.25 / 512), "each place is kept as often, within six deviations"


def test_coins_keep_the_density_in_expectation_and_not_exactly() -> None:
    pair = find("random:bernoulli").build(nm(1, 4), int_(4), Facts("w", {}, SHAPES))
    kept = int(pair.s.mask(np.ones((64, 32))).sum())
    assert kept != 512 and abs(kept - 512) < 6 * np.sqrt(2048 * 0.25 * 0.75)
    with pytest.raises(ValueError, match="keeps no fixed number of entries"):
        find("random:bernoulli").build(threshold(1.0), int_(4), Facts("w", {}, SHAPES))
    with pytest.raises(ValueError, match="'b' is none of them"):
        find("random").build(nm(1, 4), int_(4), Facts("b", {}, SHAPES))


@pytest.mark.parametrize("density", [Fraction(3, 20), Fraction(1, 5), Fraction(1, 2)])
def test_uniform_plus_meets_its_budget_and_the_published_one_does_not(density: Fraction) -> None:
    sizes = (10, 80, 40, 10)
    spent = {
        kind: sum(n * d for n, d in zip(sizes, uniform_plus(sizes, density, kind), strict=True))
        for kind in (False, True)
    }
    assert spent[False] == density * 140 != spent[True]
    assert (spent[True] > density * 140) == (density >= Fraction(1, 5))
    with pytest.raises(ValueError, match="less than what the first and the last layer keep"):
        uniform_plus((10, 20, 10), Fraction(1, 10))


def test_with_a_moved_scale_pruning_first_mostly_wins_and_never_without_one() -> None:
    """Half of 16 normal entries kept at random, int4: equal in half of the rows, since the largest stays."""
    rng = np.random.default_rng(5)
    w = rng.standard_normal((2000, 16))
    pair = Pair(nm(8, 16, score=given(rng.random(w.shape))), int_(4, block=16))
    images = ProcedureImages.of(w, pair)
    sq, qs = (np.linalg.norm(w - image, axis=1) for image in (images.sq, images.qs))
    largest_stays = pair.s.mask(w)[np.arange(2000), np.abs(w).argmax(axis=1)]
    np.testing.assert_array_equal((images.sq == images.qs).all(axis=1), largest_stays)
    assert abs(largest_stays.mean() - 0.5) < 6 * 0.5 / np.sqrt(2000)
    assert (sq < qs).sum() > 4 * (qs < sq).sum() > 0
    frozen = pair.q.frozen(w)
    np.testing.assert_array_equal(frozen(pair.s(w)), np.where(pair.s.mask(w), frozen(w), 0))


def test_the_witness_of_the_larger_loss_is_by_hand() -> None:
    """(7, 3, 1, 0) less the 7 at int4: 1 becomes 2 · 3/7; before, 3 and 1 are on the grid."""
    fails = find("random").evidence[1]
    assert fails.weight == FixedArray([[7.0, 3, 1, 0]])  # type: ignore[attr-defined]
    errors = fails.errors  # type: ignore[attr-defined]
    assert errors.qs == pytest.approx(7) and errors.sq == pytest.approx(np.sqrt(49 + 1 / 49))


def test_on_layers_of_the_zoo_no_entry_changes_places_and_pruning_first_loses_less() -> None:
    way = find("random").assigned(Spelled("2:4", "int4"), None)
    with open_checkpoint("zoo:lm-dense") as checkpoint:
        way = way.on({info.name: info.shape for info in checkpoint.tensors})
        some = tuple(info for info in checkpoint.tensors if info.name.startswith("layers.0."))[1:4]
        rows = [row for [row] in Sweep(checkpoint, some, [way])]
    assert len(rows) == 3
    for row in rows:
        assert row.order.swaps == 0 and row.order.errors.sq < row.order.errors.qs
