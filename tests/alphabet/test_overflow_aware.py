"""The overflow-aware exponent: its threshold, where ``even`` is not it, and what no rule of the maximum can be."""

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1, E4M3, INT4, UE4M3, UE5M3, FloatFormat, Format
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.partition import Blocks
from sqtheory.alphabet.quantizers import Quantizer, mxfp, nvfp4
from sqtheory.alphabet.scaling import Exponent, PowerOfTwo, TwoLevel
from sqtheory.alphabet.scaling.dyadic import doubled_from

RULES = {e: mxfp(E2M1, scaling=PowerOfTwo(e)) for e in Exponent}


def lost(q: Quantizer, x: list[float], p: float) -> float:
    return float(np.linalg.norm(np.array(x) - q(x), ord=p))


@pytest.mark.parametrize(("fmt", "limit"), [(E2M1, 7), (E4M3, 464), (INT4, 7.5)], ids=str)
def test_the_scale_doubles_where_that_brings_the_maximum_nearer(fmt: Format, limit: float) -> None:
    assert doubled_from(fmt) == limit
    rule, floor = PowerOfTwo(Exponent.oas), PowerOfTwo()
    for amax, times in ((limit, 1), (np.nextafter(limit, np.inf), 2), (np.nextafter(limit, 0), 1)):
        x = np.array([float(amax)])
        assert rule.scales(x, Blocks(1), fmt) == times * floor.scales(x, Blocks(1), fmt)
    far = np.ldexp(1.0, np.array([-140, 140]))
    assert np.log2(rule.scales(far, Blocks(1), E2M1)).tolist() == [-127, 127]


def test_even_doubles_at_7_already_which_only_costs() -> None:
    x = [7.0, 0.5]
    assert lost(RULES[Exponent.even], x, 1) == 1.5 and lost(RULES[Exponent.oas], x, 1) == 1


@pytest.mark.parametrize("p", [1, 2, np.inf])
def test_no_rule_that_rounds_up_errs_less(p: float) -> None:
    """And one that never doubles is caught where the maximum is nearer to 8."""
    rng = np.random.default_rng(1)
    for _ in range(300):
        x = (rng.integers(-63, 64, 8) / 8 * 2.0 ** rng.integers(-2, 3)).tolist()
        best = lost(RULES[Exponent.oas], x, p)
        assert all(best <= lost(RULES[e], x, p) for e in (Exponent.ceil, Exponent.even, Exponent.rceil))
    assert lost(RULES[Exponent.oas], [7.75], p) < lost(RULES[Exponent.floor], [7.75], p)


def test_beyond_7_neither_floor_nor_oas_is_always_better() -> None:
    many, alone = [7.5, *[0.5] * 31], [7.5, *[0.0] * 31]
    floor, oas = RULES[Exponent.floor], RULES[Exponent.oas]
    assert lost(floor, many, 2) < lost(oas, many, 2) and lost(oas, alone, 2) < lost(floor, alone, 2)


@pytest.mark.parametrize(("fmt", "bits", "name"), [(UE4M3, 7, "ue4m3"), (UE5M3, 8, "ue5m3")])
def test_scales_without_a_sign_serve_two_levels(fmt: FloatFormat, bits: int, name: str) -> None:
    q = nvfp4(scaling=TwoLevel(fmt))
    assert parse(f"nvfp4(scaling=twolevel({name}))") == q and q.scaling.bits() == (bits, 32)
    x = np.random.default_rng(2).normal(size=(4, 64)) * 2.0 ** np.arange(-12, 4)[:, None].reshape(4, 4).repeat(16, 1)
    if fmt == UE4M3:
        np.testing.assert_array_equal(q(x), nvfp4()(x))
    else:
        assert np.linalg.norm(x - q(x)) <= np.linalg.norm(x - nvfp4()(x))
