import subprocess
import sys
import threading

import numba
import numpy as np
import pytest

import sqtheory
from sqtheory.alphabet.kernels import engine_name, usual
from sqtheory.alphabet.kernels.compiled_loop import TRIED
from sqtheory.alphabet.kernels.engine import compiled


def test_an_engine_holds_inside_its_context_and_thread() -> None:
    seen: list[str] = []
    assert engine_name() == "numpy" and compiled() is None
    with sqtheory.engine("numba"):
        assert engine_name() == "numba" and compiled() is not None
        with sqtheory.engine("definition"):
            assert engine_name() == "definition"
        other = threading.Thread(target=lambda: seen.append(engine_name()))
        other.start()
        other.join()
        assert engine_name() == "numba"
    assert engine_name() == "numpy" and seen == ["numpy"]
    with pytest.raises(ValueError, match="an engine is one of numpy, numba, definition, got 'cuda'"):
        sqtheory.engine("cuda").__enter__()


def test_without_numba_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sqtheory.alphabet.kernels.compiled", raising=False)
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(sqtheory.MissingExtra, match=r"needs the package 'numba'.*sqtheory\[fast\]"):
        sqtheory.engine("numba").__enter__()
    assert engine_name() == "numpy"


LOADING = """
import sys, numpy as np, sqtheory
from sqtheory.alphabet.kernels.engine import compiled
ENOUGH = sys.modules["sqtheory.alphabet.kernels.engine"].ENOUGH = 1 << 20
def loaded(): return "numba" in sys.modules
q, s, x = sqtheory.int_(4), sqtheory.nm(2, 4), np.ones(1 << 15)
with sqtheory.engine("numpy"):
    q(np.ones(ENOUGH)), compiled(ENOUGH)
    print(loaded(), end=" ")
with sqtheory.engine("numba"):
    q(x), s.mask(x), compiled(ENOUGH // 2)
    print(loaded(), end=" ")
    compiled(ENOUGH // 2)
    print(loaded())
"""


def test_numba_is_loaded_when_there_is_enough_to_do_and_not_before() -> None:
    found = subprocess.run([sys.executable, "-c", LOADING], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False", "True"]


QUICK = """
import gc, sys, sqtheory
from sqtheory.alphabet.kernels import loading
from sqtheory.alphabet.kernels.engine import compiled
with sqtheory.engine("numba"):
    loading.alone()
    loops, found = compiled(), set(sys.modules)
import scipy.linalg, scipy.linalg.cython_blas
print("scipy.linalg" in found, gc.isenabled(), loops is sys.modules["sqtheory.alphabet.kernels.compiled"])
"""


def test_loops_alone_do_without_products_of_matrices() -> None:
    found = subprocess.run([sys.executable, "-c", QUICK], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "True", "True"] and found.stderr == ""


KEPT = """
import sys, numpy as np, sqtheory
from sqtheory.alphabet.kernels.engine import compiled
with sqtheory.engine("numba"):
    losses, x = compiled().count_losses, np.array([[3.0, 1.0], [2.0, 2.0]])
lost = np.empty((2, 2), np.int64)
losses(x, True, lost)
print(lost.tolist(), "numba.np.arraymath" in sys.modules)

from numba import njit
@njit
def total(a, lost):
    losses(a, True, lost)
    return a.sum()
again = losses(x.astype(np.float32), True, np.empty((2, 2), np.int8))
print(total(x, lost), again, "numba.np.arraymath" in sys.modules)
"""


def test_kept_code_runs_without_what_only_compiling_needs() -> None:
    by_itself = numba.__version__.startswith(TRIED)
    expected = [f"[[0, 1], [1, 0]] {not by_itself}", "8.0 None True"]
    for _ in range(2):  # the first may have to compile
        found = subprocess.run([sys.executable, "-c", KEPT], capture_output=True, text=True, check=True)
        if found.stdout.splitlines() == expected:
            return
    pytest.fail(found.stdout)


UNKEPT = """
import warnings, numpy as np, sqtheory
from numba.core import caching
from sqtheory.alphabet.kernels.engine import compiled
base = vars(caching).get("CacheImpl") or caching._CacheImpl
for kind in (base, *base.__subclasses__()):
    kind._locator_classes = []
with sqtheory.engine("numba"), warnings.catch_warnings(record=True) as said:
    print(compiled(), compiled(), sqtheory.int_(4)(np.full(4, 7.0))[0])
[one] = said
print(one.message)
"""


def test_loops_that_cannot_be_kept_are_not_compiled_in_every_process() -> None:
    found = subprocess.run([sys.executable, "-c", UNKEPT], capture_output=True, text=True, check=True)
    first, said = found.stdout.splitlines()
    assert first == "None None 7.0" and "set NUMBA_CACHE_DIR" in said


def test_the_usual_engine_is_numba_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert usual() == "numba"
    monkeypatch.setitem(sys.modules, "numba", None)
    assert usual() == "numpy"


def test_read_only_tensors_and_many_threads() -> None:
    """Each thread has buffers of its own."""
    x = np.random.default_rng(0).standard_normal((64, 256), np.float32)
    x.flags.writeable = False
    q, s = sqtheory.mxfp(sqtheory.E4M3), sqtheory.nm(2, 4)
    expected, kept = q(x), s.mask(x)
    wrong: list[int] = []

    def work(i: int) -> None:
        with sqtheory.engine("numba" if i % 2 else "numpy"):
            for _ in range(50):
                if not (np.array_equal(q(x), expected) and np.array_equal(s.mask(x), kept)):
                    wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
