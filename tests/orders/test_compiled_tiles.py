"""The compiled tiles against the definitions, bit for bit: formats, tie rules, tails, dust and the ends of float32."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.kernels import engine
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp, nf4, nvfp4
from sqtheory.alphabet.rounding import toward_zero
from sqtheory.alphabet.scaling import FullRange
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.alphabet.ties import by_original, high_index
from sqtheory.arrays import Array
from sqtheory.orders import definition, fused, strip_sums
from sqtheory.orders.applied import both
from sqtheory.orders.compiled_tiles import CompiledTile
from sqtheory.orders.pair import Pair
from sqtheory.theory.samples import SAMPLES
from tests.nightly import NIGHTLY

pytest.importorskip("numba")
QUANTIZERS = [
    *(mxfp(E2M1), mxfp(E4M3), int_(4), int_(8, scaling=FullRange()), hbfp(6), nvfp4(), nf4()),
    *(mxfp(E2M1, rounding=toward_zero), int_(4, rounding=toward_zero)),
]
PAIRS: list[tuple[Sparsifier, float]] = [(nm(2, 4), 2.0), (nm(3, 4), 2.0), (nm(4, 8, ties=by_original), 2.0)]
PAIRS += [(nm(1, 2, ties=high_index), 1.0)] * NIGHTLY
"""Each kind is compiled by itself, which takes seconds."""


@pytest.fixture(autouse=True)
def tiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[CompiledTile]]:
    """The compiled tiles that were added up; small tensors are taken too."""
    seen: list[CompiledTile] = []
    sound: Any = CompiledTile._added
    monkeypatch.setattr(CompiledTile, "_added", lambda tile, *rest: seen.append(tile) or sound(tile, *rest))
    monkeypatch.setattr(fused, "LEAST", 1)
    yield seen


def compared(x: Array, s: Sparsifier, q: Quantizer, p: float = 2.0) -> bool:
    """Whether the pass takes this tensor; if so it must count what the definitions count."""
    with engine("numba"):
        found = fused.counts_of(x, Pair(s, q), p)
    if found is not None:
        assert found == definition.counts_of(both(x, s, q), q, p)
    return found is not None


@pytest.mark.parametrize("q", QUANTIZERS, ids=str)
def test_a_tile_adds_up_what_the_definitions_add_up(q: Quantizer, tiles: list[CompiledTile]) -> None:
    rng = np.random.default_rng(1)
    for s, p in PAIRS:
        taken = [compared(sample(rng, (7, 168), np.float32), s, q, p) for sample in SAMPLES.values()]
        assert sum(taken) > 0.7 * len(taken)
    assert len(tiles) > 20


@pytest.mark.parametrize("shape", [(1, 4), (3, 36), (5, 4100), (2, 3, 64)])
def test_strips_and_tails(shape: tuple[int, ...], tiles: list[CompiledTile]) -> None:
    x = np.random.default_rng(2).standard_normal(shape).astype(np.float32)
    assert compared(x, nm(2, 4), mxfp(E2M1)) and compared(x, nm(2, 4), int_(4, per=Rows())) and tiles
    view = np.asfortranarray(x)[::-1]
    assert compared(view, nm(2, 4), mxfp(E2M1))


@pytest.mark.parametrize("exponent", [-149, -140, -126, -60, 0, 100, 120])
def test_dust_and_the_ends_of_float32(exponent: int, tiles: list[CompiledTile]) -> None:
    """Entries of all sizes in one strip: those far below its largest are added apart."""
    rng = np.random.default_rng(3)
    x = np.ldexp(rng.standard_normal((16, 512)), rng.integers(-149, exponent + 1, (16, 512))).astype(np.float32)
    for q in (mxfp(E2M1), int_(4), hbfp(6)):
        compared(x, nm(2, 4), q)
    x[:, 1::2] = 0
    assert compared(np.ldexp(x, -exponent), nm(2, 4), mxfp(E2M1)) and tiles


def test_dyadic_ties_and_zeros(tiles: list[CompiledTile]) -> None:
    rng = np.random.default_rng(4)
    x = (rng.integers(-28, 29, (40, 64)) / 4).astype(np.float32)
    for s in (nm(2, 4), nm(4, 8, ties=by_original)):
        assert all(compared(y, s, q) for y in (x, np.zeros_like(x), np.ones_like(x), -x) for q in (int_(4), hbfp(4)))
    assert tiles


def test_what_is_not_finite_is_left_to_the_definitions() -> None:
    for bad in (np.nan, np.inf, -np.inf):
        x = np.ones((8, 64), np.float32)
        x[3, 5] = bad
        assert not compared(x, nm(2, 4), int_(4))


@pytest.mark.parametrize("broken", ["totals", "dust", "counts"])
def test_a_broken_loop_is_noticed(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(5).standard_normal((8, 512)).astype(np.float32)
    x[0, 0] = 1e-30
    sound: Any = strip_sums._whole
    if broken == "totals":
        monkeypatch.setattr(strip_sums, "_whole", lambda powers, totals: sound(powers, totals + 1))
    elif broken == "dust":
        monkeypatch.setattr(strip_sums, "_apart", lambda dust, p: [1 << 1060] * 6)
    else:
        monkeypatch.setattr(CompiledTile, "_saturated", lambda *rest: 0)
    with pytest.raises(AssertionError):
        compared(x, nm(2, 4), mxfp(E2M1))
