"""Any bytes of a graph are understood or refused: nothing a model says of its tensors is believed unseen."""

import random
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints.onnx import OnnxCheckpoint
from tests.counting import counted
from tests.files.checkpoints.handmade import often, rewrite

helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto
node = helper.make_node


def graph() -> bytes:
    """Every step that is followed: codes of both operators, views, branches, bodies, functions, kernels."""
    held = {
        "q": np.ones((4, 4), np.int8),
        "s": np.ones(4, np.float32),
        "n": np.ones((4, 1, 8), np.uint8),
        "t": np.ones((4, 1), np.float32),
        "r": np.array([2, -1]),
        "k": np.hanning(16).astype(np.float32).reshape(1, 1, 16),
        "p": np.ones((4, 4), np.int8),
        "s1": np.float32(1),
        "z": np.int8(0),
        "w": np.ones((2, 2), ml_dtypes.int4),
    }
    inside = helper.make_graph(
        [node("MatMul", ["x", "v"], ["t1"])], "b", [], [helper.make_empty_tensor_value_info("t1")]
    )
    ends = [helper.make_empty_tensor_value_info(name) for name in ("i", "c", "held")]
    body = helper.make_graph([node("Gemm", ["x", "held"], ["o"], transB=1)], "l", ends, [])
    nodes = [
        node("DequantizeLinear", ["q", "s"], ["d"], axis=0),
        node("Reshape", ["d", "r"], ["e"]),
        node("Transpose", ["e"], ["v"], perm=[1, 0]),
        node("If", ["c"], ["y"], then_branch=inside, else_branch=inside),
        node("Loop", ["m", "c", "v"], ["z"], body=body),
        node(
            "MatMulNBits", ["x", "n", "t", "", "", "s"], ["u"], domain="com.microsoft", K=16, N=4, bits=4, block_size=16
        ),
        node("Conv", ["x", "k"], ["f"]),
        node("QLinearMatMul", ["x", "s", "z", "p", "s1", "z", "s1", "z"], ["j"]),
        node("Own", ["x", "w"], ["g"], domain="own"),
        node("Einsum", ["x", "d"], ["h"], equation="ab,bc->ac"),
    ]
    own = helper.make_function("own", "Own", ["a", "b"], ["y"], [node("MatMul", ["a", "b"], ["y"])], [])
    tensors = [numpy_helper.from_array(values, name) for name, values in held.items()]
    return helper.make_model(helper.make_graph(nodes, "g", [], [], tensors), functions=[own]).SerializeToString()


def test_any_change_of_a_graph_is_understood_or_refused(tmp_path: Path) -> None:
    original, draw, file = graph(), random.Random(1), tmp_path / "m.onnx"
    read = most = 0
    for _ in range(often(800)):
        content = bytearray(original)
        for _ in range(draw.randint(0, 3)):
            at = draw.randrange(len(content))
            content[at : at + draw.choice([1, 1, 0, 4])] = draw.choice([draw.randbytes(1), b"", b"\xff\x01", b"x"])
        rewrite(file, content)
        try:
            with counted() as calls, OnnxCheckpoint(file) as checkpoint:
                for info in checkpoint.tensors:
                    checkpoint.read(info.name)
                made = {
                    info.name: bytes(info.nbytes) for info in checkpoint.as_values if info.name in checkpoint.weights
                }
                written = checkpoint.rewritten(made, "data")
            rewrite(tmp_path / "out.onnx", written)
            with OnnxCheckpoint(tmp_path / "out.onnx") as again:
                assert [info.name for info in again.tensors] == [info.name for info in checkpoint.tensors]
            read += 1
        except CheckpointError as error:
            assert str(error).isprintable()
        most = max(most, calls.count - 60 * len(content))
    assert 100 < read < often(800) and most < 1_000
