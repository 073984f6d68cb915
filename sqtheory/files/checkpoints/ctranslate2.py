"""Tensors of a CTranslate2 ``model.bin``: names, shapes and types before the bytes of each, codes as their values."""

import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.elements import BITS, ELEMENTS, read_values
from sqtheory.files.checkpoints.entries import pieces_at
from sqtheory.files.checkpoints.tensors import FileCheckpoint, TensorInfo, check_tensor, plain, quoted, refused
from sqtheory.files.checkpoints.walk import Walk

VERSIONS = range(4, 7)
"""Versions of the format that are read; earlier ones do not say the types."""
MAX_VARIABLES = 1 << 16
_TYPES = ("F32", "I8", "I16", "I32", "F16", "BF16")
"""By the number that the file has for each."""
_CODES: Mapping[str, str] = MappingProxyType({"I8": "INT8", "I16": "INT16"})
_SCALE, _ZERO = "_scale", "_zero"


@final
@dataclass(frozen=True)
class _Variable:
    """A tensor as it is stored, and the first of its bytes."""

    info: TensorInfo
    begin: int


@final
class Ctranslate2Checkpoint(FileCheckpoint):
    """A model of CTranslate2, its tensors in the order of the file.

    Codes NAME I8 [out, …] with NAME_scale F32 [out], or I16 with one scale, come as the values q·(1/s), rounded after
    the reciprocal and after the product as the package computes them. Aliases of a tensor are not listed.
    """

    CONTAINER = "CTranslate2"

    def __init__(self, path: Path) -> None:
        """Read what stands before the bytes of each tensor; these stay in the file."""
        with ExitStack() as undo:
            self._file = undo.enter_context(path.open("rb", buffering=0))
            walk = Walk(path, self._file)
            self._variables = _variables(walk)
            self._aliases = _aliases(walk, self._variables)
            self._scales = dict(_scales(path, {name: one.info for name, one in self._variables.items()}))
            undo.pop_all()
        self._lock = threading.Lock()
        scales = set(self._scales.values())
        super().__init__(path, tuple(self._shown(one.info) for n, one in self._variables.items() if n not in scales))

    @property
    def aliases(self) -> Mapping[str, str]:
        """Further names, and the tensors that they are of."""
        return MappingProxyType(self._aliases)

    def stored(self, name: str) -> Iterator[NDArray[np.uint8]]:
        info = self.info(name)
        if info.quantized:
            return super().stored(name)
        return pieces_at(self._path, info, self._file, self._variables[name].begin, self._lock)

    def _shown(self, info: TensorInfo) -> TensorInfo:
        if info.name not in self._scales:
            return info
        nbytes = info.nbytes + self._variables[self._scales[info.name]].info.nbytes
        return TensorInfo(info.name, _CODES[info.dtype], info.shape, nbytes, quantized=True)

    def _read(self, info: TensorInfo) -> NDArray[Any]:
        entries = self._entries(info.name)
        if not info.quantized:
            return entries
        scales = self._entries(self._scales[info.name]).reshape(-1, *(1,) * (entries.ndim - 1))
        if not (np.isfinite(scales).all() and np.all(scales)):
            name = quoted(self._scales[info.name])
            raise refused(self._path, f"a divisor of codes in {name} is 0 or no finite number", info.name)
        values: NDArray[np.float32] = entries.astype(np.float32)
        with np.errstate(over="ignore"):
            values *= np.float32(1) / scales
        return values

    def _entries(self, name: str) -> NDArray[Any]:
        one = self._variables[name]
        try:
            with self._lock:
                self._file.seek(one.begin)
                return read_values(self._file, one.info.nbytes, ELEMENTS[one.info.dtype]).reshape(one.info.shape)
        except (EOFError, OSError, ValueError) as error:
            raise refused(self._path, plain(str(error)), name) from error


def _variables(walk: Walk) -> dict[str, _Variable]:
    version = walk.number(4, "the version")
    if version not in VERSIONS:
        raise walk.refused(f"readable are versions {VERSIONS[0]} to {VERSIONS[-1]} of CTranslate2, got {version}")
    _text(walk, "the specification")
    walk.number(4, "the revision")
    count = walk.number(4, "the number of variables")
    if count > MAX_VARIABLES:
        raise walk.refused(f"at most {MAX_VARIABLES} variables, got {count}")
    found: dict[str, _Variable] = {}
    for _ in range(count):
        name = _text(walk, "a name")
        if name in found:
            raise walk.refused("the file has this name twice", name)
        shape = tuple(walk.number(4, "a shape") for _ in range(walk.number(1, "a number of axes")))
        check_tensor(walk.path, name, shape)
        kind, nbytes = walk.number(1, "a type"), walk.number(4, "a number of bytes")
        if kind >= len(_TYPES):
            raise walk.refused(f"no type has the number {kind}", name)
        dtype = _TYPES[kind]
        expected = BITS[dtype] // 8 * math.prod(shape)
        if nbytes != expected:
            raise walk.refused(f"{dtype} of shape {shape} takes {expected} bytes, got {nbytes}", name)
        found[name] = _Variable(TensorInfo(name, dtype, shape, nbytes), walk.skip(nbytes, f"tensor {quoted(name)}"))
    return found


def _aliases(walk: Walk, variables: Mapping[str, _Variable]) -> dict[str, str]:
    found: dict[str, str] = {}
    count = walk.number(4, "the number of aliases")
    if count > MAX_VARIABLES:
        raise walk.refused(f"at most {MAX_VARIABLES} aliases, got {count}")
    for _ in range(count):
        alias, name = _text(walk, "an alias"), _text(walk, "the name of what has an alias")
        if alias in found or alias in variables:
            raise walk.refused("an alias is the name of something else", alias)
        if name not in variables:
            raise walk.refused(f"an alias of {quoted(name)}, which is not there", alias)
        found[alias] = name
    if walk.left:
        raise walk.refused(f"{walk.left} bytes follow the last alias; none may")
    return found


def _scales(path: Path, infos: Mapping[str, TensorInfo]) -> Iterator[tuple[str, str]]:
    """The names of codes with those of their divisors. CheckpointError, naming both, where they do not fit."""
    for name, info in infos.items():
        scale = infos.get(name + _SCALE)
        if name + _ZERO in infos:
            raise refused(path, f"codes with zero points {quoted(name + _ZERO)}, a layout that is not read", name)
        if info.dtype in _CODES and info.shape and scale is None:
            raise refused(path, f"{info.dtype} codes without their divisors {quoted(name + _SCALE)}", name)
        if scale is None or (info.dtype not in _CODES and not name.endswith("weight")):
            continue
        if info.dtype not in _CODES:
            raise refused(path, f"{info.dtype} with divisors of codes {quoted(scale.name)}", name)
        shapes = ((), (1,)) if info.dtype == "I16" else (info.shape[:1],)
        if not info.shape or scale.dtype != "F32" or scale.shape not in shapes:
            rule = f"{info.dtype} codes {info.shape} go with divisors F32 {' or '.join(map(str, shapes))}"
            raise refused(path, f"{rule}, got {scale.dtype} {scale.shape} in {quoted(scale.name)}", name)
        yield name, scale.name


def _text(walk: Walk, what: str) -> str:
    raw = walk.take(walk.number(2, f"the length of {what}"), what)
    if raw[-1:] != b"\0" or b"\0" in raw[:-1]:
        raise walk.refused(f"{what} must end with its only NUL byte")
    try:
        return raw[:-1].decode("utf-8")
    except UnicodeDecodeError as error:
        raise walk.refused(f"{what} is not UTF-8: {error.reason} at byte {error.start}") from error
