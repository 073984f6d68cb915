"""Four words on two operands: errors by plain products, bounds that hold, and no word that is always the best."""

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import hbfp, int_, mxfp
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.arrays import FixedArray
from sqtheory.orders.applied import Order
from sqtheory.orders.pair import Pair
from sqtheory.theory.certificates import four_words
from sqtheory.theory.certificates.four_words import WORDS, Word, spell

SQ, QS = Order.sq, Order.qs
INT4 = Pair(nm(2, 4), int_(4))
ROOM = 1 + 1e-12
BEST: dict[Word, tuple[list[float], list[float]]] = {
    (SQ, SQ): ([7, 3.5, 1, -4], [-7, 0, 3.75, -4]),
    (SQ, QS): ([7, -0.75, 1, 0], [7, 0, -1.75, -2]),
    (QS, SQ): ([7, -3.5, 4.75, 5], [7, -5.5, 6.25, 4]),
    (QS, QS): ([7, 1.5, 1, 2], [-7, 3.5, 4.25, 2]),
}


@pytest.mark.parametrize("pair", [INT4, Pair(nm(1, 4), hbfp(4)), Pair(nm(2, 4), mxfp(E2M1))], ids=lambda p: str(p.q))
def test_errors_are_those_of_the_products_and_bounds_hold(pair: Pair) -> None:
    """One mask and format on X, another on W; S→Q twice has the least bound, as dominance holds of both."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(20, 32)), rng.standard_t(4, (12, 32))
    found = four_words(x, w, pair, INT4)
    s, q = pair.s, pair.q
    exact = x @ w.T
    for word in WORDS:
        left = q(s(x)) if word[0] is SQ else s(q(x))
        right = int_(4)(nm(2, 4)(w)) if word[1] is SQ else nm(2, 4)(int_(4)(w))
        assert found.errors[word] == pytest.approx(np.linalg.norm(exact - left @ right.T) / np.linalg.norm(exact))
        assert found.errors[word] <= found.bounds[word] * ROOM
        assert found.bounds[SQ, SQ] <= found.bounds[word] * ROOM
    assert found.safest == (SQ, SQ)
    assert found.regret == pytest.approx(found.errors[SQ, SQ] / min(found.errors.values()) - 1)


@pytest.mark.parametrize(("word", "rows"), BEST.items(), ids=map(spell, BEST))
def test_each_word_is_the_only_best_somewhere_though_both_tensors_prefer_sq(
    word: Word, rows: tuple[list[float], list[float]]
) -> None:
    x, w = rows
    found = four_words([x], [w], INT4, INT4)
    assert found.best == word and all(found.errors[word] < found.errors[other] for other in WORDS if other != word)
    assert (found.regret == 0) == (word == (SQ, SQ))
    for row in map(np.array, rows):
        first, second = (np.abs(row - made).sum() for made in (int_(4)(nm(2, 4)(row)), nm(2, 4)(int_(4)(row))))
        assert first < second


def test_products_of_nothing() -> None:
    nothing = four_words([[0.0] * 4], [[1.0, 2, 3, 4]], INT4, INT4)
    assert set(nothing.errors.values()) == {0.0} and nothing.regret == 0
    apart = four_words([[7.0, 0, 0, 0]], [[0.0, 7, 0, 0]], INT4, INT4)
    assert set(apart.errors.values()) == {0.0}
    lost = four_words([[4.0, 4, 1, -31]], [[4.0, 4, -1, 1]], INT4, INT4)
    assert np.isinf(lost.errors[SQ, SQ]) and lost.to_dict()["errors"]["S→Q × S→Q"] == "inf"


def test_what_has_no_four_words_is_refused() -> None:
    with pytest.raises(ValueError, match="X and W have 4 and 8 inputs"):
        four_words(np.ones((1, 4)), np.ones((1, 8)), INT4, INT4)
    with pytest.raises(ValueError, match="without procedures or moments"):
        four_words(np.ones((1, 4)), np.ones((1, 4)), INT4, Pair(top(0.5), int_(4), moments=FixedArray(np.eye(4))))
