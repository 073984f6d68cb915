"""SLiM, OBR, SharQ, Sparse-BitNet and the hypothesis: what they build and what published code does otherwise."""

from dataclasses import replace

import numpy as np
import pytest

from sqtheory.alphabet.compensation.halves import HalfByHalf
from sqtheory.alphabet.compensation.low_rank import LowRank
from sqtheory.alphabet.compensation.residual import Residual
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.procedures import PLAIN
from sqtheory.alphabet.procedures.of_dense import OfDense
from sqtheory.alphabet.quantizers import hbfp, int_, mxint, nvfp4
from sqtheory.alphabet.scaling import AbsMean, LeastOfHistogram
from sqtheory.alphabet.scores import Statistic, wanda
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array, FixedArray
from sqtheory.methods import ALL, Facts, OrderVerdict, find
from sqtheory.methods.progressive import INTEGERS, MILD_CODES, MILD_MASK, SPLIT
from sqtheory.methods.sparse_bitnet import TERNARY
from sqtheory.orders.pair import Pair
from sqtheory.orders.procedural import ProcedureImages

RNG = np.random.default_rng(0)
X = RNG.standard_normal((50, 20)) @ RNG.standard_normal((20, 20))
W = RNG.standard_normal((30, 20))
NORMS = np.linalg.norm(X, axis=0)
KNOWN = Facts("w", {Statistic.norms: NORMS, Statistic.moments: X.T @ X}, {})
S, Q = nm(2, 4), int_(4)


def built(name: str, q: object = Q) -> Pair:
    return find(name).build(S, q, KNOWN)  # type: ignore[arg-type]


def outputs(pair: Pair) -> dict[str, float]:
    errors = ProcedureImages.of(W, pair).output_errors(X.T @ X)
    return {"sq": errors.sq, "qs": errors.qs}


@pytest.mark.parametrize("name", ["slim", "obr", "sharq", "sparse_bitnet", "progressive"])
def test_they_are_listed_and_none_of_them_is_right_without_conditions(name: str) -> None:
    proved = any(one.proves for one in find(name).evidence)
    assert find(name) in ALL and find(name).verdict is (OrderVerdict.depends if proved else OrderVerdict.fails)


def test_slim_takes_wandas_mask_a_fitted_scale_and_a_tenth_of_the_rank() -> None:
    pair = built("slim")
    assert pair.q == replace(Q, scaling=LeastOfHistogram()) and pair.procedure == LowRank(FixedArray(NORMS))
    np.testing.assert_array_equal(pair.s.mask(W), nm(2, 4, score=wanda(NORMS[None, :])).mask(W))
    image = pair.procedure.sparse_quantized(W, pair.s, pair.q)
    assert np.linalg.matrix_rank(image - (pair.s >> pair.q)(W), tol=1e-9) == 2


@pytest.mark.parametrize("q", [hbfp(4), mxint(4), nvfp4()], ids=str)
def test_slim_leaves_scales_that_are_no_plain_real_numbers(q: object) -> None:
    assert built("slim", q).q == built("slim:own_scale", q).q == q
    assert built("slim:own_scale").q == Q and built("slim:own_scale").procedure == built("slim").procedure


def test_slims_published_code_compresses_again_and_can_shift_norms() -> None:
    again = built("slim:again")
    assert again == replace(built("slim"), procedure=LowRank(FixedArray(NORMS), again=True))
    powers = np.array([4.0, 0.0, 9.0, 1.0])
    facts = Facts("w", {Statistic.norms: np.sqrt(powers)}, {})
    shifted = find("slim:shifted").build(S, Q, facts).procedure
    assert isinstance(shifted, LowRank) and shifted.weights is not None
    np.testing.assert_allclose(shifted.weights.values, np.sqrt(powers + 1))
    dead = find("slim:shifted").build(S, Q, Facts("w", {Statistic.norms: np.zeros(4)}, {})).procedure
    assert isinstance(dead, LowRank) and dead.weights == FixedArray(np.ones(4))


def test_a_correction_of_slim_leaves_less_of_the_weighted_error_than_none() -> None:
    pair = built("slim")
    rest = [np.linalg.norm((W - out) * NORMS) for out in (pair.procedure.quantized_sparse(W, pair.s, pair.q),)]
    plain = np.linalg.norm((W - np.where(pair.s.mask(W), pair.q(W), 0)) * NORMS)
    assert rest[0] < 0.95 * plain


def test_obr_prunes_by_wanda_and_moves_errors_by_the_moments_of_the_inputs() -> None:
    pair, rounded = built("obr"), built("obr:rounded")
    assert pair.procedure == HalfByHalf(FixedArray(X.T @ X), feedback=True)
    assert rounded == replace(pair, procedure=HalfByHalf(FixedArray(X.T @ X)))
    np.testing.assert_array_equal(pair.s.mask(W), nm(2, 4, score=wanda(NORMS[None, :])).mask(W))
    lost = {"feedback": outputs(pair), "rounded": outputs(rounded), "none": outputs(replace(pair, procedure=PLAIN))}
    assert lost["feedback"]["sq"] < lost["rounded"]["sq"] < lost["none"]["sq"]


def test_sharq_adds_the_quantized_residual_of_the_quantized_backbone() -> None:
    assert built("sharq") == Pair(S, Q, Residual()) and built("sharq:of_sparse") == Pair(S, Q, Residual(of_sparse=True))
    assert outputs(built("sharq"))["sq"] < outputs(built("sharq:of_sparse"))["sq"] < outputs(Pair(S, Q))["sq"]


def test_sparse_bitnet_has_no_order_by_the_dense_mean_and_a_strong_one_by_a_mean_taken_anew() -> None:
    """2:4 leaves about three quarters of the mean magnitude, so that S→Q rounds to smaller values than Q→S."""
    dense = built("sparse_bitnet", TERNARY)
    assert dense == Pair(S, TERNARY, OfDense()) and parse("ternary") == TERNARY
    images = ProcedureImages.of(W, dense)
    np.testing.assert_array_equal(images.sq, images.qs)
    np.testing.assert_array_equal(images.sq, np.where(S.mask(W), TERNARY(W), 0))
    anew = built("sparse_bitnet:recomputed", TERNARY)
    assert anew == Pair(S, TERNARY)
    scales = [np.abs(out).max() for out in (ProcedureImages.of(W, anew).sq, images.sq)]
    np.testing.assert_allclose(scales, [np.abs(S(W)).mean(), np.abs(W).mean()])
    assert scales[0] < 0.85 * scales[1]
    assert np.linalg.norm(W - ProcedureImages.of(W, anew).sq) > 1.02 * np.linalg.norm(W - images.sq)


def test_published_ternary_scales_are_held_from_below() -> None:
    held = built("sparse_bitnet:held", TERNARY)
    assert held.q == replace(TERNARY, scaling=AbsMean(1e-5)) and built("sparse_bitnet:held").q == Q
    small = W * 1e-9
    assert not held.procedure.quantized(small, held.q).any() and TERNARY(small).any()


def lost(x: list[float], pair: tuple[object, object]) -> dict[str, float]:
    s, q = pair
    row = np.array([x])
    made: dict[str, Array] = {"s": s(row), "q": q(row), "sq": q(s(row)), "qs": s(q(row))}  # type: ignore[operator]
    return {name: float(np.linalg.norm(row - out)) for name, out in made.items()}


def test_the_weaker_first_is_wrong_both_ways_on_tensors() -> None:
    codes, mask = lost(MILD_CODES, INTEGERS), lost(MILD_MASK, SPLIT)
    assert codes["q"] < codes["s"] and codes["qs"] > codes["sq"]
    assert mask["s"] < mask["q"] and mask["sq"] > mask["qs"]
    assert built("progressive") == Pair(S, Q)
