"""Mustafar and Double Sparsity: thresholds, labels and chosen tokens, each written out; every set of channels tried."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from sqtheory.alphabet.partition import Columns, Rows
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm, threshold, top
from sqtheory.alphabet.ties import all_survive
from sqtheory.arrays import Array
from sqtheory.execution import Spelled
from sqtheory.methods import Facts, Method, find
from sqtheory.methods.double_sparsity import chosen, importance, labels, largest, safe_bits
from sqtheory.orders.pair import Pair

RNG = np.random.default_rng(0)
K = RNG.standard_normal((6, 8))
FACTS = Facts("k", {}, {})


def built(name: str, share: float) -> Pair:
    way = find(name)
    assert isinstance(way, Method)
    return way.build(top(share), int_(4), FACTS)


def by_threshold(row: Array, pruned: Fraction) -> list[bool]:
    """An entry stays that is no smaller than the k-th smallest, k the whole part of the share of all, or 1."""
    k = max(1, int(pruned * len(row)))
    return [abs(v) >= sorted(map(abs, row))[k - 1] for v in row]


@pytest.mark.parametrize("pruned", [Fraction(1, 2), Fraction(7, 10), Fraction(1, 20)], ids=str)
def test_the_published_threshold_stays_with_its_equals(pruned: Fraction) -> None:
    s = built("mustafar:published", 1 - pruned).s
    for rows in (K, RNG.integers(-3, 4, (20, 9)) * 1.0):
        assert s.mask(rows).tolist() == [by_threshold(row, pruned) for row in rows]


def test_a_token_keeps_its_share_and_published_code_one_more() -> None:
    assert built("mustafar", 0.5) == Pair(top(0.5, per=Rows()), int_(4))
    wide = RNG.standard_normal((3, 128))
    counts = [built(name, 0.5).s.mask(wide).sum(axis=1).tolist() for name in ("mustafar", "mustafar:published")]
    assert counts == [[64] * 3, [65] * 3]
    assert built("mustafar:published", 0.5).s.ties == all_survive


def test_it_prunes_no_weights_nor_inputs_and_a_threshold_has_no_share() -> None:
    way = find("mustafar")
    with pytest.raises(ValueError, match="prunes the keys and values of attention, no weights"):
        way.assigned(Spelled("50%", "int4"), None)
    with pytest.raises(ValueError, match="prunes the keys and values of attention, not the inputs"):
        way.on_inputs(Spelled("50%", "int4"), None)
    for s in (threshold(1), nm(2, 4)):
        with pytest.raises(ValueError, match="mustafar:published prunes a share of every token"):
            find("mustafar:published").build(s, int_(4), FACTS)  # type: ignore[attr-defined]


def test_one_scale_a_token_never_loses_and_one_a_channel_can() -> None:
    """On keys whose first channel is ten times as large, as keys have them; entries are what the definitions say."""
    s, lost = top(0.5, per=Rows()), {"token": 0, "channel": 0}
    for _ in range(60):
        k = np.rint(RNG.standard_normal((6, 3)) * [20, 2, 2])
        for axis, per in (("token", Rows()), ("channel", Columns())):
            q = int_(4, per=per)
            first, last = (np.linalg.norm(k - made) for made in (q(s(k)), s(q(k))))
            lost[axis] += int(first > last + 1e-12)
    assert lost["token"] == 0 < lost["channel"]


def test_channels_are_those_that_leave_least_behind_on_average() -> None:
    batches = [(RNG.standard_normal((5, 6)), RNG.standard_normal((5, 6))) for _ in range(3)]

    def left(kept: tuple[int, ...]) -> float:
        rest = [j for j in range(6) if j not in kept]
        return float(np.mean([sum(abs(q[t, j] * k[t, j]) for j in rest) for q, k in batches for t in range(5)]))

    best = min(combinations(range(6), 2), key=left)
    assert largest(importance(batches), 2).tolist() == sorted(best)
    np.testing.assert_array_equal(importance(batches, last=True), importance(batches[-1:]))
    assert not np.allclose(importance(batches, last=True), importance(batches) / 3)


def test_labels_are_numbers_of_a_grid_between_the_ends_of_their_key() -> None:
    channels = np.array([0, 2, 3, 7])
    for bits in (1, 2, 4):
        made = labels(K, channels, bits)
        for row, image in zip(K[:, channels], made, strict=True):
            grid = np.linspace(row.min(), row.max(), 2**bits)
            np.testing.assert_allclose(image, [grid[np.argmin(abs(grid - v))] for v in row], atol=1e-12)
    np.testing.assert_array_equal(labels(np.ones((2, 3)), np.arange(2), 4), np.ones((2, 2)))
    np.testing.assert_array_equal(labels(K, channels, None), K[:, channels])


def test_safe_bits_are_safe_and_often_too_many() -> None:
    bound, spare = 0, 0
    for _ in range(300):
        q, k = RNG.standard_normal(6) * [3, 3, 3, 3, 0.1, 0.1], RNG.standard_normal((5, 6))
        channels, count = largest(np.abs(q), 4), int(RNG.integers(1, 5))
        true = sorted(sorted(range(5), key=lambda t: -float(k[t] @ q))[:count])
        safe = safe_bits(q, k, channels, count)
        if safe is None:
            continue
        bound += 1
        for bits in (*range(safe, safe + 4), None):
            assert chosen(q, k, channels, count, bits).tolist() == true
        spare += safe > 1 and chosen(q, k, channels, count, safe - 1).tolist() == true
    assert bound > 100 and spare > 50


def test_no_bits_suffice_where_a_channel_left_out_decides_and_there_must_be_a_cut() -> None:
    q, k = np.array([1.0, 1.0]), np.array([[0.0, 5.0], [1.0, 0.0]])
    assert safe_bits(q, k, np.array([0]), 1) is None
    for count in (0, 2):
        with pytest.raises(ValueError, match="of 2 tokens a cut leaves 1 to 1"):
            safe_bits(q, k, np.array([0]), count)
