"""Swept scales: least of all by brute force, ties, range, what is stored, and that no stored rule errs less."""

from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.formats import BFLOAT16, E2M1, E4M3, E8M0, INT4, UE5M3, FloatFormat, Format
from sqtheory.alphabet.partition import Blocks, Rows
from sqtheory.alphabet.quantizers import scaled
from sqtheory.alphabet.rationals import rationals
from sqtheory.alphabet.scaling import BlockError, PowerOfTwo, StoredScale, SweptScale
from sqtheory.files.packing.scales import scales_of

SCALES = pytest.mark.parametrize("scale", [E4M3, E8M0, UE5M3], ids=str)


def brute(block: list[Fraction], fmt: Format, scale: FloatFormat, p: float) -> Fraction:
    """Every positive number of the format, every level: the least sum of errors, the least scale of equals."""
    levels = [Fraction(c) for c in fmt.values.tolist()]
    spent = []
    for s in sorted(Fraction(v) for v in scale.values.tolist() if v > 0):
        errors = [min(abs(v - s * level) for level in levels) for v in block]
        spent.append((max(errors) if p == np.inf else sum(e ** int(p) for e in errors), s))
    return min(spent)[1]


@pytest.mark.parametrize(("scale", "error"), [*((E4M3, e) for e in BlockError), (E8M0, BlockError.mae)], ids=str)
def test_the_scale_is_that_of_trying_all(scale: FloatFormat, error: BlockError) -> None:
    x = np.random.default_rng(1).integers(-40, 41, (1, 6)) / 8 * 2.0 ** np.repeat([0, -7], 3)
    x[0, 0] = 5.0
    for fmt in (E2M1, INT4) if scale == E4M3 else (E2M1,):
        want = [brute([Fraction(v) for v in row], fmt, scale, error.value) for row in x.reshape(-1, 3).tolist()]
        rule = SweptScale(scale, error)
        assert rule.scales(x, Blocks(3), fmt).ravel().tolist() == [float(v) for v in want]
        if scale == E4M3:
            assert rule.exact(rationals(x), Blocks(3), fmt).ravel().tolist() == want


def test_equal_errors_take_the_least_scale_and_zeros_none() -> None:
    assert SweptScale(E8M0).scales(np.array([4.0, 2.0]), Rows(), E2M1) == 1  # 2 and 4 are exact too
    assert SweptScale(E4M3).scales(np.zeros((2, 2)), Rows(), E2M1).tolist() == [[0], [0]]
    assert SweptScale(E4M3).scales(np.array([1e-9, 0]), Rows(), E2M1) == 2.0**-9
    assert SweptScale(E4M3).scales(np.array([1e9, 0]), Rows(), E2M1) == 448


@SCALES
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_rule_that_stores_its_scales_alike_errs_less(scale: FloatFormat, dtype: type) -> None:
    x = np.random.default_rng(2).normal(size=(8, 16)).astype(dtype)
    q = scaled(E2M1, block=16, scaling=SweptScale(scale))
    stored = [StoredScale(scale), *([PowerOfTwo()] if scale == E8M0 else [])]
    for rule in stored:
        other = scaled(E2M1, block=16, scaling=rule)
        assert np.all(np.linalg.norm(x - q(x), axis=1) <= np.linalg.norm(x - other(x), axis=1) * (1 + 1e-6))
        assert np.any(q(x) != other(x))  # the rule itself would not do
    scales = q.scales(x)
    kind = scales_of(q, scales, None)
    np.testing.assert_array_equal(kind.decode(kind.encode(scales), scales.shape, scales.dtype), scales)


def test_wide_formats_are_refused() -> None:
    with pytest.raises(ValueError, match="scales of at most 8 bits are swept, bfloat16 has 16"):
        SweptScale(BFLOAT16)
