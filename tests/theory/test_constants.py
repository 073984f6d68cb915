from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.catalogue import QUANTIZERS
from sqtheory.alphabet.formats import E2M1, E2M3, E3M2, E4M3, E5M2, INT4, INT8, NF4, Format, IntFormat, bcq_format
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp, mxint, nf4
from sqtheory.alphabet.rounding import half_away, nearest_even, toward_zero
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.alphabet.ties import by_original, high_index, low_index
from sqtheory.orders.errors import norm
from sqtheory.theory.constants import (
    lower_halves,
    saturation_error,
    saturation_share,
    separation_witness,
    swap_constant,
    table,
)


@pytest.mark.parametrize(
    ("fmt", "share", "loss"),
    [
        (E4M3, Fraction(1, 4), Fraction(1, 8)),
        (E5M2, Fraction(1, 4), Fraction(1, 8)),
        (E3M2, Fraction(1, 4), Fraction(1, 8)),
        (E2M3, Fraction(1, 8), Fraction(1, 16)),
        (E2M1, Fraction(1, 2), Fraction(1, 4)),
        (INT8, Fraction(1, 64), Fraction(1, 128)),
    ],
)
def test_saturation_of_the_ocp_formats(fmt: Format, share: Fraction, loss: Fraction) -> None:
    assert (saturation_share(fmt), saturation_error(fmt)) == (share, loss)
    q = mxint(8) if isinstance(fmt, IntFormat) else mxfp(fmt)  # type: ignore[arg-type]
    x = (1 + np.arange(2**14) / 2**14)[:, None] * np.float64(8)
    beyond = x > fmt.max * q.scales(x)
    assert abs(np.mean(beyond) - float(share)) < 2**-13
    worst = float(np.max(np.where(beyond, (x - q(x)) / x, 0)))
    assert float(loss) - 2**-13 < worst < float(loss)


@pytest.mark.parametrize("fmt", [INT4, E2M1, E4M3], ids=str)
@pytest.mark.parametrize("rounding", [nearest_even, half_away, toward_zero], ids=str)
def test_cells_found_by_trying_every_point(fmt: Format, rounding: object) -> None:
    """On a grid 64 times finer than the smallest level, the lowest point that goes to v is within 1/64 of v − h⁻(v)."""
    assert isinstance(rounding, type(nearest_even) | type(half_away) | type(toward_zero))
    fine = fmt.smallest / 64
    points = np.arange(0, min(fmt.max, 512 * fmt.smallest), fine)
    images = fmt.round(points, rounding)
    assert set(lower_halves(fmt, rounding)) == {Fraction(v) for v in fmt.values.tolist() if v > 0}
    for v, half in lower_halves(fmt, rounding).items():
        mine = points[images == float(v)]
        if mine.size and mine[-1] < points[-1]:
            assert 0 <= mine[0] - float(v - half) <= fine


def test_known_constants() -> None:
    assert swap_constant(int_(4)) == swap_constant(hbfp(8)) == Fraction(1, 2)
    assert (swap_constant(mxfp(E2M1)), swap_constant(mxfp(E4M3))) == (1, 16)
    assert swap_constant(int_(4, rounding=toward_zero)) == 0
    assert swap_constant(nf4()) is None
    bounds = {int_(4): (1, 7), mxfp(E2M1): (1, 4), hbfp(4): (1, 4), mxint(8): (1, 64)}
    assert all(q.scaling.supremum(q.format) == Fraction(*bound) for q, bound in bounds.items())
    assert lower_halves(bcq_format(2), nearest_even) == {1: 1, 3: 1}, "without a zero all of [0, 1] goes to 1"
    with pytest.raises(ValueError, match="not symmetric"):
        lower_halves(NF4, nearest_even)


@pytest.mark.parametrize("q", [int_(4), int_(3), hbfp(4), mxfp(E2M1), mxint(4)], ids=str)
def test_the_scale_is_never_larger_and_the_constant_never_exceeded(q: Quantizer) -> None:
    """Random blocks: σ/max|x| stays below its supremum and comes close; the excess of one swap stays below h⁻ σ."""
    rng = np.random.default_rng(3)
    x = np.abs(rng.standard_normal((40_000, 4)))
    sigma, share, constant = q.scales(x)[:, 0], q.scaling.supremum(q.format), swap_constant(q)
    assert share is not None and constant is not None
    ratio = sigma / x.max(axis=1)
    assert ratio.max() <= float(share) * (1 + 1e-12) and ratio.max() > float(share) * 0.99
    image = q(x)
    mask, image_mask = nm(2, 4).mask(x), nm(2, 4, ties=high_index).mask(image)
    single = (mask & ~image_mask).sum(axis=1) == 1
    error = np.abs(x - image)
    excess = np.where(image_mask, error, x).sum(axis=1) - np.where(mask, 0, x).sum(axis=1) - error.sum(axis=1)
    shares = excess[single] / sigma[single]
    assert shares.max() <= float(constant) and shares.max() > float(constant) / 2


@pytest.mark.parametrize("text", [text for text, _ in QUANTIZERS])
@pytest.mark.parametrize("ties", [low_index, high_index], ids=str)
def test_witnesses_separate_in_exact_rationals(text: str, ties: object) -> None:
    q = parse(text)
    assert isinstance(q, Quantizer) and isinstance(ties, type(low_index) | type(high_index))
    for n, m in ((1, 2), (2, 4), (4, 8)):
        s = nm(n, m, ties=ties)
        x = separation_witness(q, s)
        assert x is not None, (text, n, m)
        image, kept, mine = q(x), s.mask(q(x), x), s.mask(x)
        exact = [Fraction(v) for v in x.tolist()]
        errors = [abs(v - Fraction(y)) for v, y in zip(exact, image.tolist(), strict=True)]
        quantized_first = sum(e if k else abs(v) for e, v, k in zip(errors, exact, kept, strict=True))
        both = sum(errors) + sum(abs(v) for v, k in zip(exact, mine, strict=True) if not k)
        assert quantized_first > both


def test_no_witness_where_the_orders_are_one() -> None:
    assert separation_witness(int_(4), nm(2, 4, ties=by_original)) is None


def test_a_witness_without_groups_of_one_size_has_four_entries() -> None:
    q, s = int_(4), top(2)
    x = separation_witness(q, s)
    assert x is not None and x.shape == (4,)
    assert norm(x - (q >> s)(x), 1) > norm(x - q(x), 1) + norm(x - s(x), 1)


def test_a_witness_for_another_norm() -> None:
    q, s = int_(4), nm(2, 4)
    x = separation_witness(q, s, 1.25)
    assert x is not None
    assert norm(x - (q >> s)(x), 1.25) > norm(x - q(x), 1.25) + norm(x - s(x), 1.25)


def test_the_table_has_a_line_for_each_quantizer() -> None:
    rows = {row[0]: row for row in table().rows}
    assert list(rows) == [text for text, _ in QUANTIZERS]
    assert rows["mxfp4"][1:6] == ("1", "2", "1/4", "1/2", "1/4")
    assert rows["int8"][1:6] == ("1/2", "1", "1/254", "–", "–")
    assert all("–" not in row[6:] for row in rows.values())
