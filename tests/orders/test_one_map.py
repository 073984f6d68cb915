"""Entries that are blocks of their own: whether images rise with magnitudes, against every magnitude of a fine grid."""

import numpy as np
import pytest

from sqtheory.alphabet.formats import E2M1, E2M3, E4M3, Codebook
from sqtheory.alphabet.partition import Blocks
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp, mxint, nvfp4, scaled
from sqtheory.alphabet.rounding import half_away, toward_zero
from sqtheory.alphabet.scaling import Exponent, PowerOfTwo, SharedExponent
from sqtheory.orders.one_map import one_map

GAPS = Codebook("gaps", (-7.5, -1.0, 0.0, 1.0, 7.5))
"""Above 4.25 to 7.5, below to 1: from one binade to the next the image falls."""
SINGLE: tuple[Quantizer, ...] = (
    *(int_(4, block=1), hbfp(4, block=1), hbfp(2, block=1), hbfp(3, block=1, rounding=toward_zero)),
    *(mxint(4, block=1), mxint(2, block=1), mxfp(E4M3, block=1), mxfp(E2M3, block=1, rounding=half_away)),
    *(mxfp(E2M1, block=1, scaling=PowerOfTwo(e)) for e in Exponent),
    *(nvfp4(block=1), scaled(GAPS, scaling=PowerOfTwo(), block=1), scaled(GAPS, scaling=SharedExponent(), block=1)),
)


def falls(q: Quantizer) -> bool:
    """Some image of a fine grid over five binades, under one largest entry, is smaller than that of a smaller entry."""
    t = np.concatenate([2.0**e * (1 + np.arange(4096) / 4096) for e in range(-4, 1)])
    x = np.unique(np.concatenate([t, np.nextafter(t, 0), np.nextafter(t, 8), [8.0]]))
    return bool(np.any(np.diff(np.abs(q(x))) < 0))


@pytest.mark.parametrize("q", SINGLE, ids=str)
def test_images_rise_if_none_falls(q: Quantizer) -> None:
    assert one_map(q, (8,)).closed == (not falls(q))


def test_some_fall() -> None:
    assert sum(map(falls, SINGLE)) == 2


@pytest.mark.parametrize("q", [int_(4, block=2), mxfp(E2M1, block=8), hbfp(4, block=3)], ids=str)
def test_blocks_of_several_entries_have_no_one_map(q: Quantizer) -> None:
    assert not one_map(q, (8,)).closed
    assert q.partition == Blocks(1) or one_map(q, (1,)).closed
