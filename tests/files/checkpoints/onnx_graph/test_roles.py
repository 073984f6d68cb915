"""What each tensor of a model is to its nodes, for every operator with weights and every way to one."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from sqtheory.files.checkpoints import TensorInfo, open_checkpoint
from sqtheory.files.views.view import View

helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto
node = helper.make_node
MS = "com.microsoft"


def tensor(name: str, *shape: int, dtype: str = "f4") -> object:
    return numpy_helper.from_array(np.random.default_rng(0).normal(size=shape).astype(dtype), name)


def ints(name: str, *values: int) -> object:
    return numpy_helper.from_array(np.array(values, np.int64), name)


def known(tmp_path: Path, nodes: list[object], *tensors: object, **more: object) -> dict[str, TensorInfo]:
    """What is said of the tensors of a model."""
    graph = helper.make_graph(nodes, "g", more.pop("inputs", []), more.pop("outputs", []), [*tensors])
    (tmp_path / "m.onnx").write_bytes(helper.make_model(graph, **more).SerializeToString())
    with open_checkpoint(tmp_path / "m.onnx") as checkpoint:
        return {info.name: info for info in checkpoint.tensors}


OPERATORS: dict[str, tuple[object, tuple[int, ...], View]] = {
    "Conv": (node("Conv", ["x", "w"], ["y"]), (8, 4, 3, 3), View((2, 3, 1))),
    "Conv 1-D": (node("Conv", ["x", "w"], ["y"]), (8, 4, 5), View((2, 1))),
    "Conv depthwise": (node("Conv", ["x", "w"], ["y"], group=8), (8, 1, 3, 3), View((2, 3, 1))),
    "ConvTranspose": (node("ConvTranspose", ["x", "w"], ["y"]), (4, 8, 3, 3), View((2, 3, 0))),
    "FusedConv": (node("FusedConv", ["x", "w"], ["y"], domain=MS), (8, 4, 1, 1), View((2, 3, 1))),
    "MatMul right": (node("MatMul", ["x", "w"], ["y"]), (64, 32), View((0,))),
    "MatMul right stack": (node("MatMul", ["x", "w"], ["y"]), (3, 64, 32), View((1,), (0,))),
    "MatMul right stack of one": (node("MatMul", ["x", "w"], ["y"]), (1, 64, 32), View((1,))),
    "MatMul left": (node("MatMul", ["w", "x"], ["y"]), (64, 32), View((1,))),
    "Gemm": (node("Gemm", ["x", "w"], ["y"]), (64, 32), View((0,))),
    "Gemm transB": (node("Gemm", ["x", "w"], ["y"], transB=1), (64, 32), View((1,))),
    "Gemm left": (node("Gemm", ["w", "x"], ["y"]), (64, 32), View((1,))),
    "Gemm transA": (node("Gemm", ["w", "x"], ["y"], transA=1), (64, 32), View((0,))),
    "FusedMatMul": (node("FusedMatMul", ["x", "w"], ["y"], domain=MS, transB=1), (64, 32), View((1,))),
    "LSTM W": (node("LSTM", ["x", "w", "r"], ["y"], hidden_size=2), (1, 8, 3), View((2,))),
    "LSTM R": (node("LSTM", ["x", "r", "w"], ["y"], hidden_size=2), (2, 8, 2), View((2,), (0,))),
    "GRU": (node("GRU", ["x", "w", "r"], ["y"], hidden_size=2), (2, 6, 3), View((2,), (0,))),
    "Attention": (node("Attention", ["x", "w", "b"], ["y"], domain=MS, num_heads=2), (16, 48), View((0,))),
    "Einsum": (node("Einsum", ["x", "w"], ["y"], equation="bsd,dhk->bshk"), (6, 2, 3), View((0,))),
    "Einsum two axes": (node("Einsum", ["x", "w"], ["y"], equation="bshk, hkd -> bsd"), (2, 3, 6), View((0, 1))),
    "Einsum experts": (node("Einsum", ["x", "w"], ["y"], equation="ebd,edf->ebf"), (4, 6, 8), View((1,), (0,))),
}


@pytest.mark.parametrize("case", OPERATORS)
def test_the_reduced_axis_is_that_of_the_operator(tmp_path: Path, case: str) -> None:
    one, shape, view = OPERATORS[case]
    info = known(tmp_path, [one], tensor("w", *shape))["w"]
    assert (info.view, info.no_weight, info.dispute) == (view, None, None)


OTHERS: dict[str, tuple[list[object], tuple[int, ...], str]] = {
    "a bias": ([node("Conv", ["x", "k", "w"], ["y"])], (8,), "bias"),
    "an addend": ([node("Add", ["x", "w"], ["y"])], (8, 8), "no weight of a node: input 1 of Add"),
    "a table": ([node("Gather", ["w", "i"], ["y"])], (50, 8), "embedding"),
    "a tied table": (
        [node("Gather", ["w", "i"], ["y"]), node("Transpose", ["w"], ["t"]), node("MatMul", ["x", "t"], ["z"])],
        (50, 8),
        "embedding",
    ),
    "tokens before others": (
        [node("Concat", ["w", "x"], ["t"], axis=0), node("MatMul", ["q", "t"], ["y"])],
        (4, 8),
        "no weight of a node: input 0 of Concat",
    ),
    "a batch norm": ([node("BatchNormalization", ["x", "w", "b", "m", "v"], ["y"])], (8, 1), "normalization"),
    "a layer norm": ([node("LayerNormalization", ["x", "w"], ["y"])], (8, 1), "normalization"),
    "a scale": ([node("DequantizeLinear", ["x", "w"], ["y"], axis=0)], (8,), "scale or zero point"),
    "a scale of QLinearConv": (
        [node("QLinearConv", ["x", "s", "z", "k", "w", "z", "s", "z"], ["y"])],
        (8,),
        "scale or zero point",
    ),
    "a scale of blocks": ([node("MatMulNBits", ["x", "q", "w"], ["y"], domain=MS)], (8, 2), "scale or zero point"),
    "a mask": (
        [node("Add", ["x", "w"], ["y"]), node("Where", ["c", "w", "y"], ["z"])],
        (1, 1, 8, 8),
        "no weight of a node: input 1 of Add, input 1 of Where",
    ),
    "of another domain": ([node("Conv", ["x", "w"], ["y"], domain="own")], (8, 4, 3, 3), "no weight of a node: input"),
    "in groups": (
        [node("ConvTranspose", ["x", "w"], ["y"], group=4)],
        (4, 2, 3, 3),
        "weight of ConvTranspose in groups",
    ),
    "keys of the standard's attention": (
        [node("Attention", ["x", "w", "v"], ["y"])],
        (1, 2, 8, 4),
        "no weight of a node: input 1 of Attention",
    ),
    "an axis repeated": (
        [node("Einsum", ["x", "w"], ["y"], equation="ab,cc->ab")],
        (4, 4),
        "no weight of a node: operand of Einsum",
    ),
    "a split axis": (
        [node("Reshape", ["w", "halves"], ["h"]), node("MatMul", ["x", "h"], ["y"])],
        (8, 4),
        "no weight of a node: input 0 of Reshape",
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_no_node_has_as_a_weight_says_why(tmp_path: Path, case: str) -> None:
    nodes, shape, reason = OTHERS[case]
    info = known(tmp_path, nodes, tensor("w", *shape), ints("halves", 2, 4, 4))["w"]
    assert info.no_weight is not None and info.no_weight.startswith(reason)


def test_a_tensor_that_no_node_takes_has_no_role(tmp_path: Path) -> None:
    info = known(tmp_path, [node("Relu", ["x"], ["y"])], tensor("w", 8, 4))["w"]
    assert (info.view, info.no_weight, info.dispute) == (None, None, None)


WAYS: dict[str, tuple[list[object], tuple[int, ...], View]] = {
    "transposed": ([node("Transpose", ["w"], ["v"], perm=[1, 0])], (32, 64), View((1,))),
    "reversed": ([node("Transpose", ["w"], ["v"])], (32, 64), View((1,))),
    "twice": ([node("Transpose", ["w"], ["u"]), node("Transpose", ["u"], ["v"])], (64, 32), View((0,))),
    "cast": ([node("Cast", ["w"], ["u"], to=1), node("Identity", ["u"], ["v"])], (64, 32), View((0,))),
    "fake-quantized": (
        [node("QuantizeLinear", ["w", "s"], ["q"]), node("DequantizeLinear", ["q", "s"], ["v"])],
        (64, 32),
        View((0,)),
    ),
    "squeezed": ([node("Squeeze", ["w", "one"], ["v"])], (64, 1, 32), View((0,))),
    "unsqueezed": ([node("Unsqueeze", ["w", "zero"], ["v"])], (64, 32), View((0,))),
    "flattened": ([node("Flatten", ["w"], ["v"], axis=2)], (8, 8, 32), View((0, 1))),
    "reshaped": ([node("Reshape", ["w", "flat"], ["v"])], (8, 8, 4, 8), View((0, 1))),
    "sliced": ([node("Slice", ["w", "zero", "one"], ["v"])], (64, 32), View((0,))),
    "split": ([node("Split", ["w"], ["u", "v"], num_outputs=2, axis=1)], (64, 32), View((0,))),
    "one of a stack": ([node("Gather", ["w", "first"], ["v"], axis=0)], (3, 64, 32), View((1,))),
    "some rows": ([node("Gather", ["w", "one"], ["v"], axis=0)], (64, 32), View((0,))),
    "joined": ([node("Concat", ["w", "w"], ["v"], axis=0)], (64, 32), View((0,))),
}


@pytest.mark.parametrize("case", WAYS)
def test_views_and_copies_are_followed(tmp_path: Path, case: str) -> None:
    nodes, shape, view = WAYS[case]
    held = tensor("w", *shape), ints("one", 1), ints("zero", 0), ints("flat", 64, -1), tensor("s")
    held = *held, numpy_helper.from_array(np.array(0), "first")
    info = known(tmp_path, [*nodes, node("MatMul", ["x", "v"], ["y"])], *held)["w"]
    assert (info.view, info.no_weight) == (view, None)


def branch(name: str, *nodes: object, outputs: tuple[str, ...] = (), inputs: tuple[str, ...] = ()) -> object:
    ends = [[helper.make_tensor_value_info(one, TensorProto.FLOAT, None) for one in side] for side in (inputs, outputs)]
    return helper.make_graph([*nodes], name, *ends)


def test_branches_and_bodies_use_what_lies_around_them(tmp_path: Path) -> None:
    """Without saying so, through values they carry, and through what they give back."""
    inside = branch("then", node("MatMul", ["x", "a"], ["t"]), outputs=("t",))
    given = branch("else", node("Identity", ["b"], ["e"]), outputs=("e",))
    body = branch(
        "body",
        node("MatMul", ["x", "held"], ["p"]),
        node("Identity", ["c"], ["again"]),
        node("Identity", ["held"], ["kept"]),
        inputs=("i", "c", "held"),
        outputs=("again", "kept"),
    )
    nodes = [
        node("If", ["c"], ["t"], then_branch=inside, else_branch=branch("no", node("Relu", ["x"], ["r"]))),
        node("If", ["c"], ["chosen"], then_branch=given, else_branch=branch("no2", node("Relu", ["x"], ["r2"]))),
        node("Gemm", ["x", "chosen"], ["g"], transB=1),
        node("Loop", ["n", "c", "d"], ["final"], body=body),
    ]
    found = known(tmp_path, nodes, tensor("a", 64, 32), tensor("b", 64, 32), tensor("d", 64, 32))
    assert {name: info.view for name, info in found.items()} == {"a": View((0,)), "b": View((1,)), "d": View((0,))}


def test_a_state_of_a_loop_is_no_weight(tmp_path: Path) -> None:
    body = branch(
        "body",
        node("MatMul", ["state", "w"], ["next"]),
        node("Identity", ["c"], ["again"]),
        inputs=("i", "c", "state"),
        outputs=("again", "next"),
    )
    found = known(tmp_path, [node("Loop", ["n", "c", "s"], ["y"], body=body)], tensor("s", 4, 8), tensor("w", 8, 8))
    assert found["w"].view == View((0,))
    assert found["s"].view is None and found["s"].no_weight == "no weight of a node: input 2 of Loop"


def test_what_a_weight_is_multiplied_by_is_none(tmp_path: Path) -> None:
    """Learned queries, before the matrix that projects them."""
    nodes = [node("MatMul", ["queries", "w"], ["q"]), node("MatMul", ["left", "q"], ["y"])]
    found = known(tmp_path, nodes, tensor("queries", 4, 8), tensor("w", 8, 8), tensor("left", 8, 4))
    assert found["queries"].no_weight == "what a weight is multiplied by" and found["queries"].view is None
    assert found["w"].view == View((0,)) and found["left"].view == View((1,))


def test_an_inner_name_hides_an_outer_one_and_siblings_may_share_one(tmp_path: Path) -> None:
    def side(axes: int) -> object:
        value = numpy_helper.from_array(np.ones((4, 8), np.float32), "ignored")
        taken = [node("MatMul", ["x", "w"], ["y"]), node("Gemm", ["x", "w"], ["y"], transB=1)][axes]
        return branch("side", node("Constant", [], ["w"], value=value), taken, outputs=("y",))

    found = known(tmp_path, [node("If", ["c"], ["y"], name="either", then_branch=side(0), else_branch=side(1))])
    views = {name: info.view for name, info in found.items()}
    assert views == {"w": View((1,)), "either/then_branch/w": View((0,))}  # in the order of the file


def test_functions_of_the_model_are_followed(tmp_path: Path) -> None:
    value = numpy_helper.from_array(np.ones((4, 8), np.float32), "ignored")
    nodes = [
        node("Transpose", ["k"], ["t"]),
        node("MatMul", ["a", "t"], ["m"]),
        node("Constant", [], ["inner"], value=value),
        node("Gemm", ["m", "inner"], ["y"]),
    ]
    linear = helper.make_function("own", "Linear", ["a", "k"], ["y"], nodes, [helper.make_opsetid("", 21)])
    called = node("Linear", ["x", "w"], ["y"], domain="own")
    found = known(tmp_path, [called], tensor("w", 4, 8), functions=[linear])
    assert {name: info.view for name, info in found.items()} == {"w": View((1,)), "Linear/inner": View((0,))}


def test_uses_that_sum_over_different_axes_are_named(tmp_path: Path) -> None:
    nodes = [node("Gemm", ["x", "w"], ["y"], name="first", transB=1), node("Gemm", ["x", "w"], ["z"])]
    info = known(tmp_path, nodes, tensor("w", 8, 8))["w"]
    assert info.view is None
    assert info.dispute == "Gemm 'first' sums over axis 1, Gemm 'z' over axis 0"
    nodes[1] = node("MatMul", ["w", "x"], ["z"])
    assert known(tmp_path, nodes, tensor("w", 8, 8))["w"].view == View((1,))


def test_axes_of_one_entry_are_no_dispute(tmp_path: Path) -> None:
    nodes = [
        node("Conv", ["x", "w"], ["y"]),
        node("Reshape", ["w", "flat"], ["v"]),
        node("Gemm", ["x", "v"], ["z"], transB=1),
    ]
    info = known(tmp_path, nodes, tensor("w", 8, 4, 1, 1), ints("flat", 8, 4))["w"]
    assert info.view == View((2, 3, 1)) and info.dispute is None


def test_kernels_of_transforms_are_no_weights(tmp_path: Path) -> None:
    window = np.hanning(65)[:64]
    rows = [np.cos(2 * np.pi * k * np.arange(64) / 64) * window for k in range(33)]
    basis = np.float32(rows)[:, None]
    nodes = [node("Conv", ["x", "basis"], ["y"]), node("Conv", ["x", "learned"], ["z"])]
    found = known(tmp_path, nodes, numpy_helper.from_array(basis, "basis"), tensor("learned", 33, 1, 64))
    assert found["basis"].no_weight == "filter bank: every kernel is even or odd"
    assert found["learned"].no_weight is None and found["learned"].view == View((2, 1))
    many = [node("Conv", ["x", "basis"], ["y"], group=33)]
    assert known(tmp_path, many, numpy_helper.from_array(basis, "basis"))["basis"].no_weight is None
