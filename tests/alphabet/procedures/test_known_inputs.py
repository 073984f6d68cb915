"""What procedures with second moments promise: zeros, grids, shapes, refusals, nothing to do without correlation."""

from dataclasses import replace

import numpy as np
import pytest

from sqtheory.alphabet.compensation.column_grid import ScalesOf
from sqtheory.alphabet.compensation.rounding import ColumnOrder, Zeros
from sqtheory.alphabet.compensation.second_moments import lost
from sqtheory.alphabet.procedures import PLAIN
from sqtheory.alphabet.procedures.error_feedback import ErrorFeedback
from sqtheory.alphabet.procedures.greedy_removal import GreedyRemoval
from sqtheory.alphabet.procedures.known_inputs import KnownInputs
from sqtheory.alphabet.procedures.pruning_feedback import PruningFeedback
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, nvfp4
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, top
from sqtheory.arrays import Array, FixedArray
from tests.alphabet.compensation.twins import layer

W, H = layer(6, 16)
M = FixedArray(H)
WAYS: tuple[KnownInputs, ...] = (
    *(ErrorFeedback(M, scales=scales) for scales in ScalesOf),
    *(ErrorFeedback(M, zeros=Zeros.spared), ErrorFeedback(M, order=ColumnOrder.power)),
    *(PruningFeedback(M, scales=scales, columns=8) for scales in ScalesOf),
    *(GreedyRemoval(M), GreedyRemoval(M, scales=ScalesOf.dense)),
)
ways = pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.name}-{way.scales}-{WAYS.index(way)}")
MASKS = nm(2, 4), top(0.5)
FORMATS = int_(4, block=8), hbfp(3), nvfp4()


def results(way: KnownInputs, w: Array, s: Sparsifier, q: Quantizer) -> dict[str, Array]:
    joint = way.joint(w, s, q)
    both = {"sq": way.sparse_quantized(w, s, q), "qs": way.quantized_sparse(w, s, q)}
    return both if joint is None else {**both, "joint": joint}


@ways
@pytest.mark.parametrize("s", MASKS, ids=str)
def test_every_result_has_the_zeros_of_a_mask_in_the_weights_dtype(way: KnownInputs, s: Sparsifier) -> None:
    """As many as s keeps in every group, or fewer where rounding makes zeros."""
    for dtype in (np.float32, np.float64):
        w = W.astype(dtype)
        assert way.keeps_pattern and way.sparse(w, s).dtype == dtype
        for made in (way.sparse(w, s), *results(way, w, s, int_(4)).values()):
            kept = s.groups.reduce(made != 0, lambda rows: np.asarray(rows.sum(axis=1)))
            assert made.dtype == dtype and made.shape == w.shape
            assert (kept <= s.budget(W.size // s.groups.count(W.shape))).all()
        assert not np.shares_memory(way.sparse(w, s), w) and np.array_equal(w, W.astype(dtype))


@ways
@pytest.mark.parametrize("q", FORMATS, ids=str)
def test_every_result_is_on_the_grid_of_some_scales(way: KnownInputs, q: Quantizer) -> None:
    """Of the dense or of the pruned weight; running ones are read off a block: each has a scale that gives it back."""
    s, w = nm(2, 4), W.astype(np.float32)
    found = results(way, w, s, q)
    for name, made in found.items():
        dense = np.array_equal(q.frozen(w)(made), made)
        pruned = np.array_equal(q.frozen(way.sparse(w, s))(made), made)
        if way.scales is not ScalesOf.running:
            assert dense or pruned, name
        if way.scales is ScalesOf.dense:
            assert dense, name


@ways
def test_without_correlation_it_is_entry_by_entry(way: KnownInputs) -> None:
    same, s, q = replace(way, moments=FixedArray(np.eye(16))), nm(2, 4), int_(4, block=8)
    for made, plain in (
        (same.sparse(W, s), PLAIN.sparse(W, s)),
        (same.quantized(W, q), PLAIN.quantized(W, q)),
        (same.quantized_sparse(W, s, q), PLAIN.quantized_sparse(W, s, q)),
    ):
        np.testing.assert_allclose(made, plain, atol=1e-12)
    sq = same.sparse_quantized(W, s, q)
    np.testing.assert_allclose(sq, PLAIN.sparse_quantized(W, s, q), atol=1e-12)


@ways
def test_feedback_pays_on_average_where_it_answers_what_is_lost(way: KnownInputs) -> None:
    """Summed over layers it loses less than entry by entry does: rounding always, pruning where that has feedback."""
    ours, plain, s, q = np.zeros(4), np.zeros(4), nm(2, 4), int_(3)
    for seed in range(6):
        w, h = layer(6, 16, seed + 50)
        own = replace(way, moments=FixedArray(h))
        for total, by in ((ours, own), (plain, PLAIN)):
            made = by.quantized(w, q), by.sparse(w, s), by.sparse_quantized(w, s, q), by.quantized_sparse(w, s, q)
            total += [lost(w - one, h) for one in made]
    assert ours[0] < 0.9 * plain[0]
    assert ours[1] == plain[1] if way.name == "gptq" else (ours[1:] < 0.9 * plain[1:]).all()


@ways
def test_equal_ways_are_equal_and_others_are_not(way: KnownInputs) -> None:
    again = replace(way, moments=FixedArray(H.copy()))
    assert again == way and hash(again) == hash(way) and way.title
    assert replace(way, share=0.1) != way


@ways
def test_moments_of_other_inputs_are_refused(way: KnownInputs) -> None:
    with pytest.raises(ValueError, match=f"{way.name} knows 16 inputs, a weight of shape \\(2, 8\\)"):
        way.quantized(np.ones((2, 8)), int_(4))
    with pytest.raises(ValueError, match="symmetric"):
        replace(way, moments=FixedArray(np.triu(np.ones((3, 3)))))
    with pytest.raises(TypeError, match="moments="):
        replace(way, moments=H)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="damp them"):
        replace(way, moments=FixedArray(np.ones((16, 16))), share=0.0).quantized(W, int_(4))
    assert np.isfinite(replace(way, moments=FixedArray(np.zeros((16, 16)))).quantized(W, int_(4))).all()
