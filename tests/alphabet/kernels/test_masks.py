"""Kernels of masks against the definition on whole arrays and, for short runs, against sorted lists."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.alphabet import kernels
from sqtheory.alphabet.kernels import engine, masks, ranking, scratch, topk
from sqtheory.alphabet.partition import Blocks, Channels, Columns, Partition, Rows, Tiles, Whole
from sqtheory.alphabet.sparsifiers import TopSparsifier, nm, top
from sqtheory.alphabet.ties import Ties, by_original, high_index, low_index
from sqtheory.arrays import Mask
from sqtheory.theory.samples import SAMPLES
from tests.alphabet.kernels.test_quantization import views
from tests.nightly import thin
from tests.twins import masks as twin

PARTITIONS: list[Partition] = [
    *(Blocks(m) for m in (1, 2, 3, 4, 7, 8, 16, 31, 32, 33)),
    *(Blocks(3, axis=0), Blocks(4, axis=0), Rows(), Columns(), Whole(), Channels(0), Tiles(2, 4)),
]
TIES: list[Ties] = [low_index, high_index, by_original]


@pytest.fixture(params=[None, 500], ids=["as it is", "cut"])
def cut(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles and long runs as they are, or so small that the samples here have many of either."""
    if request.param is not None:
        monkeypatch.setattr(scratch, "TILE", request.param)
        monkeypatch.setattr(masks, "LONG", 33)
        monkeypatch.setattr(topk, "SHARE", 4)


def disagreements(s: TopSparsifier, dtype: type) -> list[str]:
    """The samples on which a mask differs from the definition."""
    rng, found = np.random.default_rng(53), []
    for i, (name, sample) in enumerate(SAMPLES.items()):
        x, origin = (views(sample(rng, (8, 69), dtype))[(i + len(str(s))) % 4] for _ in range(2))
        for whence in (x, origin):
            with engine("definition"):
                expected, image = s.mask(x, whence), s(x)
            if not np.array_equal(s.mask(x, whence), expected) or s(x).tobytes() != image.tobytes():
                found.append(name)
    return found


@thin(8)
@pytest.mark.usefixtures("cut")
@pytest.mark.parametrize("ties", TIES, ids=str)
@pytest.mark.parametrize("keep", [1, 7, Fraction(1, 2), Fraction(9, 10)], ids=str)
def test_kernels_are_the_definition(keep: Any, ties: Ties) -> None:
    for groups in PARTITIONS:
        if not isinstance(groups, Blocks) or keep <= groups.size:
            dtype = np.float64 if groups in PARTITIONS[::2] else np.float32
            assert disagreements(TopSparsifier(keep, groups, ties=ties), dtype) == [], groups


@pytest.mark.usefixtures("loops")
@pytest.mark.parametrize("m", range(1, 33))
def test_every_pattern_up_to_32(m: int) -> None:
    rng = np.random.default_rng(m)
    x = rng.integers(-3, 4, (6, 2 * m)).astype(np.float32) / 2
    for n in {1, (m + 1) // 2, m}:
        for ties, low in ((low_index, True), (high_index, False)):
            expected = twin.mask(np.abs(x), twin.blocks(m, -1), lambda size, n=n: n, low=low)
            out = np.empty(x.shape, bool)
            nm(n, m, ties=ties).mask(x, out=out)
            assert np.array_equal(out, expected)


@pytest.mark.parametrize("ties", [low_index, high_index, by_original], ids=str)
@pytest.mark.parametrize("share", [Fraction(1, 100), Fraction(1, 2), Fraction(97, 100)], ids=str)
@pytest.mark.parametrize("kind", ["normal", "ties", "zeros", "powers", "constant", "sorted", "periodic"])
def test_the_largest_of_one_long_run(kind: str, share: Fraction, ties: Ties) -> None:
    rng, n = np.random.default_rng(54), 1 << 16
    shapes: dict[str, NDArray[Any]] = {
        "constant": np.full(n, -2.5),
        "sorted": np.sort(rng.normal(size=n)),
        "periodic": np.tile(np.arange(64.0), n // 64),
    }
    x = shapes[kind].astype(np.float32) if kind in shapes else SAMPLES[kind](rng, (n,), np.float32)
    s, origin = top(share, ties=ties), rng.integers(0, 3, n).astype(np.float32)
    with engine("definition"):
        expected = s.mask(x, origin)
    out = np.empty(n, bool)
    assert kernels.keep_largest(x, out, Whole(), s.budget, s.ties.key(x, origin), s.ties.low_index)
    assert np.array_equal(out, expected) and s.mask(x, origin).tobytes() == expected.tobytes()


@pytest.mark.usefixtures("loops", "cut")
@pytest.mark.parametrize("groups", [Blocks(4), Blocks(16), Rows(), Whole(), Blocks(40)], ids=str)
def test_what_is_no_number_is_left_to_the_definition(groups: Partition) -> None:
    for bad in (np.nan, np.inf, -np.inf):
        x = np.ones((4, 80))
        x[2, 63] = bad
        s = top(Fraction(1, 2), per=groups)
        assert not kernels.keep_largest(x, np.empty(x.shape, bool), groups, s.budget, None, True)
        with pytest.raises(ValueError, match=rf"{bad} at \(2, 63\), group .*: cannot be ranked"):
            s.mask(x)


def test_out_is_checked() -> None:
    with pytest.raises(ValueError, match=r"out needs bool \(4,\), got float64 \(4,\)"):
        nm(2, 4).mask(np.ones(4), out=np.empty(4))  # type: ignore[arg-type]


def ties_forgotten(scores: Any, k: int, keys: Any, low_index: bool, out: Mask) -> Mask:
    """Keeps whatever is not below the k-th largest."""
    return np.greater_equal(scores, -np.sort(-scores, axis=0)[k - 1], out=out)


def test_broken_loops_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = ranking.count_losses
    monkeypatch.setattr(ranking, "count_losses", lambda columns, keys, low: sound(columns, keys, not low))
    assert disagreements(nm(2, 3, tail=top(1).tail), np.float32) != []
    monkeypatch.setattr(ranking, "top_columns", ties_forgotten)
    assert disagreements(TopSparsifier(2, Blocks(4)), np.float32) != []


def test_a_broken_interleaving_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def reversed_columns(kept: Mask, out: Mask) -> None:
        out[...] = np.moveaxis(kept[::-1].reshape(out.shape[-1], *out.shape[:-1]), 0, -1)

    monkeypatch.setattr(ranking, "interleave", reversed_columns)
    assert disagreements(TopSparsifier(2, Blocks(4)), np.float32) != []
