"""Wrappers around a core: the pruned core is n:m, rounding it stays on the grid, and what is fitted loses less."""

import numpy as np
import pytest

from sqtheory.alphabet.compensation.wrappers import PUBLISHED_STEP, joined
from sqtheory.alphabet.procedures.wrapping import Wrapping
from sqtheory.alphabet.quantizers import bcq, int_
from sqtheory.alphabet.sparsifiers import fixed, nm, top
from sqtheory.arrays import Array, FixedArray

RNG = np.random.default_rng(0)
W = RNG.standard_normal((16, 32)) * np.exp(RNG.standard_normal(32))
NORMS = np.exp(RNG.standard_normal(32))
BY = Wrapping(FixedArray(NORMS), side=4)
S, Q = nm(2, 4), int_(4)


def loss(y: Array, w: Array = W, norms: Array = NORMS) -> float:
    return float(np.square((w - y) * norms).sum())


def nowag(w: Array, norms: Array) -> Array:
    """2:4 of largest squares of the weight of norms 1 times those of the inputs, from the definition."""
    one = w / np.linalg.norm(w, axis=0)
    one = one / np.linalg.norm(one, axis=1)[:, None]
    scores = (one**2 * norms**2).reshape(-1, 4)
    kept = np.argsort(np.argsort(-scores, axis=1), axis=1) < 2
    return np.where(kept.reshape(w.shape), w, 0.0)


def test_without_passes_it_is_the_mask_of_normalized_squares() -> None:
    np.testing.assert_allclose(Wrapping(FixedArray(NORMS), 4, passes=0).sparse(W, S), nowag(W, NORMS), atol=1e-12)


def test_every_pass_loses_less_of_what_is_fitted() -> None:
    losses = [loss(Wrapping(FixedArray(NORMS), 4, passes=n).sparse(W, S)) for n in (0, 1, 2, 4, 8)]
    assert (np.diff(losses) < 0).all() and losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("s", [nm(2, 4), nm(1, 4), nm(1, 2), top(0.5), fixed(np.arange(32) % 2 == 0)])
def test_the_core_has_the_pattern_of_the_mask(s: nm) -> None:  # type: ignore[valid-type]
    core = joined(BY._fitted(W, s).core)
    assert np.count_nonzero(core) <= np.count_nonzero(s.mask(W))  # type: ignore[attr-defined]
    if s in (nm(2, 4), nm(1, 4)):
        assert (np.count_nonzero(core.reshape(-1, 4), axis=1) <= s.budget(4)).all()  # type: ignore[attr-defined]


def test_rounding_is_of_the_core_and_wrappers_are_fitted_after_it() -> None:
    f = BY._fitted(W, S)
    image = Q(joined(f.core))
    rounded = BY._rounded(f, image)
    np.testing.assert_array_equal(joined(rounded.core), image)
    assert np.count_nonzero(image) <= np.count_nonzero(joined(f.core))
    without = joined(f.left[:, None] @ rounded.core @ f.right) / NORMS
    assert loss(BY.sparse_quantized(W, S, Q)) < loss(without)
    np.testing.assert_allclose(BY.sparse_quantized(W, S, Q), joined(rounded.product) / NORMS)


def test_pruning_first_loses_less_where_wrappers_are_small() -> None:
    assert loss(BY.sparse_quantized(W, S, Q)) < 0.7 * loss(BY.quantized_sparse(W, S, Q))
    assert loss(BY.quantized(W, Q)) <= loss(Q(W / np.linalg.norm(W, axis=0)) * np.linalg.norm(W, axis=0))


def test_a_grid_without_zero_refills_the_core() -> None:
    assert np.count_nonzero(bcq(2)(joined(BY._fitted(W, S).core))) == W.size


def test_the_proxy_of_published_code_is_of_the_normalized_weight() -> None:
    own, theirs = (Wrapping(FixedArray(NORMS), 4, normalized=n).sparse(W, S) for n in (False, True))
    columns = np.linalg.norm(W, axis=0)
    rows = np.linalg.norm(W / columns, axis=1)

    def proxy(y: Array) -> float:
        return float(np.square((W - y) / columns / rows[:, None] * NORMS).sum())

    assert loss(own) < loss(theirs) and proxy(theirs) < proxy(own)
    step = Wrapping(FixedArray(NORMS), 4, step=PUBLISHED_STEP, normalized=True).sparse(W, S)
    np.testing.assert_allclose(step, theirs, rtol=0, atol=1e-3 * np.abs(W).max())
    assert (step != theirs).any()


def test_inputs_never_seen_and_rows_of_zeros_are_no_error() -> None:
    w, norms = W.copy(), NORMS.copy()
    w[3], norms[5] = 0, 0
    for by in (
        Wrapping(FixedArray(norms)),
        Wrapping(FixedArray(np.zeros(32))),
        Wrapping(FixedArray(norms), normalized=True),
    ):
        y = by.sparse_quantized(w, S, Q)
        assert np.isfinite(y).all() and y.dtype == w.dtype
    assert Wrapping(FixedArray(norms)).sparse(w.astype(np.float32), S).dtype == np.float32


def test_blocks_divide_rows_and_inputs_whatever_they_are() -> None:
    w = RNG.standard_normal((7, 12))
    assert np.isfinite(Wrapping(FixedArray(np.ones(12)), side=5).sparse(w, S)).all()
    with pytest.raises(ValueError, match=r"norms of 32 inputs do not fit a weight of shape \(7, 12\)"):
        BY.sparse(w, S)
    with pytest.raises(ValueError, match="one norm of every input"):
        Wrapping(FixedArray(np.ones((2, 2))))
    for bad in (np.nan, np.inf, -1.0):
        with pytest.raises(ValueError, match="finite norms of the inputs, none of them negative"):
            Wrapping(FixedArray(np.array([1.0, bad])))
