"""A packed file of ours opens as the values of its codes."""

from pathlib import Path

import numpy as np
import pytest

import sqtheory as sq
from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import SafetensorsWriter, open_checkpoint, open_stored
from sqtheory.files.packing import pack_image, unpack, write_packed
from tests.files.codecs.handmade import f32, write

X = np.random.default_rng(0).normal(size=(8, 64)).astype(np.float32)
OPERATORS = ("2:4 >> int4", "mxfp4 >> 50%", "nvfp4", "hbfp(5, block=7)", "int(4, block=32, scaling=halfrange)")


def test_values_are_those_that_unpack_gives(tmp_path: Path) -> None:
    packs = {f"{i}.weight": pack_image(X, sq.parse(text)) for i, text in enumerate(OPERATORS)}
    with open_stored(write(tmp_path / "m", {"norm": f32(np.ones(3))})) as source:
        write_packed(tmp_path / "p", packs.items(), source)
    with open_checkpoint(tmp_path / "p") as checkpoint:
        assert {info.name for info in checkpoint.tensors} == {*packs, "norm"}
        for name, packed in packs.items():
            assert checkpoint.info(name).quantized and checkpoint.info(name).shape == X.shape
            assert checkpoint.read(name).tobytes() == unpack(packed).tobytes()
            assert set(checkpoint.parts(name)) == set(packed.schema.layout)
        assert checkpoint.info("0.weight").dtype == "packed nm(2, 4) >> int(4)" and not checkpoint.parts("norm")


def test_values_wider_than_float32_are_left_to_unpack(tmp_path: Path) -> None:
    write_packed(tmp_path / "p", [("w", pack_image(X.astype(np.float64), sq.parse("int4")))])
    with pytest.raises(CheckpointError, match="sqtheory unpack"):
        open_checkpoint(tmp_path / "p")


def test_arrays_called_so_without_schemas_are_refused(tmp_path: Path) -> None:
    write_packed(tmp_path / "p", [("w", pack_image(X, sq.parse("int4")))])
    with open_stored(tmp_path / "p") as stored:
        with SafetensorsWriter(tmp_path / "bare", stored.tensors, source=stored) as writer:
            for info in stored.tensors:
                writer.copy(info.name, stored.stored(info.name))
    with pytest.raises(CheckpointError, match=r"w\.scales"):
        open_checkpoint(tmp_path / "bare")
