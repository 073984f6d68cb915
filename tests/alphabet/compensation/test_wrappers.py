"""Wrappers and core: every exact step is that of brute force and loses no more; steps of published code may."""

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest

from sqtheory.alphabet.compensation.wrappers import (
    EXACT_STEP,
    PUBLISHED_STEP,
    CoreStep,
    Wrapped,
    joined,
    wrapped,
)
from sqtheory.arrays import Array


def some(seed: int, rows: int = 8, inputs: int = 16, side: int = 4) -> Wrapped:
    """A random target, a random 2:4 core, random wrappers."""
    rng = np.random.default_rng(seed)
    core = rng.standard_normal((rows, inputs))
    core[np.argsort(rng.random((rows, inputs // 4, 4)), axis=2).reshape(rows, inputs) < 2] = 0
    found = wrapped(rng.standard_normal((rows, inputs)), core, np.ones(rows), np.ones(inputs), (side, side))
    left, right = (np.eye(side) + 0.3 * rng.standard_normal(part.shape) for part in (found.left, found.right))
    return replace(found, left=left, right=right)


def dense(blocks: Array) -> Array:
    """The block-diagonal matrix."""
    n, side, _ = blocks.shape
    out = np.zeros((n * side, n * side))
    for k, block in enumerate(blocks):
        out[k * side : (k + 1) * side, k * side : (k + 1) * side] = block
    return out


def naive_step(f: Wrapped, step: CoreStep) -> tuple[Array, list[float]]:
    """The pass run by run with whole matrices, and the loss after each: lstsq of every support on the whole weight."""
    a, b, s, w = dense(f.left), dense(f.right), joined(f.core).copy(), joined(f.target)
    side, runs, losses = f.core.shape[2:], f.core.shape[3] // 4, []
    for i in range(side[0]):
        for g in range(runs):
            for p in range(f.core.shape[0]):
                for q in range(f.core.shape[1]):
                    row, run = p * side[0] + i, slice(q * side[1] + 4 * g, q * side[1] + 4 * g + 4)
                    rest, old = s.copy(), s[row, run].copy()
                    rest[row, run] = 0
                    target = (w - a @ rest @ b).ravel()
                    design = np.einsum("r,vc->rcv", a[:, row], b[run]).reshape(-1, 4)
                    best, least = old, float(np.square(target - design @ old).sum())
                    for kept in combinations(range(4), 2):
                        if not step.free and set(np.flatnonzero(old)) - set(kept):
                            continue
                        v = np.zeros(4)
                        v[list(kept)] = np.linalg.lstsq(design[:, kept], target, rcond=None)[0]
                        loss = float(np.square(target - design @ v).sum())
                        if loss < least * (1 - 1e-12):
                            best, least = v, loss
                    s[row, run] = best
            losses.append(float(np.square(w - a @ s @ b).sum()))
    return s, losses


@pytest.mark.parametrize("free", [True, False])
def test_a_pass_over_the_core_is_that_of_brute_force(free: bool) -> None:
    f, step = some(0), CoreStep(free=free)
    expected, losses = naive_step(f, step)
    found = f.stepped(4, 2, step)
    np.testing.assert_allclose(joined(found.core), expected, rtol=0, atol=1e-9)
    assert found.loss == pytest.approx(losses[-1]) and (np.diff([f.loss, *losses]) <= 1e-12).all()
    moved = (found.core != 0) != (f.core != 0)
    assert moved.any() == free


@pytest.mark.parametrize("seed", range(5))
def test_no_exact_step_loses_more_and_patterns_stay(seed: int) -> None:
    f = some(seed, 24, 32, side=(4, 8)[seed % 2])
    losses = [f.loss]
    for _ in range(4):
        for step in (lambda g: g.stepped(4, 2, EXACT_STEP), Wrapped.left_fitted, Wrapped.right_fitted):
            f = step(f)
            losses.append(f.loss)
            assert ((joined(f.core) != 0).reshape(-1, 4).sum(axis=1) <= 2).all()
    assert all(b <= a + 1e-12 * losses[0] for a, b in pairwise(losses))
    assert losses[-1] < 0.7 * losses[0]


def test_fits_of_wrappers_are_least_squares_of_every_block() -> None:
    f = some(1)
    s, w, b = joined(f.core), joined(f.target), dense(f.right)
    left = f.left_fitted()
    z = s @ b
    for p in range(2):
        rows = slice(4 * p, 4 * p + 4)
        expected = np.linalg.lstsq(z[rows].T, w[rows].T, rcond=None)[0].T
        np.testing.assert_allclose(left.left[p], expected, atol=1e-9)
    right, y = f.right_fitted(), dense(f.left) @ s
    for q in range(4):
        columns = slice(4 * q, 4 * q + 4)
        expected = np.linalg.lstsq(y[:, columns], w[:, columns], rcond=None)[0]
        np.testing.assert_allclose(right.right[q], expected, atol=1e-9)


def test_a_step_that_skips_supports_is_caught() -> None:
    f = some(2)
    fewer = replace(f, core=f.core)
    full, part = f.stepped(4, 2, EXACT_STEP), fewer.stepped(4, 1, EXACT_STEP)
    assert full.loss < part.loss
    assert not np.allclose(joined(part.core), naive_step(f, EXACT_STEP)[0])


def test_the_step_of_published_code_may_lose_more() -> None:
    """1e-8 beside ‖a‖² shrinks the values where A is small: the run that fitted exactly does no more."""
    rng = np.random.default_rng(3)
    core = rng.standard_normal((4, 4)) * np.array([[1, 1, 0, 0]])
    small = 1e-4
    f = wrapped(small * core, core, np.full(4, small), np.ones(4), (4, 4))
    assert f.loss == 0 and f.stepped(4, 2, EXACT_STEP).loss == 0
    found = f.stepped(4, 2, PUBLISHED_STEP)
    np.testing.assert_allclose(joined(found.core), core / 2, rtol=1e-6)
    ordinary = some(4)
    np.testing.assert_allclose(
        ordinary.stepped(4, 2, PUBLISHED_STEP).core, ordinary.stepped(4, 2, EXACT_STEP).core, atol=1e-6
    )


def test_what_nothing_depends_on_stays_and_dead_blocks_are_no_error() -> None:
    f = wrapped(np.ones((4, 4)), np.eye(4), np.zeros(4), np.zeros(4), (4, 4))
    assert f.stepped(4, 2, EXACT_STEP).core.tolist() == f.core.tolist()
    assert np.isfinite(f.refitted(2).loss)


def test_sides_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match=r"blocks of 4 × 3 do not divide a weight of shape \(4, 4\)"):
        wrapped(np.ones((4, 4)), np.ones((4, 4)), np.ones(4), np.ones(4), (4, 3))
