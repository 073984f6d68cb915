"""HBFP with Accuracy Boosters: what it assigns, its variants, and the scale that survives a mask."""

from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.quantizers import hbfp, int_
from sqtheory.alphabet.rounding import stochastic
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.execution import Spelled
from sqtheory.methods import Facts, OrderVerdict, find
from sqtheory.methods.hbfp import edges
from sqtheory.orders.pair import Pair

SHAPES = {f"blocks.{i}.w": (8, 64) for i in (10, 2, 0, 9)}


def built(name: str, tensor: str) -> Pair:
    return find(name).assigned(Spelled("2:4", "int(4, block=16)"), None, SHAPES).of(tensor)


def test_tensors_have_four_bits_and_the_first_and_the_last_six() -> None:
    """Numbers in names are numbers: blocks.10 is the last, not blocks.9."""
    found = {name: built("hbfp", name).q for name in SHAPES}
    assert found == {name: hbfp(6 if name in ("blocks.0.w", "blocks.10.w") else 4, block=16) for name in SHAPES}
    assert edges(list(SHAPES)) == ("blocks.0.w", "blocks.10.w") and edges([]) == ()
    assert built("hbfp", "blocks.2.w").s == nm(2, 4)
    alone = find("hbfp").build(nm(2, 4), int_(4), Facts("w", {}, {}))
    assert alone == Pair(nm(2, 4), hbfp(4))


def test_variants_are_the_last_epoch_and_the_exponent_of_the_emulator() -> None:
    assert {built("hbfp:last", name).q for name in SHAPES} == {hbfp(6, block=16)}
    assert built("hbfp:emulator", "blocks.2.w").q == hbfp(4, block=16, compat=1e-8)
    assert built("hbfp:emulator", "blocks.0.w").q == hbfp(6, block=16, compat=1e-8)


def test_no_exponent_of_the_emulator_is_below_minus_26() -> None:
    """1e-8 is above 2⁻²⁷: 2⁻²⁶ still has the next exponent, smaller maxima that of the sum."""
    q = built("hbfp:emulator", "blocks.2.w").q
    for maximum, exponent in ((2.0**-26, -25), (2.0**-27, -25), (2.0**-28, -26), (2.0**-60, -26), (0.0, -26)):
        [scale] = q.scales(np.array([[maximum] + [0.0] * 15], np.float32)).ravel()
        assert scale == 2.0 ** (exponent - 3)


@pytest.mark.parametrize(("maximum", "bumped"), [(2.0**-10, True), (0.125, True), (0.25, False), (4.0, False)])
def test_the_emulator_keeps_a_small_power_of_two_and_clamps_a_large_one(maximum: float, bumped: bool) -> None:
    """The sum with 1e-8 lies above a power of two that is small, and in float32 is that power else."""
    x = np.array([maximum, maximum / 2], np.float32)
    exact, emulated = (built(name, "blocks.2.w").q for name in ("hbfp", "hbfp:emulator"))
    assert exact.scales(x) == maximum / 8
    assert emulated.scales(x) == maximum / (4 if bumped else 8)
    assert emulated(x)[0] == (maximum if bumped else maximum * 7 / 8) and exact(x)[0] == maximum * 7 / 8
    assert emulated.scales(np.zeros(4, np.float32)) > 0 == exact.scales(np.zeros(4, np.float32))


def test_stochastic_rounding_is_that_of_the_format() -> None:
    """Unbiased, as in the scripts of the emulator; clamped at the ends, where it is not."""
    q = find("hbfp").build(nm(2, 4), int_(4, rounding=stochastic(np.random.default_rng(0))), Facts("w", {}, {})).q
    x = np.tile([[7.0, 2.25, -0.5, 7.9]], (4096, 1))
    mean = q(x).mean(axis=0)
    assert mean[1:3] == pytest.approx([2.25, -0.5], abs=5 * 0.5 / 64) and mean[[0, 3]].tolist() == [7, 7]
    spelled = Spelled("2:4", "int(4, rounding=stochastic(rng))", 3)
    drawn = find("hbfp").assigned(spelled, None, SHAPES)
    assert drawn.seeds == ((3,),) and not drawn.of("blocks.2.w").q.rounding.deterministic


def test_a_scale_moves_only_with_the_binade_of_the_maximum() -> None:
    """Masks that prune the maximum itself: σ is unmoved exactly if the next magnitude has the same ⌈log₂⌉."""
    rng = np.random.default_rng(1)
    q, moved = built("hbfp", "blocks.2.w").q, 0
    for row in np.abs(rng.standard_normal((200, 16))):
        first, second = np.sort(row)[:-3:-1]
        same = _ceil_log2(first) == _ceil_log2(second)
        pruned = np.where(row == first, 0, row)
        assert bool(q.scales(pruned) == q.scales(row)) == same
        moved += not same
    assert 20 < moved < 180


def _ceil_log2(value: float) -> int:
    exponent = -64
    while Fraction(2) ** exponent < Fraction(value):
        exponent += 1
    return exponent


def test_the_verdict_depends_on_where_groups_lie() -> None:
    method = find("hbfp")
    assert method.verdict is OrderVerdict.depends and not method.needs
    assert {"hbfp_power_of_two", "dyadic_equivariance"} <= {theorem.slug for theorem in method.theorems}
