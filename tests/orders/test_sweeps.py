"""Walks over the parts of one tensor: every part is read once a sweep, and the pairs of a grid count what each does."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.kernels import brackets, engine
from sqtheory.alphabet.kernels.engine import compiled
from sqtheory.alphabet.partition import Rows, Whole
from sqtheory.alphabet.quantizers import int_, mxfp, nf4, nvfp4
from sqtheory.alphabet.scaling import HalfRange
from sqtheory.alphabet.sparsifiers import top
from sqtheory.alphabet.ties import TIES
from sqtheory.arrays import Array
from sqtheory.orders import cut_search, cut_tiles, cuts, fused, pieces
from sqtheory.orders.pair import Pair
from sqtheory.orders.pieces import Pieces
from sqtheory.orders.shared import Shared
from sqtheory.orders.sweeps import Sweeps, swept
from sqtheory.theory.samples import SAMPLES
from tests.nightly import NIGHTLY
from tests.orders.test_cuts import Stored
from tests.orders.test_pieces import GRID as SHORT

RULES = [rule for rule in TIES.values() if rule.foreseen and rule.ordered]
FORMATS = (*(mxfp(E2M1), nvfp4(), nf4(block=32), int_(4, block=80), int_(4, block=16, scaling=HalfRange())),)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long groups in several tiles and by samples, of which some miss."""
    monkeypatch.setattr(fused, "LEAST", 1)
    for module in (cuts, cut_search, cut_tiles):
        monkeypatch.setattr(module, "TILE", 320)
    monkeypatch.setattr(cut_tiles, "LARGE", 320)
    monkeypatch.setattr(cut_search, "SAMPLE", 300)
    monkeypatch.setattr(cuts, "PIECE", 500)


def _sum(seen: list[float], sweeps: int) -> Sweeps[float]:
    """The sum of all entries in so many sweeps."""
    found = 0.0
    for _ in range(sweeps):
        while (shared := (yield)) is not None:
            seen.append(float(shared.x[0]))
            found += float(shared.x.sum())
    return found


def _first() -> Sweeps[float]:
    """The first entry: the walk ends within a sweep."""
    shared = yield
    return float("nan") if shared is None else float(shared.x[0])


def test_walks_end_when_they_like() -> None:
    x, began, seen = np.arange(6.0).reshape(3, 2), [0], list[float]()

    def parts() -> Iterator[Array]:
        began[0] += 1
        return iter(x)

    assert swept(parts, [_sum(seen, 1), _first(), _sum(seen, 3)]) == [15, 0, 45]
    assert began == [3] and seen == [0, 0, 2, 2, 4, 4, 0, 2, 4, 0, 2, 4]
    assert swept(parts, [_first(), _first()]) == [0, 0] and swept(parts, []) == []


def test_what_is_shared_is_found_once() -> None:
    x = np.array([[1, -3, 2, 0], [4, 5, -0.0, 6]], np.float32)
    shared = Shared(x)
    assert shared.amax(4).tolist() == [3, 6] and shared.amax(4) is shared.amax(4)
    assert [end.tolist() for end in shared.ends(4)] == [[-3, 0], [2, 6]] and shared.ends(4) is shared.ends(4)
    assert shared.amax(2).tolist() == [3, 2, 5, 6]


def _told(x: Array, grid: Sequence[Pair], p: float, stored: bool) -> None:
    """All pairs at once are what each is alone, by both engines."""
    for name in ("numpy", "numba"):
        with engine(name):
            compiled()
            given = Stored(x) if stored else x
            together = fused.counts_of_each(given, grid, p)
            assert together == [fused.counts_of(given, pair, p) for pair in grid] and None not in together


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("p", [1.0, 2.0])
def test_the_pairs_of_a_grid_count_what_each_does(p: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where samples mislead, keys decide between ties, and another pair finds where a mask cuts."""
    rng = np.random.default_rng(91)
    for number, (kind, sample) in enumerate(SAMPLES.items()):
        if kind == "short_tail" or not (NIGHTLY or (number + p) % 5 == 0):
            continue
        monkeypatch.setattr(brackets, "DEVIATIONS", 0.3 if number % 2 else 6.0)
        masks = [top(keep, ties=RULES[number % len(RULES)]) for keep in (0.5, 0.3)]
        grid = [Pair(masks[0], q) for q in FORMATS] + [Pair(masks[1], q) for q in FORMATS[3:]]
        x = sample(rng, (6, 160), np.float64 if number % 4 == 0 else np.float32)
        _told(x, grid, p, stored=bool(number % 2))


@pytest.mark.usefixtures("small")
def test_rows_and_all_of_a_tensor_and_short_groups_at_once() -> None:
    x = np.random.default_rng(92).normal(size=(3, 1920)).astype(np.float32)
    grid = [Pair(top(0.5, per=per), q) for per in (Rows(), Whole()) for q in FORMATS[::2]] + SHORT[:2]
    _told(x, grid, 2.0, stored=False)


@pytest.mark.usefixtures("small")
def test_a_stored_tensor_is_read_for_all_pairs_together(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(93).normal(size=(8, 160)).astype(np.float32)
    alone, every = Stored(x), Stored(x)
    assert None not in fused.counts_of_each(alone, [Pair(top(0.5), FORMATS[0])], 2.0)
    assert None not in fused.counts_of_each(every, [Pair(top(k), q) for k in (0.5, 0.3) for q in FORMATS], 2.0)
    assert alone.times == 3 and every.times == 4, "a sample, a survey, the sums; and the largest of all for one format"
    monkeypatch.setattr(cuts, "ABREAST", 4)
    again = Stored(x)
    grid = [Pair(top(k), q) for k in (0.5, 0.3) for q in FORMATS]
    assert fused.counts_of_each(again, grid, 2.0) == fused.counts_of_each(every, grid, 2.0)
    assert again.times == 1 + 3 * 3, "ten pairs in three goes"


@pytest.mark.usefixtures("small")
def test_nothing_is_counted_of_a_stored_tensor_that_must_be_in_memory() -> None:
    x = Stored(np.ones((8, 160), np.float32))
    grid = [Pair(top(0.5), FORMATS[0]), Pair(top(0.5), int_(4, per=Whole()))]
    assert fused.counts_of_each(x, grid, 2.0) == [None, None] and x.times == 0


@pytest.mark.usefixtures("small")
def test_a_number_that_is_none_ends_all_walks() -> None:
    x = np.ones((8, 160), np.float32)
    x[7, 3] = np.inf
    assert fused.counts_of_each(x, [Pair(top(0.5), q) for q in FORMATS], 2.0) == [None] * len(FORMATS)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("broken", ["sides", "sizes"])
def test_what_is_shared_wrongly_is_noticed(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sums of another mask; the cut of another mask."""
    x = np.random.default_rng(94).normal(size=(8, 160)).astype(np.float32)
    grid = [Pair(top(keep), q) for keep in (0.5, 0.3) for q in FORMATS[:2]]
    with engine("numba"):
        expected = fused.counts_of_each(x, grid, 2.0)
        if broken == "sides":
            sound = Shared.__init__
            monkeypatch.setattr(Shared, "__init__", lambda self, x: sound(self, x) or setattr(self, "sides", _One()))
        else:
            one = cut_search.SizesCut()
            monkeypatch.setattr(cuts, "SizesCut", lambda: one)
        found = fused.counts_of_each(x, grid, 2.0)
    assert found[:2] == expected[:2] and found[2] != expected[2] and found[3] != expected[3]


class _One(dict):  # type: ignore[type-arg]
    """A dictionary that takes all keys for one."""

    def get(self, key: object, default: object = None) -> object:
        return super().get(0, default)

    def __setitem__(self, key: object, value: object) -> None:
        super().__setitem__(0, value)


def test_pieces_share_the_sums_of_a_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a chunk that is one tile; the pairs count what each does alone."""
    monkeypatch.setattr(fused, "LEAST", 1)
    monkeypatch.setattr(pieces, "LEAST", 700)
    monkeypatch.setattr(pieces, "MOST", 700)
    x = np.random.default_rng(95).normal(size=(21, 192)).astype(np.float32)
    made: list[Shared] = []
    monkeypatch.setattr(pieces, "Shared", lambda chunk: made.append(Shared(chunk)) or made[-1])
    with engine("numba"):
        cut = Pieces.of(SHORT[:4], x.shape, 2.0, 1)
        assert cut is not None
        found = cut.partials([x.reshape(-1)[: cut.step]], 5.0)
        [shared] = made
        assert found is not None and list(shared.sides) == [(SHORT[0].s, 2.0)]
        assert {(one.x, one.s) for one in found} == {shared.sides[SHORT[0].s, 2.0]}
