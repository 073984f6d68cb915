"""Which loops run: those of numpy, or the same in machine code (extra ``fast``), while a context asks for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType

from sqtheory.exceptions import MissingExtra

ENGINES = ("numpy", "numba")
_COMPILED: ContextVar[ModuleType | None] = ContextVar("compiled", default=None)


@contextmanager
def engine(name: str) -> Iterator[None]:
    """Run the kernels on ``numpy`` or, compiled, on ``numba``: the same results bit for bit, in this thread and task.

    Raises ValueError for another name, MissingExtra where numba is not installed.
    """
    if name not in ENGINES:
        raise ValueError(f"an engine is one of {', '.join(ENGINES)}, got {name!r}")
    token = _COMPILED.set(_load() if name == "numba" else None)
    try:
        yield
    finally:
        _COMPILED.reset(token)


def compiled() -> ModuleType | None:
    """The compiled loops where the engine is numba: the one place that knows."""
    return _COMPILED.get()


def _load() -> ModuleType:
    try:
        from sqtheory.kernels import compiled
    except ImportError as error:
        if (error.name or "").split(".")[0] == "sqtheory":
            raise
        raise MissingExtra("numba", "fast", 'engine "numba"') from error
    return compiled
