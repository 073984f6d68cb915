"""Kinds of files that need a package of their own: ONNX models are rewritten, GGUF files become safetensors."""

from pathlib import Path

import gguf
import ml_dtypes
import numpy as np
import onnx
import pytest

from sqtheory import parse
from sqtheory.cli import main
from sqtheory.compress import Recipe
from tests.compress.material import RECIPES, SQ, applied, verified, weights
from tests.files.checkpoints.handmade import read_all

helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto


def onnx_model(path: Path) -> onnx.ModelProto:
    """Initializers of three types, one of them in fields and not in raw bytes, a constant inside a branch, metadata."""
    inner = helper.make_node("Constant", [], ["deep"], value=numpy_helper.from_array(weights("f4", 3), "ignored"))
    branch = helper.make_graph([inner], "then", [], [])
    empty = helper.make_graph([], "else", [], [])
    nodes = [helper.make_node("If", ["c"], ["y"], name="n", then_branch=branch, else_branch=empty)]
    tensors = [
        numpy_helper.from_array(weights("f4", 1), "a"),
        helper.make_tensor("fields", TensorProto.FLOAT, (4, 8), weights("f4", 2, (4, 8)).ravel().tolist()),
        helper.make_tensor("half", TensorProto.FLOAT16, (32, 64), weights("f2", 4).tobytes(), raw=True),
        helper.make_tensor("brain", TensorProto.BFLOAT16, (32, 64), weights(ml_dtypes.bfloat16, 5).tobytes(), raw=True),
        numpy_helper.from_array(np.arange(6).reshape(2, 3), "ids"),
        helper.make_tensor("names", TensorProto.STRING, (2,), [b"x", b"y"]),
    ]
    model = helper.make_model(helper.make_graph(nodes, "g", [], [], tensors), producer_name="p")
    model.metadata_props.add(key="k", value="v")
    model.graph.doc_string = "kept"
    path.write_bytes(model.SerializeToString())
    return model


@pytest.mark.parametrize("recipe", [SQ, RECIPES["qs"], RECIPES["frozen"]], ids=["sq", "qs", "frozen"])
def test_an_onnx_model_is_rewritten_and_nothing_else_of_it_changes(tmp_path: Path, recipe: Recipe) -> None:
    source, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    onnx_model(source)
    report = applied(source, out, recipe)
    assert [t.name for t in report.tensors] == ["a", "fields", "half", "brain", "deep"]
    assert verified(out).failures == () and verified(out, source).failures == ()
    again = tmp_path / "again.onnx"
    applied(source, again, recipe, workers=3)
    assert again.read_bytes() == out.read_bytes()
    models = [onnx.load(path) for path in (source, out)]
    for model in models:
        [branch] = [a.g for a in model.graph.node[0].attribute if a.name == "then_branch"]
        deep = branch.node[0].attribute[0].t
        for tensor in [t for t in model.graph.initializer if t.name not in ("ids", "names")] + [deep]:
            tensor.ClearField("raw_data")
            tensor.ClearField("float_data")
    assert models[0] == models[1]
    old, new = (
        {t.name: numpy_helper.to_array(t).astype("f4") for t in onnx.load(path).graph.initializer if t.name != "names"}
        for path in (source, out)
    )
    s, q = recipe.assignment.pattern
    if recipe is SQ:
        np.testing.assert_array_equal(new["fields"], (s >> q)(old["fields"]))
        np.testing.assert_array_equal(new["half"], (s >> q)(old["half"]))
    np.testing.assert_array_equal(new["ids"], old["ids"])


def test_a_change_of_an_onnx_model_is_caught(tmp_path: Path) -> None:
    source, out = tmp_path / "in.onnx", tmp_path / "out.onnx"
    onnx_model(source)
    applied(source, out)
    model = onnx.load(out)
    model.graph.initializer[5].string_data[0] = b"z"
    onnx.save(model, out)
    names, header = verified(out).failures
    assert names.tensor == "names" and "SHA-256" in names.rule
    assert header.tensor is None and "what it holds besides entries" in header.rule


def gguf_file(path: Path) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_string("general.name", "small")
    writer.add_tensor("blk.0.plain.weight", weights("f4", 1))
    writer.add_tensor("blk.0.half.weight", weights("f2", 2))
    blocks = gguf.quants.quantize(weights("f4", 3), gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("blk.0.blocks.weight", blocks, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("token_embd.weight", blocks, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("blk.0.attn_norm.weight", weights("f4", 4, (64,)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_a_gguf_file_becomes_safetensors_value_for_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "in.gguf", tmp_path / "out.safetensors"
    gguf_file(source)
    assert main(["apply", str(source), str(out), "--mask", "2:4", "--format", "mxfp4"]) == 0
    [said] = capsys.readouterr().err.splitlines()
    assert "OUT is safetensors" in said and "become F32" in said
    assert main(["verify", str(out), "--against", str(source)]) == 0
    old, new = read_all(source), read_all(out)
    assert old.keys() == new.keys()
    for name, x in old.items():
        kept = any(word in name for word in ("norm", "embd"))
        np.testing.assert_array_equal(new[name], x if kept else (parse("2:4") >> parse("mxfp4"))(x))
    capsys.readouterr()
    assert main(["apply", str(source), str(tmp_path / "out.gguf"), "--mask", "2:4", "--format", "mxfp4"]) == 2
    assert "must end with .safetensors" in capsys.readouterr().err
