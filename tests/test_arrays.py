"""What is read as a real array, and arrays that are values."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import sqtheory as sq
from sqtheory import arrays
from sqtheory.arrays import FixedArray, as_real, distinct
from sqtheory.files.packing import pack, pack_values
from sqtheory.orders.grid import tensor_rows
from sqtheory.orders.matrix_errors import second_moments
from sqtheory.theory import certificates
from sqtheory.theory.case import Case
from sqtheory.theory.certificates import stacks
from sqtheory.theory.expectations import agreement, predict_order_gap
from sqtheory.theory.price import optimum

FEW = st.sampled_from([0.0, -0.0, 1.0, -2.5, np.inf, -np.inf])
KEPT_TYPES = ["?", "i1", "u1", "i4", "u8", "f2", "f4", "f8"]
ANY = st.sampled_from(KEPT_TYPES).flatmap(
    lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
)


@pytest.mark.parametrize(
    ("given_as", "computed_as"),
    [
        *(("f4", "f4"), ("f8", "f8"), ("f2", "f4"), ("?", "f8"), ("i1", "f8"), ("u2", "f8"), ("i8", "f8")),
        *((">f4", "f4"), (">f8", "f8"), (">f2", "f4"), (">i4", "f8"), (ml_dtypes.bfloat16, "f4")),
    ],
)
def test_numbers_are_computed_in_float32_or_float64(given_as: Any, computed_as: str) -> None:
    x = np.array([[0, 1, 1], [1, 0, 1]]).astype(given_as)
    real = as_real(x)
    assert real.dtype == computed_as and real.dtype.isnative and real.tolist() == [[0, 1, 1], [1, 0, 1]]
    assert as_real(x[:, ::2]).tolist() == [[0, 1], [1, 1]]
    assert np.shares_memory(real, x) == (np.dtype(given_as) in (np.float32, np.float64))


def test_no_bit_of_a_float_is_lost() -> None:
    patterns = np.arange(1 << 16, dtype=np.uint16)
    for kind, exponent in ((np.float16, 0x7C00), (ml_dtypes.bfloat16, 0x7F80)):
        numbers = patterns[(patterns & exponent) < exponent]
        assert np.array_equal(as_real(numbers.view(kind)).astype(kind).view(np.uint16), numbers)
    x = np.array([-0.0, 5e-324, np.nan, np.inf])
    assert as_real(x) is x and as_real(x.astype(">f8")).tobytes() == x.tobytes()


@pytest.mark.parametrize("number", [3, 3.0, True, [1, 2.5], [[1], [2]], np.float32(2), np.int8(1), []])
def test_python_numbers_and_lists_are_read(number: Any) -> None:
    real = as_real(number)
    assert real.tolist() == np.asarray(number, float).tolist()
    assert real.dtype == (np.float32 if isinstance(number, np.float32) else np.float64)


@pytest.mark.parametrize(
    "x",
    [np.ones(2, complex), np.array(["1"]), np.array([None]), np.array(["2020-01-01"], "M8[D]"), np.ones(2, "V4"), "1"],
    ids=lambda x: str(np.asarray(x).dtype),
)
def test_other_arrays_are_refused_by_dtype(x: Any) -> None:
    for read in (as_real, FixedArray):
        with pytest.raises(TypeError) as caught:
            read(x)
        expected = "needed real numbers (float16, bfloat16, float32, float64 or integers), got dtype "
        assert str(caught.value) == f"{expected}{np.asarray(x).dtype}"


HIDDEN = np.ma.array([[1.0, 2.0, 3.0, 4.0]] * 2, mask=[[0, 1, 0, 0]] * 2, hard_mask=True)
SEEN = np.ones((2, 4))
S, Q = sq.nm(2, 4), sq.int_(4)
ENTRANCES: dict[str, Callable[[Any], object]] = {
    "as_real": as_real,
    "FixedArray": FixedArray,
    "quantizer": Q,
    "sparsifier": S,
    "chain": S >> Q,
    "mask": S.mask,
    "origin": lambda x: S.mask(SEEN, x),
    "quantize": Q.quantize,
    "frozen": Q.frozen,
    "compare": lambda x: sq.compare(x, S, Q),
    "explain": lambda x: sq.explain(x, S, Q),
    "Case": lambda x: Case(x, Q),
    "Case.of": lambda x: Case.of(SEEN, Q, w=x),
    "error": lambda x: sq.error(Q, x),
    "error_norm": lambda x: sq.error_norm(Q, x),
    "norm": sq.norm,
    "sqnr": lambda x: sq.sqnr(SEEN, x),
    "relative_error": lambda x: sq.relative_error(x, SEEN),
    "fixed": lambda x: sq.fixed(x > 1),
    "given": sq.given,
    "wanda": sq.wanda,
    "wina": sq.wina,
    "tensor_rows": lambda x: tensor_rows("w", x, [S], [Q]),
    "certify_layer": lambda x: certificates.certify_layer(SEEN, SEEN, x),
    "concentration": lambda x: certificates.concentration(x, SEEN, Q, S, delta=0.05),
    "output_gap": lambda x: certificates.output_gap(Q, S, SEEN, x),
    "moments": second_moments,
    "through_linear": lambda x: stacks.through_linear(np.ones(2), SEEN, SEEN, x),
    "through_norm": lambda x: stacks.through_norm(np.ones(2), SEEN, x[0], 1e-5, centred=True),
    "through_attention": lambda x: stacks.through_attention(*[np.ones(2)] * 3, *[SEEN] * 3, mask=x[:, :2]),
    "per sample": lambda x: stacks.through_linear(x[:, 1], SEEN, SEEN, SEEN),
    "predict": lambda x: predict_order_gap(Q, S, x),
    "agreement": lambda x: agreement("w", x, S, Q),
    "optimum": lambda x: optimum(x, Q, S),
    "pack": lambda x: pack(x, Q),
    "pack_values": lambda x: pack_values(x, Q, np.ones((2, 1))),
}


@pytest.mark.parametrize("name", ENTRANCES)
def test_a_masked_array_is_refused_wherever_an_array_enters(name: str) -> None:
    """Its hidden entries would be read as numbers: ``np.asarray`` drops the mask without a word."""
    with pytest.raises(TypeError, match="hides entries: pass x"):
        ENTRANCES[name](HIDDEN)


@pytest.mark.parametrize("x", [[HIDDEN, HIDDEN], [[1.0, np.ma.masked]], (1.0, HIDDEN[0, 1]), HIDDEN.harden_mask()])
def test_a_masked_array_is_refused_inside_of_a_list(x: Any) -> None:
    for read in (as_real, FixedArray):
        with pytest.raises(TypeError, match="a masked array"):
            read(x)


def test_what_counts_of_a_masked_array_is_read() -> None:
    assert as_real(HIDDEN.filled(0)).tolist() == [[1, 0, 3, 4]] * 2
    assert as_real(HIDDEN.compressed()).tolist() == [1, 3, 4] * 2


def test_extended_precision_is_refused() -> None:
    """Its padding bytes are arbitrary, so equal numbers would have unequal names."""
    if np.longdouble is not np.float64 and np.dtype(np.longdouble).itemsize > 8:
        with pytest.raises(TypeError, match="needed real numbers"):
            FixedArray(np.ones(2, np.longdouble))


@given(ANY, ANY)
def test_fixed_arrays_are_equal_exactly_when_dtype_shape_and_bytes_are(a: np.ndarray, b: np.ndarray) -> None:
    first, second = FixedArray(a), FixedArray(b)
    same = a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    assert (first == second) == same == (first.name == second.name)
    assert first == FixedArray(a.copy()) and hash(first) == hash(FixedArray(a.copy()))
    for again in (FixedArray(first), copy.copy(first), copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
        assert again == first and again.name == first.name and again.values.tobytes() == a.tobytes()
        assert not again.values.flags.writeable
    assert first.values.dtype == a.dtype and first.values.shape == a.shape


def test_equal_names_are_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names hold 48 bits of a digest; arrays whose names collide are still told apart."""

    class Digest:
        def __init__(self, content: bytes) -> None:
            pass

        def hexdigest(self) -> str:
            return "0" * 64

    monkeypatch.setattr(arrays.hashlib, "sha256", Digest)
    assert FixedArray([1.0]) != FixedArray([2.0]) and FixedArray([1.0]) == FixedArray([1.0])
    assert FixedArray(np.zeros(2, "i4")) != FixedArray(np.zeros(2, "f4")) and FixedArray([0.0]) != FixedArray([-0.0])
    assert FixedArray(np.zeros((2, 3))) != FixedArray(np.zeros((3, 2))) and hash(FixedArray([1])) == hash(
        FixedArray([2])
    )


def test_a_fixed_array_never_changes() -> None:
    x = np.array([1.0, 2.0])
    fixed = FixedArray(x)
    x[0] = 9
    assert fixed.values.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        fixed.values[0] = 3
    with pytest.raises(ValueError, match="cannot set WRITEABLE"):
        fixed.values.flags.writeable = True
    for name in ("values", "name", "other"):
        with pytest.raises(AttributeError, match="a FixedArray cannot be changed"):
            setattr(fixed, name, x)


def test_layout_and_byte_order_do_not_matter() -> None:
    x = np.arange(6.0).reshape(2, 3)
    for other in (np.asfortranarray(x), x[:, ::-1][:, ::-1], x.astype(">f8"), np.broadcast_to(x, (1, 2, 3))[0]):
        assert FixedArray(other) == FixedArray(x) and FixedArray(other).values.flags.c_contiguous
    assert FixedArray(x.astype(">i2")) == FixedArray(x.astype("i2"))
    assert FixedArray(x.astype(">f2")).values.dtype == np.float16
    assert FixedArray(x.astype(ml_dtypes.bfloat16)) == FixedArray(x.astype(np.float32))


def test_names_are_stable() -> None:
    """Names are written into reports and spellings, so they may not change between versions."""
    assert FixedArray([1.0, 2.0]).name == "a_78706631777b"
    assert FixedArray(np.eye(2, dtype=bool)).name == "a_9cfeb5ff39a6"
    assert repr(FixedArray([[1, 2]])).startswith("<a_") and repr(FixedArray([[1, 2]])).endswith(": int64 (1, 2)>")
    assert FixedArray([1.0]) != [1.0]


def test_a_fixed_array_is_laid_over_the_shape_of_a_tensor() -> None:
    row = FixedArray([1, 2, 3])
    assert row.over((2, 3)).tolist() == [[1, 2, 3]] * 2 and not row.over((2, 3)).flags.writeable
    assert FixedArray(True).over((0,)).shape == (0,)
    for shape in ((4,), (3, 2), ()):
        with pytest.raises(ValueError) as caught:
            row.over(shape)
        assert str(caught.value) == f"an array of shape (3,) does not fit a tensor of shape {shape}"


@given(hnp.arrays(st.sampled_from([np.float32, np.float64]), hnp.array_shapes(max_dims=2, min_side=0), elements=FEW))
def test_distinct_numbers_are_those_of_numpy(x: Any) -> None:
    assert np.array_equal(distinct(x), np.unique(x)) and distinct(x).dtype == x.dtype
