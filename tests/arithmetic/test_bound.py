"""What accumulation can lose, against the device's results and against sums of fractions."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from sqtheory.arithmetic import (
    ACCUMULATIONS,
    OPERANDS,
    Accumulator,
    Operand,
    Promoted,
    accumulation,
    aligned,
    bound,
    exact,
    wgmma,
)
from tests.arithmetic.device import Draw
from tests.arithmetic.test_device import CASES, accumulator


def fractions(x: np.ndarray, w: np.ndarray) -> list[list[Fraction]]:
    rows = [[Fraction(v) for v in row] for row in x.tolist()], [[Fraction(v) for v in row] for row in w.tolist()]
    return [[sum((a * b for a, b in zip(r, c, strict=True)), Fraction(0)) for c in rows[1]] for r in rows[0]]


def assert_within(one: Accumulator, x: np.ndarray, w: np.ndarray, start: float = 0.0) -> float:
    """The largest share of the bound that is reached."""
    begin = np.full((len(x), len(w)), start, np.float32)
    a, b = one.operand.read(x, "x"), one.operand.read(w, "w")
    got, most = one.accumulate(begin, a, b), one.within(begin, a, b)
    worst = Fraction(0)
    for got_row, true_row, most_row in zip(got.tolist(), fractions(a, b), most.tolist(), strict=True):
        for value, true, room in zip(got_row, true_row, most_row, strict=True):
            error = abs(Fraction(value) - true - Fraction(float(np.float32(start))))
            assert error <= Fraction(room), (value, float(true), room)
            worst = max(worst, error / Fraction(room) if room else Fraction(0))
    return float(worst)


@pytest.mark.parametrize(("draw", "kind"), CASES, ids=str)
def test_no_result_of_the_device_is_beyond(draw: Draw, kind: str) -> None:
    """Its own results, its own starts; sums in float64 are held to what they can miss."""
    one = accumulator(draw, kind)
    a, b = draw.values("a"), draw.values("b")
    if one.sparse:
        a = np.where(draw.kept, a, 0)
    a, b = one.operand.read(a, "a").astype(np.float64), one.operand.read(b, "b").astype(np.float64)
    start = np.ascontiguousarray(draw["c"].view(np.float32) * (kind not in ("scaled_mm", "scaled_mm_fast")))
    got = draw[kind].view(np.float32).astype(np.float64)
    slack = 2.0**-52 * (a.shape[1] + 1) * (np.abs(a) @ np.abs(b).T + np.abs(start))
    with np.errstate(invalid="ignore"):
        error = np.abs(got - (a @ b.T + start)) - slack
    held = np.isfinite(got)
    assert held.any() and (error[held] <= one.within(start, a, b)[held]).all()


@pytest.mark.parametrize(("draw", "kind"), [(d, k) for d, k in CASES if not accumulator(d, k).chain.added], ids=str)
def test_no_chain_of_the_device_exceeds_the_magnitudes(draw: Draw, kind: str) -> None:
    """As one_signed_accumulation says, from any start: magnitudes are added up exactly or a little too small."""
    one = accumulator(draw, kind)
    a, b = one.operand.read(draw.values("a"), "a"), one.operand.read(draw.values("b"), "b")
    if one.sparse:
        a = np.where(draw.kept, a, 0)
    start = draw["c"].view(np.float32) * (kind != "scaled_mm_fast")
    most = np.abs(a).astype(np.float64) @ np.abs(b).astype(np.float64).T + np.abs(start)
    assert (np.abs(draw[kind].view(np.float32)) <= most * (1 + 2.0**-52 * (a.shape[1] + 1))).all()


def test_rows_are_the_diagonal_of_matrices() -> None:
    rng = np.random.default_rng(2)
    x, w = (rng.integers(-7, 8, (5, 77)) * 2.0 ** rng.integers(-4, 5, (5, 77)) for _ in "xw")
    for one in ACCUMULATIONS.values():
        if isinstance(one, Accumulator) and not one.sparse:
            np.testing.assert_array_equal(one.dots(x, w), np.diag(one.matmul(x, w)))
            own = np.diag(one.within(np.zeros((5, 5), np.float32), x, w))
            np.testing.assert_allclose(one.dots_within(x, w), own, rtol=1e-12)


@pytest.mark.parametrize("operand", OPERANDS.values(), ids=str)
def test_toward_zero_is_the_next_operand_on_the_side_of_zero(operand: Operand) -> None:
    rng = np.random.default_rng(4)
    x = np.concatenate([rng.standard_normal(200) * 2.0 ** rng.integers(-160, 140, 200), [0, 1e300, -1e300, 5e-324]])
    got = operand.toward_zero(x)
    assert (
        (operand.read(got, "x") == got).all()
        and (np.abs(got) <= np.abs(x)).all()
        and (np.sign(got) * np.sign(x) >= 0).all()
    )
    unit = 2.0 ** (np.maximum(np.frexp(got)[1] - 1.0, operand.emin) - operand.fraction_bits)
    most = operand.toward_zero(np.array([operand.max]))
    assert ((np.abs(x) < np.abs(got) + unit) | (np.abs(got) == most)).all()


@pytest.mark.parametrize("start", [0.0, 1 + 2.0**-22, -(2.0**-130)])
@pytest.mark.parametrize("name", [str(v) for v in ACCUMULATIONS.values() if isinstance(v, Accumulator)])
def test_sums_of_fractions(name: str, start: float) -> None:
    rng = np.random.default_rng(len(name))
    one = ACCUMULATIONS[name]
    assert isinstance(one, Accumulator)
    for spread in (0, 3, 8):
        x, w = (rng.integers(-7, 8, (4, 70)) * 2.0 ** rng.integers(-spread, spread // 2 + 1, (4, 70)) for _ in "xw")
        x, w = np.where(np.abs(x) < 2.0**-6, 0, x), w * (np.arange(70) % 4 < 2 if one.sparse else 1)
        assert_within(one, x, w, start)


def test_subnormal_results_and_accumulators_of_few_bits() -> None:
    rng = np.random.default_rng(5)
    for fraction, significant in ((3, 3), (1, 9), (9, 1), (25, 24), (13, 14)):
        one = aligned("bf16", group=4, fraction=fraction, significant=significant)
        for least in (-133, -80, -70, -63, 0):
            x, w = (rng.integers(-127, 128, (6, 24)) * 2.0 ** rng.integers(least, least + 9, (6, 24)) for _ in "xw")
            x *= rng.random(x.shape) < 0.5
            assert_within(one, x, w)
            assert_within(replace(one, chain=Promoted(8)), x, w)


def test_one_group_comes_near() -> None:
    """31 products lose 63/64 of a unit each beside 64: 30.5 units, of 33 that the bound allows."""
    x, w = np.full((1, 32), 1.125 * 2.0**-4), np.full((1, 32), 1.75 * 2.0**-4)
    x[0, 0] = w[0, 0] = 8.0
    one = wgmma("e4m3")
    assert 64 - one.matmul(x, w)[0, 0] == 0 and (x @ w.T)[0, 0] - 64 == 31 * 63 / 64 * 2.0**-7
    assert assert_within(one, x, w) > 0.92


def test_operands_that_are_cut_count_what_they_lose() -> None:
    rng = np.random.default_rng(8)
    x, w = (rng.standard_normal((3, 40)).astype(np.float32) for _ in "xw")
    one = wgmma("tf32")
    error = np.abs(one.matmul(x, w).astype(np.float64) - exact.matmul(x, w))
    assert (error <= one.bound(x, w)).all()
    assert (error > one.bound(one.operand.read(x, "x"), one.operand.read(w, "w"))).any()


@pytest.mark.parametrize("name", ["exact", "float32_sequential", "float32_pairwise", "float64_pairwise"])
@pytest.mark.parametrize("length", [0, 1, 2, 33])
def test_sums_of_numpy(name: str, length: int) -> None:
    rng = np.random.default_rng(length)
    for scale in (0, -70):
        x, w = (np.ldexp(rng.standard_normal((3, length)), scale).astype(np.float32) for _ in "xw")
        got, most = accumulation(name).matmul(x, w), bound(x, w, name)
        for got_row, true_row, most_row in zip(got.tolist(), fractions(x, w), most.tolist(), strict=True):
            for value, true, room in zip(got_row, true_row, most_row, strict=True):
                assert abs(Fraction(value) - true) <= Fraction(room)


def test_half_the_bound_is_caught() -> None:
    """Ones beyond 2^14 are lost: every part of the bound is needed somewhere."""
    one = wgmma("e4m3")
    with pytest.raises(AssertionError):
        half = aligned("e4m3", group=32, fraction=14, significant=15)
        x, w = np.full((1, 32), 1.125 * 2.0**-4), np.full((1, 32), 1.75 * 2.0**-4)
        x[0, 0] = w[0, 0] = 8.0
        assert abs(one.matmul(x, w) - x @ w.T) <= half.bound(x, w)
    ones = np.ones((1, 1 << 15))
    assert one.matmul(ones, ones)[0, 0] == 1 << 14
    assert bound(ones, ones, one)[0, 0] >= 1 << 14
