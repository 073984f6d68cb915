"""Packing loses no bit of a value, and takes the bits that the theory counts."""

import json
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import sqtheory as sq
from sqtheory.alphabet.formats import E2M1, E2M3, E3M2, E4M3, E5M2, FORMATS, Codebook, IntFormat
from sqtheory.alphabet.partition import Blocks, Columns, Rows, Tail, Tiles, Whole
from sqtheory.alphabet.quantizers import Quantizer, bcq, cast, hbfp, int_, mxfp, mxint, nf4, nvfp4, scaled
from sqtheory.alphabet.scaling import AbsMax, Frozen, PowerOfTwo, SharedExponent, TwoLevel
from sqtheory.alphabet.scores import Gain, wanda
from sqtheory.alphabet.sparsifiers import TopSparsifier, blockwise, fixed, nm, threshold, top
from sqtheory.alphabet.storage import Index, index_bits, stored_bits
from sqtheory.arrays import FixedArray
from sqtheory.exceptions import InputRefused, NonFinite
from sqtheory.files.packing import Packed, encode_packed, pack, pack_image, pack_values, unpack
from sqtheory.files.packing.indices import Places, binomials, places_of
from sqtheory.files.packing.schema import Schema
from sqtheory.strategies import pipelines, quantizers, tensors
from tests.nightly import nightly, thin
from tests.twins import packing as twin

RNG = np.random.default_rng(0)
QUANTIZERS = (
    *(int_(k) for k in range(2, 17)),
    *(hbfp(4), hbfp(6), hbfp(8), hbfp(6, compat=1e-8), mxint(8), nvfp4(), nf4(), bcq(3), bcq(3, zero=True)),
    *(mxfp(f) for f in (E4M3, E5M2, E2M3, E3M2, E2M1)),
    *(cast(E4M3), scaled(E4M3, per=Whole()), int_(4, block=5), int_(8, per=Rows()), int_(3, per=Columns())),
    *(int_(4, per=Blocks(3, axis=0)), mxfp(E2M1, per=Tiles(3, 5)), nvfp4(scaling=TwoLevel(E2M3))),
    *(int_(4, scaling=Frozen(FixedArray(0.25))), scaled(Codebook("own", (-1.5, 0.0, 0.1, 7.0)))),
    *(sq.parse(f"int(4, scaling={rule})") for rule in ("fullrange", "midpoint", "halfrange", "mse", "percentile(99)")),
    *(sq.parse(name) for name in ("Q4_0", "Q8_0", "int(4, block=8, scaling=signedmax)", "scaled(dynamic8)")),
    *(sq.parse(f"scaled(e2m1, block=16, scaling=stored({s}))") for s in ("e4m3", "e8m0, rounding=ceil", "float16")),
    *(sq.parse(f"scaled({name})") for name in ("binary8p3se", "iq4", "fp4")),
    sq.parse("scaled(iq4, block=8, scaling=stored(bfloat16, signedmax))"),
)
MASKS = (
    *(nm(2, 4), nm(1, 4), nm(3, 4, axis=0), nm(4, 8), nm(8, 16, tail=Tail.short), nm(5, 7, tail=Tail.short)),
    *(top(0.5), top(0.3, per=Rows()), top(3, per=Tiles(3, 4)), threshold(0.5), blockwise(0.5, per=Tiles(5, 4))),
    fixed(RNG.random((12, 40)) < 0.2),
)


def same_bits(a: np.ndarray, b: np.ndarray) -> None:
    assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def matrix(dtype: Any = np.float32) -> np.ndarray:
    """Rows of very different sizes, with zeros of both signs and a row of zeros."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(12, 40)) * 2.0 ** rng.integers(-20, 20, (12, 1))
    x[3], x[4, ::3], x[5, ::2] = 0, 0, -0.0
    return x.astype(dtype)


def by_twin(packed: Packed) -> np.ndarray:
    return twin.unpacked(json.loads(json.dumps(packed.schema.to_dict())), dict(packed.arrays))


@pytest.mark.parametrize("q", QUANTIZERS, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_quantized_values_come_back_and_take_the_stored_bits(q: Quantizer, dtype: type) -> None:
    x = matrix(dtype)
    packed = pack(x, q)
    same_bits(unpack(packed), q(x))
    same_bits(by_twin(packed), q(x))
    assert packed.schema.bits == stored_bits(q, x.shape, real=8 * x.itemsize)
    assert 0 <= packed.padding < 8 * len(packed.arrays) and 8 * packed.nbytes == packed.schema.bits + packed.padding


@thin(6)
@pytest.mark.parametrize("s", MASKS, ids=str)
@pytest.mark.parametrize("q", [int_(4), hbfp(6), mxfp(E2M1), nvfp4(), bcq(3)], ids=str)
@pytest.mark.parametrize("index", [None, *Index])
def test_only_survivors_are_stored_in_either_order(s: Any, q: Quantizer, index: Index | None) -> None:
    x = matrix()
    for f in (s >> q, q >> s):
        try:
            packed = pack_image(x, f, index=index)
        except ValueError as refusal:
            assert index is not None and "take a bitmap" in str(refusal)
            continue
        same_bits(unpack(packed), f(x))
        places, kept = packed.schema.mask, packed.schema.kept
        if places is None or places.index is not Index.combination or max(places.budgets) <= 16:
            same_bits(by_twin(packed), f(x))
        if f == s >> q and q == bcq(3):
            assert places is None and kept == x.size, "pruned entries come back as other levels"
            continue
        assert places is not None and kept == np.count_nonzero(s.mask(x if f == s >> q else q(x), x))
        scales = q.partition.count(x.shape) * q.scaling.bits()[0] + q.scaling.bits()[1]
        assert packed.schema.bits == kept * q.format.bits + scales + index_bits(s, x.shape, places.index)
        assert packed.padding < 8 * len(packed.arrays)


@thin(9)
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("dtype", [np.float32, pytest.param(np.float64, marks=nightly)])
def test_every_format_under_every_mask(name: str, dtype: type) -> None:
    """In both orders and under scales of every kind: what unpacks is the image, and +0 where it was pruned."""
    x, fmt = matrix(dtype), FORMATS[name]
    spelled = [q for q in QUANTIZERS if q.format == fmt]
    rules = (AbsMax(), SharedExponent(), PowerOfTwo(), TwoLevel(E4M3)) if fmt.max < 1e30 else (AbsMax(),)
    made = [scaled(fmt, per=Blocks(8)), *(scaled(fmt, per=Blocks(8), scaling=rule) for rule in rules), cast(fmt)]
    for q in (*spelled, *made):
        for s in MASKS:
            for f in (s >> q, q >> s):
                image = f(x)
                try:
                    packed = pack_image(x, f)
                except InputRefused as refusal:
                    assert not fmt.has_zero and "has no exponent" in str(refusal)
                    continue
                same_bits(unpack(packed), image)
                if packed.schema.mask is not None:
                    kept = s.mask(x if f == s >> q else q(x), x)
                    assert not unpack(packed)[~kept].view(f"u{x.itemsize}").any()
                    assert packed.schema.kept == np.count_nonzero(kept)
                if isinstance(s, TopSparsifier) and packed.schema.mask is not None:
                    stored = stored_bits(q, x.shape, s, index=packed.schema.mask.index, real=8 * x.itemsize)
                    assert packed.schema.bits == stored


SHAPES = st.sampled_from([(4,), (1, 7), (3, 5), (2, 3, 4), (6, 8)])


@given(st.data())
def test_any_pipeline_on_any_tensor(data: st.DataObject) -> None:
    shape = data.draw(SHAPES)
    x = data.draw(tensors(shape))
    s, q = data.draw(pipelines(shape))
    f = data.draw(st.sampled_from([s >> q, q >> s, q]))
    try:
        with np.errstate(all="ignore"):
            image = f(x)
    except ValueError:
        assume(False)
    try:
        packed = pack_image(x, f)
    except InputRefused as refusal:
        assert any(word in str(refusal) for word in ("exponent", "2^(e", "beside the offset", "of two formats")), (
            refusal
        )
        assume(False)
    same_bits(unpack(packed), image)
    assert Schema.from_dict(json.loads(json.dumps(packed.schema.to_dict()))) == packed.schema


@given(st.data())
def test_any_quantizer_by_the_twin(data: st.DataObject) -> None:
    x = data.draw(tensors((3, 5)))
    q = data.draw(quantizers((3, 5)))
    try:
        packed = pack(x, q)
    except ValueError:
        assume(False)
    same_bits(by_twin(packed), q(x))


def test_minus_zero_is_kept_where_the_format_has_it() -> None:
    x = np.array([[-0.0, 0.0, -1e-9, 6.0]], np.float32)
    assert np.signbit(unpack(pack(x, mxfp(E2M1)))).tolist() == [[True, False, True, False]]
    assert not np.signbit(unpack(pack(x, int_(4)))).any(), "integers have one zero"
    with pytest.raises(
        InputRefused, match=r"-0\.0 at \(0, 0\), block \(0, 0\), is no value of int4 times the scale 2\.0"
    ):
        pack_values(x, int_(4), np.full((1, 1), 2, np.float32))


def test_an_exponent_beyond_that_of_e8m0_moves_the_bias() -> None:
    x = np.array([[2.0**-140, 2.0**-141]], np.float32)
    packed = pack(x, hbfp(4))
    assert packed.schema.to_dict()["scales"] == {"kind": "exponent", "bias": 143}
    same_bits(unpack(packed), hbfp(4)(x))
    assert pack(np.ones((1, 4)), hbfp(4)).schema.to_dict()["scales"]["bias"] == 127
    wide = np.array([[2.0**-300, 1], [1, 1]])
    with pytest.raises(InputRefused, match=r"the scale .* of block \(0, 0\) is not 2\^\(e − "):
        pack(wide, hbfp(4, block=1))


def test_a_block_of_zeros_has_the_smallest_exponent_and_zeros() -> None:
    packed = pack(np.zeros((2, 32), np.float32), mxfp(E2M1))
    assert packed.arrays["scales"].tolist() == [[0], [0]] and not packed.arrays["codes"].any()
    q = replace(bcq(3), scaling=PowerOfTwo())
    with pytest.raises(InputRefused, match=r"block \(0, 0\) has no exponent, and bcq3 no zero"):
        pack(np.zeros((2, 64), np.float32), q)


def test_half_precision_scales_where_they_are_exact() -> None:
    x, q = matrix(), int_(4)
    scales = np.abs(RNG.normal(size=(12, 1))).astype(np.float16).astype(np.float32)
    values = q.format.round(RNG.normal(size=(12, 40)).astype(np.float32) * 4) * scales
    packed = pack_values(values, q, scales, real="F16")
    same_bits(unpack(packed), values)
    assert packed.schema.bits == stored_bits(q, x.shape, real=16) and packed.arrays["scales"].dtype == np.float16
    with pytest.raises(InputRefused, match=r"scale .* of block \(0, 0\) is no number of F16"):
        pack(x + np.float32(1), q, real="F16")


def test_scales_of_a_dense_tensor_hold_for_values_that_were_pruned_after() -> None:
    x, q, s = matrix(), mxfp(E2M1), nm(2, 4, score=wanda(RNG.normal(size=(8, 40))))
    values = np.where(s.mask(x), q(x), np.float32(0))
    packed = pack_values(values, q, q.scales(x), s.mask(x), places_of(s, x.shape))
    same_bits(unpack(packed), values)
    assert packed.schema.bits == stored_bits(q, x.shape, s)
    gain = nm(2, 4, score=Gain(q)) >> q.frozen(x)
    same_bits(unpack(pack_image(x, gain)), gain(x))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ((0, 5, 0.26), r"0\.2599\d* at \(0, 5\), block \(0, 1\), is no value of int4 times the scale 0\.25"),
        ((1, 7, 2.25), r"2\.25 at \(1, 7\), block \(1, 1\), is no value of int4"),
        ((1, 0, np.nan), r"nan at \(1, 0\), block \(1, 0\), is no value"),
        ((1, 0, np.inf), r"inf at \(1, 0\), block \(1, 0\), is no value"),
        ((0, 4, 0.25), r"0\.25 at \(0, 4\), block \(0, 1\), is pruned and must be \+0"),
        ((0, 4, -0.0), r"-0\.0 at \(0, 4\), block \(0, 1\), is pruned"),
    ],
)
def test_a_value_off_the_grid_is_refused_with_its_place(change: tuple[int, int, float], rule: str) -> None:
    values = np.full((2, 8), 0.5, np.float32)
    kept = np.ones((2, 8), np.bool_)
    kept[0, 4], values[0, 4] = False, 0
    q, scales = int_(4, block=4), np.full((2, 2), 0.25, np.float32)
    same_bits(unpack(pack_values(values, q, scales, kept)), values)
    values[change[:2]] = change[2]
    with pytest.raises(InputRefused, match=rule):
        pack_values(values, q, scales, kept)


def test_a_mask_off_its_pattern_is_refused() -> None:
    values, kept = np.zeros((2, 8), np.float32), np.ones((2, 8), np.bool_)
    with pytest.raises(ValueError, match="a group of 4 keeps 4 entries, not 2"):
        pack_values(values, cast(E2M1), values + 1, kept, places_of(nm(2, 4), (2, 8)))
    kept[0, 0] = False
    with pytest.raises(ValueError, match="the mask cuts through boxes of 2×2"):
        pack_values(values, cast(E2M1), values + 1, kept, places_of(blockwise(0.5, per=Tiles(2, 2)), (2, 8)))


def test_wrong_use_is_refused() -> None:
    x = matrix()
    with pytest.raises(TypeError, match="packed are q, s >> q and q >> s"):
        pack_image(x, nm(2, 4))
    with pytest.raises(TypeError, match="scales of the same dtype"):
        pack_values(x, int_(4), np.ones((12, 1)))
    with pytest.raises(NonFinite, match="tensor 'w': nan at"):
        encode_packed("w", np.where(x == x[0, 0], np.float32(np.nan), x), int_(4))
    with pytest.raises(InputRefused, match="not those of e4m3 under one scale"):
        pack_values(x * 0, nvfp4(), np.array([[1, 1.01, 3]] * 12, np.float32))


def test_names_of_the_arrays() -> None:
    arrays, schema = encode_packed("a.weight", matrix(), nm(2, 4) >> nvfp4())
    assert list(arrays) == ["a.weight.codes", "a.weight.tensor_scale", "a.weight.scales", "a.weight.indices"]
    assert arrays["a.weight.scales"].shape == (12, 3) and schema.operator == "nm(2, 4) >> nvfp4()"


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 4)])
def test_no_axes_and_no_entries(shape: tuple[int, ...]) -> None:
    x = np.full(shape, 3, np.float32)
    packed = pack(x, int_(4, per=Whole()))
    same_bits(unpack(packed), int_(4, per=Whole())(x))


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8])
def test_patterns_are_numbered_without_a_gap(n: int) -> None:
    tables = binomials(8, n)
    numbers = [sum(int(t[p]) for t, p in zip(tables, pattern, strict=True)) for pattern in combinations(range(8), n)]
    assert sorted(numbers) == list(range(len(numbers)))


def test_wide_groups_take_a_bitmap_unless_they_have_few_patterns() -> None:
    assert places_of(top(0.5, per=Rows()), (4, 4096)).index is Index.bitmap
    assert places_of(top(2, per=Rows()), (4, 4096)).index is Index.combination
    with pytest.raises(ValueError, match="too many patterns in a group"):
        places_of(top(0.5, per=Rows()), (4, 4096), Index.combination)
    x = RNG.normal(size=(4, 4096)).astype(np.float32)
    f = top(2, per=Rows()) >> int_(4, per=Rows())
    same_bits(unpack(pack_image(x, f)), f(x))


@pytest.mark.parametrize(
    ("part", "change", "rule"),
    [
        ("codes", lambda a: a[:-1], "codes must be"),
        ("codes", lambda a: None, "codes must be"),
        ("codes", lambda a: a | 8, "a code is no number of int4"),
        ("scales", lambda a: a.T, "scales must be float32"),
        ("scales", lambda a: a.astype(np.float64), "scales must be float32"),
        ("scales", lambda a: a * -1, "finite and not negative"),
        ("scales", lambda a: a * np.nan, "finite and not negative"),
        ("indices", lambda a: a | 255, "beyond the C"),
        ("indices", lambda a: a[:-1], "indices must be uint8 of shape .45,., got uint8 of shape .44,."),
        ("indices", lambda a: None, "indices must be uint8 of shape .45,., got nothing"),
    ],
)
def test_arrays_that_do_not_fit_the_schema_are_refused(part: str, change: Any, rule: str) -> None:
    packed = pack(matrix() + np.float32(1), replace(int_(4), format=IntFormat(4)), nm(2, 4))
    codes = packed.arrays["codes"] & (0x77 if rule.startswith("a code") else 0xFF)
    changed = {**packed.arrays, "codes": codes}
    changed[part] = change(changed[part])
    if rule.startswith("a code"):
        changed["codes"] = np.full_like(codes, 0x88)
    with pytest.raises(ValueError, match=rule):
        unpack(Packed(packed.schema, {k: v for k, v in changed.items() if v is not None}))


def test_a_few_bytes_do_not_stand_for_a_huge_tensor() -> None:
    def pruned(*shape: int) -> Packed:
        q, none = int_(2, per=Whole()), np.zeros(shape, np.bool_)
        return pack_values(none.astype(np.float32), q, np.ones((1, 1), np.float32), none, Places(Index.bitmap, shape))

    with pytest.raises(ValueError, match="5 bytes stand for 524288 values: more than 65536 times as many"):
        pruned(512, 1024)
    packed = pruned(64, 1024)
    assert not unpack(packed).any()
    sides = (1 << 20, 1 << 20)
    huge = replace(packed.schema, shape=sides, block=sides, mask=replace(packed.schema.mask, group=sides))
    with pytest.raises(ValueError, match="5 bytes stand for 1099511627776 values"):
        Packed(huge, packed.arrays)


def test_a_schema_costs_no_more_than_its_arrays() -> None:
    """Groups of which nobody could number the patterns, boxes of a million shapes: refused before they are counted."""
    schema = pack(np.ones((2, 4), np.float32), int_(2, per=Whole()), nm(2, 4)).schema
    wide = (1, 1 << 25)
    with pytest.raises(ValueError, match="too many patterns to number"):
        replace(schema, shape=wide, mask=Places(Index.combination, wide, {1 << 25: 1 << 24}))
    many = (3,) * 30
    with pytest.raises(ValueError, match="at most 10 axes that are no multiple of group"):
        replace(schema, shape=many, block=many, mask=Places(Index.position, (2,) * 30, {4: 2}))


def test_a_broken_packer_would_be_caught() -> None:
    packed = pack(matrix(), int_(4))
    shifted = Packed(packed.schema, {**packed.arrays, "codes": packed.arrays["codes"][::-1].copy()})
    with pytest.raises(AssertionError):
        same_bits(by_twin(shifted), int_(4)(matrix()))
