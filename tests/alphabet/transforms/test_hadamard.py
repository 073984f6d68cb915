"""Rotations by Hadamard matrices are orthogonal for every number of inputs, and flat within their blocks."""

from itertools import product

import numpy as np
import pytest

from sqtheory.alphabet.transforms import block_of, hadamard, random_signs, randomized_hadamard


@pytest.mark.parametrize("size", [1, 2, 4, 64])
def test_entries_count_the_common_digits_of_their_places(size: int) -> None:
    """H_ij √n = (−1)^{number of binary digits that are 1 in i and j}: the textbook definition."""
    expected = [[(-1) ** (i & j).bit_count() for j in range(size)] for i in range(size)]
    np.testing.assert_allclose(hadamard(size) * size**0.5, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [0, -2, 3, 12])
def test_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"power of two rows, got {size}"):
        hadamard(size)


@pytest.mark.parametrize("inputs", [1, 2, 3, 7, 12, 48, 96, 128])
def test_any_number_of_inputs_is_rotated_in_its_largest_blocks(inputs: int) -> None:
    signs = random_signs(inputs, np.random.default_rng(inputs))
    r, block = randomized_hadamard(signs), block_of(inputs)
    np.testing.assert_allclose(r @ r.T, np.eye(inputs), rtol=0, atol=1e-13)
    assert inputs % block == 0 and (inputs // block) % 2 == 1
    for i, j in product(range(inputs), repeat=2):
        same = i // block == j // block
        assert abs(r[i, j]) == pytest.approx(block**-0.5 if same else 0)
    assert (np.sign(r.sum(axis=1)) == signs).all() if block == 1 else True


def test_a_spike_becomes_flat_and_a_flat_vector_a_spike() -> None:
    signs = random_signs(64, np.random.default_rng(0))
    r = randomized_hadamard(signs)
    assert np.abs(np.eye(64)[5] @ r).max() == pytest.approx(1 / 8)
    assert np.abs((signs / 8) @ r).max() == pytest.approx(1)


def test_signs_are_those_of_the_generator() -> None:
    one, two, other = (random_signs(256, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert (one == two).all() and (one != other).any() and set(np.unique(one)) == {-1.0, 1.0}
    with pytest.raises(TypeError, match="Generator"):
        random_signs(4, 0)  # type: ignore[arg-type]


def test_blocks_and_signs_that_do_not_fit_are_refused() -> None:
    assert (block_of(192), block_of(192, 32), block_of(192, 48), block_of(7)) == (64, 32, 32, 1)
    with pytest.raises(ValueError, match="blocks of 8 do not divide 12 inputs"):
        randomized_hadamard(np.ones(12), 8)
    with pytest.raises(ValueError, match="one sign ±1 of every input"):
        randomized_hadamard(np.array([1.0, 0.5]))
    with pytest.raises(ValueError, match="at least one"):
        block_of(0)
