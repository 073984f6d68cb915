"""How a loop becomes machine code (extra ``fast``): compiled when first called, kept on disk, read back by itself."""

from typing import Any, final

import numba
from numba import njit
from numba.core.caching import FunctionCache
from numba.core.runtime.nrt import rtsys

TRIED = ("0.68.",)
"""Releases of numba whose kept code was seen to run without what only compiling needs."""


@final
class KeptCode(FunctionCache):
    """The code of one loop on disk; all that numba can compile is made known when something must be compiled.

    That takes several times as long as numba takes to load code (0.2 s).
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The code for these types, None where there is none."""
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            found = self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        if found is None:
            target_context.refresh()
        return found


def loop(function: Any) -> Any:
    """Compiled when first called, kept on disk; holds no lock of the interpreter while it runs."""
    made: Any = njit(nogil=True, error_model="numpy")(function)
    if numba.__version__.startswith(TRIED):
        made._cache = KeptCode(function)  # type: ignore[no-untyped-call]
    else:
        made.enable_caching()
    return made
