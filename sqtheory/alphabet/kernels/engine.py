"""Which loops run: those of numpy, the same in machine code (extra ``fast``), or none but the definitions."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import Literal, TypeAlias

from sqtheory.alphabet.kernels.loading import load
from sqtheory.alphabet.kernels.scratch import hold
from sqtheory.exceptions import MissingExtra

Engine: TypeAlias = Literal["numpy", "numba", "definition"]
ENGINES: tuple[Engine, ...] = ("numpy", "numba", "definition")
ENOUGH = 1 << 26
"""Entries that kernels are asked for in all before the loops in machine code are loaded, which takes as long as numpy
takes for about half as many."""
_ENGINE: ContextVar[Engine] = ContextVar("engine", default="numpy")
_asked = 0


def engine(name: str) -> AbstractContextManager[None]:
    """Compute on ``numpy`` tiles, on ``numba``, or by ``definition`` on whole arrays: the same results bit for bit.

    It holds in this thread and task. Raises at once ValueError for another name, MissingExtra where numba is not
    installed; it is loaded when there is enough to do for it.

    >>> from sqtheory import int_
    >>> with engine("definition"):
    ...     int_(4)([1.75, 2, 0.25, 7])
    array([2., 2., 0., 7.])
    """
    chosen = next((one for one in ENGINES if one == name), None)
    if chosen is None:
        raise ValueError(f"an engine is one of {', '.join(ENGINES)}, got {name!r}")
    if chosen == "numba" and not _installed():
        raise _missing()
    return _running(chosen)


@contextmanager
def _running(name: Engine) -> Iterator[None]:
    token = _ENGINE.set(name)
    try:
        yield
    finally:
        _ENGINE.reset(token)


def usual() -> Engine:
    """The engine of the command line: ``numba`` where it is installed, which is not loaded for that."""
    return "numba" if _installed() else "numpy"


def compiled(entries: int = ENOUGH) -> ModuleType | None:
    """The compiled loops where the engine is numba, for so many entries, now or to come; None where numpy has to do it.

    They are loaded when all calls so far had ``ENOUGH`` entries together; not where they cannot be kept on disk.
    """
    global _asked
    if _ENGINE.get() != "numba":
        return None
    if _asked < ENOUGH:
        _asked += entries
    return _loops() if _asked >= ENOUGH else None


def expect(entries: int) -> None:
    """Say that kernels will be asked for so many entries: loops that are worth it are loaded before the first."""
    hold()
    compiled(entries)


@cache
def _loops() -> ModuleType | None:
    try:
        return load()
    except ImportError as error:
        raise _missing() from error


def by_definition() -> bool:
    """No kernel is wanted."""
    return _ENGINE.get() == "definition"


def engine_name() -> Engine:
    """The engine that runs now."""
    return _ENGINE.get()


def _installed() -> bool:
    return find_spec("numba") is not None


def _missing() -> MissingExtra:
    return MissingExtra("numba", "fast", 'engine "numba"')
