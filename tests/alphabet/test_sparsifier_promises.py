"""What every sparsifier promises: bits, dtypes, refusals, traits, spelling."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from sqtheory.alphabet.budgets import Count
from sqtheory.alphabet.formats import E5M2
from sqtheory.alphabet.named_scores import signed
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.partition import Blocks, Heads, Rows, Tail, Tiles, Whole
from sqtheory.alphabet.quantizers import cast, int_
from sqtheory.alphabet.scores import Gain, Random, wanda
from sqtheory.alphabet.scores import given as given_score
from sqtheory.alphabet.sparsifiers import (
    BlockSparsifier,
    FixedMask,
    Sparsifier,
    ThresholdSparsifier,
    TileRule,
    TopSparsifier,
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
from sqtheory.alphabet.ties import (
    Adversarial,
    Introselect,
    RandomTies,
    Selected,
    adversarial,
    all_die,
    all_survive,
    by_original,
    high_index,
)
from sqtheory.alphabet.traits import (
    DETERMINISTIC,
    IDEMPOTENT,
    KEEPS_ZERO,
    MAX_DETERMINED,
    MONOTONE,
    ODD,
    SCALE_EQUIVARIANT,
    TRAITS,
)
from sqtheory.exceptions import NonFinite
from tests.nightly import thin
from tests.operators import spelled_in_order

SPARSIFIERS: list[Sparsifier] = [
    nm(2, 4),
    nm(1, 2, axis=0),
    top(0.5),
    top(3, per=Rows(), ties=high_index),
    threshold(1.0),
    blockwise(0.5, per=Tiles(2, 2)),
    fixed(np.eye(4, 8, dtype=bool)),
    transposable(2, 4),
    transposable(1, 2, norm=1, greedy=True),
    patterns(2, 4),
    *(two_way(2, 4, rule=rule) for rule in TileRule),
    two_way(2, 4, rule=TileRule.tile, score=signed),
    sap(),
    sap(1, 2, eta=0.5, per=Rows()),
    nm(2, 4, score=wanda(np.ones((3, 8)))),
    nm(2, 4, score=Gain(int_(3))),
    nm(2, 4, ties=by_original),
    nm(2, 4, ties=adversarial),
    nm(2, 4, ties=Introselect(Selected.prune)),
    nm(2, 4, ties=all_survive),
    top(0.3, ties=all_die, count=Count.floor_rank),
    nm(3, 5, tail=Tail.keep),
    nm(3, 5, tail=Tail.prune),
    nm(2, 4, score=Random(np.random.default_rng(0))),
    nm(2, 4, ties=RandomTies(np.random.default_rng(0))),
]


@pytest.mark.parametrize("s", SPARSIFIERS, ids=str)
@pytest.mark.parametrize(
    ("given_as", "computed_as"),
    [("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("i8", "f8"), (">f4", "f4"), (">f8", "f8"), ("i1", "f8")],
)
def test_kept_entries_keep_every_bit_and_pruned_ones_become_plus_zero(
    s: Sparsifier, given_as: str, computed_as: str
) -> None:
    rng = np.random.default_rng(3)
    x = (rng.integers(-3, 4, (4, 8)) * rng.choice([0.0, 1.0, -1.0], (4, 8))).astype(given_as)
    if given_as[-2] == "f":
        x.flat[:4] = [-0.0, -0.0, 1e-7, -1e-7]
    real, before = np.asarray(x, computed_as), x.copy()
    y = s(x)
    assert y.dtype == np.dtype(computed_as) and y.dtype.isnative and not np.shares_memory(y, x)
    if s.score is None or DETERMINISTIC in s.traits:
        assert y.tobytes() == np.where(s.mask(x), real, np.array(0, computed_as)).tobytes()
    kept = (y.view(f"u{y.itemsize}") == real.view(f"u{y.itemsize}")) | ((y == 0) & ~np.signbit(y))
    assert kept.all() and np.array_equal(x, before)
    assert s.mask(x).dtype == np.bool_ and s.mask(x).shape == x.shape


@pytest.mark.parametrize("s", SPARSIFIERS, ids=str)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_entries_that_are_no_numbers_are_refused_by_place(s: Sparsifier, bad: float) -> None:
    x = np.ones((4, 8), np.float32)
    x[2, 5] = x[3, 7] = bad
    group = s.groups.box_of((2, 5), x.shape)
    with pytest.raises(NonFinite) as caught:
        s(x)
    assert str(caught.value) == f"{bad} at (2, 5), group {group}: cannot be ranked"


def test_scores_and_keys_that_are_no_numbers_are_refused_by_place() -> None:
    x = np.ones((2, 8))
    scores = x.copy()
    scores[1, 6] = np.nan
    score = given_score(scores)
    with pytest.raises(NonFinite) as caught:
        nm(2, 4, score=score)(x)
    assert str(caught.value) == f"score {score} = nan at (1, 6), group (1, 1): cannot be ranked"
    with pytest.raises(NonFinite, match=r"score wanda\(a_\w+\) = inf at \(0, 3\), group \(0, 0\)"):
        nm(2, 4, score=wanda(np.full((1, 8), 1e150)))(np.where(np.arange(8) == 3, 1e200, x))
    with pytest.raises(NonFinite, match=r"score gain\(cast\(e5m2, saturate=false\), 2\) = -?(inf|nan) at \(1, 0\)"):
        nm(2, 4, score=Gain(cast(E5M2, saturate=False)))(np.array([[1.0] * 4, [1e9] * 4]))
    image, origin = np.ones((2, 8)), x.copy()
    origin[0, 2] = np.inf
    with pytest.raises(NonFinite, match=r"key of ties=by_original = inf at \(0, 2\), group \(0, 0\)"):
        nm(2, 4, ties=by_original).mask(image, origin)
    with pytest.raises(NonFinite, match=r"benefit nan at \(1, 6\), group \(0, 0\)"):
        blockwise(0.5, per=Blocks(4)).best_mask(scores, x, x)


@pytest.mark.parametrize("shape", [(0,), (0, 4), (4, 0), (2, 0, 8)])
def test_empty_tensors_have_empty_masks(shape: tuple[int, ...]) -> None:
    for s in (nm(2, 4), top(0.5), top(2, per=Rows()), threshold(1.0), blockwise(0.5, per=Blocks(4)), fixed(True)):
        for dtype in (np.float32, np.float64):
            x = np.zeros(shape, dtype)
            assert s(x).shape == shape and s(x).dtype == dtype
            assert s.mask(x).shape == shape and s.mask(x).dtype == np.bool_
            assert s.best_mask(x, x, x).shape == shape and s.tied_groups(x) == 0


def test_scalars_and_lists() -> None:
    assert top(1)(3.0) == 3.0 and top(1)(3.0).shape == () and top(1)(3.0).dtype == np.float64
    assert nm(1, 2)([1, -2, 3, 3]).tolist() == [0, -2, 3, 0]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nm(5, 4), ValueError, "n:m needs 1 <= n <= m, got 5:4"),
        (lambda: top(9, per=Blocks(8)), ValueError, "n:m needs 1 <= n <= m, got 9:8"),
        (lambda: nm(0, 4), ValueError, "a group must keep at least one entry, got 0"),
        (lambda: nm(-1, 4), ValueError, "at least one entry, got -1"),
        (lambda: nm(2, 0), ValueError, "a block needs sizes of at least 1"),
        (lambda: nm(2.0, 4), TypeError, "a number of entries to keep is an integer, a share of them a Fraction, got 2"),
        (lambda: TopSparsifier(0.5, Whole()), TypeError, "got 0.5"),
        (lambda: top(True), TypeError, "got True"),
        (lambda: nm(2, 4, score=3), TypeError, "score= needs Score, got 3"),
        (lambda: nm(2, 4, ties="low_index"), TypeError, "ties= needs Ties, got 'low_index'"),
        (lambda: top(2, per="row"), TypeError, "groups= needs Partition, got 'row'"),
        (lambda: Introselect("keep"), TypeError, "introselect needs Selected, got 'keep'"),
        (lambda: top(0.5, tail=Tail.keep), ValueError, "tail=keep is for n of every m entries"),
        (lambda: top(3, tail=Tail.prune), ValueError, "tail=prune is for n of every m entries"),
        (lambda: top(0.5, per=Blocks(8), tail=Tail.keep), ValueError, "tail=keep is for n of every m entries"),
        (lambda: top(2, count=Count.one_more), ValueError, "count=one_more is for a share of entries, got 2 of them"),
        (lambda: int_(4, tail=Tail.keep), ValueError, "tail=keep is for masks"),
        (lambda: threshold(1, score=None), TypeError, "score= needs Score, got None"),
        (lambda: blockwise(0.5, per=4), TypeError, "unit= needs Partition, got 4"),
        (lambda: top(0.0), ValueError, r"a fraction to keep lies in \(0, 1\], got 0"),
        (lambda: top(1.5), ValueError, "got 3/2"),
        (lambda: top(float("nan")), ValueError, "nan"),
        (lambda: threshold(float("inf")), ValueError, "a threshold is a finite number, got inf"),
        (lambda: blockwise(2, per=Tiles(2, 2)), ValueError, r"a fraction to keep lies in \(0, 1\], got 2"),
        (lambda: blockwise(0.5, per=Tiles(2, 2), norm=0), ValueError, "p-norm"),
        (lambda: BlockSparsifier(Fraction(1, 2), Blocks(4), groups=Rows()), TypeError, "'groups'"),
        (lambda: fixed([1, 0]), TypeError, "a fixed mask is an array of booleans, got int64"),
        (lambda: fixed(np.ones(3, bool)).mask([1.0, 2.0]), ValueError, r"shape \(3,\) does not fit a tensor of shape"),
    ],
)
def test_impossible_masks_are_refused(make: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


EVERYTHING = frozenset(TRAITS) - {MONOTONE}
RANKED = frozenset(TRAITS) - {MONOTONE, MAX_DETERMINED}


@thin(2)
@pytest.mark.parametrize(
    ("s", "traits"),
    [
        (nm(2, 4), RANKED),
        (nm(2, 4, ties=by_original), RANKED),
        (nm(2, 4, ties=adversarial), RANKED),
        *((nm(2, 4, ties=rule), RANKED) for rule in (Introselect(Selected.keep), all_survive, all_die)),
        (nm(2, 4, score=wanda(np.array([[1.0, 0, 2, 0]])), ties=all_die), RANKED),
        (top(0.5, score=given_score(np.ones(4)), ties=Introselect(Selected.prune)), EVERYTHING),
        (top(0.5, score=wanda(np.ones((2, 4)))), RANKED),
        (top(0.5, score=wanda(np.ones((2, 4))), ties=adversarial), RANKED - {IDEMPOTENT}),
        (top(0.5, score=given_score(np.ones(4))), EVERYTHING),
        (top(0.5, score=given_score(np.ones(4)), ties=high_index), EVERYTHING),
        (top(0.5, score=given_score(np.ones(4)), ties=by_original), RANKED - {IDEMPOTENT}),
        (top(0.5, score=given_score(np.ones(4)), ties=adversarial), RANKED - {IDEMPOTENT}),
        (blockwise(0.5, per=Blocks(2)), RANKED),
        (nm(2, 4, score=signed), RANKED - {ODD, IDEMPOTENT}),
        (patterns(2, 4), RANKED - {SCALE_EQUIVARIANT}),
        (fixed(np.ones(4, bool)), EVERYTHING),
        (threshold(0.5), {ODD, MONOTONE, KEEPS_ZERO, IDEMPOTENT, MAX_DETERMINED, DETERMINISTIC}),
        (threshold(0.5, score=given_score(np.ones(4))), EVERYTHING),
        (threshold(0.5, score=Gain(int_(3))), {ODD, KEEPS_ZERO, DETERMINISTIC}),
        (nm(2, 4, score=Gain(int_(3))), RANKED - {IDEMPOTENT}),
        (nm(2, 4, score=Random(np.random.default_rng())), {KEEPS_ZERO}),
        (nm(2, 4, ties=RandomTies(np.random.default_rng())), {KEEPS_ZERO}),
    ],
    ids=spelled_in_order,
)
def test_traits_declared_are_seen_to_hold(s: Sparsifier, traits: set[object]) -> None:
    assert s.traits == traits
    rng = np.random.default_rng(12)
    for _ in range(60):
        x = rng.integers(-4, 5, 4) / 4
        for trait in s.traits:
            assert trait.holds(lambda v: padded(s, v), x), (trait, x)


def padded(s: Operator, x: np.ndarray) -> np.ndarray:
    """s on x filled with zeros to a whole number of groups of 4, where it must be one."""
    fill = np.concatenate([x, np.zeros(-x.size % 4)])
    scores = getattr(s, "score", None)
    if isinstance(s, FixedMask) or (scores is not None and str(scores).startswith(("given", "wanda"))):
        return np.concatenate([s(row) for row in fill.reshape(-1, 4)])[: x.size]
    return s(fill)[: x.size]


def test_traits_not_declared_are_seen_to_fail() -> None:
    """What tie rules that look at values take from a constant score, and adversarial ones from Wanda."""
    flat = top(0.5, score=given_score(np.ones(4)), ties=by_original)
    assert not MAX_DETERMINED.holds(flat, np.array([1.0, 2.0, 0.9, 0.8]))
    worst = top(0.5, score=given_score(np.ones(4)), ties=adversarial)
    assert not IDEMPOTENT.holds(worst, np.array([4.0, 3.0, 2.0, 1.0]))
    dead = nm(2, 4, score=wanda(np.array([[1.0, 0.0, 0.0, 0.0]])), ties=Adversarial(1))
    assert not IDEMPOTENT.holds(dead, np.array([4.0, 3.0, 2.0, 1.0]))
    assert not MONOTONE.holds(nm(2, 4), np.array([1.0, 1.0, 1.0, 1.0]))


@pytest.mark.parametrize(
    ("s", "written"),
    [
        (nm(2, 4), "nm(2, 4)"),
        (nm(2, 4, axis=0, ties=high_index, tail=Tail.short), "nm(2, 4, axis=0, ties=high_index, tail=short)"),
        (top(16, per=Blocks(64)), "nm(16, 64, tail=short)"),
        (top(0.5), "top(0.5)"),
        (top(Fraction(1, 3), per=Rows()), "top(1/3, per=row)"),
        (top(5, per=Heads(4, 1), tail=Tail.error), "top(5, heads=4, axis=1, tail=error)"),
        (top(0.5, per=Blocks(8)), "top(0.5, block=8)"),
        (top(0.3, count=Count.even_pruned), "top(0.3, count=even_pruned)"),
        (nm(2, 4, ties=Introselect(Selected.prune), tail=Tail.keep), "nm(2, 4, ties=introselect(prune), tail=keep)"),
        (top(0.5, per=Rows(), ties=all_die), "top(0.5, per=row, ties=all_die)"),
        (threshold(1), "threshold(1.0)"),
        (ThresholdSparsifier(np.float64(0.1)), "threshold(0.1)"),
        (blockwise(0.25, per=Tiles(4, 4), norm=1), "blockwise(0.25, tile=(4, 4), norm=1)"),
        (blockwise(1, per=Whole(), score=Gain(int_(4))), "blockwise(1.0, per=tensor, score=gain(int(4), 2))"),
    ],
)
def test_spellings(s: Sparsifier, written: str) -> None:
    assert str(s) == written


def test_units_take_a_share_alone() -> None:
    assert BlockSparsifier(0.5, Blocks(4)).keep == Fraction(1, 2)
    assert BlockSparsifier(0.1, Blocks(1)).mask(np.arange(30.0)).sum() == 3
