"""Matching pursuit against the normal equations and all supports, K-SVD against its own loss, whitening exactly."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from sqtheory.alphabet.compensation.dictionary import best_dictionary, learned, pursued, stored_values, whitened
from sqtheory.alphabet.compensation.low_rank import tails
from sqtheory.arrays import Array
from sqtheory.methods import OrderVerdict, find

RNG = np.random.default_rng(0)


def unit(atoms: Array) -> Array:
    return np.asarray(atoms / np.linalg.norm(atoms, axis=0))


def test_pursuit_chooses_the_atom_closest_to_what_is_left_and_refits_all() -> None:
    atoms, w = unit(RNG.standard_normal((6, 9))), RNG.standard_normal((6, 20))
    last = np.linalg.norm(w, axis=0)
    for sparsity in range(1, 6):
        codes, fewer = pursued(w, atoms, sparsity), pursued(w, atoms, sparsity - 1)
        rest, before = w - atoms @ codes, w - atoms @ fewer
        assert (np.count_nonzero(codes, axis=0) == sparsity).all()
        for j in range(20):
            used, had = np.flatnonzero(codes[:, j]), np.flatnonzero(fewer[:, j])
            assert set(used) - set(had) == {int(np.abs(atoms.T @ before[:, j]).argmax())}
            gram = atoms[:, used].T @ atoms[:, used]
            np.testing.assert_allclose(codes[used, j], np.linalg.inv(gram) @ atoms[:, used].T @ w[:, j], rtol=1e-8)
            assert np.abs(atoms[:, used].T @ rest[:, j]).max() <= 1e-12
        lengths = np.linalg.norm(rest, axis=0)
        assert (lengths < last).all()
        last = lengths


def test_in_an_orthonormal_dictionary_pursuit_is_the_best_of_all_supports() -> None:
    atoms, w = np.linalg.qr(RNG.standard_normal((5, 5)))[0], RNG.standard_normal((5, 8))
    for sparsity in range(1, 5):
        made = np.linalg.norm(w - atoms @ pursued(w, atoms, sparsity), axis=0)
        for j, target in enumerate(w.T):
            tried = [
                np.linalg.norm(target - atoms[:, some] @ (atoms[:, some].T @ target))
                for some in map(list, combinations(range(5), sparsity))
            ]
            assert made[j] == pytest.approx(min(tried), rel=1e-12)


def test_a_round_never_loses_more_keeps_the_pattern_and_refits_are_least_squares() -> None:
    atoms, w = unit(RNG.standard_normal((6, 5))), RNG.standard_normal((6, 30))
    codes = pursued(w, atoms, 2)
    lost = [np.linalg.norm(w - atoms @ codes)]
    for _ in range(5):
        made, next_ = learned(w, atoms, codes)
        assert not (next_[codes == 0]).any()
        np.testing.assert_allclose(np.linalg.norm(made, axis=0), 1)
        atoms, codes = made, next_
        lost.append(np.linalg.norm(w - atoms @ codes))
    assert all(b <= a * (1 + 1e-12) for a, b in pairwise(lost)) and lost[-1] < 0.95 * lost[0]
    refitted = best_dictionary(w, codes)
    assert np.abs((w - refitted @ codes) @ codes.T).max() <= 1e-11
    assert np.linalg.norm(w - refitted @ codes) <= lost[-1] * (1 + 1e-12)


def test_whitening_and_the_values_stored() -> None:
    x, e = RNG.integers(-4, 5, (9, 4)) * 1.0, RNG.integers(-4, 5, (4, 3)) * 1.0
    assert np.sum(whitened(e, x.T @ x) ** 2) == pytest.approx(np.sum((x @ e) ** 2), rel=1e-12)
    best = tails(whitened(e, x.T @ x))[1]
    assert best <= np.linalg.norm(x @ (e - np.outer(e[:, 0], e[0] / e[0, 0]))) + 1e-12
    assert stored_values(4, 12, 4, 1) == 28
    with pytest.raises(ValueError, match="second moments are not positive definite"):
        whitened(e, np.zeros((4, 4)))
    with pytest.raises(ValueError, match="atoms of norm 1 and a sparsity of at most 3, got 4"):
        pursued(e, np.eye(4)[:, :3], 4)
    with pytest.raises(ValueError, match="atoms of norm 1"):
        pursued(e, 2 * np.eye(4), 1)
    assert not pursued(np.zeros((4, 2)), np.eye(4), 2).any()


def test_there_is_no_order_of_codes() -> None:
    assert find("cospadi").verdict is OrderVerdict.none and not find("cospadi").channels
