"""Rounding to a narrower type is that of ml_dtypes and numpy, special values included."""

import ml_dtypes
import numpy as np
import pytest

from sqtheory.files.codecs.precision import ROUNDED

KINDS = {"F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16}


@pytest.mark.parametrize("kind", KINDS)
def test_every_upper_half_and_what_lies_around_it(kind: str) -> None:
    upper = np.arange(1 << 16, dtype=np.uint32)[:, None] << 16
    x = (upper | np.uint32([0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0x1000, 0x3000])).view(np.float32).reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        wanted = x.astype(KINDS[kind]).astype(np.float32)
    got, finite = ROUNDED[kind](x), ~np.isnan(x)
    assert got[finite].tobytes() == wanted[finite].tobytes() and np.isnan(got[~finite]).all()
