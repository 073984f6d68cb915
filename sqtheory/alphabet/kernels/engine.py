"""Which loops run: those of numpy, the same in machine code (extra ``fast``), or none but the definitions."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Literal, TypeAlias

from sqtheory.exceptions import MissingExtra

Engine: TypeAlias = Literal["numpy", "numba", "definition"]
ENGINES: tuple[Engine, ...] = ("numpy", "numba", "definition")
_LOOPS: ContextVar[ModuleType | Engine] = ContextVar("loops", default="numpy")


def engine(name: str) -> AbstractContextManager[None]:
    """Compute on ``numpy`` tiles, on ``numba``, or by ``definition`` on whole arrays: the same results bit for bit.

    It holds in this thread and task. Norms of ``order`` may differ in their last digits, for sums are taken in
    another order. Raises at once ValueError for another name, MissingExtra where numba is not installed.

    >>> from sqtheory import int_
    >>> with engine("definition"):
    ...     int_(4)([1.75, 2, 0.25, 7])
    array([2., 2., 0., 7.])
    """
    if name not in ENGINES:
        raise ValueError(f"an engine is one of {', '.join(ENGINES)}, got {name!r}")
    return _running(_load() if name == "numba" else name)


@contextmanager
def _running(loops: "ModuleType | Engine") -> Iterator[None]:
    token = _LOOPS.set(loops)
    try:
        yield
    finally:
        _LOOPS.reset(token)


def compiled() -> ModuleType | None:
    """The compiled loops where the engine is numba."""
    loops = _LOOPS.get()
    return loops if isinstance(loops, ModuleType) else None


def by_definition() -> bool:
    """No kernel is wanted."""
    return _LOOPS.get() == "definition"


def engine_name() -> Engine:
    """The engine that runs now."""
    loops = _LOOPS.get()
    return "numba" if isinstance(loops, ModuleType) else loops


def _load() -> ModuleType:
    try:
        import sqtheory.alphabet.kernels.compiled as loops
    except ImportError as error:
        raise MissingExtra("numba", "fast", 'engine "numba"') from error
    return loops
