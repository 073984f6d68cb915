"""What masks and partitions declare of themselves is what they are seen to do, both ways."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.alphabet.budgets import Count
from sqtheory.alphabet.named_scores import signed
from sqtheory.alphabet.operators import IDENTITY
from sqtheory.alphabet.partition import (
    Blocks,
    Boxes,
    Channels,
    Columns,
    Heads,
    Partition,
    Rows,
    Shape,
    Tail,
    Tiles,
    Whole,
)
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.scores import Gain, Random, given, magnitude, wanda
from sqtheory.alphabet.sparsifiers import (
    Sparsifier,
    TileRule,
    blockwise,
    fixed,
    nm,
    patterns,
    sap,
    threshold,
    top,
    transposable,
    two_way,
)
from sqtheory.alphabet.ties import Introselect, Selected, all_die, all_survive, by_original, high_index, low_index
from sqtheory.exceptions import Indivisible
from tests.kinds import alphabet_kinds
from tests.nightly import thin

SHAPE = (4, 8)
RNG = np.random.default_rng(7)
PLACES = np.arange(32.0).reshape(SHAPE)
UNEVEN = np.isin(PLACES, (0, 1, 5, 9, 10, 16, 20, 31))
MASKS: dict[str, Sparsifier] = {
    str(s): s
    for s in (
        *(nm(2, 4), nm(1, 4, axis=0), nm(4, 4), nm(3, 5, tail=Tail.short), top(0.5), top(3, per=Rows()), top(1.0)),
        *(nm(2, 4, ties=by_original), nm(2, 4, score=Random(RNG)), nm(2, 4, score=Gain(int_(2)))),
        *(
            nm(2, 4, ties=rule)
            for rule in (Introselect(Selected.keep), Introselect(Selected.prune), all_survive, all_die)
        ),
        *(nm(4, 4, ties=all_die), top(0.5, ties=all_survive), blockwise(0.5, per=Rows(), ties=all_survive)),
        *(nm(2, 3, tail=Tail.keep), nm(2, 5, tail=Tail.prune), nm(1, 3, axis=0, tail=Tail.prune, ties=all_die)),
        *(top(0.4, per=Rows(), count=rule) for rule in Count),
        *(nm(2, 4, score=wanda(np.array([[1.0, 2, 0, 3, 1, 0.5, 4, 1]]))), nm(2, 4, score=given(-PLACES))),
        *(threshold(1.0), threshold(0.0), threshold(7.5, score=given(PLACES)), threshold(1.0, score=Gain(int_(2)))),
        *(blockwise(0.5, per=Tiles(2, 2)), blockwise(1.0, per=Tiles(2, 2)), blockwise(0.5, per=Rows())),
        *(blockwise(0.5, per=Tiles(2, 2), score=given(PLACES)), fixed(UNEVEN), fixed(np.ones(SHAPE, bool))),
        *(
            transposable(2, 4),
            transposable(2, 4, full=True),
            transposable(1, 2, norm=1, greedy=True),
            transposable(4, 4),
            sap(),
            sap(1, 2, per=Rows()),
            patterns(2, 4),
            nm(2, 4, score=signed),
            *(two_way(2, 4, rule=rule, score=score) for rule in TileRule for score in (magnitude, signed)),
        ),
    )
}
BOXES: dict[str, Partition] = {
    str(b): b
    for b in (
        *(Blocks(4), Blocks(1), Blocks(2, 0), Blocks(3, 1), Blocks(4, -2), Rows(), Columns(), Whole()),
        *(Channels(0), Channels(1), Heads(2), Heads(2, 1), Tiles(2, 2), Tiles(2, 8)),
    )
}


def tensors(count: int = 25, seed: int = 2) -> list[NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    drawn = [np.trunc(rng.normal(size=SHAPE) * 2.0 ** rng.integers(-2, 4, (4, 1)) * 8) / 8 for _ in range(count)]
    hidden = np.tile([2.0**-30, 1, 0, 0], (4, 2))
    return [*drawn, np.ones(SHAPE), np.tile([4.0, -4, 1, 2], (4, 2)), hidden]


def counts(s: Sparsifier, mask: NDArray[np.bool_]) -> bool:
    """Every group keeps its budget."""
    return all((rows.sum(axis=1) == min(s.budget(rows.shape[1]), rows.shape[1])).all() for rows in s.groups.split(mask))


def highest(s: Sparsifier, mask: NDArray[np.bool_], sizes: NDArray[np.float64]) -> bool:
    """No group prunes a larger number than it keeps."""
    for kept, size in zip(s.groups.split(mask), s.groups.split(sizes), strict=True):
        least = np.where(kept, size, np.inf).min(axis=1)
        if (np.where(kept, -np.inf, size).max(axis=1) > least).any():
            return False
    return True


def test_every_kind_of_mask_and_of_boxes_is_asked() -> None:
    assert {type(s) for s in MASKS.values()} == alphabet_kinds(Sparsifier)
    assert {type(b) for b in BOXES.values()} == alphabet_kinds(Partition) - {Boxes}


@pytest.mark.parametrize("name", MASKS)
def test_admissible_masks_are_those_of_a_fixed_budget_where_it_says_so(name: str) -> None:
    """Of a mask that keeps all entries there is one."""
    s, free = MASKS[name], True
    for x, benefit in zip(tensors(), tensors(seed=9), strict=True):
        best = s.best_mask(benefit + PLACES / 1e3, x, x)
        free &= counts(s, best) and highest(s, best, benefit + PLACES / 1e3)
    assert free == (s.fixed_budget or s.keeps_all(SHAPE))


@pytest.mark.parametrize("name", MASKS)
def test_a_mask_keeps_the_largest_magnitudes_where_it_says_so(name: str) -> None:
    """A mask that keeps all entries keeps the largest too, whatever it ranks by."""
    s = MASKS[name]
    largest = all(counts(s, m) and highest(s, m, np.abs(x)) for x in tensors() for m in [s.mask(x)])
    assert largest == (s.by_magnitude or s.keeps_all(SHAPE))


@thin(2)
@pytest.mark.parametrize("name", MASKS)
def test_units_are_kept_or_pruned_whole(name: str) -> None:
    s = MASKS[name]
    masks = [m for x in tensors() for m in (s.mask(x), s.best_mask(PLACES % 7, x, x))]
    whole = s.units or Blocks(1)
    assert not s.splits(whole, SHAPE)
    assert all((rows.all(axis=1) == rows.any(axis=1)).all() for m in masks for rows in whole.split(m))
    assert (s.units is not None) == name.startswith("blockwise")


@thin(2)
@pytest.mark.parametrize("name", MASKS)
def test_entries_are_judged_by_their_own_score_where_there_is_a_cut(name: str) -> None:
    s = MASKS[name]
    if s.score is None or s.score.is_drawn:
        assert s.cut is None
        return
    pairs = [(s.score.of(x), s.mask(x)) for x in tensors()]
    kept = np.concatenate([scores[mask] for scores, mask in pairs])
    pruned = np.concatenate([scores[~mask] for scores, mask in pairs] + [np.array([-np.inf])])
    apart = bool(kept.min() > pruned.max())
    assert s.cut is None or (apart and kept.min() >= s.cut > pruned.max())
    assert apart == (s.cut is not None or s.keeps_all(SHAPE)) or s.ignores_values


@thin(2)
@pytest.mark.parametrize("name", MASKS)
def test_tie_rules_are_for_masks_that_rank(name: str) -> None:
    s, x = MASKS[name], np.ones(SHAPE)
    low, high = s.with_ties(low_index), s.with_ties(high_index)
    if not s.ranks:
        assert low is high is s
        return
    assert (low.ties, high.ties) == (low_index, high_index)
    decides = not np.array_equal(low.with_score(magnitude).mask(x), high.with_score(magnitude).mask(x))
    assert decides == (not low.with_score(magnitude).keeps_all(SHAPE))


@thin(2)
@pytest.mark.parametrize("name", MASKS)
def test_another_score_ranks_instead(name: str) -> None:
    s = MASKS[name]
    own = s.with_score(given(-PLACES))
    assert own.score == (None if s.score is None else given(-PLACES))
    assert own.with_score(s.score or magnitude) == s


@thin(2)
@pytest.mark.parametrize("name", MASKS)
def test_a_mask_keeps_all_where_it_says_so(name: str) -> None:
    s = MASKS[name]
    assert s.keeps_all(SHAPE) == all(s.mask(x).all() for x in tensors())


@thin(3)
@pytest.mark.parametrize(("name", "boxes"), [*product(MASKS, BOXES)])
def test_a_mask_splits_boxes_where_it_says_so(name: str, boxes: str) -> None:
    s, b = MASKS[name], BOXES[boxes]
    mixed = any((rows.any(axis=1) != rows.all(axis=1)).any() for x in tensors(60) for rows in b.split(s.mask(x)))
    assert s.splits(b, SHAPE) == mixed


@thin(2)
@pytest.mark.parametrize("name", MASKS)
def test_a_mask_takes_the_shape_that_its_arrays_prescribe(name: str) -> None:
    s = MASKS[name]
    assert s.prescribed(SHAPE) == SHAPE
    other = s.prescribed((4, 20))
    assert s.mask(np.ones(other)).shape == other
    if other != (4, 20):
        with pytest.raises(ValueError):
            s.mask(np.ones((4, 20)))


@pytest.mark.parametrize(
    "f", [*MASKS.values(), int_(4), int_(4, tail=Tail.error), nm(2, 4) >> int_(4, block=3), IDENTITY], ids=str
)
def test_what_every_tensor_of_a_shape_is_refused_for_is_known_beforehand(f: Sparsifier) -> None:
    for shape in ((4, 8), (4, 20), (3, 6), (5,)):
        try:
            f(np.ones(shape))
        except Indivisible as refusal:
            with pytest.raises(Indivisible) as found:
                f.check(shape)
            assert str(found.value) == str(refusal)
        except ValueError:
            pass  # arrays inside, of another shape
        else:
            f.check(shape)


def test_an_axis_that_is_not_there_is_refused_beforehand() -> None:
    for f in (nm(1, 2, axis=2), int_(4, per=Columns()), blockwise(Fraction(1, 2), per=Tiles(2, 2))):
        with pytest.raises(ValueError):
            f.check((8,))


@pytest.mark.parametrize("name", BOXES)
def test_one_value_for_each_box_is_spread_over_its_entries(name: str) -> None:
    boxes = BOXES[name]
    for shape in ((4, 8), (5, 7), (3, 4, 8), (0, 4)):
        try:
            values = np.arange(boxes.count(shape)).reshape(boxes.grid(shape))
        except Indivisible:
            continue
        found = boxes.spread(values, shape)
        assert found.shape == shape
        assert all(found[i] == values[boxes.box_of(i, shape)] for i in np.ndindex(shape))
        assert np.array_equal(Boxes(boxes.sides(shape)).spread(values, shape), found)


@pytest.mark.parametrize("name", BOXES)
def test_boxes_are_runs_where_they_say_so(name: str) -> None:
    boxes, shapes = BOXES[name], [(48, 48), (24, 48), (24, 48, 96)]
    sides = [boxes.sides(shape) for shape in shapes]
    lengths = {max(s) for s in sides} if all(len(s) - s.count(1) <= 1 for s in sides) else set[int]()
    assert boxes.run == (min(lengths) if len(lengths) == 1 else None)
    assert boxes.along_rows == all(set(s[:-1]) == {1} for s in sides)


@pytest.mark.parametrize("name", BOXES)
@pytest.mark.parametrize("shape", [(48, 48), (24, 48, 96)], ids=str)
def test_the_axes_that_bound_boxes_are_those_with_several(name: str, shape: Shape) -> None:
    boxes = BOXES[name]
    several = {axis for axis, n in enumerate(boxes.grid(shape)) if n > 1}
    named = {axis % len(shape): side for axis, side in boxes.bounded(len(shape))}
    assert {axis for axis, side in named.items()} <= several
    for axis, side in named.items():
        assert boxes.sides(shape)[axis] in (side, shape[axis] // side)
    assert named or boxes == Whole()
