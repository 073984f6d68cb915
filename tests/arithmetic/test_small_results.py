"""Results below the normal numbers of float32, bit for bit those of a device, whatever its instruction's length."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sqtheory.arithmetic import accumulator as module
from sqtheory.arithmetic import mma_sync
from sqtheory.arrays import Array

with np.load(Path(__file__).parent / "reference" / "h200-small-results.npz") as _made:
    MADE = {key: _made[key].view(np.float32) for key in _made.files}
KEYS = sorted({key.rpartition("/")[0] for key in MADE})


def computed(key: str) -> Array:
    operand, k, *_ = key.split("/")
    law = replace(mma_sync(operand), group=int(k), span=int(k))
    return law.matmul(MADE[f"{key}/a"], MADE[f"{key}/b"])


@pytest.mark.parametrize("key", KEYS)
def test_every_small_result_is_that_of_the_device(key: str) -> None:
    results = MADE[f"{key}/r"]
    assert (np.abs(results) < 2.0**-120).all()
    np.testing.assert_array_equal(computed(key).view(np.uint32), results.view(np.uint32))


def test_without_the_cut_at_the_smallest_number_they_are_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FINEST", -10_000)
    assert any(not np.array_equal(computed(key), MADE[f"{key}/r"]) for key in KEYS)
