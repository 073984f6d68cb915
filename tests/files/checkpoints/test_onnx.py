import os
import random
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import pytest

from sqtheory.cli import main
from sqtheory.exceptions import CheckpointError, MissingExtra
from sqtheory.files.checkpoints import TensorInfo, open_checkpoint
from sqtheory.files.checkpoints.onnx import OnnxCheckpoint
from tests.counting import counted
from tests.files.checkpoints.handmade import often, read_all, refusal, rewrite

helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto
WEIGHTS = np.random.default_rng(0).normal(size=(8, 16)).astype(np.float32)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "w.onnx"


def model(tensors: list[object], nodes: list[object] | None = None) -> bytes:
    return helper.make_model(helper.make_graph(nodes or [], "g", [], [], tensors)).SerializeToString()


def constant(output: str, values: np.ndarray) -> object:
    return helper.make_node("Constant", [], [output], value=numpy_helper.from_array(values, "ignored"))


def external(file: Path, location: str, *, size: int = 8, **entries: str) -> None:
    """A model of one tensor of ``size`` float32 entries whose data lie elsewhere."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[size], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=value)
    file.write_bytes(model([tensor]))


def test_initializers_and_constants_of_all_graphs_are_read(file: Path) -> None:
    inner = helper.make_graph([constant("deep", WEIGHTS[0])], "then", [], [], [numpy_helper.from_array(WEIGHTS, "in")])
    nodes = [
        constant("c", np.int64(7) * np.ones((), np.int64)),
        helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=helper.make_graph([], "e", [], [])),
    ]
    file.write_bytes(model([numpy_helper.from_array(WEIGHTS.T, "w")], nodes))
    with open_checkpoint(file) as checkpoint:
        assert isinstance(checkpoint, OnnxCheckpoint)
        assert checkpoint.tensors[0] == TensorInfo("w", "FLOAT", (16, 8), 512) and checkpoint.tensors[0].is_float
    read = read_all(file)
    assert list(read) == ["w", "c", "in", "deep"] and read["c"] == 7
    for name, wanted in {"w": WEIGHTS.T, "in": WEIGHTS, "deep": WEIGHTS[0]}.items():
        np.testing.assert_array_equal(read[name], wanted)
        assert read[name].flags.writeable and read[name].flags.c_contiguous and read[name].dtype == np.float32


FLOATS = {
    "BFLOAT16": ml_dtypes.bfloat16,
    "FLOAT16": np.float16,
    "FLOAT8E4M3FN": ml_dtypes.float8_e4m3fn,
    "FLOAT8E5M2FNUZ": ml_dtypes.float8_e5m2fnuz,
    "FLOAT4E2M1": ml_dtypes.float4_e2m1fn,
}


@pytest.mark.parametrize("dtype", [*FLOATS, "DOUBLE", "INT8", "UINT64", "BOOL", "INT4", "UINT4"])
@pytest.mark.parametrize("raw", [True, False])
def test_every_type_is_read(file: Path, dtype: str, raw: bool) -> None:
    values = np.array([[0, 1, 1], [1, 0, 1]]) if dtype == "BOOL" else np.array([[0, 1, 2], [3, 4, 6]])
    kind = getattr(TensorProto, dtype)
    if raw:
        tensor = numpy_helper.from_array(values.astype(helper.tensor_dtype_to_np_dtype(kind)), "w")
    else:
        tensor = helper.make_tensor("w", kind, values.shape, values.reshape(-1).astype(FLOATS.get(dtype, "f8")))
    file.write_bytes(model([tensor]))
    read = read_all(file)["w"]
    np.testing.assert_array_equal(read, values)
    wanted = {"DOUBLE": "f8", "BOOL": "?", "INT4": "i1", "UINT4": "u1"}.get(dtype, "f4" if "FLOAT" in dtype else None)
    assert read.dtype == np.dtype(wanted or dtype.lower())


def test_external_data_are_read_and_belong_to_the_signature(file: Path) -> None:
    proto = helper.make_model(helper.make_graph([], "g", [], [], [numpy_helper.from_array(WEIGHTS, n) for n in "ab"]))
    onnx.save_model(proto, file, save_as_external_data=True, location="w.data", size_threshold=0)
    with open_checkpoint(file) as checkpoint:
        for name in "ab":
            np.testing.assert_array_equal(checkpoint.read(name), WEIGHTS)
        before = checkpoint.signature
        assert before.size == file.stat().st_size + (file.parent / "w.data").stat().st_size
        assert checkpoint.holds(file.parent / "w.data") and checkpoint.holds(file)
        os.utime(file.parent / "w.data", ns=(1, 1))
        assert checkpoint.signature != before
        (file.parent / "w.data").write_bytes(bytes(5))
        with pytest.raises(CheckpointError, match=r"w\.onnx: tensor 'a': "):
            checkpoint.read("a")
        (file.parent / "w.data").unlink()
        with pytest.raises(CheckpointError, match="external data"):
            _ = checkpoint.signature


@pytest.mark.parametrize("location", ["../secret", "a/../../secret", "/etc/passwd", "", "..", "c:\\secret", "\\x"])
def test_external_data_outside_are_refused(file: Path, location: str) -> None:
    (file.parent.parent / "secret").write_bytes(bytes(32))
    external(file, location)
    assert "'w': external data lie in a file below the folder" in refusal(file)
    external(file, f"{file.parent.parent}/secret")
    assert "'w': external data lie in a file below the folder" in refusal(file)


@pytest.mark.parametrize("link", ["symbolic", "hard", "folder"])
def test_external_data_behind_links_are_refused(
    file: Path, link: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("outside") / "secret"
    secret.write_bytes(bytes(32))
    if link == "symbolic":
        (file.parent / "data").symlink_to(secret)
    elif link == "hard":
        os.link(secret, file.parent / "data")
    else:
        (file.parent / "data").symlink_to(secret.parent)
    external(file, "data/secret" if link == "folder" else "data")
    assert "'w': " in refusal(file)


@pytest.mark.parametrize(
    ("entries", "rule"),
    [
        ({}, None),
        ({"offset": "32", "length": "32"}, None),
        ({"length": "31"}, "32 bytes are needed, its external data have '31'"),
        ({"offset": "40"}, "'w': "),
        ({"offset": "-1"}, "'w': "),
        ({"offset": "x"}, "'w': "),
        ({"length": "9" * 5000}, "'w': "),
        ({"__class__": "x"}, "'w': external data have the keys location, offset"),
        ({"size": "1000000000000"}, None),
    ],
)
def test_external_data_of_another_size_are_refused(file: Path, entries: dict[str, str], rule: str | None) -> None:
    (file.parent / "data").write_bytes(np.arange(16, dtype=np.float32).tobytes())
    if "size" in entries:
        external(file, "data", size=10**12)
        assert "'w': " in refusal(file)
        return
    external(file, "data", **entries)
    if rule is None:
        np.testing.assert_array_equal(read_all(file)["w"], np.arange(8) + (8 if entries else 0))
    else:
        assert rule in refusal(file)


def test_missing_external_data_are_refused(file: Path) -> None:
    external(file, "data")
    assert "'w': external data in 'data': " in refusal(file)
    (file.parent / "data").mkdir()
    assert "'w': " in refusal(file)


def wrong(**fields: object) -> object:
    return TensorProto(**{"name": "w", "data_type": 1, "dims": [2], "raw_data": bytes(8), **fields})


MALFORMED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "no graph or no version"),
    "text": (b"hello", "not an ONNX model"),
    "no graph": (b"\x08\x0a\x12\x07pytorch", "no graph or no version"),
    "nested": (b"\x3a\x7f" * 5000, "not an ONNX model"),
    "too few bytes": (model([wrong(dims=[3])]), "'w': FLOAT of shape (3,) takes 12 bytes, got 8"),
    "a terabyte": (model([wrong(dims=[2**38])]), "takes 1099511627776 bytes, got 8"),
    "overflowing": (model([wrong(dims=[2**62, 2**62])]), "'w': the dimensions that are not zero"),
    "negative": (model([wrong(dims=[-2, -1])]), "'w': no dimension is negative"),
    "rank 65": (model([wrong(dims=[1] * 65)]), "'w': at most 64 axes"),
    "no type": (model([wrong(data_type=0)]), "'w': dtype UNDEFINED cannot be read"),
    "an unknown type": (model([wrong(data_type=999)]), "'w': no type has the number 999"),
    "no data": (model([TensorProto(name="w", data_type=1, dims=[2])]), "'w': "),
    "typed data of another length": (model([TensorProto(name="w", data_type=1, dims=[2], float_data=[1])]), "'w': "),
    "half bytes": (model([TensorProto(name="w", data_type=22, dims=[2**40], int32_data=[1])]), "'w': "),
    "two names": (model([wrong(), wrong()]), "'w': two tensors have this name"),
    "no name": (model([wrong(name="")]), "a tensor has no name"),
    "a name that breaks lines": (model([wrong(name="a\nb", dims=[3])]), r"'a\nb': FLOAT"),
    "a segment": (model([wrong(segment=TensorProto.Segment(begin=0, end=1))]), "'w': "),
}


@pytest.mark.parametrize(("content", "rule"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_model_is_refused_in_one_line(file: Path, content: bytes, rule: str) -> None:
    file.write_bytes(content)
    assert rule in refusal(file)


def test_texts_are_listed_and_sparse_tensors_refused(file: Path) -> None:
    file.write_bytes(model([helper.make_tensor("s", TensorProto.STRING, [1], [b"x"]), wrong()]))
    with open_checkpoint(file) as checkpoint:
        assert [info.dtype for info in checkpoint.tensors] == ["STRING", "FLOAT"]
        assert not checkpoint.tensors[0].is_float and checkpoint.read("w").size == 2
    assert "'s': dtype STRING cannot be read" in refusal(file)
    proto = onnx.load_model_from_string(model([]))
    sparse = helper.make_sparse_tensor(wrong(name="sp", dims=[2]), wrong(data_type=7, raw_data=bytes(16)), [4])
    proto.graph.sparse_initializer.append(sparse)
    file.write_bytes(proto.SerializeToString())
    assert "'sp': sparse tensors cannot be read" in refusal(file)


def test_the_verbs_take_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(model([numpy_helper.from_array(WEIGHTS, "proj.weight")]))
    assert main(["inspect", str(file)]) == 0
    assert main(["order", str(file), "--mask", "2:4", "--format", "int4:b8"]) == 0
    assert "1 tensor compared, 0 left alone" in capsys.readouterr().out


def test_without_the_package_or_with_an_old_one_the_extra_is_named(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_bytes(model([]))
    monkeypatch.setattr(onnx, "__version__", "1.20.1")
    with pytest.raises(MissingExtra, match=r"'onnx>=1\.21'.*sqtheory\[onnx\]"):
        open_checkpoint(file)
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main(["inspect", str(file)]) == 4
    assert "sqtheory[onnx]" in capsys.readouterr().err


def test_a_closed_checkpoint_cannot_be_read(file: Path) -> None:
    file.write_bytes(model([wrong()]))
    with open_checkpoint(file) as checkpoint:
        pass
    with pytest.raises((ValueError, OSError)):
        checkpoint.read("w")


def test_any_change_is_read_or_refused(file: Path) -> None:
    """Bytes replaced, removed and inserted at random: one exception type, in steps by the file's length."""
    (file.parent / "data").write_bytes(bytes(64))
    stub = TensorProto(name="e", data_type=1, dims=[8], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": "data", "offset": "8", "length": "32"}.items():
        stub.external_data.add(key=key, value=value)
    four = numpy_helper.from_array(np.ones((2, 3), ml_dtypes.int4), "f")
    typed = helper.make_tensor("t", TensorProto.FLOAT, [3], [1, 2, 3])
    inner = helper.make_graph([constant("d", WEIGHTS[0, :2])], "then", [], [], [])
    nodes = [helper.make_node("If", ["c"], ["y"], then_branch=inner), constant("c", np.zeros(2, np.int8))]
    original, draw = model([wrong(), stub, four, typed], nodes), random.Random(0)
    read = most = 0
    for _ in range(often(4_000)):
        content = bytearray(original)
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(len(content))
            piece = draw.choice(
                [draw.randbytes(1), draw.randbytes(1), b"\xff" * 9 + b"\x01", b"../", draw.randbytes(4)]
            )
            content[at : at + draw.choice([len(piece), 0, 1, 8])] = piece
        rewrite(file, content)
        try:
            with counted() as calls:
                read += bool(read_all(file))
        except CheckpointError as error:
            assert str(error).isprintable()
        most = max(most, calls.count - 20 * len(content))
    assert 0 < read < often(4_000) and most < 1_000
