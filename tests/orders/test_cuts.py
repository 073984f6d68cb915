"""The pass of groups made of scale blocks against the definitions on whole tensors: equal to the last bit."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, final

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.kernels import brackets, engine
from sqtheory.alphabet.kernels.brackets import Bracket, Place
from sqtheory.alphabet.kernels.engine import compiled
from sqtheory.alphabet.partition import Blocks, Channels, Rows, Tiles, Whole
from sqtheory.alphabet.quantizers import Quantizer, bcq, cast, hbfp, int_, mxfp, nf4, nvfp4
from sqtheory.alphabet.rounding import ceil, stochastic, toward_zero
from sqtheory.alphabet.scaling import FullRange, HalfRange, Unclipped
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, threshold, top
from sqtheory.alphabet.ties import TIES, Ties, adversarial
from sqtheory.arrays import Array, StreamedTensor
from sqtheory.orders import cut_search, cut_tiles, cuts, definition, fused, group_sums, partial, strip_sums, witnesses
from sqtheory.orders.applied import both
from sqtheory.orders.counts import Counts
from sqtheory.orders.pair import Pair
from sqtheory.orders.partial import Partial
from sqtheory.theory.samples import SAMPLES
from tests.nightly import NIGHTLY, thin

QUANTIZERS: list[Quantizer] = [
    *(int_(4, block=16), int_(4, scaling=FullRange(), block=32), int_(3, block=8, rounding=ceil)),
    int_(4, block=32, scaling=HalfRange()),
    *(hbfp(6, block=32), nvfp4(), nf4(block=32), bcq(3, zero=True, block=32)),
    *(mxfp(E4M3), mxfp(E2M1), mxfp(E2M1, rounding=toward_zero), mxfp(E2M1, block=160)),
]
RULES = [rule for rule in TIES.values() if rule.foreseen and rule.ordered]
MASKS = [
    top(keep, per=per, ties=rule)
    for keep in (0.5, 1, 0.3, 0.99)
    for per in (Whole(), Rows(), Channels(0))
    for rule in RULES
]
ENGINES = ("numpy", "numba")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take small tensors too, long groups in several tiles and by samples."""
    monkeypatch.setattr(fused, "LEAST", 1)
    for module in (cuts, cut_search, cut_tiles):
        monkeypatch.setattr(module, "TILE", 320)
    monkeypatch.setattr(cut_tiles, "LARGE", 320)
    monkeypatch.setattr(cut_search, "SAMPLE", 300)
    monkeypatch.setattr(cuts, "PIECE", 500)
    monkeypatch.setattr(brackets, "DEVIATIONS", 0.5)


@final
class Stored(StreamedTensor):
    """An array that is read piece by piece; it counts how often all of it is."""

    def __init__(self, x: Array) -> None:
        self._x, self.times = x, 0

    @property
    def shape(self) -> tuple[int, ...]:
        return self._x.shape

    @property
    def size(self) -> int:
        return self._x.size

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._x.dtype

    def pieces(self, entries: int) -> Iterator[Array]:
        flat = self._x.reshape(-1)
        self.times += 1
        return (flat[at : at + entries].copy() for at in range(0, flat.size, entries))

    def whole(self) -> Array:
        raise AssertionError("all of it was read")


def compared(x: Array, s: Sparsifier, q: Quantizer, p: float, stored: bool = False) -> bool:
    """Whether the pass takes this tensor; if so it must count what the definitions count, by every engine."""
    found = []
    for name in ENGINES:
        with engine(name):
            compiled()  # the loops are loaded where they are the engine, however few the entries
            found.append(fused.counts_of(Stored(x) if stored else x, Pair(s, q), p))
    assert found[0] == found[1]
    assert found[0] is None or found[0] == definition.counts_of(both(x, s, q), q, p)
    return found[0] is not None


@thin(3)
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("q", QUANTIZERS, ids=str)
def test_the_pass_says_what_the_definitions_say(q: Quantizer) -> None:
    rng, taken = np.random.default_rng(71), []
    for i, s in enumerate(MASKS):
        for j, (kind, sample) in enumerate(SAMPLES.items()):
            if kind == "short_tail" or not (NIGHTLY or (i + 5 * j) % 31 == 0):
                continue
            x = sample(rng, (3, 2, 160), np.float64 if (i + j) % 4 == 0 else np.float32)
            taken.append(compared(x, s, q, 1.0 + i % 2, stored=bool(j % 2)))
    assert sum(taken) > 0.6 * len(taken)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("unit", [1, 2.0**-149, 1e30])
def test_ties_everywhere(unit: float) -> None:
    rng = np.random.default_rng(72)
    few = rng.choice(np.array([-3, -1, 0, 0, 0.5, 1, 3], np.float32), (2, 2, 160)) * np.float32(unit)
    for i, s in enumerate(MASKS):
        x = (few, np.abs(few), np.full_like(few, unit), np.zeros_like(few))[i % 4]
        if NIGHTLY or i % 5 == 0:
            assert compared(x, s, int_(4, block=16), 1.0)
        if NIGHTLY or i % 3:
            assert compared(x, s, mxfp(E2M1), 2.0)


@pytest.mark.usefixtures("small")
def test_one_entry_kept_and_all_but_one() -> None:
    x = np.random.default_rng(73).normal(size=(3, 320)).astype(np.float32)
    for keep in (1, 319, 959):
        for per in (Whole(), Rows()):
            assert compared(x, top(keep, per=per), mxfp(E2M1), 2.0) == (keep < 320 if per == Rows() else True)


@pytest.mark.usefixtures("small")
def test_other_layouts() -> None:
    x = np.random.default_rng(74).normal(size=(8, 3, 64)).astype(np.float32)
    for view in (np.asfortranarray(x), x[::-1, :, ::-1], np.broadcast_to(x[:1], x.shape), x[0], x[0, 0]):
        assert compared(view, top(0.5), mxfp(E2M1), 2.0)
        assert compared(view, top(0.25, per=Rows()), int_(4, per=Rows()), 2.0)
    assert compared(x, top(0.5, per=Blocks(64)), int_(4, block=16), 2.0)
    assert compared(x, nm(2, 4), cast(E4M3), 2.0)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("s", "q", "p"),
    [
        *(
            (s, int_(4), 2.0)
            for s in (threshold(1.0), top(0.5, ties=adversarial), top(1.0), top(0.5, per=Tiles(4, 32)))
        ),
        *((top(0.5), q, 2.0) for q in (bcq(2), int_(4, scaling=Unclipped()), int_(4, block=24), int_(4, per=Whole()))),
        *((top(0.5, per=Blocks(40)), q, 2.0) for q in (int_(4, block=16), int_(4, per=Blocks(4, axis=0)))),
        *((top(0.5), q, 2.0) for q in (int_(4, rounding=stochastic(np.random.default_rng(0))),)),
        *((top(0.5), int_(4), p) for p in (0.5, 3.0, np.inf)),
    ],
    ids=str,
)
def test_what_is_left_to_the_definitions(s: Sparsifier, q: Quantizer, p: float) -> None:
    x = np.random.default_rng(75).normal(size=(8, 64)).astype(np.float32)
    assert fused.counts_of(x, Pair(s, q), p) is None


@pytest.mark.usefixtures("small")
def test_numbers_out_of_range_are_left_to_the_definitions() -> None:
    for per in (Whole(), Rows()):
        x = np.ones((8, 64))
        pair = Pair(top(0.5, per=per), int_(4))
        assert fused.counts_of(x, pair, 2.0) is not None
        for bad in (np.nan, np.inf, 1e200, 1e-200):
            x[5] = bad
            assert fused.counts_of(x, pair, 2.0) is None
        with engine("definition"):
            assert fused.counts_of(np.ones((8, 64)), pair, 2.0) is None


@pytest.mark.usefixtures("small")
def test_a_verdict_that_rounding_hides_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partial, "DOUBT", 0)
    x = SAMPLES["ties"](np.random.default_rng(76), (8, 160), np.float32)
    for per in (Whole(), Rows()):
        assert compared(x, top(0.5, per=per), mxfp(E2M1), 2.0)
    monkeypatch.setattr(witnesses, "WITNESSES", 0)
    assert not compared(x, top(0.5), mxfp(E2M1), 2.0)


@pytest.mark.usefixtures("small")
def test_several_long_groups_of_a_stored_tensor_are_left_to_memory() -> None:
    x = np.random.default_rng(77).normal(size=(2, 640)).astype(np.float32)
    assert fused.counts_of(Stored(x), Pair(top(0.5, per=Rows()), mxfp(E2M1)), 2.0) is None
    assert compared(x, top(0.5, per=Rows()), mxfp(E2M1), 2.0)


def _one_more(found: Place | None) -> Place | None:
    return None if found is None else replace(found, above=found.above + 1)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("broken", ["cut", "gain", "tie", "piece", "sum"])
def test_a_broken_cut_is_noticed(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sound: Any = Bracket.place
    if broken == "cut":
        monkeypatch.setattr(
            Bracket, "place", lambda self, k: (found := sound(self, k)) and replace(found, above=found.above + 1)
        )
    elif broken == "gain":
        monkeypatch.setattr(group_sums, "saved", lambda size, along, p, out: np.copyto(out, size) or out)
    elif broken == "tie":
        monkeypatch.setattr(cut_tiles.Blocked, "low_index", (False, False, False))
    elif broken == "sum":
        monkeypatch.setattr(strip_sums, "UNIT", strip_sums.UNIT + 1)
    else:
        monkeypatch.setattr(Partial, "__add__", lambda one, other: other)
    x = np.random.default_rng(78).normal(size=(6, 160)).astype(np.float32)
    with pytest.raises(AssertionError):
        compared(x, top(0.5), int_(4, block=16), 2.0)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_memory(rule: Ties, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the tensor at most 1.5 times what it takes in float32, also where most of its entries tie."""
    monkeypatch.setattr(cut_search, "SAMPLE", 1 << 13)
    monkeypatch.setattr(cuts, "PIECE", 1 << 16)
    x = np.random.default_rng(79).normal(size=(512, 1024)).astype(np.float32)
    for given in (x, np.sign(x)):
        fused.counts_of(given[:70], Pair(top(0.5, ties=rule), mxfp(E2M1)), 2.0)  # the buffers of a tile are kept
        tracemalloc.start()
        fused.counts_of(Stored(given), Pair(top(0.5, ties=rule), mxfp(E2M1)), 2.0)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1.5 * x.nbytes


def test_counts_of_a_tensor_of_usual_size() -> None:
    """Without smaller tiles: some strips, tiles and a sample."""
    x = np.random.default_rng(80).normal(size=(80, 1024)).astype(np.float32)
    for per in (Whole(), Rows()):
        assert compared(x, top(0.5, per=per), mxfp(E2M1), 2.0)


def test_winners() -> None:
    found: Counts | None = fused.counts_of(np.ones((256, 256), np.float32), Pair(top(0.5), mxfp(E2M1)), 2.0)
    assert found is not None and found.sums.lead == 0 and found.tied == 1
