"""What RSQ, SliceGPT and ARMOR build, and that it is what their definitions say."""

from pathlib import Path

import numpy as np
import pytest

from sqtheory.alphabet.procedures import PLAIN
from sqtheory.alphabet.procedures.conjugated import Conjugated
from sqtheory.alphabet.procedures.error_feedback import ErrorFeedback
from sqtheory.alphabet.procedures.wrapping import Wrapping
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.scores import Statistic
from sqtheory.alphabet.sparsifiers import FixedMask, Sparsifier, nm, threshold, top
from sqtheory.arrays import FixedArray
from sqtheory.execution import Spelled
from sqtheory.files.statistics import Statistics, write_statistics
from sqtheory.methods import find
from sqtheory.methods.method import Facts
from sqtheory.methods.rsq import rotation
from sqtheory.orders.matrix_errors import gram_norm
from sqtheory.orders.pair import Pair
from sqtheory.orders.procedural import ProcedureImages

RNG = np.random.default_rng(0)
X = RNG.standard_normal((200, 16)) @ RNG.standard_normal((16, 16))
H = X.T @ X
NORMS = np.sqrt(np.diag(H))
W = RNG.standard_normal((12, 16))
Q = int_(4)
KNOWN = Facts("w", {Statistic.moments: H, Statistic.norms: NORMS}, {})


def test_rsq_rotates_all_tensors_of_as_many_inputs_alike_and_sweeps_there() -> None:
    r = rotation(16)
    pair, rotated = find("rsq").build(nm(2, 4), Q, KNOWN), FixedArray(r.values.T @ H @ r.values)
    swept = ErrorFeedback(rotated)
    turned = W @ r.values
    expected = swept.sparse_quantized(turned, nm(2, 4), Q) @ r.values.T
    np.testing.assert_allclose(pair.procedure.sparse_quantized(W, nm(2, 4), Q), expected, rtol=0, atol=1e-9)
    assert rotation(16) is r and rotation(12).values.shape == (12, 12)
    assert find("rsq:nearest").build(nm(2, 4), Q, KNOWN) == Pair(nm(2, 4), Q, Conjugated(PLAIN, r))


def test_rsq_takes_inputs_that_a_rotation_leaves_no_power() -> None:
    """All inputs one multiple of another: some rotated power is 0, and rounds to either side of it."""
    for x in np.random.default_rng(4).standard_normal((40, 5)):
        h = (x @ x) * np.ones((12, 12))
        pair = find("rsq").build(nm(2, 4), Q, Facts("w", {Statistic.moments: h}, {}))
        assert np.isfinite(pair.procedure.sparse_quantized(W[:, :12], nm(2, 4), Q)).all()


def test_feedback_in_rotated_inputs_loses_less_of_the_output_than_rounding_to_nearest() -> None:
    with_feedback, nearest = (
        ProcedureImages.of(W, find(name).build(nm(2, 4), int_(3), KNOWN)).output_errors(H)
        for name in ("rsq", "rsq:nearest")
    )
    assert with_feedback.q < nearest.q and with_feedback.s == pytest.approx(nearest.s)


@pytest.mark.parametrize(("s", "kept"), [(nm(2, 4), 8), (nm(3, 4), 12), (nm(1, 2), 8), (top(0.7), 12), (top(5), 5)])
def test_slicegpt_deletes_what_the_mask_prunes_of_a_row(s: Sparsifier, kept: int) -> None:
    pair = find("slicegpt").build(s, Q, KNOWN)
    assert isinstance(pair.s, FixedMask) and int(pair.s.mask(W).sum()) == kept * len(W)
    sparse = pair.procedure.sparse(W, pair.s)
    assert np.linalg.matrix_rank(sparse) == min(kept, len(W))
    lost = gram_norm(np.eye(16) - pair.procedure.sparse(np.eye(16), pair.s), H) ** 2
    assert lost == pytest.approx(np.sort(np.linalg.eigvalsh(H))[: 16 - kept].sum(), rel=1e-9)


def test_slicegpt_refuses_a_mask_without_a_share() -> None:
    with pytest.raises(
        ValueError, match=r"slicegpt deletes the share of inputs .* threshold\(1\.0\) has no such share"
    ):
        find("slicegpt").build(threshold(1), Q, KNOWN)


def test_orders_of_slicegpt_differ_only_by_the_block_that_the_cut_straddles() -> None:
    """Rotated weights of both orders: equal where blocks of 4 end at the cut, else in one block of a row alone."""
    for q, s, ends in ((int_(4, block=4), nm(2, 4), True), (int_(4, block=4), top(0.6), False)):
        pair = find("slicegpt").build(s, q, KNOWN)
        basis = pair.procedure.basis.values  # type: ignore[attr-defined]
        first, second = (
            f(W, pair.s, q) @ basis for f in (pair.procedure.sparse_quantized, pair.procedure.quantized_sparse)
        )
        differs = np.abs(first - second) > 1e-9
        assert differs.any() != ends and not differs[:, :8].any() and not differs[:, 12:].any()


def test_armor_wraps_and_its_variant_steps_as_published_code() -> None:
    pair = find("armor").build(nm(2, 4), Q, KNOWN)
    assert pair.procedure == Wrapping(FixedArray(NORMS))
    theirs = find("armor:published").build(nm(2, 4), Q, KNOWN).procedure
    assert isinstance(theirs, Wrapping) and theirs.normalized and theirs.step.epsilon == 1e-8 and not theirs.step.exact


@pytest.mark.parametrize("name", ["rsq", "rsq:nearest", "slicegpt", "armor", "armor:published"])
def test_every_result_is_a_finite_weight_and_pruning_costs(name: str, tmp_path: Path) -> None:
    write_statistics(tmp_path / "s.safetensors", {"w": NORMS}, {"w": H}, {})
    pair = find(name).assigned(Spelled("2:4", "int8"), Statistics.read(tmp_path / "s.safetensors")).of("w")
    for dtype in (np.float32, np.float64):
        made = ProcedureImages.of(W.astype(dtype), pair)
        errors = made.output_errors(H)
        assert made.sq.dtype == made.qs.dtype == dtype and made.joint is None
        assert 0 < errors.q < errors.s < errors.size and errors.sq < errors.size


def test_rotating_a_weight_with_outliers_helps_rounding_and_hurts_pruning() -> None:
    w = np.random.default_rng(1).standard_t(3, (64, 64))
    known = Facts("w", {Statistic.moments: np.eye(64)}, {})
    turned, plain = (
        ProcedureImages.of(w, pair).output_errors(np.eye(64))
        for pair in (find("rsq:nearest").build(nm(2, 4), Q, known), Pair(nm(2, 4), Q))
    )
    assert turned.q < plain.q and turned.s > plain.s
