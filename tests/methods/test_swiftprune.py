"""SwiftPrune: its score ranks as Wanda's, and the two rows of its record by hand."""

import numpy as np

from sqtheory.alphabet.scores import wanda
from sqtheory.methods.swiftprune import DECAY, LOSES, WINS, both_errors, kept

RNG = np.random.default_rng(1)


def test_its_score_is_wandas_squared_and_ranks_the_same() -> None:
    w, x = RNG.standard_normal((6, 10)), RNG.standard_normal((20, 10))
    powers = np.sum(x**2, axis=0)
    np.testing.assert_allclose(np.sqrt(w**2 * powers), wanda(x).of(w), rtol=1e-12)
    best = np.argmax(wanda(x).of(w), axis=1)
    assert kept(w, powers, DECAY)[np.arange(6), best].all(), "the largest is above every mean of others"
    assert (kept(w, 4 * powers, DECAY) == kept(w, powers, DECAY)).all()


def test_the_rows_of_the_record_are_by_hand() -> None:
    """On the grid of the first 7 and 6.75 are one; of the second 2.25 and 1.75 are, and 5² is below the mean, 26.5."""
    one = np.ones(4)
    assert kept(LOSES, one, DECAY).tolist() == [[True, False, False, True]]
    assert kept(np.array([[7.0, 7, 2, 5]]), one, DECAY).tolist() == [[True, True, False, False]]
    assert kept(WINS, one, DECAY).tolist() == [[True, False, True, True]]
    assert kept(np.array([[2.0, 2, 7, 5]]), one, DECAY).tolist() == [[True, True, True, False]]
    np.testing.assert_allclose(both_errors(LOSES), np.sqrt([6.75**2 + 4 + 0.0625, 0.0625 + 4 + 5.25**2]))
    np.testing.assert_allclose(both_errors(WINS), np.sqrt([0.0625 + 1.75**2 + 0.0625, 0.0625 * 2 + 5.25**2]))
