"""Pieces of a tensor: their sums, in any order, are what is counted on the whole."""

import sys
from collections.abc import Sequence

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.kernels import engine
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp, nvfp4
from sqtheory.alphabet.scaling import HalfRange
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, top
from sqtheory.alphabet.ties import high_index
from sqtheory.arrays import Array
from sqtheory.orders import fused, partial, pieces
from sqtheory.orders.counts import Counts
from sqtheory.orders.pair import Pair
from sqtheory.orders.pieces import Pieces, added, top_of, undecided
from sqtheory.orders.witnesses import joined
from sqtheory.theory.samples import SAMPLES
from tests.nightly import NIGHTLY

GRID = [
    Pair(s, q)
    for s, q in (
        *((nm(2, 4), q) for q in (mxfp(E2M1), hbfp(4, block=16), nvfp4(), int_(4, per=Rows()))),
        (nm(1, 4, ties=high_index), int_(4, block=48)),
        (nm(2, 4), int_(4, block=32, scaling=HalfRange())),
    )
]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut small tensors too."""
    monkeypatch.setattr(fused, "LEAST", 1)
    for name in ("LEAST", "MOST"):
        monkeypatch.setattr(pieces, name, 700)


def counted(x: Array, cut: Pieces, seed: int) -> list[Counts] | None:
    """What the pieces of x come to, asked and added in a random order."""
    rng, flat = np.random.default_rng(seed), x.reshape(-1)
    chunks = [flat[begin:end] for begin, end in cut.cuts()]
    assert np.array_equal(np.concatenate(chunks), flat)
    order = rng.permutation(len(chunks)).tolist()
    top = max(top_of([chunk]) for chunk in chunks)
    found = [cut.partials([chunks[i]], top) for i in order]
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return None
    sums = added(known)
    doubtful = undecided(sums)
    some = [cut.only(doubtful).witnesses([chunks[i]], top) for i in order]
    told = [one for one in some if one is not None]
    return cut.counts(sums, [joined(each) for each in zip(*told, strict=True)])


def of_whole(x: Array, grid: Sequence[Pair], p: float) -> list[Counts | None]:
    return [fused.counts_of(x, pair, p) for pair in grid]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("loops", ["numpy", "numba"])
@pytest.mark.parametrize("p", [1.0, 2.0])
def test_pieces_count_what_the_whole_does(loops: str, p: float, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(81)
    monkeypatch.setattr(sys.modules[engine.__module__], "ENOUGH", 1)
    with engine(loops):
        for number, (name, sample) in enumerate(SAMPLES.items()):
            if not NIGHTLY and number % 2 != (p == 2):
                continue
            x = sample(rng, (21, 197 if name == "short_tail" else 192), np.float64 if number % 3 == 0 else np.float32)
            cut = Pieces.of(GRID, x.shape, p, 1)
            assert cut is not None and cut.grid == tuple(GRID) and len(cut.cuts()) > 1
            whole = of_whole(x, GRID, p)
            assert counted(x, cut, number) == (None if None in whole else whole), name


@pytest.mark.usefixtures("small")
def test_a_close_verdict_is_told_by_the_witnesses_of_all_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partial, "DOUBT", 0)
    x = SAMPLES["ties"](np.random.default_rng(82), (16, 256), np.float32)
    cut = Pieces.of(GRID[:3], x.shape, 2.0, 1)
    assert cut is not None
    found = counted(x, cut, 0)
    assert found is not None and found == of_whole(x, GRID[:3], 2.0) and any(one.sums.lead for one in found)
    monkeypatch.setattr(pieces, "exact_lead", lambda *_: 0)
    assert counted(x, cut, 0) != found


@pytest.mark.usefixtures("small")
def test_what_must_be_seen_whole_is_in_no_piece() -> None:
    whole: list[tuple[Sparsifier, Quantizer]] = [(top(0.5), int_(4)), (nm(2, 4, axis=0), int_(4, per=Rows()))]
    grid = [Pair(*whole[0]), GRID[0], Pair(*whole[1]), GRID[2]]
    cut = Pieces.of(grid, (48, 128), 2.0, 1)
    assert cut is not None and cut.places == (1, 3) and cut.grid == (grid[1], grid[3]) and cut.needs_top
    assert Pieces.of([grid[0], grid[2]], (48, 128), 2.0, 1) is None
    assert Pieces.of(grid, (4, 128), 2.0, 1) is None, "one piece"
    with engine("definition"):
        assert Pieces.of(grid, (48, 128), 2.0, 1) is None


@pytest.mark.usefixtures("small")
def test_pieces_are_whole_blocks_of_every_pair() -> None:
    cut = Pieces.of(GRID, (21, 192), 2.0, 1)
    assert cut is not None and cut.step == 768
    assert cut.cuts()[0] == (0, 768) and cut.cuts()[-1] == (3840, 4032)
    tail = Pieces.of([Pair(nm(2, 4), mxfp(E2M1))], (21, 100), 2.0, 1)
    assert tail is not None and tail.widths == (100,) and tail.step == 700, "a short block ends every row"


@pytest.mark.usefixtures("small")
def test_a_piece_with_a_number_that_is_none_is_for_the_whole() -> None:
    x = np.ones((16, 256), np.float32)
    x[11, 3] = np.inf
    cut = Pieces.of(GRID[:2], x.shape, 2.0, 1)
    assert cut is not None and counted(x, cut, 0) is None


@pytest.mark.usefixtures("small")
def test_a_piece_that_is_added_twice_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(83).normal(size=(16, 256)).astype(np.float32)
    cut = Pieces.of(GRID[:1], x.shape, 2.0, 1)
    assert cut is not None and counted(x, cut, 0) == of_whole(x, GRID[:1], 2.0)
    monkeypatch.setattr(partial.Partial, "__add__", lambda self, other: other)
    assert counted(x, cut, 0) != of_whole(x, GRID[:1], 2.0)
