"""Checkpoints of ComfyUI: FP8 is read, and its marks go; what only looks like a known layout is refused by name."""

import json
from pathlib import Path

import numpy as np
import pytest

import sqtheory as sq
from sqtheory.files.checkpoints import open_checkpoint, open_stored
from sqtheory.files.codecs.comfy import KEY
from tests.files.codecs.handmade import Tensor, codes, f32, random_codes, refusal, write


def mark(form: object) -> Tensor:
    text = json.dumps({"format": form}).encode()
    return "U8", (len(text),), text


NVFP4: dict[str, Tensor] = {
    "l.weight": codes("U8", random_codes((128, 32))),
    "l.weight_scale": codes("F8_E4M3", np.full((128, 4), 0x38, np.uint8)),
    "l.weight_scale_2": f32(0.5),
}
FP8: dict[str, Tensor] = {"l.weight": codes("F8_E4M3", random_codes((8, 32))), "l.weight_scale": f32(0.5)}


@pytest.mark.parametrize("form", ["nvfp4", "mxfp8", "int8_tensorwise", 5])
def test_its_other_formats_are_refused_by_name(tmp_path: Path, form: object) -> None:
    message = refusal(write(tmp_path / "m.safetensors", {**NVFP4, "l.comfy_quant": mark(form)}))
    assert "'l.comfy_quant'" in message and f"the format {form} of ComfyUI" in message
    metadata = {KEY: json.dumps({"layers": {"l": {"format": form}}})}
    message = refusal(write(tmp_path / "m.safetensors", NVFP4, metadata=metadata))
    assert "'l.weight'" in message and f"the format {form} of ComfyUI" in message


def test_without_a_mark_the_same_tensors_are_those_of_modelopt(tmp_path: Path) -> None:
    with open_checkpoint(write(tmp_path / "m.safetensors", NVFP4)) as checkpoint:
        assert checkpoint.info("l.weight").dtype == "NVFP4"


def test_fp8_is_read_and_its_marks_are_not_carried_over(tmp_path: Path) -> None:
    metadata = {KEY: json.dumps({"layers": {"l": {"format": "float8_e4m3fn"}}}), "a": "b"}
    path = write(tmp_path / "m.safetensors", {**FP8, "l.comfy_quant": mark("float8_e4m3fn")}, metadata=metadata)
    with open_checkpoint(path) as checkpoint, open_stored(path) as stored:
        assert [info.name for info in checkpoint.tensors] == ["l.weight"]
        assert np.array_equal(checkpoint.read("l.weight"), stored.read("l.weight") / 2)
    out = tmp_path / "out.safetensors"
    sq.apply(path, out, "2:4", "mxfp4")
    assert not sq.verify(out, against=path).failures
    header = out.read_bytes()
    assert KEY.encode() not in header and b"comfy_quant" not in header and b'"a"' in header
