import json
import math
import re
from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1, E2M3, E4M3, E5M2, E8M0, INT4, bcq_format
from sqtheory.alphabet.partition import Blocks, Channels, Columns, Heads, Partition, Rows, Tail, Tiles, Whole
from sqtheory.alphabet.quantizers import Quantizer, bcq, cast, hbfp, int_, mxfp, mxint, nf4, nvfp4, scaled
from sqtheory.alphabet.rounding import floor, stochastic, toward_zero
from sqtheory.alphabet.scaling import (
    Exponent,
    Frozen,
    FullRange,
    HalfRange,
    Midpoint,
    Percentile,
    PowerOfTwo,
    mse,
)
from sqtheory.alphabet.scores import Gain, Random, Score, magnitude, wanda
from sqtheory.alphabet.scores import given as given_score
from sqtheory.alphabet.sparsifiers import Sparsifier, TopSparsifier, blockwise, fixed, nm, threshold, top
from sqtheory.alphabet.ties import Adversarial, RandomTies, adversarial, by_original, high_index, low_index
from sqtheory.alphabet.traits import DETERMINISTIC
from sqtheory.arrays import Array, FixedArray
from sqtheory.orders import channels
from sqtheory.orders.applied import both
from sqtheory.orders.channels import ChannelReport
from sqtheory.orders.report import compare, order_report
from tests.nightly import often, thin
from tests.twins.orders import boxes

Generator = np.random.Generator
SHAPES: tuple[tuple[int, ...], ...] = ((12,), (7,), (3, 8), (4, 6), (6, 12), (5, 7), (2, 3, 8), (1, 4))


def pick(rng: Generator, choices: list) -> object:
    return choices[rng.integers(len(choices))]


def some_partition(rng: Generator, shape: tuple[int, ...], size: int) -> Partition:
    choices: list[Partition] = [Blocks(size), Blocks(size), Blocks(size, axis=0), Rows(), Whole(), Channels(0)]
    if len(shape) > 1:
        choices += [Tiles(int(rng.integers(1, 4)), int(rng.integers(1, 5))), Columns()]
    return pick(rng, choices)


def some_mask(rng: Generator, shape: tuple[int, ...]) -> Sparsifier:
    ties = pick(rng, [low_index, high_index, by_original, adversarial, RandomTies(np.random.default_rng(0))])
    weights = rng.choice([1.0, 2.0, 5.0], (2, shape[-1]))
    scores: list[Score] = [
        *[magnitude] * 5,
        wanda(weights),
        given_score(rng.integers(0, 4, shape)),
        Gain(int_(3, block=int(rng.integers(1, 6))), 1),
        Random(np.random.default_rng(1)),
    ]
    score = pick(rng, scores)
    m = int(rng.integers(1, 7))
    n = int(rng.integers(1, m + 1))
    return pick(
        rng,
        [
            nm(n, m, ties=ties, score=score, tail=Tail.short),
            nm(n, m, ties=ties, axis=0, tail=Tail.short),
            top(Fraction(n, m), per=some_partition(rng, shape, m), ties=ties, score=score),
            top(n, per=Whole(), ties=ties, score=score),
            threshold(float(max(rng.choice([-1, 0, 0.5, 1, 2]), score.least)), score=score),
            blockwise(Fraction(n, m), per=some_partition(rng, shape, n), norm=pick(rng, [1, 2, math.inf]), score=score),
            blockwise(Fraction(n, m), per=some_partition(rng, shape, n), ties=ties),
            fixed(rng.random(shape) < 0.6),
            fixed(np.broadcast_to(rng.random(shape[-1]) < 0.5, shape)),
            fixed(np.ones(shape, bool)),
        ],
    )


def some_format(rng: Generator, shape: tuple[int, ...]) -> Quantizer:
    per = some_partition(rng, shape, int(rng.integers(1, 9)))
    grid = FixedArray(2.0 ** rng.integers(-2, 3, per.grid(shape)))
    return pick(
        rng,
        [
            *(int_(3, per=per), int_(4, per=per), hbfp(4, per=per), hbfp(3, per=per, compat=1e-8)),
            *(mxfp(E2M1, per=per), mxfp(E5M2, per=per), mxint(4, per=per), nvfp4(per=per), nf4(per=per)),
            *(bcq(2, per=per), bcq(2, per=per, zero=True), scaled(bcq_format(2), per=per, scaling=PowerOfTwo())),
            *(cast(E4M3), cast(INT4, per=per), cast(bcq_format(2))),
            *(int_(4, per=per, rounding=floor), int_(4, per=per, rounding=toward_zero)),
            *(int_(4, per=per, scaling=r) for r in (HalfRange(), FullRange(), Midpoint(), mse(7))),
            *(int_(4, per=per, scaling=Percentile(p)) for p in (40, 95)),
            *(int_(4, per=per, scaling=Frozen(v)) for v in (FixedArray(0.5), grid)),
            scaled(bcq_format(2), per=per, scaling=Frozen(grid)),
            mxfp(E2M3, per=per, scaling=PowerOfTwo(Exponent.rceil)),
            int_(3, per=per, rounding=stochastic(np.random.default_rng(2))),
        ],
    )


def displacing(rng: Generator, s: Sparsifier, q: Quantizer, shape: tuple[int, ...]) -> Array:
    """Huge entries in a group outside a block, the block's maximum in both, a small survivor in the block alone."""
    x = rng.integers(0, 3, shape) / 64
    groups, blocks = (boxes(shape, p.sides(shape)) for p in (s.groups, q.partition))
    block, group = set(pick(rng, blocks)), set(pick(rng, groups))
    for value, place in ((64.0, group - block), (16.0, group & block), (1.0, block - group)):
        for i in sorted(place):
            x.ravel()[i] = value + rng.integers(0, 3) / 4
    return x * rng.choice([-1, 1], shape)


def some_tensor(rng: Generator, s: Sparsifier, q: Quantizer, shape: tuple[int, ...]) -> Array:
    kinds: list[Callable[[], Array]] = [
        lambda: rng.integers(-9, 10, shape) / 4,
        lambda: rng.standard_normal(shape),
        lambda: rng.standard_t(1.2, shape) * (rng.random(shape) < 0.6),
        lambda: np.abs(rng.integers(0, 5, shape)) * 1.0,
        lambda: np.zeros(shape),
        lambda: 2.0 ** rng.integers(-6, 7, shape),
        *[lambda: displacing(rng, s, q, shape)] * 4,
    ]
    dtype = np.float32 if rng.random() < 0.5 else np.float64
    return kinds[rng.integers(len(kinds))]().astype(dtype)


def naive_counts(x: Array, s: Sparsifier, q: Quantizer) -> dict[str, int]:
    """Every number of the report, box by box and entry by entry; s and q deterministic."""
    groups, blocks = (boxes(x.shape, p.sides(x.shape)) for p in (s.groups, q.partition))
    mask, image = s.mask(x).ravel(), q(x)
    image_mask, after = s.mask(image, x).ravel(), q(s(x)).ravel()
    dense, sparse = q.scales(x).ravel(), q.scales(s(x)).ravel()
    flat = x.ravel()
    keeps_zero = 0 in q.format.values
    alive = [any(mask[i] and (flat[i] != 0 or not keeps_zero) for i in block) for block in blocks]
    full = [math.prod(p.sides(x.shape)) for p in (q.partition, s.groups)]
    slack = 4 * np.finfo(x.dtype).eps
    counts = {
        "M": sum(any(mask[i] != image_mask[i] and image.flat[i] != 0 for i in group) for group in groups),
        "M of": len(groups),
        "Σ": sum(a and d != m for a, d, m in zip(alive, dense.tolist(), sparse.tolist(), strict=True)),
        "Σ of": sum(alive),
        "Z": sum(after[i] != 0 for i in range(x.size) if not mask[i]),
        "Z of": int(np.sum(~mask)),
        "saturated": 0,
        "short_blocks": sum(len(block) < full[0] for block in blocks),
        "short_groups": sum(len(group) < full[1] for group in groups),
    }
    for block, sigma in zip(blocks, dense.tolist(), strict=True):
        low, high = sigma * q.format.min, sigma * q.format.max
        counts["saturated"] += any(
            v > high + slack * abs(high) or v < low - slack * abs(low) for v in flat[block].astype(float).tolist()
        )
    if isinstance(s, TopSparsifier):
        scores = s.score.of(image).ravel()
        ranked = [sorted((float(scores[i]) for i in group), reverse=True) for group in groups]
        cuts = [(r, s.budget(len(r))) for r in ranked]
        counts["tied"] = sum(k < len(r) and r[k - 1] == r[k] for r, k in cuts)
    return counts


def kind(sentence: str) -> str:
    """A sentence without the names of the pipeline in it."""
    return re.sub(r"(\(\d[\d, ]*\)|\([^()]*\)|[\d.]+(e[+-]?\d+)?)", "…", sentence)


def test_a_closed_structure_is_closed_on_every_tensor_and_three_make_the_orders_agree() -> None:
    seen: Counter[str] = Counter()
    for seed in range(often(200)):
        rng = np.random.default_rng(seed)
        shape = SHAPES[rng.integers(len(SHAPES))]
        s, q = some_mask(rng, shape), some_format(rng, shape)
        structure = {tuple((c.possible, c.sentence) for c in channels.explain(np.zeros(shape), s, q).channels)}
        for _ in range(2):
            x = some_tensor(rng, s, q, shape)
            orders = both(x, s, q)
            found = channels.channel_report(orders, q)
            where = f"seed {seed}: {s} with {q} on {x.tolist()}"
            structure.add(tuple((c.possible, c.sentence) for c in found.channels))
            assert len(structure) == 1, f"the structure depends on the tensor: {where}"
            for c in found.channels:
                assert c.possible or not c.open, f"{c} {where}"
                assert 0 <= c.count <= c.total
                assert c.sentence
                seen[f"{c.symbol} {'open' if c.open else 'possible' if c.possible else 'closed'}"] += 1
                if c.open:
                    seen[f"{c.symbol} {kind(c.sentence)}"] += 1
            if found.open == "–" and DETERMINISTIC in q.traits:
                frozen = np.where(orders.mask, orders.image, 0)
                assert np.array_equal(orders.after_mask, frozen), where
                assert np.array_equal(orders.masked_image, frozen), where
                seen["agree"] += 1
            if found.prune_first_dominates:
                assert found.one_scale_per_group
                assert not {order_report(orders, p).winner for p in (1, 2, math.inf)} & {"qs"}, where
                seen["dominates"] += 1
    assert min(seen[f"{c} {state}"] for c in "MΣZ" for state in ("open", "possible", "closed")) > 5
    assert min(seen["agree"], seen["dominates"]) > 30
    for reason in OPEN_SCALE + OPEN_ZERO:
        assert any(re.search(reason, sentence) for sentence in seen), f"never opened: {reason}"


OPEN_SCALE = (
    "extends beyond one pruned unit",
    "halfrange depends on more than the block maximum",
    "percentile… depends on more",
    "mse… depends on more",
    "does not rank by magnitude",
    "theorem overlap|displace the block's maximum",
)
OPEN_ZERO = ("has no zero, so pruned entries come back",)


def test_the_counts_agree_with_naive_ones() -> None:
    compared: Counter[str] = Counter()
    for seed in range(often(100)):
        rng = np.random.default_rng(10_000 + seed)
        shape = SHAPES[rng.integers(len(SHAPES))]
        s, q = some_mask(rng, shape), some_format(rng, shape)
        if "random" in str(s) or DETERMINISTIC not in q.traits:
            continue
        x = some_tensor(rng, s, q, shape)
        found = channels.explain(x, s, q)
        counted = {c.symbol: c.count for c in found.channels} | {f"{c.symbol} of": c.total for c in found.channels}
        for name, expected in naive_counts(x, s, q).items():
            value = counted[name] if name in counted else getattr(found, name)
            assert value == expected, f"{name} of {s} with {q} on {x.tolist()}"
            compared[name] += value > 0
    assert min(compared.values()) > 5, compared


@thin(2)
@pytest.mark.parametrize("block", range(1, 9))
def test_the_overlap_condition_is_exact(block: int) -> None:
    """Theorem overlap for all sizes up to 8: Σ is possible exactly where some tensor moves a scale."""
    rng = np.random.default_rng(block)
    for group in range(1, 9):
        for n in {math.lcm(block, group), 13, 16}:
            groups, blocks = boxes((n,), (group,)), boxes((n,), (block,))
            for k in range(1, group + 1):
                s, q = nm(k, group, tail=Tail.short), mxfp(E5M2, block=block)
                budget = {size: -(-k * size // group) for size in map(len, groups)}
                offenders = [
                    (set(b), set(g))
                    for b in blocks
                    for g in groups
                    if set(b) & set(g) and set(b) - set(g) and len(set(g) - set(b)) >= budget[len(g)]
                ]
                for b, g in offenders[:1]:
                    x = np.zeros(n)
                    x[list(g - b)], x[list(g & b)], x[list(b - g)] = 1024, 64, 1
                    found = channels.explain(x, s, q).scale
                    assert found.possible, (k, group, block, n)
                    assert found.open, (k, group, block, n)
                if not offenders:
                    for x in 2.0 ** rng.integers(0, 9, (often(2), n)):
                        found = channels.explain(x, s, q).scale
                        assert not found.possible, (k, group, block, n)
                        assert not found.open, (k, group, block, n)


@pytest.mark.parametrize(
    ("pattern", "block", "closed"), [((2, 4), 32, True), ((2, 4), 6, False), ((3, 4), 6, True), ((2, 4), 4, True)]
)
def test_patterns_and_blocks_of_the_design(pattern: tuple[int, int], block: int, closed: bool) -> None:
    x = np.random.default_rng(0).standard_normal((8, 96))
    found = channels.explain(x, nm(*pattern), int_(4, block=block))
    assert found.scale.possible == (not closed)
    assert found.one_scale_per_group == (block % 4 == 0)
    assert found.prune_first_dominates == (closed and block % 4 == 0)
    assert "theorem overlap" in found.scale.sentence


UNGUARANTEED: dict[str, tuple[list[float], Sparsifier, Quantizer]] = {
    "one scale per group": ([7, 0.45, 0.44, 0.9], top(3), hbfp(4, block=2)),
    "one frozen scale": ([7, 0.45, 0.44, 0.9], top(3), int_(4, block=2, scaling=Frozen(FixedArray([1, 0.125])))),
    "the scale": ([1, 1, 0, 1], nm(2, 4), int_(3, scaling=Percentile(50))),
    "the zero": ([3, 1, 0, 0], nm(2, 4), bcq(2)),
    "the order of magnitudes": ([7, 2.875, -2.8125, 0], nm(2, 4), int_(4, rounding=floor)),
    "the magnitude": ([7, 3, 1, 0], nm(2, 4, score=given_score([0, 3, 2, 1])), int_(4)),
    "a budget in each group": ([7, 1.75, 0, 0], threshold(2.0), int_(4)),
}


@pytest.mark.parametrize("name", UNGUARANTEED)
def test_where_pruning_first_loses_no_guarantee_was_given(name: str) -> None:
    x, s, q = UNGUARANTEED[name]
    assert compare(x, s, q, 1).winner == "qs"
    assert not channels.explain(x, s, q).prune_first_dominates


X = np.array([[3.0, 1, 2, 4], [0, 8, 8, 1]])
ALL = np.ones((2, 4), bool)
ROW_MASK = np.array([[True] * 4, [False] * 4])
CLOSED: dict[str, tuple[str, Sparsifier, Quantizer, str]] = {
    "fixed mask": ("M", fixed(X > 1), int_(4), "does not look at values"),
    "given score": ("M", nm(2, 4, score=given_score(X)), int_(4), "does not look at values"),
    "given score by original": ("M", nm(2, 4, score=given_score(X), ties=by_original), int_(4), "by the original"),
    "all of a group": ("M", nm(4, 4, ties=adversarial), nf4(), "every entry is kept"),
    "all units": ("M", blockwise(1, per=Blocks(2)), int_(2), "every entry is kept"),
    "all above 0": ("M", threshold(0), int_(2), "every entry is kept"),
    "by original": ("M", nm(2, 4, ties=by_original), int_(4), "ties are broken by the original"),
    "by original under one frozen scale": (
        "M",
        top(0.5, ties=by_original),
        int_(4, block=2, scaling=Frozen(FixedArray(0.5))),
        "ties are broken by the original",
    ),
    "frozen scale": ("Σ", fixed(X > 1), int_(4, scaling=Frozen(FixedArray(0.5))), "the scale is frozen"),
    "no scale": ("Σ", fixed(X > 1), cast(E4M3), "the scale is unscaled"),
    "nothing pruned": ("Σ", fixed(ALL), int_(4, scaling=mse()), "every entry is kept"),
    "blocks in units": (
        "Σ",
        blockwise(0.5, per=Rows()),
        int_(4, scaling=Percentile(50), block=2),
        "kept or pruned whole",
    ),
    "fixed rows": ("Σ", fixed(ROW_MASK), int_(4, scaling=HalfRange()), "kept or pruned whole"),
    "blocks of one": ("Σ", nm(2, 4), int_(4, scaling=mse(), block=1), "pruned whole"),
    "blocks of one, fixed": ("Σ", fixed(X > 1), int_(4, scaling=mse(), block=1), "pruned whole"),
    "threshold": ("Σ", threshold(2.5), nvfp4(), "only with the whole block"),
    "overlap": ("Σ", nm(3, 4), mxfp(E2M1, block=3), "theorem overlap"),
    "zero": ("Z", nm(2, 4), int_(4), "0 is a value of int4"),
    "no zero but all kept": ("Z", fixed(ALL), bcq(2), "every entry is kept"),
    "no zero but whole blocks": ("Z", fixed(ROW_MASK), bcq(2), "a zero block has image 0"),
}


@pytest.mark.parametrize("name", CLOSED)
def test_what_closes_a_channel_by_structure(name: str) -> None:
    symbol, s, q, why = CLOSED[name]
    found = {c.symbol: c for c in channels.explain(X, s, q).channels}[symbol]
    assert (found.possible, found.open) == (False, False)
    assert why in found.sentence


OPEN: dict[str, tuple[str, Array, Sparsifier, Quantizer, str]] = {
    "other score": ("M", X, nm(2, 4, score=wanda([[1, 1, 9, 1]])), int_(2), "need not rank like the score on x"),
    "not monotone": ("M", np.array([[1, 0, 61 / 512, -15 / 128]]), nm(2, 4), nf4(), "does not keep the order"),
    "threshold": ("M", np.array([[7, 2.4, 2, 1]]), threshold(2.25), int_(4), "across the cut"),
    "units": ("M", np.array([[2.3, 2.4, 7, 0]]), blockwise(0.5, per=Blocks(1)), int_(4), "across the cut"),
    "several scales": ("M", np.array([[7, 0.45, 0.44, 0.9]]), top(3), hbfp(4, block=2), "different scales"),
    "several frozen scales": (
        "M",
        np.array([[7, 0.45, 0.44, 0.9]]),
        top(3, ties=by_original),
        int_(4, block=2, scaling=Frozen(FixedArray([[1, 0.125]]))),
        "different scales",
    ),
    "ties": ("M", np.array([[2, 2.4, 7, 0]]), nm(2, 4), int_(4), "only ties"),
    "ties of a given score": (
        "M",
        np.array([[7, 2.4, 2.2, 2.6]]),
        nm(1, 4, score=given_score(np.zeros((1, 4))), ties=Adversarial(1)),
        int_(4),
        "can choose otherwise on q(x)",
    ),
    "beyond a unit": ("Σ", np.array([[9, 9, 10, 0]]), blockwise(0.5, per=Blocks(2)), int_(4), "beyond one pruned unit"),
    "maximum of the tensor": (
        "Σ",
        np.array([[10, 0, 9, 9]]),
        blockwise(0.5, per=Blocks(2)),
        nvfp4(block=2),
        "maximum of the tensor",
    ),
    "half range": ("Σ", np.array([[3, 3, 3, -1]]), nm(3, 4), int_(4, scaling=HalfRange()), "halfrange depends on more"),
    "percentile": ("Σ", np.array([[8, 4, 2, 1]]), nm(2, 4), int_(4, scaling=Percentile(50)), "percentile(50) depends"),
    "mse": ("Σ", np.array([[8, 4, 4, 4, 4, 4, 4, 4]]), nm(1, 8), int_(3, scaling=mse(20)), "mse(20) depends"),
    "fixed mask": ("Σ", X, fixed(X < 4), int_(4), "does not rank by magnitude"),
    "wanda": ("Σ", X, nm(2, 4, score=wanda([[9, 9, 1, 1]])), int_(4), "does not rank by magnitude"),
    "overlap": (
        "Σ",
        np.array([[1, 0, 0, 0, 8, 1, 16, 16]]),
        nm(2, 4),
        int_(4, block=6),
        "entries outside a scale block",
    ),
    "no zero": ("Z", np.array([[3, 1, 1, 0]]), nm(2, 4), bcq(2), "bcq2 has no zero"),
    "no zero, no scale": ("Z", X, nm(2, 4), cast(bcq_format(2)), "as other values"),
    "no zero, frozen": (
        "Z",
        X,
        fixed(ROW_MASK),
        scaled(bcq_format(2), scaling=Frozen(FixedArray(2.0))),
        "come back as other values",
    ),
}


@pytest.mark.parametrize("name", OPEN)
def test_what_opens_a_channel(name: str) -> None:
    symbol, x, s, q, why = OPEN[name]
    found = {c.symbol: c for c in channels.explain(x, s, q).channels}[symbol]
    assert (found.possible, found.open) == (True, True)
    assert why in found.sentence


def test_a_given_score_that_ties_leaves_the_choice_to_values() -> None:
    """On the first tensor the adversarial rule prunes whole blocks, on the second it splits one."""
    s, q = nm(2, 4, score=given_score(np.zeros(4)), ties=adversarial), int_(4, block=2)
    whole, split = (channels.explain(x, s, q).scale for x in ([1.0, 1, 8, 8], [1.0, 8, 1, 8]))
    assert (whole.possible, whole.open) == (True, False)
    assert (split.possible, split.open) == (True, True)


def test_a_surviving_zero_counts_where_zero_has_no_value() -> None:
    """The kept 0 is ±σ in q(x), and 0 in the masked block whose scale vanished."""
    x, s, q = np.array([0.0, 3]), fixed([True, False]), bcq(2)
    orders = both(x, s, q)
    assert not np.array_equal(orders.after_mask, orders.masked_image)
    assert channels.channel_report(orders, q).open == "Σ"
    assert channels.explain(x, s, int_(4)).open == "–"


SATURATED: dict[str, tuple[list[float], Quantizer, int]] = {
    "full range, negative maximum": ([-8, 3, 1, 7], int_(4, scaling=FullRange()), 0),
    "full range, positive maximum": ([8, 3, 1, -7], int_(4, scaling=FullRange()), 1),
    "full range, both": ([8, 1, -8, 1], int_(4, scaling=FullRange(), block=2), 1),
    "midpoint spreads the range": ([7.5, -7.5, 1, 1], int_(4, scaling=Midpoint()), 1),
    "midpoint, negative": ([6, -7.5, 1, 1], int_(4, scaling=Midpoint()), 0),
    "half range, positive": ([7, 3, 1, 0], int_(4, scaling=HalfRange()), 1),
    "half range, negative": ([-7, -3, -1, 0], int_(4, scaling=HalfRange()), 0),
    "absmax": ([7, -7, 3, 0.1], int_(4), 0),
    "floor exponent": ([7.5, 1, -7.5, 1], mxfp(E2M1, block=2), 2),
    "floor exponent, small significand": ([6, 1, -5, 1], mxfp(E2M1, block=2), 0),
    "rceil never does": ([7.5, 1, -7.5, 1], mxfp(E2M1, block=2, scaling=PowerOfTwo(Exponent.rceil)), 0),
    "power of two in hbfp": ([4, 1, 3.5, -4], hbfp(4, block=2), 2),
    "cast": ([448, -449, 450, 0], cast(E4M3), 2),
    "cast in one block": ([448, -449, 450, 0], cast(E4M3, per=Whole()), 1),
    "no negative numbers": ([1, -1, 2, 4], cast(E8M0), 1),
    "percentile": ([8, 4, -2, 1], int_(4, scaling=Percentile(50), block=2), 2),
    "frozen": ([8, 4, -2, 1], int_(4, scaling=Frozen(FixedArray(1.0))), 1),
    "zeros": ([0, 0, 0, 0], mxfp(E2M1), 0),
    "frozen at zero": ([0, 1, 0, 0], int_(4, scaling=Frozen(FixedArray(0.0)), block=2), 1),
    "asymmetric codebook": ([1, -1, 0.5, 0.1], nf4(), 0),
}


@pytest.mark.parametrize("name", SATURATED)
def test_saturated_blocks(name: str) -> None:
    x, q, expected = SATURATED[name]
    for dtype in (np.float32, np.float64):
        assert channels.explain(np.array(x, dtype), top(1.0), q).saturated == expected


@pytest.mark.parametrize("q", [int_(k) for k in (2, 3, 4, 5, 8, 16)] + [nf4(), nvfp4(block=64), scaled(E4M3)], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_rounding_of_a_scale_is_no_saturation(q: Quantizer, dtype: type) -> None:
    x = np.random.default_rng(0).standard_normal((400, 64)).astype(dtype)
    found = channels.explain(x, nm(2, 4), q).saturated
    assert found == 0 if "nvfp4" not in str(q) else found > 0


def test_saturation_at_the_end_of_the_range() -> None:
    top_value = float(np.finfo(np.float64).max)
    for q, expected in ((cast(E5M2), 1), (int_(4, scaling=Frozen(FixedArray(1e308))), 0), (mxfp(E2M1), 1)):
        assert channels.explain(np.array([top_value, 1.0]), fixed([True, False]), q).saturated == expected


def test_random_scores_are_drawn_for_the_masks_alone() -> None:
    rng, same = np.random.default_rng(0), np.random.default_rng(0)
    channels.explain(X, nm(2, 4, score=Random(rng)), int_(4))
    same.random(2 * X.size)
    assert rng.bit_generator.state == same.bit_generator.state
    assert channels.explain(X, nm(2, 4, score=Random(rng)), int_(4)).tied == 0


def test_a_group_that_is_kept_whole_splits_no_block() -> None:
    q = int_(4, block=2)
    assert not nm(4, 4).splits(q.partition, (2, 4)) and nm(3, 4).splits(q.partition, (2, 4))
    assert not nm(3, 4).splits(Blocks(1), (2, 4))


@pytest.mark.parametrize("shape", [(0,), (0, 4), (4, 0), (2, 0, 4)])
@pytest.mark.parametrize("q", [int_(4), nvfp4(), bcq(2), int_(4, scaling=Percentile(50)), cast(E4M3)], ids=str)
def test_empty_tensors_open_nothing(shape: tuple[int, ...], q: Quantizer) -> None:
    for s in (nm(2, 4), top(0.5), threshold(1), blockwise(0.5, per=Blocks(2)), fixed(np.zeros(shape, bool))):
        assert channels.explain(np.zeros(shape), s, q).open == "–"


def test_scalars_and_heads() -> None:
    assert channels.explain(3.0, top(1), int_(4, per=Whole())).open == "–"
    found = channels.explain(np.ones((4, 6)), top(0.5, per=Heads(2)), int_(4, per=Heads(4)))
    assert (found.one_scale_per_group, found.scale.possible) == (False, False)
    assert channels.explain(np.ones((4, 6)), top(0.5, per=Heads(4)), int_(4, per=Heads(2))).one_scale_per_group


def every_report() -> list[ChannelReport]:
    return [channels.explain(x, s, q) for _, x, s, q, _ in OPEN.values()]


def test_reports_are_rendered_and_hold_plain_numbers() -> None:
    for found in every_report():
        data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert set(data) == {
            *("M", "Sigma", "Z", "prune_first_dominates", "tied", "one_scale_per_group"),
            *("saturated", "short_blocks", "short_groups"),
        }
        for key, c in zip(("M", "Sigma", "Z"), found.channels, strict=True):
            assert data[key]["on_tensor"] == ("open" if c.open else "closed")
            assert (data[key]["count"], data[key]["of"]) == (c.count, c.total)
            assert data[key]["by_structure"] == ("open" if c.possible else "closed")
            for text in (str(found), found.markdown()):
                assert c.sentence in text
        assert found.open == ("".join(c.symbol for c in found.channels if c.count) or "–")
        assert found._repr_html_().count("<tr>") == 4
