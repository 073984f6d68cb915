"""Codes found by the upper half of a level against those found by comparing with all levels."""

import numpy as np
import pytest

from sqtheory.alphabet.formats import BFLOAT16, E2M1, E2M3, E4M3, E5M2, INT4, INT8, INT16, NF4, Codebook, Format
from sqtheory.files.packing.coding import codes_of

FORMATS = (INT4, INT8, E2M1, E2M3, E4M3, E5M2, NF4)


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_every_level_under_every_kind_of_scale(fmt: Format) -> None:
    levels = fmt.values.astype(np.float32)
    if fmt.has_negative_zero:
        levels = np.append(levels, np.float32(-0.0))
    for scale in (1.0, 2.0**-126, 2.0**100, 0.3, 1e-30, 1.7e20):
        sigma = np.full(levels.shape, scale, np.float32)
        found = codes_of(levels * sigma, sigma, fmt)
        assert found is not None
        np.testing.assert_array_equal(found, fmt.encode(levels).view(np.uint8) & ((1 << fmt.bits) - 1))


def test_what_is_no_level_is_left_to_comparing() -> None:
    one = np.ones(2, np.float32)
    for values in ([1, 0.7], [1, np.nan], [1, np.inf], [1, 100]):
        assert codes_of(np.array(values, np.float32), one, E2M1) is None
    assert codes_of(np.array([1, -0.0], np.float32), one, INT4) is None
    for fmt in (INT16, BFLOAT16, Codebook("near", (0.0, 1.0, 1.0 + 2.0**-20))):
        assert codes_of(one, one, fmt) is None
    assert codes_of(np.ones(2), np.ones(2), INT4) is None


def test_a_block_of_zeros_has_codes_of_zero() -> None:
    zeros = np.array([0.0, -0.0], np.float32)
    found = codes_of(zeros, np.zeros(2, np.float32), E2M1)
    assert found is not None
    np.testing.assert_array_equal(found, E2M1.encode(zeros))
