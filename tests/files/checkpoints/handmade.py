import json
import struct
from pathlib import Path

import pytest

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint
from tests.nightly import often as often

NPY_FIELDS = "{{'descr': '<f4', 'fortran_order': False, 'shape': {}}}"


def entry(dtype: str, shape: list[object], begin: object, end: object) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors_bytes(header: object, body: bytes = b"", *, length: int | None = None) -> bytes:
    """A file put together by hand; ``header`` is JSON already when it is bytes."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def npy_header(text: str, body: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    return b"\x93NUMPY" + version + len(text).to_bytes(4 if version[0] > 1 else 2, "little") + text.encode() + body


def rewrite(file: Path, content: bytes) -> None:
    """Give a file other content in place: file systems hurry to save one that was emptied first, which takes time."""
    with file.open("r+b" if file.exists() else "wb") as stream:
        stream.write(content)
        stream.truncate()


def read_all(path: Path) -> dict[str, object]:
    with open_checkpoint(path) as checkpoint:
        return {info.name: checkpoint.read(info.name) for info in checkpoint.tensors}


def refusal(path: Path) -> str:
    """The one line with which a file is refused while it is opened and read."""
    with pytest.raises(CheckpointError) as caught:
        read_all(path)
    message = str(caught.value)
    assert message.isprintable() and path.name in message
    return message
