"""Every result of the device, bit for bit, by both engines."""

import numpy as np
import pytest

from sqtheory.arithmetic import ACCUMULATIONS, Accumulation, Accumulator, mma_sync, wgmma
from tests.arithmetic.device import Draw, draws

CASES = [(draw, kind) for draw in draws() for kind in draw.kinds]
NAMED = {"scaled_mm_fast": "fp8_fast", "scaled_mm": "fp8_promoted"}


def accumulator(draw: Draw, kind: str) -> Accumulator:
    if kind in NAMED:
        one: Accumulation = ACCUMULATIONS[NAMED[kind]]
        assert isinstance(one, Accumulator)
        return one
    make = mma_sync if kind.startswith("mma") else wgmma
    return make(draw.operand, sparse=kind.endswith("sparse"))


def results(draw: Draw, kind: str) -> np.ndarray:
    one = accumulator(draw, kind)
    a, b = draw.values("a"), draw.values("b")
    if one.sparse:
        a = np.where(draw.kept, a, 0)
    start = draw["c"].view(np.float32) * (kind not in NAMED)
    return one.accumulate(np.ascontiguousarray(start), one.operand.read(a, "a"), one.operand.read(b, "b"))


@pytest.mark.parametrize(("draw", "kind"), CASES, ids=str)
def test_every_result_is_the_device_s(draw: Draw, kind: str) -> None:
    np.testing.assert_array_equal(results(draw, kind).view(np.uint32), draw[kind])


def test_all_53896_results_are_compared() -> None:
    assert sum(draw[kind].size for draw, kind in CASES) == 53896
