"""Labels and chosen tokens, each written out; every set of channels tried."""

from itertools import combinations

import numpy as np
import pytest

from sqtheory.alphabet.key_labels import chosen, importance, labels, largest, safe_bits

RNG = np.random.default_rng(0)
K = RNG.standard_normal((6, 8))


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
