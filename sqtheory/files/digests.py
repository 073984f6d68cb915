"""SHA-256 of bytes and of files, in hexadecimal digits."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.tensors import plain, refused


def sha256(pieces: Iterable[NDArray[np.uint8] | bytes]) -> str:
    """SHA-256 of bytes, in hexadecimal digits."""
    content = hashlib.sha256()
    for piece in pieces:
        content.update(piece if isinstance(piece, bytes) else np.ascontiguousarray(piece).data)
    return content.hexdigest()


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    try:
        with path.open("rb", buffering=0) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise refused(path, f"cannot be read: {plain(str(error))}") from error
