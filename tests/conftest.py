"""Hypothesis profiles: ``HYPOTHESIS_PROFILE`` is dev (default), ci (derandomized, prints blobs) or nightly.

None has a deadline: how long an example takes says how busy a machine is. CI draws 50 examples, dev half.

Each of several workers multiplies matrices in one thread: the threads of all would wait for one another, spinning.
"""

import math
import os
import sys
from zlib import crc32

import pytest
from hypothesis import settings

from tests.nightly import NIGHTLY, nightly

if "PYTEST_XDIST_WORKER" in os.environ:  # before numpy is imported, and for every process that a test starts
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")

settings.register_profile("dev", deadline=None, max_examples=25)
settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True, print_blob=True)
settings.register_profile("nightly", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a test with the mark ``thin(n)`` one of n cases by day, spread over all its parameters; all every night.

    Cases that are for the night alone do not count: of the others at least one is left.
    """
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("thin") and not NIGHTLY and nightly.mark not in item.iter_markers("skipif"):
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left: list[pytest.Item] = []
    for some in cases.values():
        mark = some[0].get_closest_marker("thin")
        assert mark is not None
        some.sort(key=lambda item: crc32(item.nodeid.encode()))
        left += some[math.ceil(len(some) / mark.args[0]) :]
    if left:
        config.hook.pytest_deselected(items=left)
        gone = set(left)
        items[:] = [item for item in items if item not in gone]


@pytest.fixture
def compiled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the engine is numba the loops are loaded by the first kernel, however little there is to do."""
    import sqtheory.alphabet.kernels

    monkeypatch.setattr(sys.modules[f"{sqtheory.alphabet.kernels.__name__}.engine"], "ENOUGH", 0)
