"""What counts as a real array here, and immutable arrays with value equality."""

import hashlib
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
Mask: TypeAlias = NDArray[np.bool_]
Real = TypeVar("Real", bound=np.floating[Any])
PIECE = 1 << 17
"""So many numbers are made at once."""
ArrayLike: TypeAlias = Array | NDArray[Any] | Sequence[Any] | float


def as_real(x: ArrayLike) -> Array:
    """Return x as a float32 or float64 array, the two precisions every operator computes in.

    float32 and float64 pass unchanged (no copy); float16 and bfloat16 become float32; integers,
    booleans and Python numbers become float64. Big-endian arrays are read as native ones.
    Raises TypeError for complex, object and other dtypes, and for masked arrays.
    """
    a = plain_array(x)
    native = a.dtype.newbyteorder("=")
    if native in (np.float32, np.float64):
        return a.astype(native, copy=False)
    if native == np.float16 or native.name == "bfloat16":
        return a.astype(np.float32)
    if native.kind in "biu":
        return a.astype(np.float64)
    raise TypeError(f"needed real numbers (float16, bfloat16, float32, float64 or integers), got dtype {a.dtype}")


def plain_array(x: ArrayLike) -> NDArray[Any]:
    """The array of x, which every entry of belongs to: TypeError for a masked array (``numpy.ma``), also in a list.

    What is done to an entry that a mask hides is nowhere said, so none is read as a number.
    """
    if _holds_masked(x):
        raise TypeError("a masked array (numpy.ma) hides entries: pass x.filled(value), or the entries that count")
    return np.asarray(x)


def _holds_masked(x: object) -> bool:
    if "numpy.ma" not in sys.modules:  # numpy loads it when it is first asked for: no array of it is there
        return False
    return isinstance(x, np.ma.MaskedArray) or (isinstance(x, list | tuple) and any(map(_holds_masked, x)))


def distinct(x: NDArray[Real]) -> NDArray[Real]:
    """The numbers of x in ascending order, each once; x holds no NaN. (``np.unique`` loads numpy.ma to ask for masks.)

    >>> distinct(np.array([3.0, 1.0, 3.0]))
    array([1., 3.])
    """
    ascending = np.sort(x, axis=None)
    first = np.ones(ascending.size, np.bool_)
    np.not_equal(ascending[1:], ascending[:-1], out=first[1:])
    return ascending[first]


def same_memory(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Every entry of a lies where that of b does."""
    return (a.ctypes.data, a.shape, a.strides, a.dtype) == (b.ctypes.data, b.shape, b.strides, b.dtype)


def same_bytes(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Two arrays have the same entries in C order, byte for byte."""
    if a.nbytes != b.nbytes:
        return False
    flat, other = (np.ascontiguousarray(x).reshape(-1).view(np.uint8) for x in (a, b))
    cuts = (slice(at, at + PIECE) for at in range(0, flat.size, PIECE))
    return all(np.array_equal(flat[cut], other[cut]) for cut in cuts)


class StreamedTensor(ABC):
    """A tensor that need not be in memory: read piece by piece, as often as needed, or whole."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""

    @property
    @abstractmethod
    def size(self) -> int:
        """The number of entries."""

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """That of ``whole``."""

    @abstractmethod
    def pieces(self, entries: int) -> Iterator[Array]:
        """The entries in C order in flat arrays, so many at a time; the last may be shorter."""

    @abstractmethod
    def whole(self) -> Array:
        """All entries in memory."""


class FixedArray:
    """An array that never changes, equal to another exactly when dtype, shape and bytes agree.

    It lets frozen dataclasses (a frozen scale, a fixed mask) carry an array and still compare,
    hash, pickle and name themselves by content: ``name`` is ``a_`` and twelve hexadecimal digits.
    Kept are native byte order and C order, booleans, integers and float16 as they are; the rest by ``as_real``.

    >>> FixedArray([1, 2]) == FixedArray([1, 2])
    True
    """

    __slots__ = ("name", "values")
    values: NDArray[Any]
    name: str

    def __init__(self, values: "ArrayLike | FixedArray") -> None:
        a = values.values if isinstance(values, FixedArray) else plain_array(values)
        native = a.dtype.newbyteorder("=")
        a = a.astype(native, copy=False) if native.kind in "biu" or native == np.float16 else as_real(a)
        content = a.tobytes()
        digest = hashlib.sha256(f"{a.dtype.str}{a.shape}".encode() + content).hexdigest()
        object.__setattr__(self, "values", np.ndarray(a.shape, a.dtype, content))
        object.__setattr__(self, "name", f"a_{digest[:12]}")

    def over(self, shape: tuple[int, ...]) -> NDArray[Any]:
        """The values broadcast to the shape of a tensor, read-only. Raises ValueError where they do not fit."""
        try:
            return np.broadcast_to(self.values, shape)
        except ValueError:
            message = f"an array of shape {self.values.shape} does not fit a tensor of shape {shape}"
            raise ValueError(message) from None

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a FixedArray cannot be changed")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FixedArray) or self.name != other.name:
            return False
        mine, theirs = self.values, other.values
        return mine.dtype == theirs.dtype and mine.shape == theirs.shape and mine.tobytes() == theirs.tobytes()

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[type["FixedArray"], tuple[NDArray[Any]]]:
        return FixedArray, (self.values,)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.values.dtype} {self.values.shape}>"
