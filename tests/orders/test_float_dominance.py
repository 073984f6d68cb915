"""Pruning first is never worse of what is computed in any float type, errors taken exactly; and what is not covered.

No tolerance: both orders' images are floats, and their errors are compared as rational numbers.
"""

from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp, nvfp4
from sqtheory.alphabet.scaling import DoubleQuantization, Reciprocal
from sqtheory.alphabet.scaling.maximum import AbsMax
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import high_index
from sqtheory.alphabet.traits import MONOTONE
from sqtheory.orders.applied import both
from sqtheory.orders.assumptions import DOMINANCE
from sqtheory.orders.errors import change
from sqtheory.orders.pair import Pair

BY_RECIPROCAL = Reciprocal(AbsMax())
QUANTIZERS = (
    *(int_(4, block=8), int_(3, block=4), int_(4, block=8, scaling=BY_RECIPROCAL), hbfp(4, block=8)),
    *(mxfp(E2M1, block=8), mxfp(E4M3, block=4), nvfp4(block=8)),
)
TYPES = (np.float16, ml_dtypes.bfloat16, np.float32, np.float64)
MASKS = (nm(2, 4), nm(1, 4, ties=high_index))


def tensors(dtype: type, seed: int) -> NDArray[np.generic]:
    """Rows of one type, several kinds: plain, likely to tie, just above 0 with subnormal numbers among them."""
    rng = np.random.default_rng(seed)
    info = ml_dtypes.finfo(dtype)  # type: ignore[no-untyped-call]
    least = float(info.smallest_subnormal)
    plain = rng.normal(size=(12, 16)) * 2.0 ** rng.integers(-6, 7, (12, 1))
    halves = rng.integers(-14, 15, (12, 16)) / 2 * 2.0 ** rng.integers(-3, 4, (12, 1))
    tiny = rng.integers(-40, 41, (12, 16)) * least
    above = rng.normal(size=(4, 16)) * float(info.tiny) * 4
    return np.concatenate([plain, halves, tiny, above]).astype(dtype)


@pytest.mark.parametrize("q", QUANTIZERS, ids=str)
@pytest.mark.parametrize("dtype", TYPES)
def test_pruning_first_is_never_worse_of_what_is_computed(q: Quantizer, dtype: type) -> None:
    x = tensors(dtype, 1)
    better = 0
    for s in MASKS:
        assert all(premise.ruling(Pair(s, q).on(x.shape), 2.0).closed for premise in DOMINANCE)
        two = both(x, s, q)
        for given, first, second in zip(two.x, two.after_mask, two.masked_image, strict=True):
            costs = [change(given, first, second, p) for p in (1, 2)]
            assert min(costs) >= 0, (given, first, second)
            assert largest(given, first) <= largest(given, second)
            better += max(costs) > 0
    assert better > 0


def largest(x: NDArray[np.generic], y: NDArray[np.generic]) -> Fraction:
    return max(abs(Fraction(float(a)) - Fraction(float(b))) for a, b in zip(x, y, strict=True))


@pytest.mark.parametrize(("x", "quotient", "product"), [([163, 326, 0, 0], 3, 4), ([23, 46, 0, 0], 4, 3)])
def test_half_a_step_is_exceeded_by_quotients_here_and_by_reciprocals_there(
    x: list[float], quotient: int, product: int
) -> None:
    """x = 3.5 · max/7: beside a midpoint of σ = fl(max/7), and either may round to the farther level."""
    given = np.array(x, np.float32)
    step = Fraction(float(given[1] / np.float32(7)))
    near = min((3, 4), key=lambda level: abs(Fraction(float(given[0])) - level * step))
    for scaling, level in ((AbsMax(), quotient), (BY_RECIPROCAL, product)):
        image = int_(4, block=4, scaling=scaling)(given)
        assert image[0] == np.float32(level) * np.float32(float(step))
        assert (abs(Fraction(float(given[0])) - level * step) > step / 2) == (level != near)


def test_by_reciprocals_the_smallest_subnormal_blocks_are_lost() -> None:
    """1/σ is beyond float32 and held at its largest number: every ratio is below one half."""
    tiny = np.array([14, 13, 5, 0], np.float32) * np.float32(2.0**-149)
    quotient, product = (int_(4, block=4, scaling=scaling)(tiny) for scaling in (AbsMax(), BY_RECIPROCAL))
    assert (quotient.astype(np.float64) * 2.0**149).tolist() == [14, 12, 4, 0] and not product.any()


def test_scales_quantized_once_more_can_turn_signs_and_lose() -> None:
    """Of six blocks with maxima 1792, 7, 7, … the small scales come back as −0.162…: all signs there are turned."""
    q, x = int_(4, block=4, scaling=DoubleQuantization()), np.zeros((6, 4), np.float32)
    x[:, 0] = 7
    x[0, 0], x[1] = 1792, [7, 2, 2.25, 0]
    two = both(x.reshape(-1), nm(2, 4), q)
    assert MONOTONE not in q.traits
    assert two.image[4:8].tolist() == [-1.134765625, -0.32421875, -0.32421875, 0]
    assert change(two.x, two.after_mask, two.masked_image, 2) < 0
    assert change(two.x, two.after_mask, two.masked_image, 1) == 0


def test_arithmetic_in_bfloat16_can_reverse_the_order_of_affine_codes() -> None:
    """No zero, scales by both ends: nothing is promised of either, and what is better in one is worse in the other."""
    x = np.array([-6.25, 7.25, 5, 7], np.float32)
    found = {}
    for computed in ("", ", computed=bfloat16"):
        q = parse(f"affine(4, offset=midpoint{computed})")
        assert isinstance(q, Quantizer) and MONOTONE not in q.traits
        two = both(x, nm(2, 4), q)
        found[computed] = change(two.x, two.after_mask, two.masked_image, 2)
    assert found[""] > 0 > found[", computed=bfloat16"]
