"""TensorFlow Lite: values of its interpreter, what operators say of constants, and every way to cut or bend a file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sqtheory.cli import main
from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint, tflite_graph
from sqtheory.files.checkpoints.tflite import TfliteCheckpoint
from sqtheory.files.views.view import View
from tests.files.checkpoints.flatbuffers import flatbuffer
from tests.files.checkpoints.handmade import refusal, rewrite

FOLDER = Path(__file__).parent / "reference"
KINDS = {"<f4": 0, "<f2": 1, "<i4": 2, "u1": 3, "<i2": 7, "i1": 9}


def constant(name: str, array: np.ndarray, buffer: int, **scales: Any) -> dict[int, Any]:
    kind = KINDS[array.dtype.str.lstrip("|")]
    shape = ("i", list(array.shape))
    return {0: shape, 1: ("b", kind), 2: ("I", buffer), 3: name, **({4: quantization(**scales)} if scales else {})}


def quantization(s: list[float], z: list[int] | None = None, axis: int = 0) -> dict[int, Any]:
    return {2: ("f", s), **({3: ("q", z)} if z is not None else {}), 6: ("i", axis)}


def activation(*shape: int) -> dict[int, Any]:
    return {0: ("i", list(shape)), 1: ("b", 0), 2: ("I", 0), 3: "x"}


def node(code: int, inputs: list[int], outputs: list[int], options: dict[int, Any] | None = None) -> dict[int, Any]:
    return {0: ("I", code), 1: ("i", inputs), 2: ("i", outputs), **({4: options} if options is not None else {})}


def graph(tensors: list[Any], nodes: list[Any] | None = None, inputs: list[int] | None = None) -> dict[int, Any]:
    return {0: tensors, 1: ("i", inputs or []), 2: ("i", []), 3: nodes or []}


def model(arrays: list[np.ndarray | bytes], graphs: list[Any], operators: tuple[int, ...] = ()) -> bytes:
    raw = [one if isinstance(one, bytes) else one.tobytes() for one in arrays]
    codes = [{0: ("b", min(code, 127)), 3: ("i", code)} for code in operators]
    return flatbuffer({0: ("I", 3), 1: codes, 2: graphs, 4: [{}, *({0: one} for one in raw)]}, b"TFL3")


def test_values_are_those_of_the_interpreter() -> None:
    wanted = np.load(FOLDER / "dequantize.npz")
    with open_checkpoint(FOLDER / "dequantize.tflite") as checkpoint:
        assert {info.name: info.dtype for info in checkpoint.tensors} == {
            **{"conv": "INT8", "u8": "UINT8", "i4": "INT4", "i16": "INT16", "f16": "F16"}
        }
        for name in wanted.files:
            values = checkpoint.read(name)
            assert values.dtype == np.float32 and values.tobytes() == wanted[name].tobytes()
            assert checkpoint.info(name).quantized == (name != "f16")


CONV, DEPTHWISE, LINEAR = View((1, 2, 3)), View((1, 2)), View((1,))
USES: dict[str, tuple[int, tuple[int, ...], int, dict[int, Any] | None, View]] = {
    "convolution": (3, (4, 3, 3, 2), 1, None, CONV),
    "depthwise": (4, (1, 3, 3, 4), 1, None, DEPTHWISE),
    "linear": (9, (4, 6), 1, None, LINEAR),
    "transposed convolution": (67, (4, 3, 3, 2), 1, None, CONV),
    "three dimensions": (132, (2, 2, 2, 3, 4), 1, None, View((0, 1, 2, 3))),
    "transposed, three dimensions": (141, (2, 2, 2, 4, 3), 1, None, View((0, 1, 2, 4))),
    "gate": (44, (4, 6), 7, None, LINEAR),
    "right operand": (126, (6, 4), 1, None, View((0,))),
    "right operand, transposed": (126, (4, 6), 1, {1: ("?", True)}, LINEAR),
    "left operand": (126, (4, 6), 0, None, LINEAR),
    "left operand, transposed": (126, (6, 4), 0, {0: ("?", True)}, View((0,))),
    "stack": (126, (3, 6, 4), 1, None, View((1,), (0,))),
}


@pytest.mark.parametrize("use", USES)
def test_an_operator_says_which_axes_it_sums_over(use: str, tmp_path: Path) -> None:
    code, shape, place, options, view = USES[use]
    weight = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    inputs = [1] * place + [0]
    tensors = [constant("w", weight, 1), activation(1, 6)]
    path = tmp_path / "m.tflite"
    path.write_bytes(model([weight], [graph(tensors, [node(0, inputs, [1], options)])], (code,)))
    with open_checkpoint(path) as checkpoint:
        [info] = checkpoint.tensors
        assert (info.view, info.no_weight, info.dispute) == (view, None, None)
        assert np.array_equal(checkpoint.read("w"), weight)
        assert b"".join(p.tobytes() for p in checkpoint.stored("w")) == weight.tobytes()


def test_what_no_operator_has_for_a_weight_says_why(tmp_path: Path) -> None:
    w = np.ones((4, 4), np.float32)
    tensors = [constant(name, w, 1) for name in ("added", "table", "both")] + [activation(1, 4)]
    nodes = [node(0, [3, 0], [3]), node(1, [1, 3], [3]), node(2, [3, 2], [3]), node(3, [3, 2], [3])]
    (tmp_path / "m.tflite").write_bytes(model([w], [graph(tensors, nodes)], (0, 36, 9, 126)))
    with open_checkpoint(tmp_path / "m.tflite") as checkpoint:
        added, table, both = checkpoint.tensors
        assert added.no_weight == "no weight operand of an operator" and table.no_weight == "embedding"
        assert both.dispute == "FULLY_CONNECTED sums over axes 1, BATCH_MATMUL over axes 0"


def test_a_constant_is_followed_through_dequantize_and_into_graphs(tmp_path: Path) -> None:
    half, whole = np.ones((4, 6), np.float16), np.ones((4, 6), np.float32)
    outer = graph(
        [constant("half", half, 1), activation(4, 6), constant("given", whole, 2), activation()],
        [node(0, [0], [1]), node(1, [3, 1], [3]), node(2, [3, 2], [3], {0: ("i", 1), 1: ("i", 1)})],
    )
    inner = graph([activation(4, 6)], [node(1, [0, 0], [0])], [0])
    (tmp_path / "m.tflite").write_bytes(model([half, whole], [outer, inner], (6, 9, 118)))
    with open_checkpoint(tmp_path / "m.tflite") as checkpoint:
        assert {info.name: info.view for info in checkpoint.tensors} == {"half": LINEAR, "given": LINEAR}


def test_kernels_of_a_transform_are_no_weights(tmp_path: Path) -> None:
    n = np.arange(64) - 31.5
    kernels = np.stack([np.cos(0.3 * n), np.sin(0.7 * n)]).astype(np.float32).reshape(2, 1, 64, 1)
    learned = np.random.default_rng(0).normal(size=(2, 1, 64, 1)).astype(np.float32)
    tensors = [constant("stft", kernels, 1), constant("learned", learned, 2), activation(1, 4)]
    nodes = [node(0, [2, 0], [2]), node(0, [2, 1], [2])]
    (tmp_path / "m.tflite").write_bytes(model([kernels, learned], [graph(tensors, nodes)], (3,)))
    with open_checkpoint(tmp_path / "m.tflite") as checkpoint:
        reasons = {info.name: info.no_weight for info in checkpoint.tensors}
    assert reasons["learned"] is None and "filter bank" in str(reasons["stft"])


def test_a_name_that_came_before_gets_numbers(tmp_path: Path) -> None:
    w = np.ones((2, 2), np.float32)
    graphs = [graph([constant("w", w, 1), constant("", w, 1)]), graph([activation(), constant("w", w, 1)])]
    (tmp_path / "m.tflite").write_bytes(model([w], graphs))
    with open_checkpoint(tmp_path / "m.tflite") as checkpoint:
        assert [info.name for info in checkpoint.tensors] == ["w", "#0.1", "w#1.1"]


def test_sparse_tensors_and_codes_in_blocks_are_listed_and_not_read(tmp_path: Path) -> None:
    codes = np.ones((4, 4), np.int8)
    sparse = constant("sparse", codes, 1) | {6: {}}
    blocks = constant("blocks", codes, 1) | {4: quantization([1.0]) | {4: ("B", 2)}}
    (tmp_path / "m.tflite").write_bytes(model([codes], [graph([sparse, blocks])]))
    with open_checkpoint(tmp_path / "m.tflite") as checkpoint:
        for info, rule in zip(checkpoint.tensors, ("a sparse tensor", "codes in blocks"), strict=True):
            with pytest.raises(CheckpointError, match=f"'{info.name}': {rule} cannot be read"):
                checkpoint.read(info.name)


CODES = np.arange(-8, 8, dtype=np.int8).reshape(4, 4)


def one(array: np.ndarray, *, nbytes: int | None = None, **scales: Any) -> bytes:
    raw = array.tobytes()
    return model([raw if nbytes is None else raw[:nbytes]], [graph([constant("w", array, 1, **scales)])])


FAULTS: dict[str, tuple[bytes, str]] = {
    "bytes": (one(CODES, nbytes=15), "'w': I8 of shape (4, 4) takes 16 bytes, got 15"),
    "scales": (one(CODES, s=[1.0, 2.0, 3.0]), "'w': 3 scales along axis 0 do not fit shape (4, 4)"),
    "axis": (one(CODES, s=[1.0] * 4, axis=2), "'w': 4 scales along axis 2 do not fit"),
    "negative axis": (one(CODES, s=[1.0] * 4, axis=-1), "'w': 4 scales along axis -1 do not fit"),
    "zero points": (one(CODES, s=[1.0] * 4, z=[0, 0]), "'w': 4 scales have 2 zero points"),
    "vast zero point": (one(CODES, s=[1.0], z=[-(2**63)]), "'w': a zero point has at most 32 bits"),
    "scale": (one(CODES, s=[float("nan")]), "'w': a scale is nan, no finite number"),
    "negative": (model([CODES], [graph([constant("w", CODES, 1) | {0: ("i", [-4, -4])}])]), "negative"),
    "buffer": (model([CODES], [graph([constant("w", CODES, 2)])]), "'w': lies in buffer 2, there are 2"),
    "operator": (model([CODES], [graph([constant("w", CODES, 1)], [node(1, [0], [])])], (3,)), "has the code 1"),
    "text": (model([CODES], [graph([constant("w", CODES, 1) | {3: b"\xff"}])]), "not UTF-8"),
    "long": (model([CODES], [graph([constant("w" * 70000, CODES, 1)])]), "at most 65536 entries"),
    "no root": (b"\xff\xff\xff\xffTFL3", "bytes from byte 4294967295 on"),
    "twice": (
        model([CODES], [graph([constant("w", CODES, 1), constant("w#0.2", CODES, 1), constant("w", CODES, 1)])]),
        "'w#0.2': the file has this name twice",
    ),
}


def test_more_than_any_model_has_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few bytes may tell of the same table many times."""
    monkeypatch.setattr(tflite_graph, "MAX_SIZE", 12)
    for nodes, fits in ((3, True), (4, False)):
        inner = graph([activation()], [node(0, [0, 0], [0])] * nodes)
        (tmp_path / "m.tflite").write_bytes(model([], [inner, graph([activation()])], (0,)))
        if fits:
            open_checkpoint(tmp_path / "m.tflite").close()
        else:
            assert "more than 12 tensors, operators and inputs of operators" in refusal(tmp_path / "m.tflite")


@pytest.mark.parametrize("fault", FAULTS)
def test_what_breaks_a_rule_is_refused(fault: str, tmp_path: Path) -> None:
    content, rule = FAULTS[fault]
    (tmp_path / "m.tflite").write_bytes(content)
    assert rule in refusal(tmp_path / "m.tflite")


def test_entries_that_overlap_are_refused(tmp_path: Path) -> None:
    base = model([CODES, CODES], [graph([constant("a", CODES, 1), constant("b", CODES, 2)])])
    first = base.index(CODES.tobytes())
    outside = {1: ("Q", first), 2: ("Q", 16)}, {1: ("Q", first + 8), 2: ("Q", 16)}
    tensors = [constant("a", CODES, 1), constant("b", CODES, 2)]
    for second, fault in ((outside[1], "'b': overlaps"), ({1: ("Q", 1 << 62), 2: ("Q", 16)}, "16 bytes from byte")):
        table = {0: ("I", 3), 2: [graph(tensors)], 4: [{}, outside[0], second]}
        (tmp_path / "m.tflite").write_bytes(flatbuffer(table, b"TFL3") + bytes(64))
        assert fault in refusal(tmp_path / "m.tflite")


def test_every_cut_is_refused_and_no_other_byte_does_worse(tmp_path: Path) -> None:
    whole = (FOLDER / "dequantize.tflite").read_bytes()
    path = tmp_path / "m.tflite"
    rng = np.random.default_rng(0)
    for cut in range(8, len(whole) - 3, 11):
        rewrite(path, whole[:cut])
        with pytest.raises(CheckpointError):
            open_checkpoint(path)
    for place in range(8, len(whole), 4):
        rewrite(path, whole[:place] + bytes([whole[place] ^ int(rng.integers(1, 256))]) + whole[place + 1 :])
        try:
            with open_checkpoint(path) as checkpoint:
                for info in checkpoint.tensors:
                    checkpoint.read(info.name)
        except CheckpointError as error:
            assert str(error).isprintable()


def test_apply_keeps_groups_along_the_input_channels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weight = np.random.default_rng(0).normal(size=(4, 3, 3, 8)).astype(np.float32)
    source, out = tmp_path / "m.tflite", tmp_path / "out.safetensors"
    tensors = [constant("conv", weight, 1), activation(1, 4)]
    source.write_bytes(model([weight], [graph(tensors, [node(0, [1, 0], [1])])], (3,)))
    assert main(["apply", str(source), str(out), "--mask", "2:4", "--format", "int4:b8", "--order", "sq"]) == 0
    with open_checkpoint(out) as checkpoint, TfliteCheckpoint(source) as before:
        kept = checkpoint.read("conv").reshape(-1, 4) != 0
        assert kept.sum(1).max() <= 2 and before.read("conv").shape == (4, 3, 3, 8)
    assert main(["verify", str(out), "--against", str(source)]) == 0
