"""Groups that tie at the cut on x itself, where x stands for codes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from sqtheory import int_, parse, top
from sqtheory.alphabet.scores import Random
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, StreamedTensor
from sqtheory.execution.sweeping import sweep
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.orders.grid import sentences
from sqtheory.orders.source import SourceTies, source_ties
from tests.files.codecs.handmade import codes, f32, write


def mask(text: str) -> Sparsifier:
    s = parse(text)
    assert isinstance(s, Sparsifier)
    return s


GRID = np.random.default_rng(0).integers(-4, 5, (16, 64)).astype(np.float32)


def by_sorting(x: Array, n: int, m: int) -> int:
    ordered = np.sort(np.abs(x).reshape(-1, m), axis=1)[:, ::-1]
    return int(np.count_nonzero(ordered[:, n - 1] == ordered[:, n]))


@dataclass(frozen=True)
class InPieces(StreamedTensor):
    x: Array

    @property
    def shape(self) -> tuple[int, ...]:
        return self.x.shape

    @property
    def size(self) -> int:
        return self.x.size

    @property
    def dtype(self) -> np.dtype[np.float32]:
        return np.dtype(np.float32)

    def pieces(self, entries: int) -> Iterator[Array]:
        flat = self.x.reshape(-1)
        return (flat[at : at + 128] for at in range(0, flat.size, 128))

    def whole(self) -> Array:
        return self.x


@pytest.mark.parametrize(("n", "m"), [(2, 4), (1, 4), (4, 8)])
def test_ties_are_those_that_sorting_finds(n: int, m: int) -> None:
    s = mask(f"{n}:{m}")
    wanted = SourceTies(by_sorting(GRID, n, m), GRID.size // m)
    assert source_ties(GRID, s) == wanted == source_ties(InPieces(GRID), s)
    down = mask(f"nm({n}, {m}, axis=0)")
    assert source_ties(GRID, down) == source_ties(InPieces(GRID), down)
    assert source_ties(GRID, down) == SourceTies(by_sorting(np.ascontiguousarray(GRID.T), n, m), GRID.size // m)


def test_masks_that_rank_nothing_have_no_ties() -> None:
    assert source_ties(GRID, mask("threshold(0.5)")) is None
    assert source_ties(GRID, top(0.5, score=Random(np.random.default_rng(0)))) is None


@pytest.mark.parametrize("results", [False, True])
def test_only_a_quantized_source_has_them(tmp_path: Path, results: bool) -> None:
    """Small tensors that are computed together, and each alone, where results are kept; a dense twin has none."""
    raw = np.random.default_rng(1).integers(0x30, 0x38, (8, 16), np.uint8)
    tensors = {f"{i}.weight": codes("F8_E4M3", raw + i) for i in range(3)}
    scales = {f"{i}.weight_scale": f32(2.0) for i in range(3)}
    quantized = write(tmp_path / "quantized", {**tensors, **scales})
    with open_checkpoint(quantized) as checkpoint:
        values = {info.name: checkpoint.read(info.name) for info in checkpoint.tensors}
    dense = write(tmp_path / "dense", {name: f32(x) for name, x in values.items()})
    kept = tmp_path / "results" if results else None
    for path in (dense, quantized, dense):
        with open_checkpoint(path) as checkpoint:
            rows = [row for [row] in sweep(checkpoint, checkpoint.tensors, [mask("2:4")], [int_(4)], results=kept)]
        if path == dense:
            assert all(row.source is None and "source" not in row.to_dict() for row in rows)
            assert not any("source is quantized" in line for line in sentences(rows))
        else:
            assert [row.source for row in rows] == [SourceTies(by_sorting(x, 2, 4), 32) for x in values.values()]
            total = sum(by_sorting(x, 2, 4) for x in values.values())
            assert f"The source is quantized: {total} of 96 groups of x" in sentences(rows)[-1]
            assert rows[0].to_dict()["source"] == {"tied": by_sorting(values["0.weight"], 2, 4), "groups": 32}
