"""The ways sqtheory says no: one class per exit status of the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def need(value: object, kind: type, what: str) -> None:
    """Raise TypeError unless a parameter is of the kind it must be."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"{what} needs {kind.__name__}, got {value!r}")


def need_generator(value: object, what: str) -> None:
    """Raise TypeError unless a parameter is a numpy.random.Generator; ``what`` says who needs it."""
    import numpy as np  # a refusal alone is no reason to load it

    if not isinstance(value, np.random.Generator):
        raise TypeError(f"{what} a numpy.random.Generator, got {type(value).__name__}")


def first_at(flags: "NDArray[Any]") -> tuple[int, ...]:
    """The index of the first True, in C order. Raises IndexError where none is."""
    import numpy as np

    return tuple(int(i) for i in np.argwhere(flags)[0])


def whole(value: object, what: str) -> int:
    """The value, an integer of any type but no truth value, as Python's; TypeError naming ``what`` otherwise."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{what} is an integer, got {value!r}")
    return int(value)


def real(value: object, what: str) -> float:
    """The value, a number of any real type, as Python's float, ±∞ and NaN included.

    Raises TypeError for anything else, truth values and texts included, and ValueError for an integer beyond float64;
    both name ``what``.
    """
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        raise TypeError(f"{what} is a number, got {value!r}")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{what} is a number in the range of float64, got {str(value)[:40]}…") from None


class InputRefused(ValueError):
    """The data break a stated rule; the message names the tensor, the place and the rule (exit status 3)."""


class NonFinite(InputRefused):
    """A tensor holds NaN or infinity where every entry must be a real number."""


class Indivisible(InputRefused):
    """An axis is not a whole number of groups or blocks although ``tail=error`` asks for it."""


class Undefined(ValueError):
    """A number that a theorem speaks of does not exist for this pipeline, or takes too many cases to compute."""


class NotCovered(ValueError):
    """A law does not speak of this pipeline or norm: the message says of which it does."""


class CheckpointError(InputRefused):
    """A file of tensors cannot be read as what it claims to be: names the file, the tensor and the rule."""


@contextmanager
def about(what: str) -> Iterator[None]:
    """Begin the message of a refusal inside with what it is about; its kind stays, if it is one of the data."""
    try:
        yield
    except InputRefused as refusal:
        raise type(refusal)(f"{what}: {refusal}") from refusal
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from error


class SpellingError(ValueError):
    """A written operator cannot be read: names the position and the nearest word (exit status 2)."""

    def __init__(self, message: str, text: str, position: int) -> None:
        super().__init__(f"{message} at character {position + 1} of {text!r}")
        self.text = text
        self.position = position


class WorkerFailed(RuntimeError):
    """A worker died, or failed in a way that is not the data's fault: names the tensor (exit status 4)."""


class MissingExtra(ImportError):
    """An optional dependency is absent: names the extra that brings it (exit status 4)."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package {package!r}: install it with: pip install 'sqtheory[{extra}]'")
