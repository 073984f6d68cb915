"""A quantized source is compressed as its values, and what is written is a dense checkpoint that verifies."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import sqtheory as sq
from sqtheory import compress
from sqtheory.cli import main
from sqtheory.compress import Packing, beside
from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint, open_stored
from sqtheory.files.code_layout import CodeLayout
from sqtheory.files.packing import PackedCheckpoint
from tests.compress.material import INDEX, SQ, applied, one_file, verified
from tests.files.codecs.handmade import Tensor, codes, f32, random_codes, write


def pair(name: str, seed: int) -> dict[str, Tensor]:
    scales = np.random.default_rng(seed).random((1, 2), np.float32)
    return {
        f"{name}.weight": codes("F8_E4M3", random_codes((32, 160), seed)),
        f"{name}.weight_scale_inv": f32(scales),
    }


TENSORS = {**pair("a", 1), **pair("lm_head", 2), "a.input_scale": f32(1.5), "norm.weight": f32(np.ones(160))}
CONFIG = {"quant_method": "fp8", "weight_block_size": [128, 128]}
PLACES = {
    "a.weight": "1.safetensors",
    "lm_head.weight_scale_inv": "1.safetensors",
    "a.weight_scale_inv": "2.safetensors",
    "lm_head.weight": "2.safetensors",
    "norm.weight": "2.safetensors",
    "a.input_scale": "3.safetensors",
}
DROPPED = ("a.input_scale", "a.weight_scale_inv", "lm_head.weight_scale_inv")


def quantized_folder(folder: Path) -> Path:
    """Halves of pairs in different shards, a shard of nothing but a scale of activations, a tokenizer."""
    for shard in sorted(set(PLACES.values())):
        write(folder / shard, {name: TENSORS[name] for name, place in PLACES.items() if place == shard}, CONFIG)
    total = sum(len(raw) for _, _, raw in TENSORS.values())
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": total}, "weight_map": PLACES}))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "hf_quant_config.json").write_text('{"quantization": {"quant_method": "fp8"}}')
    return folder


def test_a_file_of_codes_becomes_a_file_of_values(tmp_path: Path) -> None:
    source, out = write(tmp_path / "in.safetensors", TENSORS), tmp_path / "out.safetensors"
    report = applied(source, out, SQ)
    assert verified(out).failures == () and verified(out, source).failures == ()
    assert report.decoding is not None and report.decoding.dropped == DROPPED
    assert report.decoding.weights == dict.fromkeys(("a.weight", "lm_head.weight"), "FP8 E4M3 per all×128")
    with open_checkpoint(source) as codes, open_stored(out) as made:
        assert {info.name: info.dtype for info in made.tensors} == dict.fromkeys(
            ("a.weight", "lm_head.weight", "norm.weight"), "F32"
        )
        assert made.read("a.weight").tobytes() == SQ.image(codes.read("a.weight"), "a.weight").tobytes()
        assert made.read("lm_head.weight").tobytes() == codes.read("lm_head.weight").tobytes()


def test_a_folder_of_codes_becomes_a_folder_of_values_that_states_no_quantization(tmp_path: Path) -> None:
    source, out = quantized_folder(tmp_path / "in"), tmp_path / "out"
    before = {file.name: file.read_bytes() for file in source.iterdir()}
    report = applied(source, out, SQ, workers=2)
    assert before == {file.name: file.read_bytes() for file in source.iterdir()}
    assert verified(out).failures == () and verified(out, source).failures == ()
    names = {"1.safetensors", "2.safetensors", INDEX, "tokenizer.json", "config.json"}
    assert {file.name for file in out.iterdir()} == names
    assert json.loads((out / "config.json").read_text()) == {"model_type": "x"}
    index = json.loads((out / INDEX).read_text())
    places = {"a.weight": "1.safetensors", "lm_head.weight": "2.safetensors", "norm.weight": "2.safetensors"}
    assert index == {"metadata": {"total_size": 4 * (2 * 32 * 160 + 160)}, "weight_map": places}
    assert report.decoding is not None
    assert report.decoding.configurations == ("config.json", "hf_quant_config.json")
    assert set(report.copied) == {"tokenizer.json"} and "config.json" in report.source
    again = tmp_path / "again"
    applied(source, again, SQ)
    assert beside(again).read_bytes() == beside(out).read_bytes()


def test_a_changed_configuration_is_found(tmp_path: Path) -> None:
    source, out = quantized_folder(tmp_path / "in"), tmp_path / "out"
    applied(source, out, SQ)
    (out / "config.json").write_text('{"model_type": "y"}')
    assert [f.rule for f in verified(out).failures] == [
        "config.json: what it holds besides entries has not the recorded SHA-256"
    ]


@pytest.mark.parametrize("make", [lambda path: write(path / "m.safetensors", TENSORS), quantized_folder])
def test_codes_of_ours_take_the_place_of_theirs(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    source, dense = make(tmp_path / "in"), tmp_path / "dense"
    dense = dense if source.is_dir() else dense.with_suffix(".safetensors")
    packed, folder = tmp_path / "packed.safetensors", tmp_path / "folder"
    applied(source, dense, SQ)
    applied(source, packed, SQ, packing=Packing())
    assert verified(packed).failures == () and verified(packed, source).failures == ()
    with PackedCheckpoint(packed) as ours, open_checkpoint(dense) as values:
        assert {info.name for info in ours.tensors} == {info.name for info in values.tensors}
        assert all(ours.read(i.name).tobytes() == values.read(i.name).tobytes() for i in values.tensors)
    applied(source, folder, SQ, packing=Packing(CodeLayout.compressed_tensors))
    assert verified(folder, source).failures == ()
    config = json.loads((folder / "config.json").read_text())
    assert config["quantization_config"]["quant_method"] == "compressed-tensors"


def test_a_dense_source_says_nothing_of_codes(tmp_path: Path) -> None:
    report = applied(one_file(tmp_path / "in.safetensors"), tmp_path / "out.safetensors", SQ)
    assert report.decoding is None and "decoding" not in report.to_dict()
    assert compress.read_report(beside(tmp_path / "out.safetensors")) == report


def test_values_are_not_written_beside_a_configuration_of_codes(tmp_path: Path) -> None:
    """They could not be read there; packed files say themselves what they are."""
    source = write(tmp_path / "in.safetensors", TENSORS, CONFIG)
    with pytest.raises(CheckpointError, match=r"out\.safetensors.*'config\.json' .*fp8.*another folder"):
        sq.apply(source, tmp_path / "out.safetensors", "2:4", "int8")
    assert not (tmp_path / "out.safetensors").exists()
    sq.apply(source, tmp_path / "packed.safetensors", "2:4", "int8", pack=True)
    (tmp_path / "other").mkdir()
    sq.apply(source, tmp_path / "other" / "out.safetensors", "2:4", "int8")
    with open_checkpoint(tmp_path / "packed.safetensors") as packed:
        with open_checkpoint(tmp_path / "other" / "out.safetensors") as values:
            assert np.array_equal(packed.read("a.weight"), values.read("a.weight"))
    assert main(["unpack", str(tmp_path / "packed.safetensors"), str(tmp_path / "values.safetensors")]) == 3
