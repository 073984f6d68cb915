import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sqtheory.files.checkpoints import TensorInfo
from sqtheory.files.inspection import TensorSummary, inspect_slabs, kept_patterns

FEW = st.sampled_from([0.0, -0.0, 1.0, -2.5, math.nan, math.inf, -math.inf, 5e-324, 1e300])


def summary(values: np.ndarray) -> TensorSummary:
    info = TensorInfo("w", values.dtype.name, values.shape, values.nbytes)
    return inspect_slabs(info, [np.ascontiguousarray(values).reshape(-1)])


def keeps(values: np.ndarray, n: int, m: int) -> bool:
    if values.ndim < 2 or values.shape[-1] % m or not np.any(values):
        return False
    rows = values.reshape(-1, values.shape[-1]).tolist()
    return all(sum(v != 0 for v in row[i : i + m]) <= n for row in rows for i in range(0, len(row), m))


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=9), elements=FEW))
def test_counts_and_range_agree_with_a_loop(values: np.ndarray) -> None:
    flat = values.ravel().tolist()
    numbers = [abs(v) for v in flat if not math.isnan(v)]
    found = summary(values)
    assert found.size == len(flat)
    assert found.zeros == sum(v == 0 for v in flat)
    assert found.negative_zeros == sum(v == 0 and math.copysign(1, v) < 0 for v in flat)
    assert found.nan == len(flat) - len(numbers)
    assert found.inf == sum(math.isinf(v) for v in flat)
    assert str(found.absmax) == str(max(numbers, default=math.nan))
    assert str(found.absmin_nonzero) == str(min((v for v in numbers if v), default=math.nan))


@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(0, 4), st.sampled_from([1, 2, 4, 6, 8, 16])) | st.just((8,)) | st.just((2, 1, 8)),
        elements=st.sampled_from([0.0, 0.0, 0.0, -0.0, 1.0, math.nan]),
    )
)
def test_patterns_agree_with_a_loop(values: np.ndarray) -> None:
    expected = tuple(f"{n}:{m}" for n, m in ((1, 4), (2, 4), (4, 8), (1, 2)) if keeps(values, n, m))
    assert summary(values).patterns == expected


@pytest.mark.parametrize(
    ("row", "patterns"),
    [
        ([1, 0, 0, 0, 0, 0, 0, 1], ("1:4", "2:4", "4:8", "1:2")),
        ([1, 0, 0, 1, 1, 0, 0, 0], ("2:4", "4:8", "1:2")),
        ([1, 1, 0, 0, 0, 1, 1, 0], ("2:4", "4:8")),
        ([1, 1, 1, 0, 0, 0, 0, 1], ("4:8",)),
        ([1, 1, 1, 0, 0, 1, 1, 0], ()),
        ([1, 0, 0, 0], ("1:4", "2:4", "1:2")),
        ([1, 0, 0, 1, 0, 1], ("1:2",)),
        ([1, 0, 0], ()),
        ([0, 0, 0, 0], ()),
    ],
)
def test_patterns_of_one_row(row: list[int], patterns: tuple[str, ...]) -> None:
    assert summary(np.array([row], np.float32)).patterns == patterns
    assert summary(np.array(row, np.float32)).patterns == ()


def test_a_tensor_of_several_chunks_is_seen_whole() -> None:
    values = np.tile(np.array([0, 3, 0, -2], np.float32), (600, 300))
    assert values.size > 2 * (1 << 18)
    found = summary(values)
    assert (found.zeros, found.absmax, found.absmin_nonzero) == (values.size // 2, 3, 2)
    assert found.patterns == ("2:4", "4:8", "1:2")
    values[-1, -4] = -7
    values[300, 600:602] = [-0.0, math.nan]
    found = summary(values)
    assert (found.zeros, found.negative_zeros, found.nan, found.absmax) == (values.size // 2 - 1, 1, 1, 7)
    assert found.patterns == ()
    assert summary(values.T).zeros == found.zeros
    values[0, 0] = 9
    assert summary(values).absmax == 9


@pytest.mark.parametrize(
    ("dtype", "absmax"), [("int8", 128), ("uint8", 255), ("int64", 2.0**63), ("uint64", 2.0**64), ("bool", 1)]
)
def test_integers_are_measured_without_overflow(dtype: str, absmax: float) -> None:
    extremes = [False, True] if dtype == "bool" else [0, np.iinfo(dtype).min, np.iinfo(dtype).max]
    found = summary(np.array([extremes], dtype))
    assert found.absmax == absmax
    assert found.negative_zeros == 0 and found.zeros == sum(v == 0 for v in extremes)


def test_the_dictionary_is_strict_json() -> None:
    found = summary(np.array([[math.inf, -0.0, math.nan, 2.0]], np.float16))
    fields = found.to_dict()
    assert json.loads(json.dumps(fields, allow_nan=False)) == fields
    assert fields == {
        "name": "w",
        "dtype": "float16",
        "shape": [1, 4],
        "size": 4,
        "zeros": 1,
        "negative_zeros": 1,
        "nan": 1,
        "inf": 1,
        "absmax": "Infinity",
        "absmin_nonzero": 2.0,
        "patterns": [],
    }
    assert summary(np.zeros((2, 2))).to_dict()["absmin_nonzero"] == "NaN"


@pytest.mark.parametrize("shape", [(8, 24), (6, 22), (5, 7), (96,), (2, 3, 8), (0, 4)])
def test_zeros_and_patterns_alone_are_those_of_the_summary(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    for share in (0.0, 0.3, 0.9):
        x = np.where(rng.random(shape) < share, 1.5, -0.0)
        if x.ndim > 1:
            x[..., ::2] = 0
        whole = summary(x)
        assert kept_patterns(shape, x) == (whole.zeros, whole.patterns)
