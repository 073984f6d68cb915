"""Methods that prune the inputs of layers: one family of scores, refused where weights are asked for, run where not."""

import itertools

import numpy as np
import pytest

from sqtheory.alphabet.operators import IDENTITY
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.scores import partnered, wina
from sqtheory.alphabet.sparsifiers import nm, threshold, top
from sqtheory.execution import Spelled
from sqtheory.methods import ALL, Method, find
from sqtheory.methods.evidence import Holds
from sqtheory.methods.rsparse import low_rank
from sqtheory.methods.work import PrunedOperand
from sqtheory.models.architectures.linears import Compressed, Linear, quantized_inputs
from sqtheory.orders.procedural import sparse_image

RNG = np.random.default_rng(3)
W = RNG.standard_normal((6, 16))
X = RNG.standard_normal((2, 5, 16)).astype(np.float32)
ACTIVATIONS = [method for method in ALL if method.prunes is PrunedOperand.activations]


@pytest.mark.parametrize("method", ACTIVATIONS, ids=lambda method: method.name)
def test_on_weights_it_says_what_it_prunes(method: Method) -> None:
    with pytest.raises(
        ValueError, match=f"{method.name} prunes the inputs of every layer, .*evaluate --method {method.name}"
    ):
        method.assigned(Spelled("2:4", "int4"), None)
    of_inputs = method.on_inputs(Spelled("50%", "int4"), None)
    assert of_inputs.mask == f"top(0.5) of inputs by {method.name}"
    s = of_inputs.of("w", W).s
    assert s.by_row and ((s(X) != 0).sum(axis=2) == 8).all()


def test_a_method_of_weights_prunes_no_inputs() -> None:
    with pytest.raises(ValueError, match="method wanda prunes the weights, not the inputs of layers"):
        find("wanda").on_inputs(Spelled("2:4", "int4"), None)


@pytest.mark.parametrize("name", ["wina", "rsparse", "cett"])
def test_three_names_are_one_score(name: str) -> None:
    s = find(name).on_inputs(Spelled("2:4", "int4"), None).of("w", W).s
    assert s == nm(2, 4, score=wina(W))


def test_published_code_knows_the_columns_of_two_projections_alone() -> None:
    of_inputs = find("wina:published").on_inputs(Spelled("2:4", "int4"), None)
    for name in ("layers.0.k_proj.weight", "layers.1.gate_proj.weight", "blocks.0.qkv.weight"):
        assert of_inputs.of(name, W).s == nm(2, 4, score=wina(W))
    for name in ("layers.0.q_proj.weight", "layers.0.up_proj.weight", "blocks.0.fc1.weight", "upgate_proj.weight"):
        assert of_inputs.of(name, W).s == nm(2, 4)


def test_in_the_basis_of_its_singular_vectors_the_mask_of_every_row_is_the_best_of_all() -> None:
    """By trying every set of kept coordinates; in the own basis some row has a better mask."""
    w, x = RNG.standard_normal((4, 6)), RNG.standard_normal((30, 6))
    of_inputs = find("wina:orthogonal").on_inputs(Spelled("50%", "int4"), None)
    pair = of_inputs.of("w", w)
    made = sparse_image(x, pair)
    basis = pair.procedure.basis.values  # type: ignore[attr-defined]
    np.testing.assert_allclose((w @ basis).T @ (w @ basis), np.diag(np.linalg.norm(w @ basis, axis=0) ** 2), atol=1e-12)
    lost = np.linalg.norm((x - made) @ w.T, axis=1)
    sets = [np.isin(np.arange(6), kept) for kept in itertools.combinations(range(6), 3)]
    rotated = [np.linalg.norm((x @ basis * ~kept) @ (w @ basis).T, axis=1) for kept in sets]
    np.testing.assert_allclose(lost, np.min(rotated, axis=0), atol=1e-9)
    own = np.linalg.norm((x - find("wina").on_inputs(Spelled("50%", "int4"), None).of("w", w).s(x)) @ w.T, axis=1)
    assert (own > np.min([np.linalg.norm((x * ~kept) @ w.T, axis=1) for kept in sets], axis=0) + 1e-9).any()
    assert lost.sum() < own.sum()


def test_the_scale_that_r_sparse_stores_is_the_norm_of_a_column() -> None:
    for shape in ((6, 16), (16, 6), (8, 8)):
        w = RNG.standard_normal(shape)
        _, sigma, v = np.linalg.svd(w, full_matrices=False)
        np.testing.assert_allclose(np.linalg.norm(v.T * sigma, axis=1), np.linalg.norm(w, axis=0), rtol=1e-12)


def test_what_the_low_rank_leaves_is_at_most_the_next_singular_value_of_what_was_pruned() -> None:
    s = find("rsparse").on_inputs(Spelled("50%", "int4"), None).of("w", W).s
    x = X.reshape(-1, 16).astype(np.float64)
    kept = s(x)
    for rank in range(7):
        made, next_ = low_rank(W, rank)
        left = np.linalg.norm(x @ W.T - kept @ W.T - (x - kept) @ made.T, axis=1)
        assert (left <= next_ * np.linalg.norm(x - kept, axis=1) + 1e-12).all()
    assert low_rank(W, 6)[1] == 0.0 and left.max() < 1e-12
    with pytest.raises(ValueError, match=r"a weight of shape \(6, 16\) has no part of rank 7"):
        low_rank(W, 7)


def test_thresholds_by_channel_are_one_threshold_of_the_score() -> None:
    """CHESS keeps |g_j| ≥ τ/E|u_j|: the family's |g_j| E|u_j| ≥ τ; powers of two, so that no quotient is rounded."""
    means = 2.0 ** RNG.integers(-2, 3, 16)
    by_score = threshold(1.0, score=partnered(means[None, :]))
    assert np.array_equal(by_score.mask(X), np.abs(X) >= 1.0 / means)


def test_a_layer_computes_with_its_own_operator_on_its_inputs() -> None:
    layers = [Linear(name, W) for name in ("a", "b")]
    own = {"a": top(0.5, score=wina(W)).by_rows() >> int_(4)}
    linears = Compressed({"a": W, "b": 2 * W}, IDENTITY, own)
    assert linears.by_row and not Compressed({}, IDENTITY, {"a": top(0.5)}).by_row
    np.testing.assert_allclose(linears(layers[0], X), own["a"](X) @ W.T, rtol=0, atol=1e-12)
    np.testing.assert_allclose(linears(layers[1], X), X @ (2 * W).T, rtol=0, atol=1e-12)
    whole = quantized_inputs(layers[0], X, top(0.5))
    assert all(np.array_equal(one, top(0.5)(x)) for one, x in zip(whole, X, strict=True)), "a budget for each sample"
    with pytest.raises(ValueError, match="activations need a deterministic operator"):
        Compressed({}, IDENTITY, {"a": top(0.5, ties=__import__("sqtheory").RandomTies(RNG))})


@pytest.mark.parametrize(
    "f", [top(0.5), nm(2, 4), threshold(1.0), top(0.5).by_rows(), int_(4), nm(2, 4) >> int_(4)], ids=str
)
def test_what_is_by_row_is_that_of_each_row_alone(f: object) -> None:
    x = X[0].astype(np.float64)
    alone = np.stack([f(row[None])[0] for row in x])  # type: ignore[operator]
    assert np.array_equal(f(x), alone) == f.by_row  # type: ignore[operator,attr-defined]


def test_scales_of_channels_make_up_for_what_a_gate_multiplies() -> None:
    """The case has several E|u_j| and the scales 4/E|u_j|."""
    made_up = find("chess").evidence[2]
    assert isinstance(made_up, Holds) and made_up.case.s.score is not None
    weights = made_up.case.s.score.linear((1, 4))
    assert weights is not None and len(np.unique(weights)) == 3
    np.testing.assert_array_equal(weights * made_up.case.dense_scale, np.full((1, 4), 4.0))
