"""Every method and every variant on one weight: it builds, keeps its promises, and repeats itself."""

import numpy as np
import pytest

from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import Statistic
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import Array, FixedArray
from sqtheory.exceptions import NonFinite
from sqtheory.methods import ALL, Facts, Method, PrunedOperand, find
from sqtheory.orders.applied import ENTRYWISE, Order
from sqtheory.orders.grid import pipeline_rows
from sqtheory.orders.pair import Pair
from sqtheory.orders.procedural import ordered_image, quantized_image, sparse_image

RNG = np.random.default_rng(16)
W = RNG.standard_normal((12, 32)).astype(np.float32)
X = RNG.standard_normal((200, 32)) @ (np.eye(32) + 0.3 * RNG.standard_normal((32, 32)))
KNOWN = {
    Statistic.norms: np.linalg.norm(X, axis=0),
    Statistic.moments: X.T @ X,
    Statistic.means: X.mean(axis=0),
    Statistic.variances: X.var(axis=0),
}
S, Q = nm(2, 4), int_(4, block=16)
EVERY = [find(name) for method in ALL for name in (method.name, *method.spelled_variants)]
ON_WEIGHTS = [way for way in EVERY if isinstance(way, Method) and way.prunes is PrunedOperand.weights]

every = pytest.mark.parametrize("way", ON_WEIGHTS, ids=lambda way: way.name)


def built(way: Method, s: Sparsifier = S, q: Quantizer = Q) -> Pair:
    told = {need: KNOWN[need] for need in way.needs}
    weight = FixedArray(W) if way.prunes is PrunedOperand.activations else None
    pair = way.build(s, q, Facts("layers.3.q_proj.weight", told, {"layers.3.q_proj.weight": W.shape}, weight))
    return pair


def orders(pair: Pair) -> tuple[Order, ...]:
    return (*ENTRYWISE, Order.joint) if pair.procedure.has_joint else ENTRYWISE


@every
def test_results_are_new_matrices_of_the_shape_and_type_and_finite(way: Method) -> None:
    pair, before = built(way), W.copy()
    for dtype in (np.float32, np.float64):
        w: Array = W.astype(dtype)
        made = [sparse_image(w, pair), quantized_image(w, pair), *(ordered_image(w, pair, o) for o in orders(pair))]
        for y in made:
            assert y.shape == w.shape and y.dtype == dtype and np.isfinite(y).all()
            assert not np.may_share_memory(y, w)
    np.testing.assert_array_equal(W, before)


@every
@pytest.mark.parametrize("w", [W.astype(np.float64) * 1e300, W * np.float32(1e38)], ids=["float64", "float32"])
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_what_goes_beyond_the_dtype_is_refused_and_not_infinite(way: Method, w: Array) -> None:
    pair = built(way)
    for order in orders(pair):
        try:
            assert np.isfinite(ordered_image(w, pair, order)).all()
        except NonFinite:
            assert w.dtype == np.float32
        except ValueError as refused:
            assert "squares entries" in str(refused)


@every
def test_the_same_is_made_again_by_an_equal_pair(way: Method) -> None:
    one, two = built(way), built(way)
    assert one == two and hash(one.procedure) == hash(two.procedure)
    for order in orders(one):
        assert ordered_image(W, one, order).tobytes() == ordered_image(W.copy(), two, order).tobytes()


@every
def test_a_promised_pattern_is_kept_in_every_order(way: Method) -> None:
    pair = built(way)
    if pair.procedure.keeps_pattern and pair.s.fixed_budget:
        for order in orders(pair):
            y = ordered_image(W, pair, order)
            alive = pair.s.groups.reduce(y, lambda rows: np.count_nonzero(rows, axis=1))
            sizes = pair.s.groups.reduce(np.ones(W.shape), lambda rows: np.count_nonzero(rows, axis=1))
            allowed = np.vectorize(pair.s.budget)(sizes)
            assert (alive <= allowed).all(), order


@every
def test_a_promised_grid_has_no_more_values_than_its_format(way: Method) -> None:
    pair = built(way)
    if pair.procedure.on_grid:
        levels = len(np.unique(np.abs(pair.q.format.values)))
        for order in (Order.sq, Order.qs):
            y = ordered_image(W, pair, order)
            counts = pair.q.partition.reduce(y, _magnitudes)
            assert counts.max() <= levels, order


@every
def test_rows_of_order_speak_of_what_it_makes(way: Method) -> None:
    pair = built(way)
    [row] = pipeline_rows("w", W, [pair])
    wanted = np.linalg.norm(W.astype(np.float64) - ordered_image(W, pair, Order.sq))
    assert row.order.errors.sq == pytest.approx(wanted, rel=1e-9)
    assert not row.guarantee_broken


def _magnitudes(rows: Array) -> Array:
    """How many different magnitudes, up to the rounding of a product, each row has."""
    ordered = np.sort(np.abs(rows), axis=1)
    steps = np.diff(ordered, axis=1) > 1e-5 * ordered[:, 1:]
    return np.asarray(steps.sum(axis=1) + 1.0)
