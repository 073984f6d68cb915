"""Codes in ONNX models are the values that the packages which run the models have, bit for bit."""

from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint

helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto
REFERENCE = np.load(Path(__file__).parent / "reference" / "onnxruntime.npz")
CASES = [name.removesuffix(".onnx") for name in REFERENCE.files if name.endswith(".onnx")]


def quantized(path: Path) -> tuple[str, str, np.ndarray]:
    """The one quantized weight of a model."""
    with open_checkpoint(path) as checkpoint:
        [info] = (info for info in checkpoint.tensors if info.quantized)
        values = checkpoint.read(info.name)
        assert values.shape == info.shape and info.is_float and info.view is not None
        return info.name, info.dtype, values


@pytest.mark.parametrize("case", CASES)
def test_what_onnxruntime_made_is_read_as_it_reads_it(tmp_path: Path, case: str) -> None:
    file = tmp_path / "m.onnx"
    file.write_bytes(REFERENCE[f"{case}.onnx"].tobytes())
    name, scheme, values = quantized(file)
    assert name in ("proj.weight", "conv.weight")
    assert scheme.startswith("QDQ" if "qdq" in case else "MatMulNBits")
    np.testing.assert_array_equal(values, REFERENCE[f"{case}.values"], strict=True)


RNG = np.random.default_rng(1)
F32, F16, BF16 = np.float32, np.float16, ml_dtypes.bfloat16
WHOLE, CHANNELS, BLOCKS = (), (6,), (3, 6)
DQ: dict[str, tuple[object, object, tuple[int, ...], bool]] = {
    "int8 whole": (np.int8, F32, WHOLE, True),
    "uint8 channels": (np.uint8, F32, CHANNELS, True),
    "int8 channels no zeros": (np.int8, F16, CHANNELS, False),
    "int16 channels": (np.int16, F32, CHANNELS, True),
    "int4 blocks": (ml_dtypes.int4, F32, BLOCKS, True),
    "uint4 blocks": (ml_dtypes.uint4, BF16, BLOCKS, True),
    "int2 blocks": (ml_dtypes.int2, F32, BLOCKS, True),
    "e4m3 whole": (ml_dtypes.float8_e4m3fn, F32, WHOLE, False),
    "e5m2 channels": (ml_dtypes.float8_e5m2, F16, CHANNELS, False),
    "e4m3fnuz channels": (ml_dtypes.float8_e4m3fnuz, F32, CHANNELS, False),
    "e2m1 blocks": (ml_dtypes.float4_e2m1fn, F32, BLOCKS, False),
}


def codes(dtype: object, shape: tuple[int, ...]) -> np.ndarray:
    kind = ml_dtypes.iinfo if "int" in np.dtype(dtype).name else ml_dtypes.finfo
    low, high = float(kind(dtype).min), float(kind(dtype).max)
    drawn = RNG.uniform(low, high, shape)
    return (np.floor(drawn) if kind is ml_dtypes.iinfo else drawn).astype(dtype)


@pytest.mark.parametrize("case", DQ)
def test_dequantize_linear_is_that_of_the_reference_evaluator(tmp_path: Path, case: str) -> None:
    kind, scale, shape, zeros = DQ[case]
    held = {"w_quantized": codes(kind, (40, 6)), "w_scale": RNG.uniform(0.01, 1, shape).astype(scale)}
    held |= {"w_zero_point": codes(kind, shape)} if zeros else {}
    way = {"axis": 0, "block_size": 16} if shape == BLOCKS else {"axis": -1}
    nodes = [
        helper.make_node("DequantizeLinear", [*held], ["w"], **way),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(np.dtype(scale)), None) for n in "xw"]
    tensors = [numpy_helper.from_array(values, name) for name, values in held.items()]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)])
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    [wanted] = ReferenceEvaluator(model).run(None, {"x": np.zeros((1, 40), scale)})
    name, scheme, values = quantized(tmp_path / "m.onnx")
    assert name == "w_quantized" and scheme.startswith("QDQ ")  # the name without the ending is that of another value
    np.testing.assert_array_equal(values, wanted.astype(np.float32), strict=True)


def broken(case: str, change: dict[str, np.ndarray], attributes: dict[str, int] | None = None) -> bytes:
    """A model that onnxruntime made, some of its tensors replaced."""
    model = onnx.load_model_from_string(REFERENCE[f"{case}.onnx"].tobytes())
    for tensor in model.graph.initializer:
        ending = tensor.name.rpartition("_")[2]
        if ending in change:
            tensor.CopyFrom(numpy_helper.from_array(change[ending], tensor.name))
    for name, value in (attributes or {}).items():
        [found] = (one for one in model.graph.node[0].attribute if one.name == name)
        found.i = value
    return model.SerializeToString()


BROKEN: dict[str, tuple[bytes, str]] = {
    "NaN scale": (broken("qdq-4-sym-float32", {"scales": np.full((3, 6), np.nan, F32)}), "scales are finite"),
    "scales": (broken("qdq-4-sym-float32", {"scales": np.ones((4, 6), F32)}), r"blocks of 16 along axis 0"),
    "zeros": (broken("qdq-4-asym-float32", {"points": np.ones(6, ml_dtypes.uint4)}), "have the shape of the scales"),
    "bits": (broken("nbits-4-sym-float32", {}, {"bits": 3}), "codes have 2, 4 or 8 bits"),
    "columns": (broken("nbits-4-sym-float32", {}, {"K": 50}), "6 rows of 4 blocks of 16 codes do not fit"),
    "few scales": (broken("nbits-4-sym-float32", {"scales": np.ones(17, F32)}), "take 18 scales, got 17"),
    "infinite scale": (broken("nbits-8-sym-float32", {"scales": np.full(18, np.inf, F32)}), "scales are finite"),
    "few zeros": (broken("nbits-4-asym-float32", {"points": np.ones(5, np.uint8)}), "do not fit zero points"),
    "a far group": (broken("groups-4-float32", {"idx": np.full(40, 3, np.int32)}), "groups number 3 blocks"),
    "NaN zeros": (broken("float-zeros-4-float32", {"points": np.full(18, np.nan, F32)}), "all of them finite"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_parts_that_do_not_belong_together_are_refused_by_name(tmp_path: Path, case: str) -> None:
    content, rule = BROKEN[case]
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(CheckpointError, match=rule) as caught:
        quantized(tmp_path / "m.onnx")
    assert "'proj.weight" in str(caught.value) and "codes 'proj.weight" in str(caught.value)
    assert "scales '" in str(caught.value) and str(caught.value).isprintable()


def test_codes_that_are_values_in_two_ways_or_no_weight_stay_codes(tmp_path: Path) -> None:
    held = {"q": codes(np.int8, (4, 4)), "s": np.float32(0.5), "t": np.float32(2), "b": np.int32([1, 2, 3, 4])}
    nodes = [
        helper.make_node("DequantizeLinear", ["q", "s"], ["w"]),
        helper.make_node("DequantizeLinear", ["q", "t"], ["v"]),
        helper.make_node("DequantizeLinear", ["b", "s"], ["bias"]),
        helper.make_node("Gemm", ["x", "w", "bias"], ["y"]),
        helper.make_node("MatMul", ["y", "v"], ["z"]),
    ]
    graph = helper.make_graph(nodes, "g", [], [], [numpy_helper.from_array(v, n) for n, v in held.items()])
    (tmp_path / "m.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    with open_checkpoint(tmp_path / "m.onnx") as checkpoint:
        assert [info.name for info in checkpoint.tensors] == ["q", "s", "t", "b"]
        assert not any(info.quantized for info in checkpoint.tensors)
        assert checkpoint.info("s").no_weight == "scale or zero point"
        assert checkpoint.info("q").no_weight == "INT8 codes for MatMul, not read as values"
        assert checkpoint.info("b").no_weight is None  # integers that are no weight are listed by their type
