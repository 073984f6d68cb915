from fractions import Fraction

import pytest

from sqtheory.alphabet.formats import E2M1, E2M3
from sqtheory.alphabet.partition import Rows, Tiles
from sqtheory.alphabet.quantizers import Quantizer, cast, hbfp, int_, mxfp, nvfp4
from sqtheory.alphabet.scaling import Frozen
from sqtheory.alphabet.sparsifiers import blockwise, nm, threshold, top
from sqtheory.alphabet.storage import Index, bits_per_entry, index_bits, stored_bits
from sqtheory.arrays import FixedArray


@pytest.mark.parametrize(
    ("q", "bits"),
    [
        (hbfp(4), Fraction("4.125")),
        (hbfp(6), Fraction("6.125")),
        (mxfp(E2M3), Fraction("6.25")),
        (mxfp(E2M1), Fraction("4.25")),
        (nvfp4(), Fraction("4.5") + Fraction(32, 1024)),
        (int_(4), Fraction("4.5")),
        (int_(8, per=Rows()), 8 + Fraction(32, 64)),
        (cast(E2M1), Fraction(4)),
        (int_(4, scaling=Frozen(FixedArray(1.0))), 4 + Fraction(32, 1024)),
    ],
)
def test_bits_of_the_common_formats(q: Quantizer, bits: Fraction) -> None:
    assert bits_per_entry(q, (16, 64)) == bits


def test_half_precision_scales() -> None:
    assert bits_per_entry(int_(4), (16, 64), real=16) == Fraction("4.25")
    assert stored_bits(int_(4), (16, 64)) == 1024 * 4 + 16 * 32, "32 bits unless told"
    assert nvfp4().scaling.bits() == (8, 32)


@pytest.mark.parametrize(
    ("index", "per_group"), [(Index.combination, 3), (Index.position, 4), (Index.bitmap, 4)], ids=lambda v: str(v)
)
def test_places_of_two_of_four(index: Index, per_group: int) -> None:
    """C(4, 2) = 6 patterns take three bits, two places of two bits take four."""
    assert index_bits(nm(2, 4), (8, 16), index) == 32 * per_group
    assert stored_bits(hbfp(4), (8, 64), nm(2, 4), index=index) == 256 * 4 + 8 * 8 + 128 * per_group


def test_short_groups_and_unstructured_masks() -> None:
    s = nm(2, 4, tail=top(0.5).tail)
    assert index_bits(s, (1, 6), Index.combination) == 3 + 1
    assert index_bits(top(0.5), (4, 8), Index.bitmap) == 32
    assert index_bits(blockwise(0.5, per=Tiles(2, 2)), (4, 8), Index.bitmap) == 8
    with pytest.raises(ValueError, match="take a bitmap"):
        index_bits(threshold(1), (4, 8), Index.position)
