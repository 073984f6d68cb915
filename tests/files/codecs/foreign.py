"""Files in ``reference/``, which the packages made that write the layouts: tensors as they are stored, and values."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.safetensors import SafetensorsCheckpoint
from tests.files.codecs.handmade import Tensor

FOLDER = Path(__file__).parent / "reference"
_VALUES = ".values"


def foreign(file: str, layer: str) -> tuple[dict[str, Tensor], NDArray[Any]]:
    """The tensors of one layer of a file, without what ``reference/README.md`` says is no part, and its values."""
    with SafetensorsCheckpoint(FOLDER / f"{file}.safetensors") as checkpoint:
        own = [info for info in checkpoint.tensors if info.name.startswith(f"{layer}.")]
        tensors = {
            info.name: (info.dtype, info.shape, b"".join(piece.tobytes() for piece in checkpoint.stored(info.name)))
            for info in own
            if info.name != layer + _VALUES
        }
        return tensors, checkpoint.read(layer + _VALUES)


def as_i32(array: NDArray[Any]) -> Tensor:
    """A tensor of 32-bit integers."""
    return "I32", array.shape, array.astype("<i4").tobytes()


def entries(tensor: Tensor, dtype: str) -> NDArray[Any]:
    """The entries of a tensor of a type that numpy has, in an array that can be changed."""
    return np.frombuffer(tensor[2], dtype).reshape(tensor[1]).copy()
