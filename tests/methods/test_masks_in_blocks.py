"""Masks that fade in, masks of blocks, channels and draws, against sums over all masks and counts."""

from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest

from sqtheory.alphabet.partition import Blocks
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import blockwise, nm
from sqtheory.methods.gradient_flow import decayed, noise
from sqtheory.methods.precropping import cropped
from sqtheory.methods.random_search import best_of
from sqtheory.methods.sparse_convnets import index_bits

RNG = np.random.default_rng(5)


def test_a_fading_mask_is_a_line_to_the_hard_one_and_keeps_its_scale() -> None:
    for _ in range(50):
        x = RNG.standard_normal(4)
        mask = nm(2, 4).mask(x)
        hard = decayed(x, mask, 0.0)
        np.testing.assert_array_equal(hard, nm(2, 4)(x))
        for beta in (1.0, 0.5, 0.01):
            soft = decayed(x, mask, beta)
            np.testing.assert_allclose(soft, hard + beta * (x - hard), rtol=1e-15)
            assert np.abs(soft).max() == np.abs(hard).max()
        step = np.abs(x).max() / 7
        edge = step / 2 / np.abs(x[~mask]).max()
        below, beyond = (int_(4)(decayed(x, mask, min(1.0, edge * f))) for f in (0.999, 1.001))
        np.testing.assert_array_equal(below, int_(4)(hard))
        assert (edge * 1.001 > 1) or not np.array_equal(beyond, int_(4)(hard))
    with pytest.raises(ValueError, match=r"a decay lies in \[0, 1\]: got 1.5"):
        decayed(x, mask, 1.5)


def test_noise_through_a_fading_mask_is_the_sum_of_its_squares() -> None:
    mask = np.array([True, False, False, True, False])
    assert noise(2, 3, 0.25) == (decayed(np.ones(5), mask, 0.25) ** 2).sum()


def test_blocks_are_the_best_that_blocks_can_be_and_no_better_than_entries() -> None:
    for _ in range(30):
        x = RNG.standard_normal(8)
        sets = [np.repeat([i in some for i in range(4)], 2) for some in combinations(range(4), 2)]
        most = max(float((x[m] ** 2).sum()) for m in sets)
        assert (blockwise(0.5, per=Blocks(2))(x) ** 2).sum() == pytest.approx(most, rel=1e-14)
        assert most <= np.sort(x**2)[4:].sum() + 1e-12


def test_indices_are_counted() -> None:
    for b, columns in product((1, 2, 4), (16, 64)):
        kept = columns // 4 // b
        bits = next(k for k in range(64) if 2**k >= columns // b)
        assert index_bits(columns, Fraction(1, 4), b) * columns == kept * bits
    with pytest.raises(ValueError, match="blocks of 3 do not fill rows of 16"):
        index_bits(16, Fraction(1, 4), 3)


@pytest.mark.parametrize("draws", [1, 2, 3])
def test_the_best_of_draws_is_the_mean_over_all_draws(draws: int) -> None:
    energies = [9, 4, 4, 1, 0]
    values = [sum(some) for some in combinations(energies, 2)]
    every = [max(some) for some in product(values, repeat=draws)]
    assert best_of(energies, 2, draws) == Fraction(sum(every), len(every))


def test_a_search_without_a_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="a search draws at least once: got 0"):
        best_of([1, 2], 1, 0)


def test_widths_are_the_nearest_and_the_count_is_off_by_their_rounding() -> None:
    for _ in range(100):
        a, b, r = int(RNG.integers(1, 300)), int(RNG.integers(1, 300)), Fraction(int(RNG.integers(4, 65)), 64)
        c, d = cropped(a, b, (r, r))
        nearest = [min(range(1, n + 1), key=lambda k, n=n: abs(k - float(r) ** 0.5 * n)) for n in (a, b)]
        assert [abs(k - float(r) ** 0.5 * n) for k, n in zip((c, d), (a, b), strict=True)] == pytest.approx(
            [abs(k - float(r) ** 0.5 * n) for k, n in zip(nearest, (a, b), strict=True)]
        )
        if a * float(r) ** 0.5 >= 0.5 <= b * float(r) ** 0.5:
            assert abs(c * d - a * b * float(r)) <= (a + b) * float(r) ** 0.5 / 2 + 0.25 + 1e-9
    with pytest.raises(ValueError, match=r"densities lie in \(0, 1\]: got 0 and 1"):
        cropped(4, 4, (Fraction(0), Fraction(1)))
