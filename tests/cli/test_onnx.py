"""The verbs on ONNX models: groups run along the axis that nodes sum over, and what is no weight is listed."""

import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx
import pytest

from sqtheory.cli import main
from tests.files.checkpoints.handmade import read_all

helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto
node = helper.make_node
RNG = np.random.default_rng(0)


def save(path: Path, nodes: list[object], **held: np.ndarray) -> Path:
    tensors = [numpy_helper.from_array(values, name) for name, values in held.items()]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xy"]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors)
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)]).SerializeToString())
    return path


def order(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    assert main(["order", str(path), *more, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def q_error(document: dict[str, Any]) -> float:
    [row] = document["tensors"]
    return 100 * row["errors"]["q"] / row["x_norm"]


def normals(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    ("shape", "low", "high"), [((16, 8, 3, 3), 11.2, 12.0), ((64, 32, 1, 1), 8.5, 11.0), ((16, 16, 9), 11.0, 14.0)]
)
def test_int4_by_output_channel_errs_as_on_rows_of_normals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], shape: tuple[int, ...], low: float, high: float
) -> None:
    """Also where a kernel has one entry, which by rows of the last axis would err by nothing."""
    w = normals(*shape)
    path = save(tmp_path / "m.onnx", [node("Conv", ["x", "w"], ["y"])], w=w)
    found = q_error(order(path, capsys, "--mask", "50%", "--format", "int(4, per=row)"))
    rows = save(tmp_path / "r.onnx", [node("MatMul", ["w", "x"], ["y"])], w=w.reshape(shape[0], -1))
    assert found == pytest.approx(
        q_error(order(rows, capsys, "--mask", "50%", "--format", "int(4, per=row)")), rel=1e-9
    )
    assert low < found < high


def test_groups_run_along_what_is_summed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """MatMul 0, Gemm by transB, ConvTranspose the input channels, Conv the input channels of each kernel entry."""
    nodes = [
        node("MatMul", ["x", "product"], ["a"]),
        node("Gemm", ["x", "plain"], ["b"]),
        node("Gemm", ["x", "transposed"], ["c"], transB=1),
        node("ConvTranspose", ["x", "up"], ["d"]),
        node("Conv", ["x", "kernel"], ["y"]),
    ]
    held = {"product": normals(64, 32), "plain": normals(64, 32), "transposed": normals(32, 64)}
    held |= {"up": normals(8, 4, 3, 3), "kernel": normals(4, 8, 3, 3)}
    path, out = save(tmp_path / "m.onnx", nodes, **held), tmp_path / "out.onnx"
    assert main(["apply", str(path), str(out), "--mask", "2:4", "--format", "int8"]) == 0
    assert main(["verify", str(out), "--against", str(path)]) == 0
    written = read_all(out)
    for name, axis in {"product": 0, "plain": 0, "transposed": 1, "up": 0, "kernel": 1}.items():
        moved = np.moveaxis(np.asarray(written[name]), axis, -1)
        assert np.all(np.count_nonzero(moved.reshape(-1, 4), axis=1) <= 2), name
    capsys.readouterr()
    document = order(path, capsys, "--mask", "2:4", "--format", "int8")
    assert {row["name"] for row in document["tensors"]} == set(held)


def test_what_is_no_weight_is_listed_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mask = np.triu(np.full((1, 1, 8, 8), -np.inf, np.float32), 1)
    nodes = [
        node("Gather", ["table", "ids"], ["e"]),
        node("MatMul", ["e", "w"], ["s"]),
        node("Add", ["s", "mask"], ["m"]),
        node("LayerNormalization", ["m", "gain"], ["n"]),
        node("Conv", ["n", "basis"], ["y"]),
    ]
    basis = np.cos(np.pi * np.outer(np.arange(9), np.arange(-16, 16)) / 8).astype(np.float32)[:, None]
    held = {"table": normals(50, 8), "w": normals(8, 8), "mask": mask, "gain": normals(1, 8), "basis": basis}
    path = save(tmp_path / "m.onnx", nodes, **held)
    document = order(path, capsys, "--mask", "2:4", "--format", "mxfp4")
    assert [row["name"] for row in document["tensors"]] == ["w"]
    reasons = {one["name"]: one["reason"] for one in document["skipped"]}
    assert reasons == {
        "table": "embedding",
        "mask": "no weight of a node: input 1 of Add",
        "gain": "normalization",
        "basis": "filter bank: every kernel is even or odd",
    }


def test_uses_that_disagree_are_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [
        node("Gemm", ["x", "shared"], ["a"], name="first", transB=1),
        node("Gemm", ["a", "shared"], ["b"], name="second"),
        node("MatMul", ["b", "w"], ["y"]),
    ]
    path = save(tmp_path / "m.onnx", nodes, shared=normals(8, 8), w=normals(8, 8))
    grid = ("--mask", "2:4", "--format", "int8")
    assert main(["order", str(path), *grid]) == 3
    said = capsys.readouterr().err
    assert "tensor 'shared': Gemm 'first' sums over axis 1, Gemm 'second' over axis 0" in said and "--axis" in said
    assert main(["apply", str(path), str(tmp_path / "out.onnx"), *grid]) == 3
    assert not (tmp_path / "out.onnx").exists()
    capsys.readouterr()
    ignored = order(path, capsys, *grid, "--ignore", "shared")
    assert [row["name"] for row in ignored["tensors"]] == ["w"]
    told = order(path, capsys, *grid, "--axis", "shared=0")
    assert [row["name"] for row in told["tensors"]] == ["shared", "w"]
    assert main(["inspect", str(path)]) == 0


def test_a_weight_that_a_branch_takes_too_without_saying_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nodes without names; the branch has no inputs."""
    inside = helper.make_graph([node("MatMul", ["x", "w"], ["t"])], "then", [], [])
    other = helper.make_graph([node("Gemm", ["x", "w"], ["e"], transB=1)], "else", [], [])
    both = [node("If", ["c"], ["y"], then_branch=inside, else_branch=inside), node("MatMul", ["x", "w"], ["z"])]
    path = save(tmp_path / "m.onnx", both, w=normals(8, 8))
    assert [row["name"] for row in order(path, capsys, "--mask", "2:4", "--format", "int8")["tensors"]] == ["w"]
    both[0] = node("If", ["c"], ["y"], then_branch=inside, else_branch=other)
    path = save(tmp_path / "n.onnx", both, w=normals(8, 8))
    assert main(["order", str(path), "--mask", "2:4", "--format", "int8"]) == 3
    assert "Gemm 'e' sums over axis 1, MatMul" in capsys.readouterr().err


ODD = {
    "int4": (np.arange(-7, 8).reshape(3, 5), ml_dtypes.int4, 0),
    "uint4": (np.arange(15).reshape(3, 5), ml_dtypes.uint4, 1),
    "e2m1": (np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -1, -2, -4, -6]).reshape(4, 3), ml_dtypes.float4_e2m1fn, 0),
}


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_count_of_small_codes_is_read_and_written(tmp_path: Path, kind: str) -> None:
    values, dtype, axis = ODD[kind]
    scale = np.float32(2.0 ** np.arange(values.shape[axis]))
    nodes = [node("DequantizeLinear", ["q", "s"], ["w"], axis=axis), node("MatMul", ["x", "w"], ["y"])]
    path, out = save(tmp_path / "m.onnx", nodes, q=values.astype(dtype), s=scale), tmp_path / "out.onnx"
    along = scale[:, None] if axis == 0 else scale
    np.testing.assert_array_equal(read_all(path)["q"], values * along)
    assert main(["apply", str(path), str(out), "--mask", "50%", "--format", "int8"]) == 0
    assert main(["verify", str(out), "--against", str(path)]) == 0


def test_stems_depthwise_and_pointwise_kernels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """n:m runs over input channels at each place of the kernel; where these are too few the kernel is left alone."""
    shapes = {"stem": (16, 3, 7, 7), "kernel": (16, 8, 3, 3), "depthwise": (16, 1, 3, 3), "pointwise": (16, 16, 1, 1)}
    groups = {"depthwise": 16}
    nodes = [node("Conv", ["x", name], [f"y_{name}"], group=groups.get(name, 1)) for name in shapes]
    path, out = (
        save(tmp_path / "m.onnx", nodes, **{name: normals(*s) for name, s in shapes.items()}),
        tmp_path / "o.onnx",
    )
    document = order(path, capsys, "--mask", "2:4", "--format", "mxfp4")
    assert [row["name"] for row in document["tensors"]] == ["kernel", "pointwise"]
    assert all("does not fit nm(2, 4)" in one["reason"] for one in document["skipped"])
    assert main(["apply", str(path), str(out), "--mask", "2:4", "--format", "mxfp4"]) == 0
    assert main(["verify", str(out), "--against", str(path)]) == 0
    before, after = read_all(path), read_all(out)
    np.testing.assert_array_equal(after["stem"], before["stem"])
    kept = np.count_nonzero(np.moveaxis(np.asarray(after["kernel"]), 1, -1).reshape(-1, 4), axis=1)
    assert np.all(kept <= 2)
    assert main(["order", str(path), "--mask", "2:4", "--format", "mxfp4", "--strict"]) == 3


def test_codes_of_integer_operators_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = RNG.integers(-9, 9, (8, 8)).astype(np.int8)
    nodes = [node("MatMulInteger", ["x", "codes"], ["y"]), node("MatMul", ["x", "w"], ["z"])]
    path = save(tmp_path / "m.onnx", nodes, codes=codes, scale=normals(1, 8), w=normals(8, 8))
    document = order(path, capsys, "--mask", "2:4", "--format", "int8", "--ignore", "scale")
    reasons = {one["name"]: one["reason"] for one in document["skipped"]}
    assert reasons == {"codes": "INT8 codes for MatMulInteger, not read as values", "scale": "ignored"}


def test_apply_says_what_is_no_longer_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [node("DequantizeLinear", ["w_quantized", "w_scale"], ["v"]), node("MatMul", ["x", "v"], ["y"])]
    held = {"w_quantized": RNG.integers(-9, 9, (8, 8)).astype(np.int8), "w_scale": np.float32(0.5)}
    path, out = save(tmp_path / "m.onnx", nodes, **held), tmp_path / "out.onnx"
    assert main(["inspect", str(path)]) == 0
    assert "QDQ INT8" in capsys.readouterr().out
    assert main(["apply", str(path), str(out), "--mask", "2:4", "--format", "int4"]) == 0
    said = capsys.readouterr().err
    assert "Codes in the source and values in OUT are 1 weights (1 of QDQ INT8)" in said and "w_scale" in said
    report = json.loads((tmp_path / "out.onnx.sqtheory.json").read_text())
    assert report["decoding"]["weights"] == {"w": "QDQ INT8"} and report["decoding"]["dropped"] == ["w_scale"]
    assert main(["verify", str(out), "--against", str(path)]) == 0
    assert main(["apply", str(path), str(tmp_path / "p.safetensors"), "--format", "int4", "--pack"]) == 0


def test_zero_sized_and_scalar_weights_do_no_harm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [
        node("MatMul", ["x", "none"], ["a"]),
        node("Gemm", ["x", "w", "b"], ["y"]),
        node("MatMul", ["x", "v"], ["z"]),
    ]
    held = {"none": np.zeros((0, 4), np.float32), "w": normals(8, 8), "b": np.float32(1), "v": normals(8)}
    path = save(tmp_path / "m.onnx", nodes, **held)
    assert main(["inspect", str(path)]) == 0
    capsys.readouterr()
    document = order(path, capsys, "--mask", "2:4", "--format", "int8")
    assert [row["name"] for row in document["tensors"]][-1] == "w"


@pytest.mark.parametrize("pack", [(), ("--pack",)])
def test_what_order_leaves_alone_apply_does_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pack: tuple[str, ...]
) -> None:
    """Where the file written is of another kind as well."""
    held = {"w": normals(8, 8), "added": normals(8, 8)}
    path = save(tmp_path / "m.onnx", [node("MatMul", ["x", "w"], ["h"]), node("Add", ["h", "added"], ["y"])], **held)
    out = tmp_path / ("out.safetensors" if pack else "out.onnx")
    document = order(path, capsys, "--mask", "2:4", "--format", "int4")
    assert main(["apply", str(path), str(out), "--mask", "2:4", "--format", "int4", *pack]) == 0
    report = json.loads((tmp_path / f"{out.name}.sqtheory.json").read_text())
    left = [{key: one[key] for key in ("name", "reason")} for one in report["left_alone"]]
    assert left == document["skipped"] == [{"name": "added", "reason": "no weight of a node: input 1 of Add"}]
    assert main(["verify", str(out), "--against", str(path)]) == 0


def test_a_misfit_is_told_in_the_axes_of_the_tensor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [node("MatMul", ["x", "w"], ["h"]), node("MatMul", ["h", "v"], ["y"])]
    path = save(tmp_path / "m.onnx", nodes, w=normals(7, 8), v=normals(8, 8))
    [left] = order(path, capsys, "--mask", "2:4", "--format", "int4")["skipped"]
    rule = "axis 0 of length 7 is not a whole number of groups of 4 (tail=error)"
    assert left == {"name": "w", "reason": f"does not fit nm(2, 4): {rule}"}
