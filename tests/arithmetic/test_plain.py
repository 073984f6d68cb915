"""Sums of numpy against fractions and loops; what is no operand is refused."""

from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.kernels import engine
from sqtheory.arithmetic import ACCUMULATIONS, accumulation, aligned, exact, float32_pairwise, float32_sequential, wgmma
from sqtheory.exceptions import NonFinite, SpellingError


def draw(rows: int, length: int, spread: int = 0) -> np.ndarray:
    rng = np.random.default_rng(rows + length + spread)
    return (rng.standard_normal((rows, length)) * 2.0 ** rng.integers(-spread, spread + 1, (rows, length))).astype("f4")


@pytest.mark.parametrize("spread", [0, 60])
def test_exact_is_the_rounded_sum_of_fractions(spread: int) -> None:
    x, w = draw(3, 37, spread), draw(4, 37, spread)
    sums = [
        [float(sum(Fraction(float(a)) * Fraction(float(b)) for a, b in zip(r, c, strict=True))) for c in w] for r in x
    ]
    np.testing.assert_array_equal(exact.matmul(x, w), sums)


def test_float32_sums_are_those_of_loops() -> None:
    x, w = draw(2, 37), draw(3, 37)
    one = np.float32(0)
    for a, b in zip(x[1], w[2], strict=True):
        one = one + a * b
    assert float32_sequential.matmul(x, w)[1, 2] == one
    terms = list(x[1] * w[2])
    while len(terms) > 1:
        pairs = [a + b for a, b in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + ([terms[-1]] if len(terms) % 2 else [])
    assert float32_pairwise.matmul(x, w)[1, 2] == terms[0]


@pytest.mark.parametrize("text", list(ACCUMULATIONS))
def test_every_spelling_reads_back(text: str) -> None:
    assert accumulation(text) is ACCUMULATIONS[text]
    assert str(accumulation(text)) == text


def test_a_general_accumulator_is_spelled() -> None:
    one = aligned("e4m3", group=8, fraction=9, significant=10)
    assert accumulation(str(one)) == one
    split = aligned("e4m3", group=8, fraction=9, significant=10, promoted=24)
    assert accumulation(str(split)) == split != one and str(split).endswith(", promoted=24)")
    with pytest.raises(ValueError, match="promoted after at least one product"):
        aligned("e4m3", group=8, fraction=9, significant=10, promoted=0)
    with pytest.raises(SpellingError, match="fp8_fast"):
        accumulation("fp8fast")
    with pytest.raises(ValueError, match="no operand"):
        wgmma("int8")


def test_what_is_no_operand_is_named() -> None:
    with pytest.raises(ValueError, match=r"w\[0, 1\] = 1.03.*e4m3"):
        wgmma("e4m3").dot([1.0, 1.0], [1.0, 1.03])
    with pytest.raises(ValueError, match="512"):
        wgmma("e4m3").dot([512.0], [1.0])
    with pytest.raises(NonFinite, match=r"x\[0, 1\]"):
        wgmma("bf16").dot([1.0, np.inf], [1.0, 1.0])
    with pytest.raises(ValueError, match="more than 2 of 4"):
        wgmma("e4m3", sparse=True).dot([1.0] * 4, [1.0, 1.0, 1.0, 0.0])


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 300])
@pytest.mark.parametrize("name", ["fp8_fast", "fp8_promoted", "wgmma(e5m2)", "wgmma(e4m3, sparse)"])
def test_both_engines_give_the_same_bits(name: str, length: int) -> None:
    rng = np.random.default_rng(length)
    x, w = (rng.integers(-8, 9, (n, length)) * 2.0 ** rng.integers(-5, 6, (n, length)) for n in (5, 7))
    w = w * (np.arange(length) % 4 < 2)
    one = accumulation(name)
    with engine("numba"):
        from sqtheory.alphabet.kernels.engine import compiled

        compiled(1 << 26)
        fast = one.matmul(x, w)
    np.testing.assert_array_equal(fast, one.matmul(x, w))
