"""MatMulNBits in the place of MatMul: read back as our values, and run by onnxruntime where it is installed."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import pytest

import sqtheory as sq
from sqtheory.cli import main
from sqtheory.files.checkpoints import open_checkpoint
from tests.nightly import thin

helper, numpy_helper = onnx.helper, onnx.numpy_helper
RNG = np.random.default_rng(3)
X = RNG.normal(size=(5, 96)).astype(np.float32)
UP, DOWN = RNG.normal(size=(96, 64)).astype(np.float32), RNG.normal(size=(64, 24)).astype(np.float32)
WORDS = ("--pack", "--layout", "onnx")
FORMATS = {
    "affine(4, block=32)": 4,
    "affine(4, added=before, zero_rounding=half_away, reciprocal=true, block=32, rounding=half_away)": 4,
    "affine(3, block=48)": 4,
    "affine(8, per=row, range=own)": 8,
    "affine(2, block=16)": 2,
    "int(4, block=32)": 4,
    "int(8, per=tensor)": 8,
    "hbfp4:b32": 4,
}
UNIT = 2.0**-24


def model(path: Path) -> Path:
    """y = relu(x U) D."""
    node = helper.make_node
    nodes = [node("MatMul", ["x", "up"], ["s"]), node("Relu", ["s"], ["h"]), node("MatMul", ["h", "down"], ["y"])]
    ends = [helper.make_tensor_value_info(*end) for end in (("x", 1, [5, 96]), ("y", 1, [5, 24]))]
    held = [numpy_helper.from_array(UP, "up"), numpy_helper.from_array(DOWN, "down")]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], held)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    path.write_bytes(made.SerializeToString())
    return path


def image(fmt: str, mask: str | None, x: np.ndarray) -> np.ndarray:
    return sq.parse(fmt if mask is None else f"{mask} >> {fmt}")(np.ascontiguousarray(x.T)).T


@thin(3)
@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("mask", [None, "2:4"])
def test_codes_are_read_as_our_values_and_verified(tmp_path: Path, fmt: str, mask: str | None) -> None:
    source, out = model(tmp_path / "in.onnx"), tmp_path / "out.onnx"
    fits = ("--targets", "up") if "48" in fmt else ()
    masked = () if mask is None else ("--mask", mask)
    assert main(["apply", str(source), str(out), "--format", fmt, *masked, *fits, *WORDS]) == 0
    assert main(["verify", str(out), "--against", str(source)]) == 0
    onnx.checker.check_model(onnx.load(out))
    nodes = [one for one in onnx.load(out).graph.node if one.op_type == "MatMulNBits"]
    assert len(nodes) == (1 if fits else 2) and all(one.domain == "com.microsoft" for one in nodes)
    assert {one.i for two in nodes for one in two.attribute if one.name == "bits"} == {FORMATS[fmt]}
    assert {len(one.input) for one in nodes} == {4 if "affine" in fmt else 3}
    with open_checkpoint(out) as read:
        assert np.array_equal(read.read("up"), image(fmt, mask, UP))
        if not fits:
            assert np.array_equal(read.read("down"), image(fmt, mask, DOWN))


def test_a_changed_byte_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = model(tmp_path / "in.onnx"), tmp_path / "out.onnx"
    assert main(["apply", str(source), str(out), "--format", "affine(4, block=32)", *WORDS]) == 0
    whole, held = out.read_bytes(), {t.name: t for t in onnx.load(out).graph.initializer}
    assert sorted(held) == [f"{name}_{end}" for name in ("down", "up") for end in ("Q4", "scales", "zero_points")]
    for name in held:
        at = whole.index(held[name].raw_data[:12]) + 5
        out.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert main(["verify", str(out)]) == 1, name
    out.write_bytes(whole.replace(b"Relu", b"Tanh"))
    assert main(["verify", str(out)]) == 1


REFUSED = {
    "block": ("int(4, block=24)", 3, "24 are none"),
    "bits": ("affine(9, block=32)", 3, "has integers of 2, 4, 8 bits"),
    "floats": ("mxfp4", 3, "has integers of 2, 4, 8 bits"),
    "real offsets": ("affine(4, offset=float, block=32)", 3, "with integer zero points"),
    "places": ("int(4, block=32)", 2, "--index"),
}


@pytest.mark.parametrize(("fmt", "status", "rule"), REFUSED.values(), ids=REFUSED)
def test_what_the_operator_lacks_is_refused_and_nothing_is_left(
    tmp_path: Path, fmt: str, status: int, rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source, more = model(tmp_path / "in.onnx"), ("--index", "bitmap") if rule == "--index" else ()
    words = (str(source), str(tmp_path / "out.onnx"), "--format", fmt, "--targets", "up", *WORDS, *more)
    assert main(["apply", *words]) == status
    assert rule in capsys.readouterr().err and [path.name for path in tmp_path.iterdir()] == ["in.onnx"]


def test_a_weight_that_no_product_takes_alone_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = model(tmp_path / "in.onnx")
    made = onnx.load(source)
    made.graph.node.append(helper.make_node("Transpose", ["up"], ["z"]))
    made.graph.output.append(helper.make_tensor_value_info("z", 1, [64, 96]))
    source.write_bytes(made.SerializeToString())
    words = (str(source), str(tmp_path / "out.onnx"), "--format", "int(4, block=32)", "--targets", "up", *WORDS)
    assert main(["apply", *words]) == 3
    assert "tensor 'up': MatMulNBits takes the place of MatMul" in capsys.readouterr().err


@pytest.mark.skipif(find_spec("onnxruntime") is None, reason="onnxruntime (extra interop) is not installed")
@pytest.mark.parametrize("fmt", [fmt for fmt in FORMATS if "48" not in fmt])
def test_onnxruntime_runs_our_forward_pass(tmp_path: Path, fmt: str) -> None:
    """|fl(Σ a b) − Σ a b| ≤ γ_n Σ |a||b| of float32 sums in any order (Higham, §3.1), once for each product."""
    import onnxruntime

    source, out = model(tmp_path / "in.onnx"), tmp_path / "out.onnx"
    assert main(["apply", str(source), str(out), "--mask", "2:4", "--format", fmt, *WORDS]) == 0
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    [y] = session.run(None, {"x": X})
    up, down = (image(fmt, "2:4", one).astype(np.float64) for one in (UP, DOWN))
    gammas = [n * UNIT / (1 - n * UNIT) for n in (len(up) + 2, len(down) + 2)]  # a code is decoded by two roundings
    sums = X.astype(np.float64) @ up
    moved = gammas[0] * (np.abs(X).astype(np.float64) @ np.abs(up))
    h = np.maximum(sums, 0)
    bound = moved @ np.abs(down) + gammas[1] * ((h + moved) @ np.abs(down))
    assert np.all(np.abs(y - h @ down) <= bound)
    assert np.any(np.abs(np.maximum(X @ UP, 0) @ DOWN - h @ down) > 1000 * bound)
