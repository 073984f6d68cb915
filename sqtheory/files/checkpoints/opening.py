"""Which reader a file needs: decided by its first bytes, by its suffix where they leave it open."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from sqtheory.exceptions import CheckpointError
from sqtheory.files import zoo
from sqtheory.files.checkpoints.pickles import PICKLE, PICKLE_SUFFIXES, is_pickle
from sqtheory.files.checkpoints.safetensors import MAX_HEADER, SafetensorsCheckpoint
from sqtheory.files.checkpoints.shards import INDEX_SUFFIX, ShardedCheckpoint, in_folder
from sqtheory.files.checkpoints.tensors import Checkpoint, plain, refused

ZOO = "zoo:"
"""What a path starts with when it names a model that comes with the package."""

READABLE = (
    "readable are .safetensors and folders of them, .gguf, .onnx, .npz, .npy, .tflite, model.bin of CTranslate2 and "
    "zoo:NAME"
)
"""What is said of every file that is none of these."""
_HDF5 = b"\x89HDF\r\n\x1a\n"
_SUFFIX: Mapping[str, str] = MappingProxyType(
    {
        ".gguf": "not a GGUF file",
        ".h5": "an HDF5 file",
        ".npz": "not a zip archive",
        ".npy": "not an npy file",
        ".json": f"JSON that is no index of shards (whose name ends with {INDEX_SUFFIX})",
        **dict.fromkeys(PICKLE_SUFFIXES, PICKLE),
    }
)


def open_stored(path: str | os.PathLike[str]) -> Checkpoint:
    """The tensors as they are stored, codes as codes; otherwise as ``open_checkpoint``."""
    file = _located(os.fspath(path))
    head = _head(file)
    if file.name.endswith(INDEX_SUFFIX):
        return ShardedCheckpoint(file)
    if head.startswith(b"\x93NUMPY"):
        from sqtheory.files.checkpoints.npz import NpyCheckpoint

        return NpyCheckpoint(file)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        from sqtheory.files.checkpoints.npz import NpzCheckpoint

        return NpzCheckpoint(file)
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= MAX_HEADER:
        return SafetensorsCheckpoint(file)
    if file.suffix.lower() == ".onnx":
        from sqtheory.files.checkpoints.onnx import OnnxCheckpoint

        return OnnxCheckpoint(file)
    if head.startswith(b"GGUF"):
        from sqtheory.files.checkpoints.gguf import GgufCheckpoint

        return GgufCheckpoint(file)
    if head[4:8] == b"TFL3":
        from sqtheory.files.checkpoints.tflite import TfliteCheckpoint

        return TfliteCheckpoint(file)
    if _is_ctranslate2(head):
        from sqtheory.files.checkpoints.ctranslate2 import Ctranslate2Checkpoint

        return Ctranslate2Checkpoint(file)
    found = _pickled(file) if is_pickle(head) else "an HDF5 file" if head.startswith(_HDF5) else None
    suffix = file.suffix.lower()
    if found is None and suffix == ".safetensors":
        return SafetensorsCheckpoint(file)
    found = found or _SUFFIX.get(suffix) or f"unknown content, starting with {head[:8]!r}"
    raise refused(file, f"{found}; {READABLE}")


def _pickled(file: Path) -> str:
    from sqtheory.files.checkpoints.pickle_operations import pickle_said

    return pickle_said(file)


def _is_ctranslate2(head: bytes) -> bool:
    """Whether a file begins like a model: a version, and the name of a specification with its length."""
    length = int.from_bytes(head[4:6], "little")
    name = head[6 : 6 + length]
    return 1 <= int.from_bytes(head[:4], "little") <= 64 and length > 4 and name[:4].isalpha() and name.isascii()


def _located(path: str) -> Path:
    if not path.startswith(ZOO):
        file = Path(path)
        try:
            return in_folder(file) if file.is_dir() else file
        except CheckpointError:
            raise
        except (OSError, ValueError) as error:
            raise refused(file, f"cannot be opened: {plain(str(error))}") from error
    try:
        return zoo.path(path.removeprefix(ZOO))
    except ValueError as error:
        raise CheckpointError(plain(str(error))) from error


def _head(file: Path) -> bytes:
    """The first bytes of a regular file."""
    try:
        mode = file.stat().st_mode
        if not stat.S_ISREG(mode):
            raise refused(file, "not a regular file")
        with file.open("rb") as stream:
            return stream.read(16)
    except FileNotFoundError as error:
        raise refused(file, "there is no such file") from error
    except CheckpointError:
        raise
    except (OSError, ValueError) as error:
        raise refused(file, f"cannot be opened: {plain(str(error))}") from error
