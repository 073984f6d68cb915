"""The model on integers gives the bits of the accumulators; rates follow from the clock and the goal from both."""

import json

import numpy as np
import pytest

from sqtheory.arithmetic import aligned, wgmma
from sqtheory.bench import measure_products
from sqtheory.bench.integer_model import integer_matmul
from sqtheory.cli import main
from tests.arithmetic.device import Draw, draws


@pytest.mark.parametrize("draw", [d for d in draws() if d.length <= 256], ids=str)
def test_the_model_is_the_accumulator_bit_for_bit(draw: Draw) -> None:
    one = wgmma(draw.operand)
    a, b = (one.operand.read(draw.values(v), v) for v in "ab")
    made = integer_matmul(a, b, one)
    np.testing.assert_array_equal(made.view(np.uint32), one.matmul(a, b).astype(np.float32).view(np.uint32))
    loose = aligned(draw.operand, group=one.group, fraction=one.fraction - 1, significant=one.significant)
    assert (integer_matmul(a, b, loose) != made).any(), "one bit less is seen"


def test_rates_and_goals_follow_from_the_clock() -> None:
    now = iter(np.cumsum([0, 1, 0, 1, 0, 0.5, 0, 4.0, 0, 0.25, 0, 8.0]).tolist())
    found = measure_products(["fp8_fast"], side=16, length=32, rounds=2, clock=lambda: next(now))
    [only] = found.measured
    assert only.rate == 16 * 16 * 32 / 0.25 / 1e6 and only.model == 8 * 8 * 32 / 4.0 / 1e6
    assert only.ratio == only.model / only.rate and only.goal == 20 and not only.held and not found.held
    assert found.table().rows[0][0] == "fp8_fast"
    with pytest.raises(ValueError, match="needed an accumulation"):
        measure_products([])


def test_the_verb_prints_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "products", "--size", "64", "--rounds", "1", "--json", "--engine", "numpy"]) in (0, 1)
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "sqtheory.bench-products/1" and found["length"] == 64 and found["engine"] == "numpy"
    assert all(each["rate"] > 0 and each["model"] > 0 for each in found["comparisons"])


@pytest.mark.parametrize("exponent", [-60, -66, -70, -74])
def test_the_model_holds_below_the_normal_numbers(exponent: int) -> None:
    one, rng = wgmma("bf16"), np.random.default_rng(1 - exponent)
    a, b = (np.ldexp(rng.integers(-127, 128, (9, 48)).astype(np.float32), exponent) for _ in range(2))
    made = one.matmul(a, b).astype(np.float32)
    np.testing.assert_array_equal(integer_matmul(a, b, one).view(np.uint32), made.view(np.uint32))
    assert 0 < np.abs(made).max() < 2.0 ** (2 * exponent + 20)
