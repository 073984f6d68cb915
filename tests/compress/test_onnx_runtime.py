"""An ONNX model that apply wrote, run by onnxruntime: our forward pass to the rounding of its float32 sums."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import pytest

import sqtheory as sq
from sqtheory.cli import main

pytestmark = pytest.mark.skipif(find_spec("onnxruntime") is None, reason="onnxruntime (extra interop) is not installed")
helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto
node = helper.make_node
RNG = np.random.default_rng(3)
X = RNG.normal(size=(5, 96)).astype(np.float32)
UNIT = 2.0**-24
"""Half the distance of float32 from 1 to the next."""


def normals(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


UP, BIAS, DOWN = normals(64, 96), normals(64), normals(64, 32)
CODES, STEPS = RNG.integers(-8, 8, (64, 32)).astype(np.int8), (2.0 ** RNG.integers(-4, 1, 32)).astype(np.float32)


def save(path: Path, tensors: dict[str, np.ndarray], last: list[onnx.NodeProto]) -> Path:
    """y = relu(x Uᵀ + b) D, where the last nodes give D and y."""
    nodes = [node("Gemm", ["x", "up", "bias"], ["sum"], transB=1), node("Relu", ["sum"], ["h"]), *last]
    ends = [helper.make_tensor_value_info(*end) for end in (("x", 1, [5, 96]), ("y", 1, [5, 32]))]
    held = [numpy_helper.from_array(a, n) for n, a in {"up": UP, "bias": BIAS, **tensors}.items()]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], held)
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10).SerializeToString()
    )
    return path


def run(path: Path, *, as_it_is: bool = False) -> np.ndarray:
    """What onnxruntime gives, without changes to the graph or with those that it makes unless told."""
    import onnxruntime

    words = onnxruntime.SessionOptions()
    if as_it_is:
        words.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), words, providers=["CPUExecutionProvider"])
    [y] = session.run(None, {"x": X})
    return np.asarray(y)


def forward(up: np.ndarray, down: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The model in float64, and how far sums of float32 in any order may be from it (Higham, §3.1).

    |fl(Σ a b) − Σ a b| ≤ γ_n Σ |a||b| for n products, the bias being one more, γ_n = n u/(1 − n u).
    """
    x, up, down = X.astype(np.float64), up.astype(np.float64), down.astype(np.float64)
    n, m = len(up[0]) + 1, len(down)
    near, far = (k * UNIT / (1 - k * UNIT) for k in (n, m))
    sums = x @ up.T + BIAS
    moved = near * (np.abs(x) @ np.abs(up).T + np.abs(BIAS))
    h = np.maximum(sums, 0)
    return h @ down, moved @ np.abs(down) + far * ((h + moved) @ np.abs(down))


def held(path: Path, name: str) -> np.ndarray:
    return next(numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer if t.name == name)


@pytest.mark.parametrize("fmt", ["mxfp4", "int4:b32", "nvfp4"])
def test_what_is_written_runs_as_our_forward_pass(tmp_path: Path, fmt: str) -> None:
    """Groups and blocks run along the axis that a node sums over: 1 of U, 0 of D."""
    source = save(tmp_path / "in.onnx", {"down": DOWN}, [node("MatMul", ["h", "down"], ["y"])])
    out, f = tmp_path / "out.onnx", sq.parse(f"2:4 >> {fmt}")
    assert main(["apply", str(source), str(out), "--mask", "2:4", "--format", fmt]) == 0
    y, bound = forward(f(UP), f(np.ascontiguousarray(DOWN.T)).T)
    assert np.all(np.abs(run(out) - y) <= bound)
    for other in (forward(UP, DOWN)[0], forward(f(UP), f(DOWN))[0]):  # dense, or along the other axis
        assert np.any(np.abs(other - y) > 1000 * bound)


def test_codes_that_became_values_run(tmp_path: Path) -> None:
    """Of the source as it is: version 1.32 by default rounds what meets codes, h, to 8 bits too; values it does not."""
    last = [
        node("DequantizeLinear", ["codes", "steps"], ["down"], axis=1),
        node("MatMul", ["h", "down"], ["y"]),
    ]
    source, out = save(tmp_path / "in.onnx", {"codes": CODES, "steps": STEPS}, last), tmp_path / "out.onnx"
    assert main(["apply", str(source), str(out), "--mask", "2:4", "--format", "int4:b32"]) == 0
    f, down = sq.parse("2:4 >> int4:b32"), CODES * STEPS
    dense, near = forward(UP, down)
    assert np.all(np.abs(run(source, as_it_is=True) - dense) <= near)
    y, bound = forward(f(UP), f(np.ascontiguousarray(down.T)).T)
    assert np.all(np.abs(run(out) - y) <= bound)
