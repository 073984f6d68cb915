"""Masks against enumerated groups: which entries survive, how many, and what is refused."""

from collections.abc import Callable
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sqtheory.alphabet.partition import Blocks, Channels, Columns, Partition, Rows, Tail, Tiles, Whole
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.scores import Gain, Random, wanda
from sqtheory.alphabet.scores import given as given_score
from sqtheory.alphabet.sparsifiers import FixedMask, ThresholdSparsifier, blockwise, fixed, nm, threshold, top
from sqtheory.alphabet.ties import high_index
from sqtheory.exceptions import Indivisible
from sqtheory.theory.case import Case
from tests.twins import masks as twin

SHAPES = st.sampled_from([(1, 4), (3, 8), (6, 5), (4, 7), (2, 3, 4), (3, 2, 5), (9, 2), (1, 1)])


def drawn(data: st.DataObject, shape: tuple[int, ...], low: int = -3, high: int = 3) -> np.ndarray:
    """Integers with many ties."""
    return data.draw(hnp.arrays(np.int64, shape, elements=st.integers(low, high))).astype(np.float64)


@given(SHAPES, st.integers(1, 8), st.data())
def test_nm_keeps_the_n_largest_of_every_m_along_any_axis(shape: tuple[int, ...], m: int, data: st.DataObject) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    n, high = data.draw(st.integers(1, m)), data.draw(st.booleans())
    rule = {"ties": high_index} if high else {}
    x = drawn(data, shape)
    if shape[axis] % m:
        where = f"axis {axis % len(shape)} of length {shape[axis]} is not a whole number of groups of {m}"
        with pytest.raises(Indivisible, match=where):
            nm(n, m, axis=axis)(x)
    s = nm(n, m, axis=axis, tail=Tail.short, **rule)
    expected = twin.mask(np.abs(x), twin.blocks(m, axis), lambda size: twin.ceil(Fraction(n, m), size), low=not high)
    assert np.array_equal(s.mask(x), expected)
    assert np.array_equal(s(x), np.where(expected, x, 0))


PER: list[tuple[Partition, twin.Label]] = [
    (Whole(), twin.whole),
    (Rows(), twin.rows),
    (Columns(), twin.columns),
    (Channels(1), twin.channels(1)),
    (Blocks(4), twin.blocks(4, -1)),
    (Blocks(3, 0), twin.blocks(3, 0)),
    (Tiles(2, 3), twin.tiles(2, 3)),
]


@given(st.sampled_from(PER), st.data())
def test_top_keeps_a_share_or_a_number_of_every_group(
    groups: tuple[Partition, twin.Label], data: st.DataObject
) -> None:
    per, label = groups
    x = drawn(data, data.draw(SHAPES))
    share = data.draw(st.fractions(0, 1, max_denominator=12).filter(bool))
    by_share = twin.mask(np.abs(x), label, lambda size: twin.ceil(share, size))
    assert np.array_equal(top(share, per=per).mask(x), by_share)
    count = data.draw(st.integers(1, 3))
    if isinstance(per, Blocks):
        rule: Callable[[int], int] = lambda size: twin.ceil(Fraction(count, per.size), size)  # noqa: E731
    else:
        rule = lambda size: min(count, size)  # noqa: E731
    assert np.array_equal(top(count, per=per).mask(x), twin.mask(np.abs(x), label, rule))


def test_shares_are_decimal_and_rounded_up() -> None:
    x = np.arange(1.0, 31.0)
    kept = {f: int(top(f).mask(x).sum()) for f in (0.1, 0.3, 0.7, 1 / 3, 0.5, 1.0, 0.01, np.float32(0.1))}
    assert kept == {0.1: 3, 0.3: 9, 0.7: 21, 1 / 3: 10, 0.5: 15, 1.0: 30, 0.01: 1, np.float32(0.1): 3}
    assert int(top(Fraction(1, 3)).mask(np.arange(31.0)).sum()) == 11
    assert top(0.1).budget(30) == 3 and top(0.1).budget(31) == 4 and nm(2, 4).budget(3) == 2 == nm(2, 4).budget(4)
    assert top(7).budget(5) == 5 and top(0.5, per=Rows()).budget(0) == 0


@pytest.mark.parametrize("count", [3, np.int64(3), np.uint8(3)])
def test_any_integer_is_a_number_of_entries(count: int) -> None:
    assert top(count).mask(np.arange(10.0)).sum() == 3 and top(count) == top(3)
    assert nm(count, np.int32(4)) == nm(3, 4) and str(nm(count, np.int32(4))) == "nm(3, 4)"


def test_threshold_keeps_what_is_large_enough() -> None:
    x = np.array([0.5, -0.5, 0.49, 0.0, -3.0], np.float32)
    assert threshold(0.5)(x).tolist() == [0.5, -0.5, 0.0, 0.0, -3.0]
    assert threshold(0)(x).tolist() == x.tolist() and threshold(10)(x).tolist() == [0] * 5
    assert threshold(1, score=given_score([0, 1, 2, 0.5, 1])).mask(x).tolist() == [False, True, True, False, True]
    assert threshold(1) == ThresholdSparsifier(1.0) and threshold(0.5).budget(7) == 7


@pytest.mark.parametrize("norm", [1, 2, 3, np.inf])
@given(st.sampled_from(PER), st.data())
def test_blockwise_keeps_units_of_largest_norm(
    norm: float, units: tuple[Partition, twin.Label], data: st.DataObject
) -> None:
    unit, label = units
    x = drawn(data, data.draw(st.sampled_from([(1, 9), (5, 4), (4, 7), (2, 3), (7, 1)])))
    share = data.draw(st.fractions(0, 1, max_denominator=8).filter(bool))
    boxes = list(twin.boxes(x.shape, label).values())
    strength = [twin.total([Fraction(x[i]) for i in box], norm) for box in boxes]
    for rule, low in (({}, True), ({"ties": high_index}, False)):
        kept = blockwise(share, per=unit, norm=norm, **rule).mask(x)
        chosen = twin.top(strength, twin.ceil(share, len(boxes)), low=low)
        assert [{bool(kept[i]) for i in box} for box in boxes] == [{keep} for keep in chosen]


def test_blockwise_survives_extreme_magnitudes() -> None:
    """Squares of these leave the range of float64; ranking must not."""
    for scale in (1e-200, 1e200):
        x = np.array([3.0, 4.0, 0.0, 6.0, 2.0, 2.0]) * scale
        assert blockwise(0.5, per=Blocks(2)).mask(x).tolist() == [True, True, True, True, False, False]
        assert blockwise(0.3, per=Blocks(2)).mask(x).tolist() == [False, False, True, True, False, False]


def test_fixed_mask_is_the_array_it_was_given() -> None:
    m = np.array([[True, False], [False, True]])
    x = np.array([[-1.0, 2.0], [3.0, -4.0]])
    s = fixed(m)
    m[:] = True
    assert s(x).tolist() == [[-1, 0], [0, -4]] and s.mask(x).shape == (2, 2) and s.budget(4) == 2
    assert np.array_equal(fixed([False, True])(x), [[0, 2], [0, -4]]) and s == FixedMask(s.kept) != fixed(m)


def test_scores_rank_the_mask() -> None:
    """Wanda, Eq. 1: |w|·‖X_j‖ per row, by hand: (1, 6, 2, 2)·(4, 1, 1, 3) = (4, 6, 2, 6)."""
    w = np.array([[-1.0, 6.0, 2.0, 2.0], [1.0, 1.0, 1.0, 1.0]])
    calibration = np.array([[4.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 3.0]])
    assert top(0.5, per=Rows(), score=wanda(calibration)).mask(w).tolist() == [
        [False, True, False, True],
        [True, False, False, True],
    ]
    x = np.array([0.26, -0.5, 0.74, 1.0])  # INT2 at scale 1: images 0, 0, 1, 1; gains 0, 0, 0.48, 1
    assert nm(2, 4, score=Gain(int_(2, block=4))).mask(x).tolist() == [False, False, True, True]
    assert nm(3, 4, score=given_score([1, 9, 3, 5])).mask(x).tolist() == [False, True, True, True]
    draw = [nm(2, 4, score=Random(np.random.default_rng(6))) for _ in range(2)]
    tensor = np.ones((500, 8))
    kept = draw[0].mask(tensor)
    assert np.array_equal(kept, draw[1].mask(tensor)) and not np.array_equal(kept, draw[0].mask(tensor))
    assert (kept.reshape(-1, 4).sum(axis=1) == 2).all() and abs(kept[:, 0].mean() - 0.5) < 0.1


@pytest.mark.parametrize("p", [0.5, 1, 2, np.inf])
@given(data=st.data())
def test_gain_masks_are_those_of_the_definition(p: float, data: st.DataObject) -> None:
    q = int_(3, block=8)
    x = drawn(data, (2, 8), -24, 24) / 4
    x[:, 0] = 6.0
    image = q(x)
    gains = np.empty(x.shape, object)
    for i in np.ndindex(x.shape):
        gains[i] = twin.gain(float(x[i]), float(image[i]), p)
    expected = twin.mask(gains, twin.blocks(4, -1), lambda size: 2)
    got = nm(2, 4, score=Gain(q, p)).mask(x)
    if p == 0.5:  # irrational: only the sums are compared
        assert gains[got].sum() == pytest.approx(gains[expected].sum(), abs=1e-9)
    else:
        assert np.array_equal(got, expected)


@given(data=st.data())
def test_best_mask_has_the_largest_total_among_admissible_masks(data: st.DataObject) -> None:
    """Brute force over all masks with k entries in every group; among equals the larger original survives."""
    m, groups = data.draw(st.integers(2, 4)), data.draw(st.integers(1, 2))
    k = data.draw(st.integers(1, m))
    benefit, x, origin = (drawn(data, (groups * m,)) for _ in range(3))
    for s, shape in ((nm(k, m), (groups, m)), (top(k), (1, groups * m))):
        amount = min(k, shape[1])
        best = s.best_mask(benefit, x, origin)
        per_group = benefit.reshape(shape)
        anything = [
            [mask for mask in product([False, True], repeat=shape[1]) if sum(mask) == amount] for _ in range(shape[0])
        ]
        most = [max(row[list(mask)].sum() for mask in masks) for row, masks in zip(per_group, anything, strict=True)]
        kept = best.reshape(shape)
        assert [row[mask].sum() for row, mask in zip(per_group, kept, strict=True)] == most
        assert (kept.sum(axis=1) == amount).all()
        keys = np.abs(origin).reshape(shape)
        expected = [twin.top(row, amount, key) for row, key in zip(per_group.tolist(), keys.tolist(), strict=True)]
        assert kept.tolist() == expected


@given(data=st.data())
def test_best_mask_of_units_and_thresholds(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 5))
    benefit, x, origin = (drawn(data, (3 * count,)) for _ in range(3))
    share = Fraction(data.draw(st.integers(1, count)), count)
    kept = blockwise(share, per=Blocks(3)).best_mask(benefit, x, origin).reshape(-1, 3)
    totals = benefit.reshape(-1, 3).sum(axis=1).tolist()
    keys = (origin.reshape(-1, 3) ** 2).sum(axis=1).tolist()
    chosen = twin.top(totals, twin.ceil(share, count), keys)
    assert kept.tolist() == [[keep] * 3 for keep in chosen]
    t = data.draw(st.integers(0, 4))
    fewest, most = sorted(int(np.sum(np.abs(y) >= t)) for y in (x, origin))
    best = threshold(t).best_mask(benefit, x, origin)
    ranked = np.sort(benefit)[::-1]
    assert fewest <= np.sum(best) <= most
    assert benefit[best].sum() == max(ranked[:size].sum() for size in range(fewest, most + 1))
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=3 * count, max_size=3 * count)))
    assert np.array_equal(fixed(mask).best_mask(benefit, x, origin), mask)


def test_of_equal_benefits_under_a_threshold_the_larger_original_survives() -> None:
    origin = np.array([-5.0, 3.0])
    assert threshold(4).best_mask(np.ones(2), np.array([9.0, 0.0]), origin).tolist() == [True, False]
    assert threshold(4).best_mask(np.ones(2), np.array([9.0, 0.0]), origin[::-1]).tolist() == [False, True]


def test_tied_groups_counts_the_groups_that_a_tie_rule_decides() -> None:
    x = np.array([[1.0, 1, 1, 2], [3, 2, 1, 0], [5, -5, 0, 0], [0, 0, 0, 0]])
    assert nm(2, 4).tied_groups(x) == 2 and nm(1, 4).tied_groups(x) == 2 and nm(4, 4).tied_groups(x) == 0
    assert top(0.5).tied_groups(x) == 1 and top(1).tied_groups(x) == 1 and top(3).tied_groups(x) == 0
    assert blockwise(0.5, per=Rows()).tied_groups(x) == 0
    assert blockwise(0.5, per=Blocks(2), norm=np.inf).tied_groups(x) == 1
    assert blockwise(Fraction(5, 8), per=Blocks(2), norm=np.inf).tied_groups(x) == 0
    assert threshold(1).tied_groups(x) == 0 == fixed(x > 0).tied_groups(x)


def test_one_entry_and_a_whole_group_are_different_masks() -> None:
    one, every = top(1, per=Rows()), top(1.0, per=Rows())
    assert one != every and len({one, every, top(1, per=Rows())}) == 2
    assert str(Case.of([3, 1], int_(4), one)) != str(Case.of([3, 1], int_(4), every))


def test_a_mask_is_not_written_where_it_does_not_fit() -> None:
    x = np.ones((2, 8))
    for wrong in (np.empty((2, 8)), np.empty((2, 7), bool), np.empty(16, bool)):
        with pytest.raises(ValueError, match=r"out needs bool \(2, 8\)"):
            nm(2, 4).mask(x, out=wrong)
