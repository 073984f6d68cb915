"""How a share becomes a number of entries, by each rule, against a search, and tails of n:m masks."""

from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.budgets import Count
from sqtheory.alphabet.partition import Rows, Tail
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.alphabet.ties import all_die, all_survive

SHARES = [Fraction(k, 20) for k in range(1, 21)] + [Fraction(1, 3), Fraction(2, 7)]


def nearest(value: Fraction) -> int:
    """The nearest integer, the even one of two, by looking at all near it."""
    candidates = range(int(value) - 1, int(value) + 3)
    return min(candidates, key=lambda k: (abs(k - value), k % 2))


@pytest.mark.parametrize("share", SHARES, ids=str)
def test_every_rule_is_what_it_says(share: Fraction) -> None:
    for size in range(1, 41):
        ranks = range(size)
        at_least = next(k for k in range(size + 1) if k >= share * size)
        below = [i for i in ranks if i <= (1 - share) * size]
        assert Count.ceil_kept.kept(share, size) == at_least
        assert Count.even_pruned.kept(share, size) == size - nearest((1 - share) * size)
        assert Count.even_kept.kept(share, size) == max(1, nearest(share * size))
        assert Count.floor_rank.kept(share, size) == size - len([i for i in ranks if i <= (1 - share) * (size - 1)])
        assert Count.one_more.kept(share, size) == size - len(below)
        rank = max(1, len([i for i in range(1, size + 1) if i <= (1 - share) * size]))
        assert Count.one_fewer.kept(share, size) == len([i for i in range(1, size + 1) if i >= rank])
        assert all(0 <= rule.kept(share, size) <= size for rule in Count)
    assert all(rule.kept(share, 0) == 0 for rule in Count)


@pytest.mark.parametrize(
    ("rule", "sizes"),
    [
        (Count.even_pruned, {5: 2, 7: 4, 4: 2}),
        (Count.even_kept, {5: 3, 7: 3, 9: 5}),
        (Count.floor_rank, {5: 3, 9: 5, 1: 1}),
        (Count.one_more, {512: 257, 1024: 513, 1: 1}),
        (Count.one_fewer, {128: 63, 5: 1, 1: 0}),
        (Count.ceil_kept, {5: 2, 7: 3, 9: 4}),
    ],
    ids=str,
)
def test_a_half_is_what_tools_were_seen_to_prune(rule: Count, sizes: dict[int, int]) -> None:
    """torch.nn.utils.prune, tensorflow-model-optimization, NNCF, SparseGPT, Mustafar and coremltools at 50%."""
    for size, pruned in sizes.items():
        kept = top(0.5, count=rule).mask(np.arange(1.0, size + 1))
        assert np.flatnonzero(~kept).tolist() == [*range(pruned)]


def test_no_entry_may_stay_and_ties_may_keep_more() -> None:
    x = np.array([[1.0, 2.0], [2.0, 2.0]])
    assert not top(0.5, per=Rows(), count=Count.one_more).mask(x[:, :1]).any()
    assert not top(0.5, per=Rows(), count=Count.one_more, ties=all_survive).mask(x[:, :1]).any()
    assert top(0.5, per=Rows(), ties=all_survive).mask(x).sum(axis=1).tolist() == [1, 2]
    assert top(0.5, per=Rows(), ties=all_die).mask(x).sum(axis=1).tolist() == [1, 0]


@pytest.mark.parametrize(("n", "m"), [(1, 2), (1, 4), (2, 4), (3, 4), (4, 4), (5, 8)])
def test_a_short_group_is_as_if_filled_up(n: int, m: int) -> None:
    """With zeros the n largest stay; with infinities m − n of what is there go."""
    rng = np.random.default_rng(n * m)
    for rest in range(1, m):
        x = rng.permutation(np.arange(1.0, rest + 1))
        zeros, infinities = (np.concatenate([x, np.full(m - rest, fill)]) for fill in (0.0, 1e9))
        assert np.array_equal(nm(n, m, tail=Tail.keep).mask(x), nm(n, m).mask(zeros)[:rest])
        order = np.argsort(infinities, kind="stable")[: m - n]
        assert np.flatnonzero(~nm(n, m, tail=Tail.prune).mask(x)).tolist() == sorted(i for i in order if i < rest)
        assert nm(n, m, tail=Tail.short).mask(x).sum() == -(-n * rest // m)


def test_tails_lie_along_the_axis_of_the_groups() -> None:
    x = np.random.default_rng(0).normal(size=(6, 7))
    for axis, keeps in ((0, {Tail.keep: 4, Tail.prune: 2, Tail.short: 3}), (1, {Tail.keep: 4, Tail.prune: 3})):
        for tail, kept in keeps.items():
            assert set(nm(2, 4, axis=axis, tail=tail).mask(x).sum(axis=axis).tolist()) == {kept}
