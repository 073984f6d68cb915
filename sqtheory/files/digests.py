"""SHA-256 of bytes and of files, in hexadecimal digits."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.tensors import PIECE_BYTES, plain, refused


def sha256(pieces: Iterable[NDArray[np.uint8] | bytes]) -> str:
    """SHA-256 of bytes, in hexadecimal digits."""
    content = hashlib.sha256()
    for piece in pieces:
        content.update(piece if isinstance(piece, bytes) else np.ascontiguousarray(piece).data)
    return content.hexdigest()


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    content = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                content.update(piece)
    except OSError as error:
        raise refused(path, f"cannot be read: {plain(str(error))}") from error
    return content.hexdigest()
