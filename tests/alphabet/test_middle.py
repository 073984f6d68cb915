"""tinygemm in bfloat16: every step rounded to the format, against a loop; what it refuses and does not declare."""

from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.formats import BFLOAT16, FLOAT16
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.rationals import NotRational, rationals
from sqtheory.alphabet.scaling import Middle
from sqtheory.alphabet.traits import DETERMINISTIC, DYADIC_EQUIVARIANT, IDEMPOTENT, KEEPS_ZERO, TRAITS
from sqtheory.exceptions import SpellingError
from sqtheory.theory.decide import exact
from tests.alphabet.test_affine import SIZE, tensors
from tests.twins.formats import GRIDS, round_exactly

TEXT = "affine(4, offset=midpoint, computed=bfloat16, block=8)"


def held(v: float) -> float:
    """v in bfloat16; a sum, product or quotient of two such numbers is exact in float64, or correctly rounded twice."""
    return float(round_exactly(Fraction(v), GRIDS["bfloat16"], "nearest_even"))


def loop(block: list[float]) -> list[float]:
    x = [held(float(v)) for v in block]
    lo, hi = min(x), max(x)
    sigma = held(held(hi - lo) / 15)
    middle = held(lo + held(8 * sigma))
    least = held(middle - held(8 * sigma))
    codes = [min(max(round(held(held(v - least) / (sigma or 1))), 0), 15) for v in x]
    return [held(held((c - 8) * sigma) + middle) for c in codes]


def test_an_image_is_that_of_a_loop_over_entries() -> None:
    q = parse(TEXT)
    for name, x in tensors().items():
        expected = [v for block in x.reshape(-1, SIZE) for v in loop(list(block))]
        np.testing.assert_array_equal(q(x), np.reshape(expected, x.shape), err_msg=name)


def test_rounding_of_any_one_step_less_is_seen() -> None:
    x = tensors()["normal"]
    plain = parse("affine(4, offset=midpoint, block=8)")
    for other in (plain(x), BFLOAT16.round(plain(x)), parse("affine(4, offset=midpoint, stored=bfloat16, block=8)")(x)):
        assert not np.array_equal(parse(TEXT)(x), other)


def test_it_is_read_as_it_is_printed_and_declares_what_it_does() -> None:
    q = parse(TEXT)
    assert isinstance(q, Quantizer) and str(q) == TEXT and parse(str(q)) == q
    assert q.traits == {DETERMINISTIC} < parse("affine(4, offset=midpoint, block=8)").traits
    known = {DETERMINISTIC, IDEMPOTENT, DYADIC_EQUIVARIANT, KEEPS_ZERO}
    assert q.traits | known <= set(TRAITS)
    x = tensors()["normal"]
    fixed = q.frozen(x)
    assert np.array_equal(fixed(x), q(x)) and IDEMPOTENT not in fixed.traits
    again = [np.array_equal(q(q(row)), q(row)) for row in x.reshape(-1, SIZE)]
    assert not all(again), "idempotent on these: it could be declared"


def test_it_is_not_rational_and_has_one_arithmetic() -> None:
    with pytest.raises(NotRational, match="arithmetic in bfloat16"):
        exact.placed(parse(TEXT), rationals(np.ones((1, SIZE))))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="leave stored= and reciprocal= out"):
        Middle(computed=BFLOAT16, stored=FLOAT16)
    with pytest.raises(SpellingError, match="computed= says nothing of offset=float"):
        parse("affine(4, offset=float, computed=bfloat16)")
    with pytest.raises(TypeError, match="computed="):
        Middle(computed="bfloat16")  # type: ignore[arg-type]
