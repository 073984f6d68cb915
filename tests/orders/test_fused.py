"""The single pass against the definitions on whole tensors: equal counts, verdicts and norms, to the last bit.

For p other than 1 and 2 norms agree to the last digits: the definition scales before it takes powers.
"""

import math
from typing import Any

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1, E4M3, E5M2
from sqtheory.alphabet.kernels import engine
from sqtheory.alphabet.kernels.exact import units
from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.partition import Blocks, Rows, Tail, Tiles, Whole
from sqtheory.alphabet.quantizers import Quantizer, bcq, hbfp, int_, mxfp, mxint, nf4, nvfp4
from sqtheory.alphabet.rounding import ceil, floor, stochastic, toward_zero
from sqtheory.alphabet.scaling import Exponent, FullRange, HalfRange, Percentile, PowerOfTwo
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, threshold, top
from sqtheory.alphabet.ties import Introselect, Selected, adversarial, all_die, all_survive, by_original, high_index
from sqtheory.arrays import Array
from sqtheory.orders import definition, fused, grid, group_sums, group_tiles, partial, witnesses
from sqtheory.orders.applied import both
from sqtheory.orders.counts import Counts, sign
from sqtheory.orders.grid import Row
from sqtheory.orders.pair import Pair
from sqtheory.theory.samples import SAMPLES
from tests.nightly import NIGHTLY, thin

QUANTIZERS: list[Quantizer] = [
    *(
        int_(4),
        int_(8, block=32),
        int_(4, scaling=FullRange()),
        int_(4, scaling=HalfRange()),
        int_(4, per=Rows()),
        int_(4, rounding=ceil),
    ),
    *(hbfp(6), hbfp(4, compat=1e-8), mxint(), nvfp4(), nf4(), bcq(3, zero=True)),
    *(mxfp(E4M3), mxfp(E5M2, scaling=PowerOfTwo(Exponent.even)), mxfp(E2M1), mxfp(E2M1, rounding=toward_zero)),
    mxfp(E2M1, rounding=floor),
]
MASKS: list[Sparsifier] = [nm(2, 4), nm(1, 4, ties=high_index), nm(4, 8, ties=by_original), nm(3, 16)]
SELECTED = [nm(2, 4, ties=rule) for rule in (*map(Introselect, Selected), all_survive, all_die)]
"""By rules that are no order of keys."""
NORMS = (0.5, 1.0, 2.0, 3.0)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take small tensors too, in several pieces."""
    monkeypatch.setattr(fused, "LEAST", 1)
    monkeypatch.setattr(fused, "CHUNK", 600)


def same(mine: Counts, theirs: Counts) -> None:
    """Every count, the winner and every norm are equal."""
    close = 0 if mine.sums.p in (1, 2) else 1e-12
    assert (mine.swaps, mine.tied, mine.openings) == (theirs.swaps, theirs.tied, theirs.openings)
    assert (mine.sums.p, mine.sums.lead) == (theirs.sums.p, theirs.sums.lead)
    assert mine.sums.x_norm == pytest.approx(theirs.sums.x_norm, rel=close, abs=0)
    for name, value in vars(theirs.sums.errors).items():
        assert getattr(mine.sums.errors, name) == pytest.approx(value, rel=close, abs=0), name


def compared(x: Array, s: Sparsifier, q: Quantizer, p: float) -> bool:
    """Whether the pass takes this tensor; if so it must count what the definitions count."""
    found = fused.counts_of(x, Pair(s, q), p)
    if found is None:
        return False
    same(found, definition.counts_of(both(x, s, q), q, p))
    e = Row.of("x", Pair(s, q).on(x.shape), found).order.errors
    assert e.gain <= min(e.qs, e.sq_dense) and e.s <= found.sums.x_norm
    return True


@thin(6)
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("p", NORMS)
@pytest.mark.parametrize("q", QUANTIZERS, ids=str)
def test_the_pass_says_what_the_definitions_say(q: Quantizer, p: float) -> None:
    rng, taken = np.random.default_rng(61), []
    for i, s in enumerate(MASKS):
        for j, (name, sample) in enumerate(SAMPLES.items()):
            if not NIGHTLY and (i + j) % 2:
                continue
            dtype = np.float64 if (i + j) % 3 == 0 else np.float32
            shape = (7, 165) if name == "short_tail" else (7, 160)
            taken.append(compared(sample(rng, shape, dtype), s, q, p))
    assert sum(taken) > 0.7 * len(taken)


@pytest.mark.usefixtures("small")
def test_other_layouts_and_axes() -> None:
    x = np.random.default_rng(62).normal(size=(32, 3, 64)).astype(np.float32)
    for view in (np.asfortranarray(x), x[::-1, :, ::-1], np.broadcast_to(x[:1], x.shape), x[0]):
        assert compared(view, nm(2, 4), mxfp(E4M3), 2.0)
    assert compared(x, nm(2, 4, axis=0), int_(4, per=Blocks(8, axis=0)), 2.0)
    assert compared(x, nm(2, 4, axis=-3), int_(4, per=Blocks(8, axis=0)), 2.0)
    with engine("numba"):
        assert compared(x, nm(2, 4), mxfp(E4M3), 2.0)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("s", "q", "p"),
    [
        *((s, int_(4), 2.0) for s in (nm(2, 4, axis=0), threshold(1.0), nm(2, 4, ties=adversarial))),
        *((s, int_(4), 2.0) for s in SELECTED),
        *((nm(2, 4), q, 2.0) for q in (bcq(2), int_(4, scaling=Percentile(99)), int_(4, block=6))),
        *((nm(2, 4), int_(4, per=per), 2.0) for per in (Whole(), Tiles(2, 4), Blocks(4, axis=0))),
        *((nm(2, 4), q, 2.0) for q in (int_(4, rounding=stochastic(np.random.default_rng(0))),)),
        *((nm(2, 4), int_(4), p) for p in (9.0, math.inf)),
    ],
    ids=str,
)
def test_what_is_left_to_the_definitions(s: Sparsifier, q: Quantizer, p: float) -> None:
    x = np.random.default_rng(63).normal(size=(8, 64)).astype(np.float32)
    assert fused.counts_of(x, Pair(s, q), p) is None


@pytest.mark.parametrize("s", SELECTED, ids=str)
@pytest.mark.parametrize("p", [1.0, 2.0, math.inf])
def test_the_optimum_is_no_worse_under_rules_that_are_no_order(s: Sparsifier, p: float) -> None:
    rng, q, differ = np.random.default_rng(64), int_(4, block=8), 0
    for _ in range(20):
        x = rng.integers(-14, 15, (4, 64)) / 2
        e = definition.counts_of(both(x, s, q), q, p).sums.errors
        low = definition.counts_of(both(x, nm(2, 4), q), q, p).sums.errors
        assert e.gain <= min(e.qs, e.sq_dense)
        assert not s.by_magnitude or (e.sq <= e.qs and e.gain == low.gain)
        differ += e.qs != low.qs
    assert differ > 10 or p == math.inf


@pytest.mark.usefixtures("small")
def test_numbers_out_of_range_are_left_to_the_definitions() -> None:
    x = np.ones((8, 64))
    for bad in (np.nan, 1e200, 1e-200):
        x[5, 8:12] = bad
        assert fused.counts_of(x, Pair(nm(2, 4), int_(4)), 2.0) is None
    assert fused.counts_of(np.ones((8, 64)), Pair(nm(2, 4), int_(4)), 2.0) is not None
    with engine("definition"):
        assert fused.counts_of(np.ones((8, 64)), Pair(nm(2, 4), int_(4)), 2.0) is None


@pytest.mark.usefixtures("small")
def test_a_verdict_that_rounding_hides_is_exact() -> None:
    """Pairs of groups whose swaps cancel in the L1 norm up to one unit in the last place, both ways."""
    rng = np.random.default_rng(64)
    quarters = rng.integers(-28, 29, (40, 64)) / 4
    quarters[:, 0] = 7
    seen = {
        grid.tensor_rows("x", x, [nm(2, 4, ties=high_index)], [int_(4)], p)[0].order.winner
        for x in (quarters, np.abs(quarters), np.round(quarters))
        for p in (1.0, 2.0)
    }
    assert seen <= {"sq", "equal"} and all(
        compared(x, s, q, p)
        for x in (quarters, np.abs(quarters), np.round(quarters))
        for s in MASKS
        for q in (int_(4), hbfp(4), mxfp(E2M1))
        for p in (1.0, 2.0)
    )


@pytest.mark.usefixtures("small")
def test_too_many_witnesses_are_left_to_the_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    x = SAMPLES["ties"](np.random.default_rng(65), (16, 256), np.float32)
    expected = grid.tensor_rows("x", x, [nm(2, 4, ties=high_index)], [mxfp(E2M1)])[0].order
    monkeypatch.setattr(witnesses, "WITNESSES", 0)
    monkeypatch.setattr(partial, "DOUBT", 0)
    assert fused.counts_of(x, Pair(nm(2, 4, ties=high_index), mxfp(E2M1)), 2.0) is None
    again = grid.tensor_rows("x", x, [nm(2, 4, ties=high_index)], [mxfp(E2M1)])[0].order
    assert (again.winner, again.swaps) == (expected.winner, expected.swaps)


def in_float64(terms: Array, rows: Array) -> list[int]:
    """Sums that round."""
    return [units(float(np.sum(terms.astype(np.float32)))), *(units(float(total)) for total in rows @ terms)]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("broken", ["kept", "lead", "exact"])
def test_a_broken_pass_is_noticed(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sound: Any = vars(group_tiles)["top_columns"]
    if broken == "kept":
        monkeypatch.setattr(group_tiles, "top_columns", lambda scores, k, *rest: sound(scores, max(1, k - 1), *rest))
    elif broken == "lead":
        monkeypatch.setattr(fused, "sign", lambda lead: -sign(lead))
    else:
        monkeypatch.setattr(group_sums, "sums_below", lambda power, terms, rows, grid: in_float64(terms, rows))
    x = np.random.default_rng(66).normal(size=(32, 64)).astype(np.float32)
    with pytest.raises(AssertionError):
        compared(x, nm(2, 4), int_(4), 2.0)


def test_few_entries_are_left_to_the_definitions() -> None:
    x = np.ones((1, fused.LEAST), np.float32)
    assert fused.counts_of(x, Pair(nm(2, 4), int_(4)), 2.0) is not None
    assert fused.counts_of(x[:, 64:], Pair(nm(2, 4), int_(4)), 2.0) is None


@pytest.mark.usefixtures("small")
def test_a_single_short_block_is_refused_where_it_must_be() -> None:
    x = np.random.default_rng(66).normal(size=(1, 40))
    assert fused.counts_of(x, Pair(nm(2, 4), int_(4, block=16)), 2.0) is not None
    assert fused.counts_of(x, Pair(nm(2, 4), int_(4, block=16, tail=Tail.error)), 2.0) is None
    with pytest.raises(ValueError, match="block"):
        both(x, nm(2, 4), int_(4, block=16, tail=Tail.error))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("fmt", ["cast(uint4)", "scaled(uint3, block=8)", "scaled(binary8p4uf, block=8)"])
@pytest.mark.parametrize("s", [nm(2, 4), top(0.5, per=Rows())], ids=str)
def test_where_large_negative_entries_become_zero_the_definitions_count(s: Sparsifier, fmt: str) -> None:
    q = parse_as(Quantizer, "format", fmt)
    rng = np.random.default_rng(8)
    for unit in (1.0, 2.0**1023):
        x = -np.abs(np.clip(rng.normal(size=(6, 32)), -1, 1)) * unit
        assert not compared(x, s, q, 2.0)
        assert definition.counts_of(both(x, s, q), q, 2.0).openings.flushed > 0
