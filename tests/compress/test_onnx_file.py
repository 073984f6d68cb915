"""ONNX models whose weights are codes, or lie in external data: what is written runs, and gives what it should."""

import shutil
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from sqtheory import compress
from sqtheory.compress import Recipe
from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.checkpoints.onnx import OnnxCheckpoint
from sqtheory.files.targets import Targets
from tests.compress.material import applied, verified
from tests.files.checkpoints.handmade import read_all

helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto
node = helper.make_node
HALF = Recipe("50%", "int8")
REFERENCE = np.load(Path(__file__).parents[1] / "files" / "codecs" / "reference" / "onnxruntime.npz")
RNG = np.random.default_rng(5)


def model(nodes: list[object], held: dict[str, np.ndarray], **more: object) -> onnx.ModelProto:
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (("x", [2, 8]), ("y", [2, 4]))
    ]
    tensors = [numpy_helper.from_array(values, name) for name, values in held.items()]
    graph = helper.make_graph(nodes, "g", [ends[0], *more.pop("inputs", [])], ends[1:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], **more)


def run(path: Path) -> np.ndarray:
    """What a model gives; external data are read."""
    onnx.checker.check_model(onnx.load(path), full_check=True)
    [y] = ReferenceEvaluator(str(path)).run(None, {"x": np.linspace(-1, 1, 16, dtype=np.float32).reshape(2, 8)})
    return y


def qdq(**more: object) -> onnx.ModelProto:
    """A weight of INT8 codes by columns in two nodes, its scales also an addend; a bias of codes."""
    held = {
        "w_quantized": RNG.integers(-128, 128, (8, 4)).astype(np.int8),
        "w_scale": np.float32([0.5, 0.25, 0.1, 2]),
        "w_zero_point": np.int8([3, 0, 0, -7]),
        "b_quantized": np.int32([10, 20, 30, 40]),
        "b_scale": np.float32(0.125),
    }
    nodes = [
        node("DequantizeLinear", ["w_quantized", "w_scale", "w_zero_point"], ["w_dq"], name="dq"),
        node("DequantizeLinear", ["b_quantized", "b_scale"], ["b"]),
        node("Gemm", ["x", "w_dq", "b"], ["z"]),
        node("Add", ["z", "w_scale"], ["y"]),
    ]
    made = model(nodes, held, **more)
    made.graph.value_info.append(helper.make_tensor_value_info("w_quantized", TensorProto.INT8, [8, 4]))
    return made


def test_a_weight_of_codes_is_written_as_values(tmp_path: Path) -> None:
    source, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    onnx.save(qdq(), source)
    before = read_all(source)
    report = applied(source, out, HALF)
    assert [(t.name, t.dtype, t.shape) for t in report.tensors] == [("w", "FLOAT", (8, 4))]
    assert verified(out).failures == () and verified(out, source).failures == ()
    after = read_all(out)
    x = np.linspace(-1, 1, 16, dtype=np.float32).reshape(2, 8)
    np.testing.assert_allclose(run(source), x @ before["w"] + [1.25, 2.5, 3.75, 5] + before["w_scale"], rtol=1e-5)
    np.testing.assert_allclose(run(out), x @ after["w"] + [1.25, 2.5, 3.75, 5] + before["w_scale"], rtol=1e-5)
    assert np.count_nonzero(after["w"] == 0) >= 16
    written = onnx.load(out)
    assert [one.op_type for one in written.graph.node] == ["Identity", "DequantizeLinear", "Gemm", "Add"]
    names = [tensor.name for tensor in written.graph.initializer]
    assert names == ["w", "w_scale", "b_quantized", "b_scale"]  # the scales are an addend too
    assert not written.graph.value_info


def test_a_weight_that_is_left_alone_is_written_as_its_values(tmp_path: Path) -> None:
    held = {
        "q": RNG.integers(-128, 128, (8, 8)).astype(np.int8),
        "s": np.float32(0.5),
        "v": np.ones((8, 4), np.float32),
    }
    nodes = [
        node("DequantizeLinear", ["q", "s"], ["w"]),
        node("MatMul", ["x", "w"], ["z"]),
        node("MatMul", ["z", "v"], ["y"]),
    ]
    source, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    onnx.save(model(nodes, held), source)
    with open_checkpoint(source) as opened:
        layout = compress.layout_of(opened, out, folder=False)
        plan = compress.plan(layout, HALF, Targets(ignore=("q",)), "1")
        compress.apply(plan)
    assert [(t.name, t.dtype, t.reason) for t in plan.report.left_alone] == [("q", "FLOAT", "ignored")]
    assert verified(out).failures == () and verified(out, source).failures == ()
    np.testing.assert_array_equal(read_all(out)["q"], held["q"] * np.float32(0.5), strict=True)
    assert run(out).shape == (2, 4)


def test_old_models_that_list_initializers_as_inputs_stay_valid(tmp_path: Path) -> None:
    kinds = {"w_quantized": TensorProto.INT8, "w_scale": TensorProto.FLOAT, "w_zero_point": TensorProto.INT8}
    listed = [helper.make_tensor_value_info(name, kind, [8, 4] if "q" in name else [4]) for name, kind in kinds.items()]
    source, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    onnx.save(qdq(inputs=listed), source)
    applied(source, out, HALF)
    written = onnx.load(out)
    assert [one.name for one in written.graph.input] == ["x", "w", "w_scale"]
    assert written.graph.input[1].type.tensor_type.elem_type == TensorProto.FLOAT
    assert run(out).shape == (2, 4)


def test_codes_in_a_constant_node_keep_its_name(tmp_path: Path) -> None:
    codes = numpy_helper.from_array(RNG.integers(-8, 8, (8, 4)).astype(ml_dtypes.int4), "ignored")
    scales = numpy_helper.from_array(RNG.uniform(0.1, 1, (2, 4)).astype(np.float16), "ignored")
    nodes = [
        node("Constant", [], ["q"], value=codes),
        node("Constant", [], ["s"], value=scales),
        node("DequantizeLinear", ["q", "s"], ["w"], axis=0, block_size=4),
        node("Cast", ["w"], ["wide"], to=TensorProto.FLOAT),
        node("MatMul", ["x", "wide"], ["y"]),
    ]
    source, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    onnx.save(model(nodes, {}), source)
    report = applied(source, out, HALF)
    assert [(t.name, t.dtype) for t in report.tensors] == [("q", "FLOAT16")]
    assert verified(out, source).failures == ()
    assert [one.op_type for one in onnx.load(out).graph.node] == ["Constant", "Identity", "Cast", "MatMul"]
    assert run(out).shape == (2, 4)


@pytest.mark.parametrize("case", ["nbits-4-asym-float32", "nbits-8-sym-float32", "groups-4-float32"])
@pytest.mark.parametrize("bias", [True, False])
def test_matmul_nbits_becomes_a_product_of_values(tmp_path: Path, case: str, bias: bool) -> None:
    made = onnx.load_model_from_string(REFERENCE[f"{case}.onnx"].tobytes())
    if bias:
        made.graph.initializer.append(numpy_helper.from_array(np.arange(6, dtype=np.float32), "bias"))
        made.graph.node[0].input.extend(["", "", "bias"][len(made.graph.node[0].input) - 3 :])
    source, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    onnx.save(made, source)
    applied(source, out, HALF)
    assert verified(out, source).failures == ()
    values = read_all(out)["proj.weight"]
    onnx.checker.check_model(onnx.load(out), full_check=True)
    [y] = ReferenceEvaluator(onnx.load(out)).run(None, {"x": np.eye(40, dtype=np.float32)})
    np.testing.assert_array_equal(y, values + (np.arange(6, dtype=np.float32) if bias else 0))
    held = [tensor.name for tensor in onnx.load(out).graph.initializer]
    assert held == ["proj.weight", *(["bias"] if bias else [])]


def integers(channels: bool, bias: bool, zero: type) -> onnx.ModelProto:
    """A convolution and a product in integers, as onnxruntime writes them in its format QOperator."""
    each = (4,) if channels else ()
    held = {
        **{"x_scale": np.float32(0.02), "x_zero": zero(5), "c_scale": np.float32(0.1), "c_zero": zero(3)},
        "k_quantized": RNG.integers(0, 100, (4, 3, 3, 3)).astype(zero),
        **{"k_scale": RNG.uniform(0.005, 0.02, each).astype(np.float32), "k_zero": np.full(each, 7, zero)},
        **{"b_quantized": np.int32([100, -200, 300, 0]), "w_quantized": RNG.integers(0, 100, (4, 5)).astype(zero)},
        **{"w_scale": np.float32(0.01), "w_zero": zero(50), "y_scale": np.float32(0.05), "y_zero": zero(9)},
    }
    if not bias:
        del held["b_quantized"]
    more = ["b_quantized"] if bias else []
    inputs = ["q", "x_scale", "x_zero", "k_quantized", "k_scale", "k_zero", "c_scale", "c_zero", *more]
    nodes = [
        node("QuantizeLinear", ["x", "x_scale", "x_zero"], ["q"]),
        node("QLinearConv", inputs, ["c"], name="conv", pads=[1, 1, 1, 1]),
        node("Transpose", ["c"], ["t"], perm=[0, 2, 3, 1]),
        node(
            "QLinearMatMul", ["t", "c_scale", "c_zero", "w_quantized", "w_scale", "w_zero", "y_scale", "y_zero"], ["p"]
        ),
        node("DequantizeLinear", ["p", "y_scale", "y_zero"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, 1, shape) for name, shape in (("x", [1, 3, 4, 4]), ("y", [1, 4, 4, 5]))]
    tensors = [numpy_helper.from_array(values, name) for name, values in held.items()]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])


@pytest.mark.parametrize("channels", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("zero", [np.int8, np.uint8])
def test_products_of_integers_become_those_of_values(tmp_path: Path, channels: bool, bias: bool, zero: type) -> None:
    made, source, out = integers(channels, bias, zero), tmp_path / "in.onnx", tmp_path / "out.onnx"
    onnx.save(made, source)
    with OnnxCheckpoint(source) as checkpoint:
        same = {name: checkpoint.read(name).tobytes() for name in checkpoint.weights}
        assert [(info.name, info.dtype[:7]) for info in checkpoint.tensors if info.quantized] == [
            ("k", "QLinear"),
            ("w", "QLinear"),
        ]
        out.write_bytes(checkpoint.rewritten(same, "data"))
    written = onnx.load(out)
    onnx.checker.check_model(written, full_check=True)
    x = {"x": np.random.default_rng(2).normal(size=(1, 3, 4, 4)).astype(np.float32)}
    [before], [after] = (ReferenceEvaluator(one).run(None, x) for one in (made, written))
    assert np.abs(before - after).max() <= 0.05 * 1.001 and np.mean(before != after) < 0.1  # of 256 codes one, at times
    assert len(np.unique(before)) > 5
    left = {tensor.name for tensor in written.graph.initializer}
    assert left.isdisjoint({"k_zero", "w_scale", "w_zero"}) and ("k_scale" in left) == bias
    out.unlink()
    report = applied(source, out, HALF)
    assert [t.name for t in report.tensors] == ["k", "w"]
    assert verified(out).failures == () and verified(out, source).failures == ()


def outside(path: Path, made: onnx.ModelProto, location: str) -> None:
    onnx.save_model(made, path, save_as_external_data=True, location=location, size_threshold=0)


def test_external_data_are_written_to_one_file_beside_the_model(tmp_path: Path) -> None:
    held = {
        "w": RNG.normal(size=(8, 4)).astype(np.float32),
        "b": np.float32([1, 2, 3, 4]),
        "v": np.eye(4, dtype=np.float32),
    }
    nodes = [node("Gemm", ["x", "w", "b"], ["z"]), node("MatMul", ["z", "v"], ["y"])]
    source, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    outside(source, model(nodes, held), "in.bin")
    report = applied(source, out, HALF)
    assert {file.name for file in tmp_path.iterdir()} >= {"out.onnx", "out.onnx.data", "out.onnx.sqtheory.json"}
    assert verified(out).failures == () and verified(out, source).failures == ()
    assert set(report.source) == {"in.onnx", "in.bin"}
    read = read_all(out)
    x = np.linspace(-1, 1, 16, dtype=np.float32).reshape(2, 8)
    np.testing.assert_allclose(run(out), (x @ read["w"] + read["b"]) @ read["v"], rtol=1e-5)
    assert {
        entry.value
        for t in onnx.load(out, load_external_data=False).graph.initializer
        for entry in t.external_data
        if entry.key == "location"
    } == {"out.onnx.data"}
    np.testing.assert_array_equal(read["b"], held["b"])
    onnx.save(model(nodes, held), tmp_path / "inline.onnx")
    inline = applied(tmp_path / "inline.onnx", tmp_path / "other.onnx", HALF)
    assert [t.sha256 for t in inline.tensors] == [t.sha256 for t in report.tensors]
    assert not (tmp_path / "other.onnx.data").exists()


def test_codes_in_external_data_are_written_there_as_values(tmp_path: Path) -> None:
    source, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    outside(source, qdq(), "in.bin")
    applied(source, out, HALF)
    assert verified(out, source).failures == ()
    onnx.save(onnx.load(source), tmp_path / "inline.onnx")
    applied(tmp_path / "inline.onnx", tmp_path / "other.onnx", HALF)
    np.testing.assert_array_equal(run(out), run(tmp_path / "other.onnx"))


@pytest.mark.parametrize(
    ("change", "where"),
    [(lambda raw: raw[:3] + bytes([raw[3] ^ 1]) + raw[4:], "w"), (lambda raw: raw + b"\0", None)],
    ids=["an entry", "a byte more"],
)
def test_a_change_of_external_data_is_caught(tmp_path: Path, change: object, where: str | None) -> None:
    held = {"w": RNG.normal(size=(8, 4)).astype(np.float32), "v": np.eye(4, dtype=np.float32)}
    nodes = [node("MatMul", ["x", "w"], ["z"]), node("MatMul", ["z", "v"], ["y"])]
    source, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    outside(source, model(nodes, held), "in.bin")
    applied(source, out, HALF)
    data = tmp_path / "out.onnx.data"
    data.write_bytes(change(data.read_bytes()))
    failures = verified(out).failures
    assert failures and where in {failure.tensor for failure in failures}


def test_nothing_that_is_there_is_replaced(tmp_path: Path) -> None:
    source, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    outside(source, qdq(), "out.onnx.data")
    with pytest.raises(ValueError, match=r"out\.onnx\.data is the input itself"):
        applied(source, out, HALF, force=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "out.onnx.data").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=r"out\.onnx\.data exists"):
        applied(source, tmp_path / "b" / "out.onnx", HALF)
    with pytest.raises(FileExistsError, match=r"out\.onnx\.data exists"):
        applied(source, tmp_path / "b" / "out.onnx", HALF, force=True)
    assert (tmp_path / "b" / "out.onnx.data").read_bytes() == b"mine"
    shutil.rmtree(tmp_path / "b")
    applied(source, tmp_path / "b" / "out.onnx", HALF)
    applied(source, tmp_path / "b" / "out.onnx", HALF, force=True)
    assert verified(tmp_path / "b" / "out.onnx", source).failures == ()


@pytest.mark.parametrize("kind", ["FLOAT8E4M3FN", "FLOAT8E5M2", "FLOAT8E4M3FNUZ", "FLOAT8E5M2FNUZ", "BFLOAT16"])
def test_weights_of_small_floats_keep_their_type(tmp_path: Path, kind: str) -> None:
    number = TensorProto.DataType.Value(kind)
    w = RNG.normal(size=(8, 4)).astype(helper.tensor_dtype_to_np_dtype(number))
    nodes = [node("Cast", ["w"], ["wide"], to=TensorProto.FLOAT), node("MatMul", ["x", "wide"], ["y"])]
    source, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    onnx.save(model(nodes, {"w": w}), source)
    report = applied(source, out, HALF)
    assert [(t.name, t.dtype) for t in report.tensors] == [("w", kind)]
    assert verified(out, source).failures == () and run(out).shape == (2, 4)
    assert np.count_nonzero(read_all(out)["w"]) <= 16


def test_missing_external_data_of_what_was_written_are_named(tmp_path: Path) -> None:
    source, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    outside(source, qdq(), "in.bin")
    applied(source, out, HALF)
    (tmp_path / "out.onnx.data").unlink()
    with pytest.raises(CheckpointError, match=r"external data in 'out\.onnx\.data'"):
        verified(out)
