"""Scale blocks that are not 0 and whose image is: counted alike by the definition, the single pass and the batches."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sqtheory import explain, int_, nm, nvfp4
from sqtheory.alphabet.kernels import engine
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.execution.sweeping import sweep
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.orders.grid import sentences, tensor_rows
from tests.files.codecs.handmade import f32, write


def one_giant(rows: int) -> np.ndarray:
    """Normals of size 1e-20 and one entry 1e30, whose scale is beyond those of all other blocks; some blocks are 0."""
    x = (np.random.default_rng(0).standard_normal((rows, 64)) * 1e-20).astype(np.float32)
    x[1] = 0
    x[0, 0] = 1e30
    return x


@pytest.mark.parametrize("rows", [8, 1024])
def test_all_blocks_but_that_of_the_giant_are_lost_and_counted(rows: int) -> None:
    x, s, q = one_giant(rows), nm(2, 4), nvfp4()
    lost = rows * 4 - 1 - 4
    report = explain(x, s, q)
    assert report.flushed == lost and report.to_dict()["flushed"] == lost
    for kind in ("numpy", "definition"):
        with engine(kind):
            [row] = tensor_rows("w", x, [s], [q])
        assert row.channels == report
    assert f"scale blocks of which every entry became 0, though some was not: {lost}." in sentences([row])


def test_small_tensors_that_are_computed_together(tmp_path: Path) -> None:
    path = write(tmp_path / "m", {f"{i}.weight": f32(one_giant(8) if i != 1 else np.ones((8, 64))) for i in range(3)})
    with open_checkpoint(path) as checkpoint:
        rows = [row for [row] in sweep(checkpoint, checkpoint.tensors, [nm(2, 4)], [nvfp4()])]
    assert [row.channels.flushed for row in rows] == [27, 0, 27]
    assert "flushed" not in rows[1].channels.to_dict()


@pytest.mark.parametrize("scale", [1e-45, 1e-44, 1e-40, 1e-38, 1.0])
@pytest.mark.parametrize("make", [lambda: int_(4), lambda: int_(4, block=32), nvfp4], ids=["int4", "int4:b32", "nvfp4"])
def test_both_count_alike_on_tiny_entries(scale: float, make: Callable[[], Quantizer]) -> None:
    x = (np.random.default_rng(1).integers(-9, 10, (1024, 64)) * np.float32(scale)).astype(np.float32)
    q = make()
    with engine("definition"):
        [wanted] = tensor_rows("w", x, [nm(2, 4)], [q])
    [row] = tensor_rows("w", x, [nm(2, 4)], [q])
    assert row.channels == wanted.channels
