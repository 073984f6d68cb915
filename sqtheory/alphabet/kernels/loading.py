"""How the loops in machine code are loaded: once, in one go, and without what only others would use."""

import gc
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

PRODUCTS = "scipy.linalg"
"""What numba loads when it is first used, for products of matrices, which no loop has."""
_LOCK = threading.RLock()
_alone = False


def alone() -> None:
    """Say that nothing else computes by numba in this process, which may then do without ``PRODUCTS``."""
    global _alone
    _alone = True


def load() -> ModuleType | None:
    """The module of the loops, which can be called at once; None, with a warning, where they could not be kept.

    That is where numba may write neither beside the loops nor in the folder of the user: every process would compile
    them again. Raises ImportError where numba cannot be imported.
    """
    with _LOCK, _undisturbed():
        try:
            import sqtheory.alphabet.kernels.compiled as loops
        except RuntimeError as error:
            said = f"numba cannot keep what it compiles ({error}): set NUMBA_CACHE_DIR to a folder; numpy computes"
            warnings.warn(said, RuntimeWarning, stacklevel=3)
            return None
        loops.prepare()
    return loops


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No garbage is looked for among the many objects of modules, and what is not used is not found."""
    collects, hides = gc.isenabled(), _alone and PRODUCTS not in sys.modules
    gc.disable()
    if hides:
        sys.modules[PRODUCTS] = None  # type: ignore[assignment]  # so that importing it fails
    try:
        yield
    finally:
        if hides:
            del sys.modules[PRODUCTS]
        if collects:
            gc.enable()
