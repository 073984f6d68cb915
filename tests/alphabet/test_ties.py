"""Tie rules: what each prefers, and what is proved about two of them."""

import pickle
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqtheory.alphabet.formats import E2M1, E2M3, E4M3
from sqtheory.alphabet.gains import gain
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.partition import Blocks, Rows, Tiles
from sqtheory.alphabet.quantizers import Quantizer, cast, hbfp, int_, mxfp, mxint, nvfp4, scaled
from sqtheory.alphabet.rounding import floor, half_away, toward_zero
from sqtheory.alphabet.sparsifiers import Sparsifier, blockwise, nm, top
from sqtheory.alphabet.ties import TIES, Adversarial, RandomTies, adversarial, by_original, high_index, low_index
from tests.nightly import thin
from tests.twins import masks as twin

NORMS = [1, 2, np.inf]
KEEPING: list[tuple[Quantizer, Sparsifier]] = [
    (int_(4), nm(2, 4)),
    (int_(2, block=8), nm(1, 4)),
    (int_(3, block=4, rounding=half_away), nm(2, 4)),
    (int_(3, block=8, rounding=toward_zero), nm(3, 8)),
    (int_(5, per=Rows()), top(0.5, per=Rows())),
    (int_(3, per=Blocks(4, 0)), nm(2, 4, axis=0)),
    (int_(4, per=Tiles(4, 4)), top(5, per=Tiles(2, 4))),
    (hbfp(4, block=8), nm(2, 4)),
    (hbfp(3, per=Rows()), top(0.3, per=Blocks(16))),
    (mxint(4), nm(4, 8)),
    (mxfp(E2M1), nm(2, 4)),
    (mxfp(E2M3, block=16, rounding=toward_zero), nm(1, 16)),
    (nvfp4(), nm(2, 4)),
    (scaled(E4M3, per=Rows()), top(0.25, per=Rows())),
    (cast(E2M1), top(0.5)),
    (cast(E4M3), nm(2, 4)),
]
"""Quantizers that keep zero and the order of magnitudes, with magnitude masks that keep their scales."""


def with_ties(rule: object, s: Sparsifier) -> Sparsifier:
    return type(s)(s.keep, s.groups, s.score, rule, s.tail)


def tied_tensor(rng: np.random.Generator, dtype: type = np.float32) -> np.ndarray:
    """Quarters up to 7, signs, zeros and a few large entries: most groups tie after rounding."""
    x = rng.integers(-28, 29, (8, 64)) / 4
    x[rng.random(x.shape) < 0.1] *= 4
    return (x * 2.0 ** rng.integers(-3, 4)).astype(dtype)


@thin(2)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("q", "s"), KEEPING, ids=lambda op: str(op))
def test_theorem_frozen_commutation(q: Quantizer, s: Sparsifier, dtype: type) -> None:
    """With ties of q(x) broken by |x|, Q→S is S→Q entry for entry; by index it is not."""
    rng = np.random.default_rng(7)
    index_differs = 0
    for _ in range(40):
        x = tied_tensor(rng, dtype) if rng.random() < 0.7 else rng.normal(size=(8, 64)).astype(dtype)
        sparse_first = (s >> q)(x)
        assert np.array_equal((q >> with_ties(by_original, s))(x), sparse_first)
        index_differs += not np.array_equal((q >> s)(x), sparse_first)
    assert index_differs > 0


def test_by_original_looks_at_the_start_of_the_whole_chain() -> None:
    x = np.array([5 / 3, 2, 1 / 6, 7])
    assert (int_(4, block=4) >> nm(2, 4))(x).tolist() == [2, 0, 0, 7]
    assert (int_(4, block=4) >> nm(2, 4, ties=by_original))(x).tolist() == [0, 2, 0, 7]
    longer = int_(8, block=4) >> int_(4, block=4) >> nm(2, 4, ties=by_original)
    assert longer(x).tolist() == [0, 2, 0, 7]
    alone = nm(2, 4, ties=by_original)
    assert alone(int_(4, block=4)(x)).tolist() == [2, 0, 0, 7], "alone it knows no other original"
    assert alone.mask(int_(4, block=4)(x), x).tolist() == [False, True, False, True]


BLOCK_QUANTIZERS: list[Operator] = [
    hbfp(3, block=8),
    hbfp(2, block=4),
    cast(E2M1),
    mxfp(E2M1, block=8),
    int_(3, block=8, rounding=floor),
]


@pytest.mark.parametrize("p", NORMS)
@pytest.mark.parametrize("q", BLOCK_QUANTIZERS, ids=str)
@given(data=st.data())
def test_adversarial_is_the_worst_choice_among_all_ties(p: float, q: Operator, data: st.DataObject) -> None:
    """Brute force over every mask that the scores of q(x) admit; dyadic x and scales make the sums exact."""
    m = data.draw(st.integers(2, 8))
    k = data.draw(st.integers(1, m - 1))
    x = np.array(data.draw(st.lists(st.integers(-24, 24), min_size=m, max_size=m))) / 4
    x[data.draw(st.integers(0, m - 1))] = 6.0  # scales of 2 = 6/3 for three bits, powers of two otherwise
    image = q(x)
    kept = nm(k, m, ties=Adversarial(p)).mask(image, x)
    scores = np.abs(image).tolist()
    losses = [twin.loss(x, image, choice, p) for choice in twin.choices(scores, k)]
    assert twin.loss(x, image, kept, p) == max(losses)
    assert kept.tolist() in list(twin.choices(scores, k))
    assert np.array_equal((q >> nm(k, m, ties=Adversarial(p)))(x), np.where(kept, image, 0))


@pytest.mark.parametrize("p", NORMS)
@given(data=st.data())
def test_adversarial_is_the_worst_choice_among_tied_units(p: float, data: st.DataObject) -> None:
    q = hbfp(2, block=3)
    norm = data.draw(st.sampled_from(NORMS))
    count = data.draw(st.integers(2, 5))
    x = np.array(data.draw(st.lists(st.integers(-6, 6), min_size=3 * count, max_size=3 * count))) / 4
    x[::3] = np.where(x[::3] == 0, 1.0, x[::3])
    share = Fraction(data.draw(st.integers(1, count)), count)
    s = blockwise(share, per=Blocks(3), norm=norm, ties=Adversarial(p))
    image = q(x)
    kept = s.mask(image, x)
    strength = [twin.total([Fraction(v) for v in unit], norm) for unit in image.reshape(-1, 3).tolist()]
    k = twin.ceil(share, count)
    losses = [twin.loss(x, image, np.repeat(choice, 3), p) for choice in twin.choices(strength, k)]
    assert int(kept.sum()) == 3 * k and twin.loss(x, image, kept, p) == max(losses)


def test_of_a_unit_only_the_largest_loss_counts_in_the_maximum_norm() -> None:
    """Pruning (3/2, 0, 0) costs 3/2, pruning (1, 1, 1) costs 1, though the losses of its entries add up to 3."""
    x, image = np.array([1.5, 0, 0, 1, 1, 1]), np.array([1.0, 0, 0, 1, 1, 1])
    for p, prunes_first in ((np.inf, True), (1, False), (2, False)):
        s = blockwise(0.5, per=Blocks(3), norm=np.inf, ties=Adversarial(p))
        assert s.mask(image, x).tolist() == [not prunes_first] * 3 + [prunes_first] * 3
    far = np.array([1.0, 4, 0, 1, 1, 1])  # keeping an entry that is worse than nothing costs most
    s = blockwise(0.5, per=Blocks(3), norm=np.inf, ties=Adversarial(np.inf))
    assert s.mask(np.array([1.0, 9, 0, 1, 9, 1]), far).tolist() == [False] * 3 + [True] * 3


def test_adversarial_key_is_the_gain_it_forgoes() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 3, 4))
    for p in (0.5, 1, 2, np.inf):
        assert np.array_equal(Adversarial(p).key(y, x), -gain(x, y, p))
    assert Adversarial() == adversarial == Adversarial(2) and str(Adversarial(2)) == "adversarial"
    assert str(Adversarial(1)) == "adversarial(1)" and str(Adversarial(np.inf)) == "adversarial(inf)"
    with pytest.raises(ValueError, match="p-norm"):
        Adversarial(0)


def test_index_rules() -> None:
    x = np.array([1.0, -1.0, 1.0, -1.0])
    assert nm(2, 4).mask(x).tolist() == [True, True, False, False]
    assert nm(2, 4, ties=high_index).mask(x).tolist() == [False, False, True, True]
    assert low_index.key(x, x) is None is high_index.key(x, x)
    assert all(rule.deterministic for rule in TIES.values())
    assert low_index.index_only and high_index.index_only and not by_original.index_only
    assert {name: str(rule) for name, rule in TIES.items()} == {
        name: name for name in ("low_index", "high_index", "by_original", "adversarial", "all_survive", "all_die")
    }


def test_by_original_key_of_units_is_their_norm() -> None:
    """Units (3, 4) and (5, 0) of x tie in the 2-norm, (5, 0) wins in the maximum and loses in the sum."""
    image, x = np.ones(4), np.array([3.0, 4.0, -5.0, 0.0])
    half = {
        norm: blockwise(0.5, per=Blocks(2), norm=norm, ties=by_original).mask(image, x).tolist()
        for norm in (1, 2, np.inf)
    }
    first, second = [True, True, False, False], [False, False, True, True]
    assert half == {1: first, 2: first, np.inf: second}
    nudged = np.array([3.0, 4.0, -5.0 - 1e-9, 0.0])
    assert blockwise(0.5, per=Blocks(2), ties=by_original).mask(image, nudged).tolist() == second


def test_random_ties_choose_uniformly_and_repeat_with_their_generator() -> None:
    image = np.ones((3000, 4))
    s = nm(2, 4, ties=RandomTies(np.random.default_rng(4)))
    kept = s.mask(image)
    assert np.array_equal(kept, nm(2, 4, ties=RandomTies(np.random.default_rng(4))).mask(image))
    assert not np.array_equal(kept, s.mask(image)) and (kept.sum(axis=1) == 2).all()
    shares = [np.mean(kept[:, a] & kept[:, b]) for a, b in combinations(range(4), 2)]
    assert max(abs(share - 1 / 6) for share in shares) < 5 * np.sqrt(1 / 6 * 5 / 6 / 3000)
    copy = pickle.loads(pickle.dumps(s))
    assert np.array_equal(copy.mask(image), s.mask(image))
    assert np.array_equal(s.mask(np.arange(4.0)), [False, False, True, True]), "only ties are left to chance"
    assert not s.ties.deterministic and str(s.ties) == "random(rng)"
    with pytest.raises(TypeError, match=r"random ties need a numpy\.random\.Generator, got NoneType"):
        RandomTies(None)


def test_random_ties_do_not_prefer_long_units() -> None:
    rule = RandomTies(np.random.default_rng(8))
    s = blockwise(Fraction(1, 2), per=Blocks(4), norm=np.inf, ties=rule)
    kept = np.array([s.mask(np.ones(5)) for _ in range(2000)])
    assert (kept[:, :4].sum(axis=1) % 4 == 0).all() and (kept[:, 0] ^ kept[:, 4]).all()
    assert abs(kept[:, 4].mean() - 0.5) < 5 * 0.5 / np.sqrt(2000)
