import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sqtheory.alphabet.formats import E2M1, E2M3, E3M2, E4M3, E5M2, FLOAT16
from sqtheory.alphabet.operators import IDENTITY
from sqtheory.alphabet.partition import Blocks, Columns, Partition, Rows, Tail, Tiles, Whole
from sqtheory.alphabet.quantizers import Quantizer, bcq, cast, hbfp, int_, mxfp, mxint, nf4, nvfp4, scaled
from sqtheory.alphabet.rounding import ceil
from sqtheory.alphabet.scaling import HalfRange, Percentile, mse
from sqtheory.alphabet.scores import Gain, Random, wanda
from sqtheory.alphabet.scores import given as given_score
from sqtheory.alphabet.sparsifiers import Sparsifier, blockwise, fixed, nm, threshold, top
from sqtheory.alphabet.ties import Adversarial, Ties, by_original, high_index, low_index
from sqtheory.alphabet.traits import ODD
from sqtheory.arrays import Array
from sqtheory.exceptions import NonFinite, SpellingError
from sqtheory.orders import channels
from sqtheory.orders.applied import both
from sqtheory.orders.counts import GroupErrors
from sqtheory.orders.report import OrderReport, compare, order_report
from tests.nightly import NIGHTLY, often, thin
from tests.twins import orders as twin

NORMS = (0.5, 1, 2, 3, math.inf)
CONVEX = (1, 2, 3, math.inf)
ELEMENTS = {
    E4M3: twin.minifloat(4, 3, 7, missing=1),
    E5M2: twin.minifloat(5, 2, 15, missing=4),
    E3M2: twin.minifloat(3, 2, 3),
    E2M3: twin.minifloat(2, 3, 1),
    E2M1: twin.minifloat(2, 1, 1),
}


@dataclass(frozen=True)
class Pair:
    """A block format of the package and its definition."""

    make: Callable[[Partition], Quantizer]
    twin: twin.BlockFormat
    dyadic: bool = True
    """Every scale is a power of two; else only that of a block whose maximum is max Γ times one."""


PAIRS = {
    **{f"int{k}": Pair(lambda b, k=k: int_(k, per=b), twin.int_format(k), dyadic=False) for k in (3, 4)},
    **{f"hbfp{k}": Pair(lambda b, k=k: hbfp(k, per=b), twin.hbfp_format(k)) for k in (3, 5)},
    **{f"mx{f}": Pair(lambda b, f=f: mxfp(f, per=b), twin.power_format(grid)) for f, grid in ELEMENTS.items()},
    "mxint4": Pair(lambda b: mxint(4, per=b), twin.power_format(twin.integers(4))),
}
LAYOUTS: dict[str, tuple[tuple[int, ...], Partition, Partition, bool]] = {
    "2:4 in blocks of 8": ((2, 16), Blocks(8), Blocks(4), True),
    "blocks of 2 in groups of 4": ((16,), Blocks(2), Blocks(4), False),
    "2:4 across blocks of 6": ((2, 12), Blocks(6), Blocks(4), False),
    "groups down, blocks along": ((4, 6), Blocks(3), Blocks(4, axis=0), False),
    "short tails": ((2, 7), Blocks(5), Blocks(3), False),
    "tiles in rows": ((4, 6), Tiles(2, 3), Rows(), False),
    "one group": ((9,), Blocks(3), Whole(), False),
}
TIES: dict[str, tuple[Ties, twin.TieRule]] = {
    "low": (low_index, twin.LOW),
    "high": (high_index, twin.HIGH),
    "original": (by_original, twin.BY_ORIGINAL),
    "worst in L1": (Adversarial(1), twin.adversarial(1)),
    "worst in L2": (Adversarial(2), twin.adversarial(2)),
    "worst in Linf": (Adversarial(math.inf), twin.adversarial(math.inf)),
}


def quarters(rng: np.random.Generator, shape: tuple[int, ...], blocks: Partition, top_value: int) -> Array:
    """Quarters of integers with many ties, every block with a maximum of ±top_value·2^j, or zero."""
    x = rng.integers(-4 * top_value, 4 * top_value + 1, shape) / 4
    x = np.where(rng.random(shape) < 0.3, np.abs(x).ravel()[0], x)
    for box in twin.boxes(shape, blocks.sides(shape)):
        x.ravel()[rng.choice(box)] = rng.choice([-top_value, top_value])
        x.ravel()[box] *= 2.0 ** rng.integers(-3, 4) * (rng.random() < 0.9)
    return x


@thin(10)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", PAIRS)
def test_everything_agrees_with_exact_rationals_and_exhaustive_search(name: str, layout: str) -> None:
    pair, (shape, blocks, groups, closed) = PAIRS[name], LAYOUTS[layout]
    if not (pair.dyadic or closed):
        groups = blocks  # then pruning leaves the dyadic maximum in place
    rng = np.random.default_rng(len(name) * 100 + len(layout))
    q = pair.make(blocks)
    for _ in range(often(2)):
        x = quarters(rng, shape, blocks, int(q.format.max) if not pair.dyadic else 7)
        ties, tie_rule = list(TIES.values())[rng.integers(len(TIES))]
        keep = Fraction(int(rng.integers(1, 4)), 4)
        s = top(keep, per=groups, ties=ties)
        index = {n: twin.boxes(shape, p.sides(shape)) for n, p in {"blocks": blocks, "groups": groups}.items()}
        exact_x = [Fraction(v) for v in x.ravel().tolist()]
        for p in NORMS:
            found = compare(x.astype(rng.choice([np.float32, np.float64])), s, q, p, per_group=True)
            expected = twin.both(
                exact_x, index["blocks"], index["groups"], lambda n, f=keep: math.ceil(f * n), pair.twin, tie_rule, p
            )
            for which in ("s", "q", "sq", "qs", "gain"):
                exact, value = expected.norm(which), getattr(found.errors, which)
                assert value == exact if p in (1, 2, math.inf) else value == pytest.approx(exact, rel=1e-13)
                by_group = [twin.root(t, p) for t in expected.by_group[which]]
                assert getattr(found.groups, which).ravel() == pytest.approx(by_group, rel=1e-13)
            assert (found.winner, found.swaps) == (expected.winner, expected.swaps)
            s_and_q = (found.errors.s, found.errors.q)
            joint = sum(s_and_q) if p >= 1 else sum(e**p for e in s_and_q) ** (1 / p)
            assert found.bound == pytest.approx(joint, rel=1e-13)
            assert found.excess_sq == found.errors.sq - found.bound
            assert found.excess_qs == found.errors.qs - found.bound
            size = twin.total((twin.power(v, p) for v in exact_x), p)
            assert found.x_norm == pytest.approx(twin.root(size, p), rel=1e-13)


FORMATS = (
    *(int_(k) for k in (3, 4, 8)),
    *(hbfp(4), hbfp(8), hbfp(6, compat=1e-8)),
    *(mxfp(f) for f in ELEMENTS),
    *(mxint(8), mxint(4), nvfp4()),
)
PATTERNS = ((2, 4), (1, 4), (4, 8))


def batch(seed: int, rows: int = 48, dtype: type = np.float32) -> Array:
    """Rows of 64: quarters of small integers, few magnitudes, one sign, heavy tails, zeros, midpoints, close pairs."""
    rng = np.random.default_rng(seed)
    shape = (rows, 64)
    kinds = [
        rng.integers(-28, 29, shape) / 4,
        rng.choice([0.5, 1.0, 1.5, -0.5, -1.0, 6.0, 0.0], shape),
        np.abs(rng.standard_normal(shape)),
        rng.standard_t(1.5, shape),
        rng.standard_normal(shape) * (rng.random(shape) < 0.3),
        (rng.integers(-254, 255, shape) + 0.5) * 2.0 ** rng.integers(-8, 9, (rows, 1)),
        np.repeat(rng.standard_normal((rows, 32)), 2, axis=1) * (1 + 2e-7 * rng.integers(-1, 2, shape)),
        2.0 ** rng.integers(-6, 7, shape) * rng.choice([-1, 1], shape),
    ]
    x = np.choose(rng.integers(len(kinds), size=(rows, 1)), kinds)
    return (x * 2.0 ** rng.integers(-20, 21, (rows, 1))).astype(dtype)


@thin(2)
@pytest.mark.parametrize("q", FORMATS, ids=str)
def test_pruning_first_never_loses(q: Quantizer) -> None:
    """Theorem prune_first_dominates, in every one of 15 000 groups, for p ≥ 1 and every tie rule; nightly of 30 000."""
    for i, (n, m) in enumerate(PATTERNS):
        for j, p in enumerate(CONVEX):
            for k, ties in enumerate((low_index, high_index, by_original, Adversarial(p))):
                if not NIGHTLY and (i + j + k) % 2:
                    continue
                x = batch(64 * i + 8 * j + k, dtype=np.float32 if (i + j + k) % 3 else np.float64)
                s = nm(n, m, ties=ties)
                orders = both(x, s, q)
                found = order_report(orders, p, per_group=True)
                assert found.winner in ("sq", "equal")
                assert found.errors.sq <= found.errors.qs
                assert isinstance(found.groups, GroupErrors)
                assert found.groups.reversed_groups == 0
                assert np.all(found.groups.sq <= found.groups.qs * (1 + 1e-12))
                assert channels.channel_report(orders, q).prune_first_dominates


@given(
    codes=st.lists(st.integers(-30, 30), min_size=8, max_size=8),
    shift=st.integers(-9, 9),
    pattern=st.sampled_from(PATTERNS),
    q=st.sampled_from(FORMATS),
    p=st.sampled_from(CONVEX),
    ties=st.sampled_from([low_index, high_index, by_original, Adversarial(1), Adversarial(2), Adversarial(math.inf)]),
)
@settings(max_examples=often(100))
def test_pruning_first_never_loses_on_small_tensors(
    codes: list[int], shift: int, pattern: tuple[int, int], q: Quantizer, p: float, ties: Ties
) -> None:
    found = compare(np.array(codes) * 2.0**shift / 4, nm(*pattern, ties=ties), q, p)
    assert found.winner != "qs"
    assert found.excess_sq <= 1e-12 * found.bound
    assert found.errors.gain <= found.errors.sq * (1 + 1e-15)


@pytest.mark.parametrize("p", [0.25, 0.5, 0.9])
def test_below_p_1_pruning_first_can_lose(p: float) -> None:
    """2 is its own image and 2.4 becomes 2: for p < 1 the p-th power of 0.4 outweighs the difference of 2.4 and 2."""
    found = compare([2, 2.4, 0, 7], nm(2, 4), int_(4), p)
    assert found.winner == "qs"
    assert found.errors.qs == pytest.approx(2.4)
    assert found.errors.sq == pytest.approx((2**p + 0.4**p) ** (1 / p))
    assert [compare([2, 2.4, 0, 7], nm(2, 4), int_(4), c).winner for c in CONVEX] == ["equal", "sq", "sq", "sq"]


def test_groups_show_where_pruning_first_loses_and_what_exceeds_the_bound() -> None:
    """For p = 1/2 the errors of (2, 2.4, 0, 7) are 2 and 0.4 or 2.4 alone; (2.4, 2, 0, 7) loses 2 in either order."""
    x = np.array([[2, 2.4, 0, 7], [2.4, 2, 0, 7], [0, 0, 0, 7]])
    groups = compare(x, nm(2, 4), int_(4, block=4), 0.5, per_group=True).groups
    assert groups is not None and groups.reversed_groups == 1
    both_errors = (2**0.5 + 0.4**0.5) ** 2
    assert groups.bound.ravel() == pytest.approx([both_errors, both_errors, 0])
    assert groups.excess_sq.ravel() == pytest.approx([0, 0, 0], abs=1e-12)
    assert groups.excess_qs.ravel() == pytest.approx([2.4 - both_errors, 0, 0], abs=1e-12)


MASKS: dict[str, Sparsifier] = {
    "2:4": nm(2, 4),
    "1:4 adversarial": nm(1, 4, ties=Adversarial(1)),
    "half of the tensor": top(0.5),
    "rows": top(Fraction(3, 10), per=Rows(), ties=high_index),
    "columns": top(0.5, per=Columns()),
    "wanda": top(0.5, per=Rows(), score=wanda(np.random.default_rng(0).standard_normal((5, 64)))),
    "gain": nm(2, 4, score=Gain(int_(4), 2)),
    "given": top(0.4, score=given_score(np.random.default_rng(1).random((48, 64)))),
    "random": nm(2, 4, score=Random(np.random.default_rng(2))),
    "threshold": threshold(0.5),
    "tiles": blockwise(0.5, per=Tiles(4, 4)),
    "runs": blockwise(Fraction(1, 3), per=Blocks(5), norm=math.inf),
    "fixed": fixed(np.random.default_rng(3).random((48, 64)) < 0.5),
}


@thin(4)
@pytest.mark.parametrize("mask", MASKS)
def test_with_scale_and_zero_closed_the_error_splits(mask: str) -> None:
    """Theorems prune_first_identity and prune_first_bound, wherever the channels Σ and Z are closed on the tensor."""
    s, seen = MASKS[mask], 0
    for i, q in enumerate((*FORMATS, nf4(), cast(E4M3), int_(4, block=4), hbfp(4, block=1), bcq(3, zero=True))):
        x = batch(i)
        orders = both(x, s, q)
        found = channels.channel_report(orders, q)
        if found.scale.open or found.zero.open:
            continue
        seen += 1
        assert np.array_equal(orders.after_mask, np.where(orders.mask, orders.image, 0))
        pruned, rest = np.where(orders.mask, 0, x), np.where(orders.mask, x - orders.image.astype(np.float64), 0)
        for p in NORMS:
            result = order_report(orders, p)
            norms = [compare(e, fixed(np.ones(e.shape, bool)), IDENTITY, p).x_norm for e in (pruned, rest)]
            joint = max(norms) if p == math.inf else sum(n**p for n in norms) ** (1 / p)
            assert result.errors.sq == pytest.approx(joint, rel=1e-12)
            assert result.errors.s == norms[0]
            if p >= 1:
                assert result.excess_sq <= 1e-12 * result.bound
            if p < math.inf:
                assert result.errors.sq**p <= (result.errors.s**p + result.errors.q**p) * (1 + 1e-12)
    assert seen >= 2


@thin(4)
@pytest.mark.parametrize("p", NORMS)
@pytest.mark.parametrize("mask", MASKS)
def test_no_order_at_the_dense_scale_beats_the_gain_optimum(mask: str, p: float) -> None:
    """Theorem gain_optimal, whatever the partitions, the score and the codebook, as long as q(0) = 0."""
    for i, q in enumerate(
        (*FORMATS[::3], nf4(block=16), int_(4, scaling=HalfRange()), int_(4, scaling=Percentile(90)))
    ):
        found = compare(batch(i), MASKS[mask], q, p).errors
        assert found.gain <= min(found.qs, found.sq_dense) * (1 + 1e-12)


def test_the_optimum_of_a_threshold_may_keep_as_many_entries_as_either_order() -> None:
    found = compare([7, 1.75, 0, 0], threshold(2.0), int_(4), 1)
    assert (found.errors.sq, found.errors.qs, found.errors.gain) == (1.75, 0.25, 0.25)


def test_of_block_masks_the_optimum_in_the_maximum_norm_looks_at_whole_units() -> None:
    found = compare([10, 0.25, 6, 6], blockwise(0.5, per=Blocks(2)), hbfp(8), math.inf)
    assert found.errors.gain == 6


@pytest.mark.parametrize("p", NORMS)
def test_the_optimum_of_block_masks_is_the_best_of_all(p: float) -> None:
    rng = np.random.default_rng(7)
    for _ in range(often(12)):
        x, blocks = rng.integers(-28, 29, 10) / 4, Blocks(int(rng.integers(1, 6)))
        q = mxfp(E2M1, per=blocks) if rng.random() < 0.5 else int_(3, per=blocks, rounding=ceil)
        s = blockwise(Fraction(2, 5), per=Blocks(3))
        units = np.arange(10) // 3
        errors = [compare(x, fixed(np.isin(units, (a, b))), q, p).errors.sq_dense for a in range(4) for b in range(a)]
        assert compare(x, s, q, p).errors.gain == pytest.approx(min(errors), rel=1e-13)


@pytest.mark.parametrize("q", FORMATS, ids=str)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_ties_by_the_original_make_both_orders_equal(q: Quantizer, pattern: tuple[int, int]) -> None:
    """Theorem frozen_commutation with the mask of x for every order."""
    x = batch(sum(pattern), rows=64)
    orders = both(x, nm(*pattern, ties=by_original), q)
    assert np.array_equal(orders.after_mask, orders.masked_image)
    found = order_report(orders, 2)
    assert (found.winner, found.swaps, found.errors.sq) == ("equal", 0, found.errors.qs)
    assert order_report(both(x, nm(*pattern), q)).swaps > 0


@thin(4)
@pytest.mark.parametrize("ties", [low_index, high_index, by_original, Adversarial(1)], ids=str)
@pytest.mark.parametrize("q", [*FORMATS, nf4(), int_(4, scaling=HalfRange()), cast(E5M2)], ids=str)
def test_on_a_tensor_that_is_sparse_already_the_orders_agree(q: Quantizer, ties: Ties) -> None:
    """Fine-tuned sparse weights: with q(0) = 0 the mask finds nothing to do, whatever the partitions."""
    x = batch(5)
    for s in (nm(2, 4, ties=ties), top(0.5, per=Rows(), ties=ties), nm(2, 4, axis=0, ties=ties)):
        sparse = s(x)
        orders = both(sparse, s, q)
        assert np.array_equal(orders.after_mask, orders.masked_image)
        frozen = both(sparse, fixed(s.mask(x)), q)
        assert np.array_equal(frozen.after_mask, frozen.masked_image)
        assert {order_report(o, p).winner for o in (orders, frozen) for p in NORMS} == {"equal"}


def test_without_a_zero_the_orders_differ_on_sparse_tensors() -> None:
    found = compare([3, 1, 0, 0], nm(2, 4), bcq(2), 1)
    assert (found.errors.s, found.errors.sq, found.errors.qs, found.winner) == (0, 2, 0, "qs")


def exact_winner(x: Array, orders_of: tuple[Array, Array], p: int) -> str:
    sums = [
        sum(abs(Fraction(float(a)) - Fraction(float(b))) ** p for a, b in zip(x.flat, y.flat, strict=True))
        for y in orders_of
    ]
    return "sq" if sums[0] < sums[1] else "qs" if sums[1] < sums[0] else "equal"


@thin(2)
@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_winner_is_exact_where_sums_nearly_tie(p: int, dtype: type) -> None:
    rng = np.random.default_rng(p)
    q_and_s = [
        (int_(4), nm(2, 4, ties=high_index)),
        (cast(E4M3), nm(2, 4)),
        (int_(4, scaling=mse(3)), top(0.5)),
        (scaled(E2M1, block=4), top(0.5, per=Whole(), ties=high_index)),
    ]
    winners = set()
    for _ in range(often(100)):
        q, s = q_and_s[rng.integers(4)]
        base = rng.standard_normal(4) * 10.0 ** rng.choice([0, 0, 3, 19])
        pairs = np.concatenate([base, np.nextafter(base.astype(dtype), dtype(rng.choice([-np.inf, np.inf])))])
        x = (rng.permutation(pairs) * rng.choice([-1, 1], 8)).astype(dtype)
        orders = both(x, s, q)
        found = order_report(orders, p)
        assert found.winner == exact_winner(x, (orders.after_mask, orders.masked_image), p)
        sq, qs = found.errors.sq, found.errors.qs
        assert {"sq": sq <= qs, "qs": qs <= sq, "equal": sq == qs}[found.winner]
        winners.add(found.winner)
    assert winners >= {"sq", "equal"}


def test_entries_far_beyond_the_range_do_not_confuse_the_winner() -> None:
    """1e20 − 448 is not a float64, yet both orders lose exactly as much in L1."""
    orders = [compare([500.0, 1e20], nm(1, 2), cast(E4M3), p) for p in (1, 3, 1.5)]
    assert [o.winner for o in orders] == ["equal", "sq", "equal"]


@given(
    x=st.lists(st.integers(-40, 40), min_size=12, max_size=12).map(lambda v: np.array(v) / 8),
    p=st.sampled_from([0.5, 1, 1.5, 2, 3, 7, math.inf]),
    s=st.sampled_from([nm(2, 4), top(0.5), top(0.25, per=Blocks(6)), threshold(1.0), fixed([True, False, True] * 4)]),
    q=st.sampled_from([int_(4, block=4), hbfp(3, block=3), nf4(block=6), bcq(2), mxfp(E2M1, block=12)]),
)
@settings(max_examples=often(75))
def test_the_winner_never_contradicts_the_reported_errors(x: Array, p: float, s: Sparsifier, q: Quantizer) -> None:
    found = compare(x, s, q, p)
    sq, qs = found.errors.sq, found.errors.qs
    assert {"sq": sq <= qs, "qs": qs <= sq, "equal": sq == qs}[found.winner]
    assert found.winner in ("equal", "sq" if sq < qs else "qs") or sq == qs
    if ODD in q.traits:
        assert compare(-x, s, q, p).to_dict() == found.to_dict()


@thin(4)
@pytest.mark.parametrize("p", NORMS)
def test_results_do_not_depend_on_the_memory_layout(p: float) -> None:
    x = np.random.default_rng(11).standard_normal((48, 64))
    pipelines = [(s, q) for s in MASKS.values() if not isinstance(s.score, Random) for q in (int_(4), nvfp4())]
    for s, q in [*pipelines, (nm(2, 4), int_(4, scaling=Percentile(99)))]:
        expected = compare(x, s, q, p, per_group=True)
        layouts = [np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2], x[:, ::-1].copy()[:, ::-1], x.astype(">f8")]
        for same in layouts:
            found = compare(same, s, q, p, per_group=True)
            assert found.to_dict() == expected.to_dict()
            assert isinstance(found.groups, GroupErrors)
            assert isinstance(expected.groups, GroupErrors)
            for name, values in vars(expected.groups).items():
                assert np.array_equal(getattr(found.groups, name), values)


@pytest.mark.parametrize("scale", [1e-200, 1e200, 2.0**-1040])
@pytest.mark.parametrize("p", CONVEX)
def test_norms_of_very_large_and_very_small_tensors(p: float, scale: float) -> None:
    x = np.array([2.5, -1.75, 7, 6.5, 0.5, -0.5, 7, 1.5])
    near, far = compare(x, nm(2, 4), int_(4), p).errors, compare(x * scale, nm(2, 4), int_(4), p).errors
    for name in ("s", "q", "sq", "qs", "gain", "sq_dense"):
        assert getattr(far, name) / scale == pytest.approx(getattr(near, name), rel=1e-8)


def test_small_errors_are_not_lost_beside_large_ones() -> None:
    """Where one order is exact its error is 0, however large that of the other."""
    x = np.tile([3.0, 1, 0, 0], 1000)
    x[1::4] = np.random.default_rng(0).choice([1.0, 3.0], 1000)
    found = compare(x, nm(2, 4), bcq(2, block=4), 2)
    assert found.errors.qs == 0
    assert found.errors.sq > 30


@pytest.mark.parametrize("shape", [(0,), (0, 4), (4, 0)])
def test_empty_tensors(shape: tuple[int, ...]) -> None:
    for s in (nm(2, 4), top(0.5), threshold(1), blockwise(0.5, per=Blocks(2))):
        found = compare(np.zeros(shape), s, int_(4), 2, per_group=True)
        assert (found.winner, found.swaps, found.errors.sq, found.relative(0.0)) == ("equal", 0, 0, 0)


def test_what_is_known_already_may_be_given() -> None:
    x = batch(1)
    s, q = nm(2, 4), int_(4)
    again = both(x, s, q, mask=s.mask(x), image=q(x))
    assert order_report(again).to_dict() == compare(x, s, q).to_dict()
    assert np.array_equal(again.sparse, s(x))
    assert np.array_equal(again.after_mask, (s >> q)(x))
    assert np.array_equal(again.masked_image, (q >> s)(x))


def test_any_operator_may_take_the_place_of_the_quantizer() -> None:
    chain = int_(8) >> int_(4)
    found = compare([7, 2.4, 2, 1], nm(2, 4), chain, 1)
    assert found.errors.sq == found.errors.sq_dense == pytest.approx(3.4, rel=0.02)
    assert found.format == str(chain)


def test_the_dense_scale_is_that_of_the_whole_tensor() -> None:
    x = np.array([7.0, 3, 1, 0])
    found = compare(x, fixed([False, True, True, True]), int_(4), 1).errors
    assert found.sq_dense == 7
    assert found.sq == pytest.approx(7 + 1 / 7)
    assert compare(x, nm(2, 4), int_(4), 1).errors.sq_dense == compare(x, nm(2, 4), int_(4), 1).errors.sq


def test_an_image_that_is_no_number_is_refused() -> None:
    """The masked block has a smaller scale, under which its largest entry becomes infinite."""
    q = scaled(FLOAT16, scaling=Percentile(50), block=4, saturate=False)
    x = np.array([1.0, 1.0, 1.0, 0.5])
    assert np.isfinite(q(x)).all()
    with pytest.raises(NonFinite, match=r"inf of entry \(0,\)"):
        compare(x, fixed([True, False, False, True]), q)


@pytest.mark.parametrize("p", [0, -1, math.nan])
def test_other_p_are_refused(p: float) -> None:
    with pytest.raises(ValueError, match=r"in \(0, inf\]"):
        compare([1.0, 2], nm(1, 2), int_(4), p)


@pytest.mark.parametrize("p", NORMS)
def test_reports_are_rendered_and_hold_plain_numbers(p: float) -> None:
    found = compare(batch(3), nm(2, 4, tail=Tail.short), int_(4), p)
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["winner"] == found.winner
    assert data["errors"]["qs"] == found.errors.qs
    assert data["norm"] == ("Infinity" if p == math.inf else p)
    assert str(found).splitlines()[0] == found.title
    verdict = "the orders agree" if p == math.inf else "S→Q wins"
    assert found.title == f"nm(2, 4, tail=short) with int(4) on 48×64: {verdict}, {found.swaps} swaps"
    for text in (str(found), found.markdown(), found._repr_html_()):
        assert all(word in text for word in ("S only", "Q only", "bound S + Q", "gain optimum"))


def test_relative_errors() -> None:
    found = compare([7, 0, 0, 1], nm(1, 4), int_(4), 1)
    assert found.relative(found.errors.sq) == 1 / 8
    nothing = compare([0.0, 0], nm(1, 2), int_(4))
    assert (nothing.relative(0), nothing.relative(1)) == (0, math.inf)
    assert isinstance(nothing, OrderReport)
    assert "0.0000%" in str(nothing)


def test_the_gap_and_the_json_of_a_report() -> None:
    found = compare(np.array([[1.0, 0.9, 0.8, 0.7]]), nm(2, 4), int_(2), p=1)
    assert found.gap == (found.errors.qs - found.errors.sq) / 3.4
    assert json.loads(found.to_json())["errors"]["sq"] == found.errors.sq


def test_operators_may_be_spelled() -> None:
    x = np.random.default_rng(0).standard_normal((4, 64))
    assert compare(x, "2:4", "int4").to_dict() == compare(x, nm(2, 4), int_(4)).to_dict()
    assert compare(x, nm(2, 4), "int4 >> hbfp4", 1).to_dict() == compare(x, nm(2, 4), int_(4) >> hbfp(4), 1).to_dict()
    assert channels.explain(x, "50%", "mxfp4").to_dict() == channels.explain(x, top(0.5), mxfp(E2M1)).to_dict()


@pytest.mark.parametrize("ask", [compare, channels.explain])
def test_a_spelling_of_the_other_kind_is_refused(ask: Callable[..., object]) -> None:
    with pytest.raises(SpellingError, match=r"int\(4\) is not a mask: try 2:4, 50%"):
        ask([1, 2, 3, 4], "int4", "2:4")
    with pytest.raises(SpellingError, match="unknown operator '2;4': did you mean '2:4'"):
        ask([1, 2, 3, 4], "2;4", "int4")
    with pytest.raises((SpellingError, TypeError), match=r"nm\(2, 4\) is not a quantizer|needed a tensor, a mask"):
        ask([1, 2, 3, 4], "2:4", "2:4")
