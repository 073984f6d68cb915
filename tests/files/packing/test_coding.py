"""Codes found by the upper half of a level against those found by comparing with all levels; loops against both."""

from collections.abc import Iterator

import numpy as np
import pytest

from sqtheory.alphabet.formats import BFLOAT16, E2M1, E2M3, E4M3, E5M2, INT4, INT8, INT16, NF4, Codebook, Format
from sqtheory.alphabet.kernels import compiled_codes as loops
from sqtheory.alphabet.kernels import engine
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.partition.boxes import Boxes
from sqtheory.arrays import Array
from sqtheory.exceptions import InputRefused
from sqtheory.files.packing import Packed, pack_image, pack_values, unpack
from sqtheory.files.packing.coding import codes_of, compiled_codes, compiled_values

FORMATS = (INT4, INT8, E2M1, E2M3, E4M3, E5M2, NF4)


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_every_level_under_every_kind_of_scale(fmt: Format) -> None:
    levels = fmt.values.astype(np.float32)
    if fmt.has_negative_zero:
        levels = np.append(levels, np.float32(-0.0))
    for scale in (1.0, 2.0**-126, 2.0**100, 0.3, 1e-30, 1.7e20):
        sigma = np.full(levels.shape, scale, np.float32)
        found = codes_of(levels * sigma, sigma, fmt)
        assert found is not None
        np.testing.assert_array_equal(found, fmt.encode(levels).view(np.uint8) & ((1 << fmt.bits) - 1))


def test_what_is_no_level_is_left_to_comparing() -> None:
    one = np.ones(2, np.float32)
    for values in ([1, 0.7], [1, np.nan], [1, np.inf], [1, 100]):
        assert codes_of(np.array(values, np.float32), one, E2M1) is None
    assert codes_of(np.array([1, -0.0], np.float32), one, INT4) is None
    for fmt in (INT16, BFLOAT16, Codebook("near", (0.0, 1.0, 1.0 + 2.0**-20))):
        assert codes_of(one, one, fmt) is None
    assert codes_of(np.ones(2), np.ones(2), INT4) is None


def test_a_block_of_zeros_has_codes_of_zero() -> None:
    zeros = np.array([0.0, -0.0], np.float32)
    found = codes_of(zeros, np.zeros(2, np.float32), E2M1)
    assert found is not None
    np.testing.assert_array_equal(found, E2M1.encode(zeros))


@pytest.fixture
def numba(compiled_at_once: None) -> Iterator[None]:
    with engine("numba"):
        yield


def tensor(kind: str) -> Array:
    rng, shape = np.random.default_rng(3), (6, 1920)
    x = {
        "normal": rng.normal(size=shape),
        "dyadic ties": rng.integers(-8, 9, shape) / 4,
        "zeros": np.where(rng.random(shape) < 0.7, -0.0, rng.normal(size=shape)),
        "wide": rng.normal(size=shape) * 2.0 ** rng.integers(-60, 60, shape),
        "subnormal": rng.integers(-5000, 5000, shape) * 2.0**-149,
    }[kind].astype(np.float32)
    x[2, :128] = 0
    return x


PIPELINES = (
    *("2:4 >> mxfp4", "nm(1, 4, ties=high_index) >> mxfp8", "4:8 >> int4:b32", "1:2 >> int8:b16", "3:4 >> int3:b8"),
    *(
        "50% >> nf4",
        "2:16 >> hbfp6",
        "mxfp6",
        "int5:b64",
        "mxfp4 >> 2:4",
        "nvfp4",
        "2:4 >> nvfp4",
        "2:4 >> Q4_0",
        "bcq3",
    ),
)


def of(made: Packed) -> dict[str, bytes]:
    return {part: array.tobytes() for part, array in made.arrays.items()}


@pytest.mark.parametrize("text", PIPELINES)
@pytest.mark.parametrize("kind", ["normal", "dyadic ties", "zeros", "wide", "subnormal"])
def test_loops_make_the_same_bytes_and_values(text: str, kind: str, numba: None) -> None:
    x, f = tensor(kind), parse(text)
    found = pack_image(x, f)  # type: ignore[arg-type]
    values = unpack(found)
    with engine("definition"):
        wanted = pack_image(x, f)  # type: ignore[arg-type]
        assert found.schema == wanted.schema and of(found) == of(wanted)
        assert values.tobytes() == unpack(wanted).tobytes()


def test_what_the_loops_take_and_what_they_leave(numba: None) -> None:
    boxes, scales = Boxes((1, 32)), np.full((2, 2), 0.5, np.float32)
    values = np.tile(E2M1.values.astype(np.float32)[:8] / 2, (2, 8))
    every = np.ones(values.shape, np.bool_)
    codes, again = (compiled_codes(values, E2M1, boxes, scales, kept) for kept in (None, every))
    assert codes is not None and again is not None and np.array_equal(codes, again)
    for kept in (None, every):
        out = np.empty_like(values)
        assert compiled_values(codes, E2M1, boxes, scales, kept, out) and out.tobytes() == values.tobytes()
    for wrong in (0.7, np.nan, np.inf, 100):
        spoiled = values.copy()
        spoiled[1, 40] = wrong
        assert compiled_codes(spoiled, E2M1, boxes, scales, None) is None
    every[0, 0] = False  # where the value is not +0
    assert compiled_codes(values, E2M1, boxes, scales, every) is None
    assert compiled_codes(values.astype(np.float64), E2M1, boxes, scales, None) is None
    assert compiled_codes(values, E2M1, Boxes((2, 32)), scales[:1], None) is None
    assert compiled_codes(values, E2M1, Boxes((1, 48)), scales, None) is None
    out = np.empty_like(values)
    assert not compiled_values(codes, E2M1, boxes, -scales, None, out)
    assert not compiled_values(codes, E2M1, boxes, np.full_like(scales, 3e38), None, out)
    with engine("numpy"):
        assert compiled_codes(values, E2M1, boxes, scales, None) is None


def test_a_value_off_the_grid_is_still_named(numba: None) -> None:
    x, q = tensor("normal"), parse("int4:b32")
    y = q(x)  # type: ignore[operator]
    y[3, 5] *= np.float32(1.01)
    with pytest.raises(InputRefused, match=r"at \(3, 5\)"):
        pack_values(y, q, q.scales(x))  # type: ignore[arg-type,union-attr]


@pytest.mark.parametrize("name", ["coded", "decoded", "ranked", "looked_up"])
def test_a_broken_loop_is_noticed(name: str, numba: None, monkeypatch: pytest.MonkeyPatch) -> None:
    x, f, sound = tensor("normal"), parse("2:4 >> mxfp4"), getattr(loops, name)
    wanted = pack_image(x, f)  # type: ignore[arg-type]
    values = unpack(wanted)

    def broken(*given: object) -> object:
        found, out = sound(*given), given[-1]
        out.view(np.uint8)[17] ^= 1  # type: ignore[attr-defined]
        return found

    monkeypatch.setattr(loops, name, broken)
    try:
        same = of(pack_image(x, f)) == of(wanted) and unpack(wanted).tobytes() == values.tobytes()  # type: ignore[arg-type]
    except ValueError:
        same = False
    assert not same
