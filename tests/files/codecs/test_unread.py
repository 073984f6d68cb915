"""Codes of layouts that cannot be read are refused by the name of the package, with or without a configuration."""

from pathlib import Path

import pytest

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.codecs.unread import LAYOUTS
from tests.files.codecs.handmade import Tensor, write


@pytest.mark.parametrize("end", LAYOUTS)
def test_codes_are_named_with_their_package(end: str, tmp_path: Path) -> None:
    package, (other, *_) = LAYOUTS[end]
    tensors: dict[str, Tensor] = {f"l{end}": ("U8", (4, 4), bytes(16)), f"l{other}": ("F16", (4, 1), bytes(8))}
    with pytest.raises(CheckpointError, match=rf"'l{end}'.*codes of {package}"):
        open_checkpoint(write(tmp_path / "m.safetensors", tensors))


@pytest.mark.parametrize("method", ["hqq", "quanto"])
def test_a_method_is_refused_by_name(method: str, tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", {"l.W_q": ("U8", (4, 4), bytes(16))}, {"quant_method": method})
    with pytest.raises(CheckpointError, match=f"quant_method {method}.*cannot be decoded"):
        open_checkpoint(path)


def test_a_name_alone_is_no_layout(tmp_path: Path) -> None:
    tensors: dict[str, Tensor] = {"l.trellis": ("F32", (4, 4), bytes(64))}
    with open_checkpoint(write(tmp_path / "m.safetensors", tensors)) as checkpoint:
        assert checkpoint.read("l.trellis").shape == (4, 4)
