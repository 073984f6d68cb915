"""Tensors read piece by piece: the same entries, reports to the last bit, and not the memory of the whole."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp, nvfp4
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.exceptions import InputRefused
from sqtheory.execution import sweep
from sqtheory.execution.fingerprints import digest_of
from sqtheory.files.checkpoints import (
    Checkpoint,
    SafetensorsCheckpoint,
    SafetensorsWriter,
    StoredTensor,
    declare,
    open_checkpoint,
    safetensors,
    stored,
)
from sqtheory.files.checkpoints.npz import NpyCheckpoint
from sqtheory.orders import fused
from sqtheory.orders.grid import tensor_rows
from sqtheory.orders.pair import Pair

DTYPES = ("F64", "F32", "F16", "BF16", "F8_E4M3", "F4")
SHAPE = (48, 128)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take small tensors too, in several pieces."""
    for name, value in (("LEAST", 1), ("CHUNK", 600), ("PIECE", 1000)):
        monkeypatch.setattr(fused, name, value)
    monkeypatch.setattr(stored, "LARGE", 100)


def written(folder: Path, dtype: str) -> Path:
    x = np.random.default_rng(7).normal(size=SHAPE)
    values = E2M1.round(np.clip(x * 2, -6, 6))  # numbers that every type here has
    path = folder / f"{dtype}.safetensors"
    with SafetensorsWriter(path, [declare("w", dtype, SHAPE)]) as writer:
        writer.write("w", values if dtype == "F64" else values.astype(np.float32))
    return path


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("entries", [1, 33, 1000, 6144, 10_000])
def test_pieces_join_to_the_tensor(dtype: str, entries: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safetensors, "SLAB", 64)
    with open_checkpoint(written(tmp_path, dtype)) as checkpoint:
        whole, tensor = checkpoint.read("w"), StoredTensor.of(checkpoint, "w")
        assert tensor is not None
        parts = list(tensor.pieces(entries))
        assert all(part.size == entries for part in parts[:-1]) and parts[0].dtype == whole.dtype
        assert np.concatenate(parts).tobytes() == whole.tobytes() == tensor.whole().tobytes()


def test_files_that_do_not_stream_are_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "LARGE", 1)
    np.save(tmp_path / "w.npy", np.arange(20.0))
    with NpyCheckpoint(tmp_path / "w.npy") as checkpoint:
        assert StoredTensor.of(checkpoint, checkpoint.tensors[0].name) is None


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("q", [int_(4), hbfp(4, block=16), mxfp(E2M1), nvfp4(), int_(4, per=Rows())], ids=str)
def test_the_reports_are_those_of_the_whole_to_the_last_bit(dtype: str, q: Quantizer, tmp_path: Path) -> None:
    with open_checkpoint(written(tmp_path, dtype)) as checkpoint:
        tensor, whole = StoredTensor.of(checkpoint, "w"), checkpoint.read("w")
        assert tensor is not None and (tensor.shape, tensor.size, tensor.dtype) == (SHAPE, 6144, whole.dtype)
        assert digest_of(tensor) == digest_of(whole)
        for s in (nm(2, 4), nm(4, 8)):
            found = fused.counts_of(tensor, Pair(s, q), 2.0)
            assert found is not None and found == fused.counts_of(whole, Pair(s, q), 2.0)


@pytest.mark.usefixtures("small")
def test_what_the_pass_is_not_for_is_read_whole(tmp_path: Path) -> None:
    masks, formats = [nm(2, 4), top(0.5), nm(2, 4, axis=0)], [int_(4), int_(4, block=20)]
    with open_checkpoint(written(tmp_path, "F32")) as checkpoint:
        tensor = StoredTensor.of(checkpoint, "w")
        assert tensor is not None and fused.counts_of(tensor, Pair(nm(2, 4), int_(4, block=20)), 2.0) is None
        assert tensor_rows("w", tensor, masks, formats) == tensor_rows("w", checkpoint.read("w"), masks, formats)
        [rows] = sweep(checkpoint, checkpoint.tensors, masks, formats)
        assert rows == tensor_rows("w", checkpoint.read("w"), masks, formats)


@pytest.mark.usefixtures("small")
def test_the_whole_is_not_read_where_pieces_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("read whole")

    with open_checkpoint(written(tmp_path, "F16")) as checkpoint:
        expected = tensor_rows("w", checkpoint.read("w"), [nm(2, 4)], [int_(4), nvfp4()])
        monkeypatch.setattr(SafetensorsCheckpoint, "_read", never)
        [rows] = sweep(checkpoint, checkpoint.tensors, [nm(2, 4)], [int_(4), nvfp4()], results=tmp_path / "results")
        assert rows == expected
        [again] = sweep(checkpoint, checkpoint.tensors, [nm(2, 4)], [int_(4), nvfp4()], results=tmp_path / "results")
        assert again == expected


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("q", [int_(4), nvfp4()], ids=str)
def test_a_number_that_is_none_is_named_by_its_place(q: Quantizer, tmp_path: Path) -> None:
    x = np.random.default_rng(8).normal(size=SHAPE).astype(np.float32)
    x[40, 5] = np.nan
    with SafetensorsWriter(tmp_path / "n.safetensors", [declare("w", "F32", SHAPE)]) as writer:
        writer.write("w", x)
    with open_checkpoint(tmp_path / "n.safetensors") as checkpoint, pytest.raises(InputRefused, match=r"\(40, 5\)"):
        list(sweep(checkpoint, checkpoint.tensors, [nm(2, 4)], [q]))


def test_small_tensors_and_integers_are_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def named(checkpoint: Checkpoint) -> StoredTensor | None:
        return StoredTensor.of(checkpoint, "w")

    with open_checkpoint(written(tmp_path, "F32")) as checkpoint:
        assert named(checkpoint) is None
        monkeypatch.setattr(stored, "LARGE", 100)
        assert named(checkpoint) is not None
        info = dataclasses.replace(checkpoint.info("w"), dtype="I32")
        monkeypatch.setattr(SafetensorsCheckpoint, "info", lambda *_: info)
        assert named(checkpoint) is None
