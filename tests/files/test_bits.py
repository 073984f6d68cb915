import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqtheory.files import bits
from sqtheory.files.bits import pack_bits, stream_bytes, unpack_bits
from tests.twins.packing import fields_of


@given(st.data())
def test_every_width_comes_back_and_is_laid_out_lowest_bit_first(data: st.DataObject) -> None:
    k = data.draw(st.integers(0, 62))
    fields = data.draw(st.lists(st.integers(0, (1 << k) - 1), max_size=40))
    raw = pack_bits(np.array(fields, np.uint64), k)
    assert raw.size == stream_bytes(len(fields), k) == (len(fields) * k + 7) // 8
    assert fields_of(raw, k, len(fields)) == fields == unpack_bits(raw, k, len(fields)).tolist()


@pytest.mark.parametrize("k", [1, 3, 4, 5, 8, 12, 16])
def test_pieces_join(monkeypatch: pytest.MonkeyPatch, k: int) -> None:
    fields = np.random.default_rng(k).integers(0, 1 << k, 1003, np.uint16)
    whole = pack_bits(fields, k)
    monkeypatch.setattr(bits, "_CHUNK", 16)
    assert pack_bits(fields, k).tobytes() == whole.tobytes()
    np.testing.assert_array_equal(unpack_bits(whole, k, 1003), fields)


def test_fields_of_any_layout_and_byte_order() -> None:
    fields = np.arange(24, dtype=">u2").reshape(4, 6).T[::-1]
    np.testing.assert_array_equal(unpack_bits(pack_bits(fields, 5), 5, 24), fields.reshape(-1))


def test_a_stream_that_is_not_whole_is_refused() -> None:
    raw = pack_bits(np.array([1, 2, 3], np.uint8), 3)
    for wrong in (raw[:1], np.append(raw, raw[:1]), raw.reshape(1, -1), raw.astype(np.uint16)):
        with pytest.raises(ValueError, match="take 2 bytes"):
            unpack_bits(wrong, 3, 3)
    with pytest.raises(ValueError, match="not all 0"):
        unpack_bits(raw | np.array([0, 128], np.uint8), 3, 3)
