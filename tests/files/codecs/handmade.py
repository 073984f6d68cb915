"""Small files of quantized weights put together by hand."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.checkpoints.elements import nbytes_of

Tensor: TypeAlias = tuple[str, tuple[int, ...], bytes]
"""Type, shape, bytes."""


def write(
    path: Path,
    tensors: Mapping[str, Tensor],
    config: Mapping[str, Any] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """A safetensors file, and a ``config.json`` beside it that says ``config`` of quantization."""
    listing: dict[str, Any] = {} if metadata is None else {"__metadata__": dict(metadata)}
    body = b""
    for name, (dtype, shape, raw) in tensors.items():
        assert len(raw) == nbytes_of(dtype, shape), (name, len(raw))
        listing[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    header = json.dumps(listing).encode()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(len(header).to_bytes(8, "little") + header + body)
    if config is not None:
        (path.parent / "config.json").write_text(json.dumps({"model_type": "x", "quantization_config": dict(config)}))
    return path


def loaded(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a safetensors file as they are, and its metadata."""
    raw = path.read_bytes()
    at = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:at])
    metadata = header.pop("__metadata__", {})
    places = {name: (at + one["data_offsets"][0], at + one["data_offsets"][1]) for name, one in header.items()}
    return {
        name: (one["dtype"], tuple(one["shape"]), raw[slice(*places[name])]) for name, one in header.items()
    }, metadata


def f32(values: Any) -> Tensor:
    array = np.asarray(values, "<f4")
    return "F32", array.shape, array.tobytes()


def codes(dtype: str, array: NDArray[np.uint8]) -> Tensor:
    """Codes of one byte."""
    return dtype, array.shape, array.astype(np.uint8).tobytes()


def random_codes(shape: tuple[int, ...], seed: int = 0) -> NDArray[np.uint8]:
    """Bytes that are finite in E4M3 and E5M2."""
    return np.random.default_rng(seed).integers(0, 0x7B, shape, np.uint8) | (
        np.random.default_rng(seed + 1).integers(0, 2, shape, np.uint8) << 7
    )


def values_of(path: Path, name: str = "l.weight") -> NDArray[Any]:
    """The values of a weight of a file."""
    with open_checkpoint(path) as checkpoint:
        return checkpoint.read(name)


def refusal(path: Path, name: str | None = None) -> str:
    """What is said of a file that is refused when it is opened, or when a weight is read."""
    with pytest.raises(CheckpointError) as caught, open_checkpoint(path) as checkpoint:
        if name is not None:
            checkpoint.read(name)
    message = str(caught.value)
    assert message.isprintable()
    return message
