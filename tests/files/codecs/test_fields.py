"""Codes in words are what the stream of bits says, for every width and also across words."""

import numpy as np
import pytest

from sqtheory.files.bits import pack_bits
from sqtheory.files.codecs.fields import unpacked


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("word", ["<u4", ">i4", "u1"])
def test_codes_are_those_that_were_packed(bits: int, word: str) -> None:
    codes = np.random.default_rng(bits).integers(0, 1 << bits, (3, 2, 32), np.uint8)
    words = np.stack([pack_bits(row, bits) for row in codes.reshape(6, 32)]).view("<u4").reshape(3, 2, bits)
    stored = words.view("u1") if word == "u1" else words.astype(word.replace("i", "u")).view(word)
    assert np.array_equal(unpacked(stored, bits), codes)
    assert unpacked(stored, bits).dtype == np.uint8


def test_rows_that_end_within_a_code_are_refused() -> None:
    with pytest.raises(ValueError, match="rows of 64 bits are no whole number of 3-bit codes"):
        unpacked(np.zeros((4, 2), np.int32), 3)
    assert unpacked(np.zeros((4, 0), np.int32), 3).shape == (4, 0)
