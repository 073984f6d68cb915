"""Packing of quantizers with an offset for every block: no bit of a value is lost, and the theory counts the bits."""

from typing import Any

import numpy as np
import pytest

import sqtheory as sq
from sqtheory.alphabet.partition import Tail, Tiles
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import nm, threshold, top
from sqtheory.alphabet.storage import bits_per_entry, stored_bits
from sqtheory.alphabet.traits import KEEPS_ZERO
from sqtheory.exceptions import InputRefused
from sqtheory.files.packing import Packed, grid_of, pack, pack_image, pack_values, unpack
from sqtheory.files.packing.schema import Schema
from tests.files.packing.test_packed import by_twin, matrix, same_bits
from tests.nightly import thin

OFFSETS = ("integer", "float", "midpoint", "edge", "real")
BLOCKS = ((2, 5), (4, 16), (8, 40))
AFFINE = tuple(
    sq.parse(text)
    for text in (
        *(f"affine({k}, offset={offset}, block={block})" for offset in OFFSETS for k, block in BLOCKS),
        *(f"affine(4, offset={offset}, stored={s}, block=8)" for offset in OFFSETS[:4] for s in ("float16", "e5m2")),
        *("affine(4, range=own, block=8)", "affine(3, per=tensor)", "affine(16, offset=float, tile=(3, 5))"),
        *("affine(4, offset=edge, least=1e-07, block=8)", "affine(4, offset=real, rounded=true, narrow=0.0001)"),
        *("Q4_1", "Q5_1"),
    )
)
"""Integer zero points, least numbers, middles, ends and real zero points, in real numbers and stored in others."""
MASKS = (nm(2, 4), top(3, per=Tiles(3, 4)), threshold(0.5), nm(5, 7, tail=Tail.short))


@pytest.mark.parametrize("q", AFFINE, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_come_back_and_take_the_stored_bits(q: Quantizer, dtype: type) -> None:
    x = matrix(dtype)
    packed = pack(x, q)
    same_bits(unpack(packed), q(x))
    same_bits(by_twin(packed), q(x))
    assert packed.schema.bits == stored_bits(q, x.shape, real=8 * x.itemsize)
    assert 0 <= packed.padding < 8 * len(packed.arrays) and 8 * packed.nbytes == packed.schema.bits + packed.padding
    assert Schema.from_dict(packed.schema.to_dict()) == packed.schema


def test_stored_offsets_take_the_bits_of_their_format() -> None:
    """The 20 and 24 bytes of blocks of Q4_1 and Q5_1, and zero points of 4 bits."""
    own = {"Q4_1": 5, "Q5_1": 6, "affine(4, block=32)": 5.125, "affine(4, block=32, offset=float)": 6}
    for text, bits in own.items():
        assert bits_per_entry(sq.parse(text), (4, 64)) == bits
        assert pack(np.ones((4, 64), np.float32), sq.parse(text)).schema.bits_per_entry == bits


@thin(4)
@pytest.mark.parametrize("s", MASKS, ids=str)
@pytest.mark.parametrize("q", AFFINE, ids=str)
def test_survivors_in_either_order(s: Any, q: Quantizer) -> None:
    """Where 0 is a level only survivors are stored; else what pruning made 0 comes back as another level."""
    x = matrix()
    for f in (s >> q, q >> s):
        packed = pack_image(x, f)
        same_bits(unpack(packed), f(x))
        same_bits(by_twin(packed), f(x))
        dense = packed.schema.mask is None
        assert dense == (f == s >> q and KEEPS_ZERO not in q.traits)
        if not dense:
            kept = s.mask(x if f == s >> q else q(x), x)
            assert packed.schema.kept == np.count_nonzero(kept) and not unpack(packed)[~kept].view(np.uint32).any()


def test_entries_beyond_a_quarter_of_the_range_come_back() -> None:
    """Differences of the ends are beyond float32 there, and are computed over 4."""
    x = np.random.default_rng(2).uniform(-3.4e38, 3.4e38, (12, 40)).astype(np.float32)
    for q in AFFINE:
        same_bits(unpack(pack(x, q)), q(x))
        same_bits(by_twin(pack(x, q)), q(x))


@pytest.mark.parametrize("q", [sq.parse("affine(4, block=8)"), sq.parse("Q4_1")], ids=str)
def test_another_offset_is_refused_or_seen(q: Quantizer) -> None:
    """One that is another, one that is no code, none at all, and one of whose bits one is changed."""
    x = matrix()
    scales, offsets = grid_of(q, x)
    assert offsets is not None
    for wrong in (offsets + np.float32(1000), offsets + np.float32(0.5)):
        with pytest.raises(InputRefused, match=r"no value of uint4 .* beside the offset|no code of uint4"):
            pack_values(q(x), q, scales, offsets=wrong)
    with pytest.raises(TypeError, match="offsets are given of a quantizer that has them"):
        pack_values(q(x), q, scales)
    packed = pack(x, q)
    for part in ("offsets", "scales"):
        changed = {name: array.copy() for name, array in packed.arrays.items()}
        changed[part].reshape(-1).view(np.uint8)[1] ^= 1
        assert not np.array_equal(unpack(Packed(packed.schema, changed)), q(x))


def test_offsets_that_no_file_holds_are_refused() -> None:
    said = pack(matrix(), sq.parse("Q4_1")).schema.to_dict()
    signed = {"kind": "integer", "k": 4, "full_range": False}
    number = {"kind": "number", "meaning": "code", "numbers": {"kind": "signed", "dtype": "F32"}}
    for wrong in ({"format": signed}, {"offsets": number}, {"offsets": {"kind": "text"}}, {"offsets": {}}):
        with pytest.raises(ValueError, match=r"offsets|stored as one"):
            Schema.from_dict({**said, **wrong})
