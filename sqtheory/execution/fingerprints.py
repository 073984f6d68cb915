"""What the rows of a tensor depend on, by content: the operators, their generators, the entries, this program."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from sqtheory.arrays import FixedArray, StreamedTensor

LEAVES = (bool, int, float, str, Fraction, Enum, FixedArray, type(None))
"""Values whose ``repr`` is their content."""
_PIECE = 1 << 20


def generators(value: object) -> dict[int, Generator]:
    """Every generator inside operators, once, by its identity, in the order of the fields."""
    if isinstance(value, Generator):
        return {id(value): value}
    return {key: found for part in _parts(value) for key, found in generators(part).items()}


def rebound(value: Any, fresh: Mapping[int, Generator]) -> Any:
    """The same operators with other generators: those that ``fresh`` holds for the identities of the old."""
    if isinstance(value, Generator):
        return fresh[id(value)]
    if isinstance(value, tuple):
        return tuple(rebound(part, fresh) for part in value)
    if not generators(value):
        return value
    return replace(value, **{f.name: rebound(getattr(value, f.name), fresh) for f in fields(value) if f.init})


def description(value: object, numbers: Mapping[int, int]) -> str:
    """A text equal for two operators exactly if all they are made of is; generators by their number.

    Raises TypeError for an operator that is no dataclass and so cannot be described.
    """
    if isinstance(value, Generator):
        return f"generator {numbers[id(value)]}"
    if isinstance(value, tuple):
        return f"({', '.join(description(part, numbers) for part in value)})"
    if is_dataclass(value):
        inside = (f"{f.name}={description(getattr(value, f.name), numbers)}" for f in fields(value))
        return f"{type(value).__module__}.{type(value).__qualname__}({', '.join(inside)})"
    if isinstance(value, LEAVES):
        return repr(value)
    raise TypeError(f"results of {value} cannot be kept: {type(value).__name__} is not a dataclass")


def digest_of(x: NDArray[Any] | StreamedTensor) -> str:
    """SHA-256 of the dtype, the shape and the entries of a tensor in C order, as 32 hexadecimal digits."""
    content = hashlib.sha256(f"{x.dtype.str}{x.shape}".encode())
    for part in x.pieces(_PIECE) if isinstance(x, StreamedTensor) else (x,):
        content.update(np.ascontiguousarray(part).data if part.size else b"")
    return content.hexdigest()[:32]


def word(name: str) -> int:
    """A number for a name, by which each tensor draws from a generator of its own."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:16])


@cache
def program() -> str:
    """SHA-256 of the sources of this package and of the version of numpy: what the numbers were computed by."""
    root = Path(__file__).parents[1]
    content = hashlib.sha256(np.__version__.encode())
    for path in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).as_posix()):
        content.update(f"\0{path.relative_to(root).as_posix()}\0".encode())
        content.update(path.read_bytes())
    return content.hexdigest()[:32]


def _parts(value: object) -> tuple[object, ...]:
    if is_dataclass(value):
        return tuple(getattr(value, f.name) for f in fields(value))
    return value if isinstance(value, tuple) else ()
