"""The k best of every row against Python's sort, ties and keys included."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqtheory.alphabet import selection
from sqtheory.alphabet.selection import NETWORK_LIMIT, as_fraction, checked_amount, spell_amount, tied_at_cut, top
from tests.twins import masks as twin


def assert_best(scores: np.ndarray, keys: np.ndarray | None, low: bool, ks: list[int]) -> None:
    """``top`` keeps the k first of the sorted order in every row, for every k."""
    rows = scores.tolist()
    key_rows = [None] * len(rows) if keys is None else keys.tolist()
    orders = np.array([twin.order(row, key, low) for row, key in zip(rows, key_rows, strict=True)])
    ranks = np.argsort(orders, axis=1)
    for k in ks:
        kept = top(scores, k, keys, low_index=low)
        assert kept.dtype == np.bool_ and kept.shape == scores.shape
        np.testing.assert_array_equal(kept, ranks < k)


@pytest.mark.parametrize("low", [True, False])
@pytest.mark.parametrize("m", range(1, 9))
def test_every_row_of_three_values_up_to_length_8(m: int, low: bool) -> None:
    scores = np.array(list(product((-1.0, 0.0, 2.0), repeat=m)), np.float32)
    assert_best(scores, None, low, list(range(m + 1)))
    keys = np.random.default_rng(m).integers(0, 2, scores.shape).astype(np.float64)
    assert_best(scores, keys, low, list(range(m + 1)))


@pytest.mark.parametrize("low", [True, False])
@pytest.mark.parametrize("m", [9, 15, 16, 17, 18, 23, 31, 32, 40, 300])
def test_longer_rows_with_many_ties(m: int, low: bool) -> None:
    rng = np.random.default_rng(m)
    scores, ks = rng.integers(-3, 4, (40, m)) / 2, list(range(0, m + 1, 1 + m // 40))
    assert_best(scores, None, low, ks)
    assert_best(scores, rng.integers(0, 3, scores.shape) - 1.0, low, ks)
    assert NETWORK_LIMIT == 16, "these lengths straddle the two ways of ranking"


@given(
    st.integers(1, 40).flatmap(
        lambda m: st.tuples(
            st.lists(st.lists(st.integers(-2, 2), min_size=m, max_size=m), min_size=1, max_size=3),
            st.lists(st.integers(0, 2), min_size=m, max_size=m),
            st.integers(0, m),
            st.booleans(),
        )
    )
)
def test_any_row(case: tuple[list[list[int]], list[int], int, bool]) -> None:
    rows, keys, k, low = case
    scores = np.array(rows, np.float64)
    assert_best(scores, None, low, [k])
    assert_best(scores, np.array([keys] * len(rows), np.float64), low, [k])


@pytest.mark.parametrize(("m", "k"), [(4, 2), (8, 4), (16, 5), (32, 16)])
def test_a_hundred_thousand_tied_blocks_equal_a_lexsort(m: int, k: int) -> None:
    rng = np.random.default_rng(m)
    rows = 3_200_000 // (m * m) if m > 8 else 100_000
    scores = rng.integers(0, 3, (rows, m)).astype(np.float32)
    keys = rng.integers(0, 3, (rows, m)).astype(np.float64)
    position = np.broadcast_to(np.arange(m), scores.shape)
    for key, low in ((None, True), (None, False), (keys, True), (keys, False)):
        least_first = [position if low else -position, *([] if key is None else [-key]), -scores]
        best = np.lexsort(least_first, axis=1)[:, :k]
        expected = np.zeros(scores.shape, bool)
        np.put_along_axis(expected, best, True, axis=1)
        np.testing.assert_array_equal(top(scores, k, key, low_index=low), expected)
    assert tied_at_cut(scores, k).mean() > 0.4


@pytest.mark.parametrize("m", [5, 40])
def test_zeros_of_either_sign_tie_and_nothing_else_is_rounded(m: int) -> None:
    scores = np.zeros((1, m))
    scores[0, ::2] = -0.0
    assert top(scores, 2)[0].tolist() == [True, True] + [False] * (m - 2)
    scores[0, -1] = 5e-324
    assert top(scores, 1)[0].tolist() == [False] * (m - 1) + [True]
    big = np.full((1, m), 1.0)
    big[0, -1] = np.nextafter(1.0, 2.0)
    assert top(big, 1)[0, -1]


@pytest.mark.parametrize("k", [-1, 0])
def test_nothing_is_kept_of_no_budget_and_everything_of_enough(k: int) -> None:
    scores = np.ones((2, 3))
    assert not top(scores, k).any() and top(scores, 3).all() and top(scores, 7).all()
    assert top(np.ones((0, 3)), 2).shape == (0, 3) and top(np.ones((0, 40)), 2).shape == (0, 40)


@given(st.lists(st.integers(-2, 2), min_size=1, max_size=20), st.integers(-1, 21))
def test_a_tie_at_the_cut_is_two_equal_neighbours_of_the_sorted_row(row: list[int], k: int) -> None:
    assert tied_at_cut(np.array([row, row], np.float32), k).tolist() == [twin.tied_at_cut(row, k)] * 2


@given(st.lists(st.integers(0, 2), min_size=2, max_size=12), st.integers(1, 11))
def test_ties_at_the_cut_are_those_where_the_index_matters(row: list[int], k: int) -> None:
    scores = np.array([row], np.float64)
    free = not np.array_equal(top(scores, k), top(scores, k, low_index=False))
    assert free == bool(tied_at_cut(scores, k)[0])


@pytest.mark.parametrize(
    ("value", "share"),
    [
        (0.1, Fraction(1, 10)),
        (np.float32(0.1), Fraction(1, 10)),
        (np.float64(0.3), Fraction(3, 10)),
        (1e-05, Fraction(1, 100_000)),
        (Fraction(1, 3), Fraction(1, 3)),
        (1, Fraction(1)),
    ],
)
def test_a_share_is_the_decimal_it_is_written_as(value: float, share: Fraction) -> None:
    assert as_fraction(value) == share


@pytest.mark.parametrize("keep", [1, 7, Fraction(1), Fraction(1, 3), Fraction(1, 10), Fraction(1, 2**40)])
def test_amounts_are_spelled_to_be_read_back(keep: int | Fraction) -> None:
    assert checked_amount(keep) == keep
    written = spell_amount(keep)
    assert (int(written) if isinstance(keep, int) else Fraction(written)) == keep
    assert spell_amount(Fraction(1, 2)) == "0.5" and spell_amount(Fraction(1, 3)) == "1/3" and spell_amount(3) == "3"


def test_amounts_are_integers_or_shares() -> None:
    assert type(checked_amount(np.int64(3))) is int
    for keep in (0, -1, Fraction(0), Fraction(5, 4), Fraction(-1, 2)):
        with pytest.raises(ValueError, match=r"at least one entry|lies in"):
            checked_amount(keep)
    for wrong in (0.5, 2.0, True, "2", None):
        with pytest.raises(TypeError, match="integer, a share of them a Fraction"):
            checked_amount(wrong)


@pytest.mark.parametrize("kind", ["normal", "tied", "constant", "sorted", "heavy"])
@pytest.mark.parametrize("share", [1e-6, 0.01, 0.5, 0.999])
def test_a_long_row_has_the_mask_of_its_sort(kind: str, share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "SAMPLE", 64)
    monkeypatch.setattr(selection, "PIECE", 1000)
    rng, size = np.random.default_rng(0), 9973
    made = {
        "normal": rng.normal(size=size),
        "tied": rng.integers(-3, 3, size).astype(float),
        "constant": np.zeros(size),
        "sorted": np.arange(size, dtype=float),
        "heavy": rng.standard_cauchy(size),
    }
    scores, key, k = made[kind], rng.integers(0, 5, size).astype(float), max(1, int(share * size))
    best = np.lexsort((np.arange(size), -key, -scores))[:k]
    kept = selection.top_of(lambda cut: scores[cut], size, k, lambda at: key[at])
    assert np.array_equal(np.flatnonzero(kept), np.sort(best))
    monkeypatch.setattr(selection, "LONG", 1)
    ordered = np.sort(scores)[::-1]
    assert selection.tied_at_cut(scores[None], k).tolist() == [ordered[k - 1] == ordered[k]]
    assert np.array_equal(selection.top(scores[None], k, key[None])[0], kept)
