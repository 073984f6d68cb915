"""bitsandbytes: values of files that it wrote, NF4, FP4 and both with scales in codes, and LLM.int8()."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint
from tests.files.codecs.foreign import entries, foreign
from tests.files.codecs.handmade import Tensor, f32, write

SAID = {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}
LAYERS = {"n": "nf4", "nn": "nf4", "f": "fp4", "ff": "fp4", "i": "int8"}
STATE = "nn.weight.quant_state.bitsandbytes__nf4"


@pytest.mark.parametrize("said", [SAID, None])
@pytest.mark.parametrize("layer", LAYERS)
def test_values_are_those_of_the_package(layer: str, said: dict[str, Any] | None, tmp_path: Path) -> None:
    tensors, values = foreign("bitsandbytes", layer)
    with open_checkpoint(write(tmp_path / "m.safetensors", tensors, said)) as checkpoint:
        [info] = checkpoint.tensors
        assert (info.name, info.dtype) == (f"{layer}.weight", f"bitsandbytes {LAYERS[layer]}")
        assert info.shape == values.shape
        read = checkpoint.read(info.name)
        assert np.array_equal(read, values) and (LAYERS[layer] == "fp4" or read.tobytes() == values.tobytes())


def test_the_first_code_of_a_byte_is_in_its_high_half(tmp_path: Path) -> None:
    state = json.dumps({"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [3]}).encode()
    tensors: dict[str, Tensor] = {
        "w": ("U8", (2, 1), bytes([0x12, 0x30])),
        "w.absmax": f32([2.0]),
        "w.quant_map": f32(np.arange(16)),
        "w.quant_state.bitsandbytes__nf4": ("U8", (len(state),), state),
    }
    with open_checkpoint(write(tmp_path / "m.safetensors", tensors)) as checkpoint:
        assert checkpoint.read("w").tolist() == [2, 4, 6]


def state(**other: Any) -> dict[str, Tensor | None]:
    """The state of the layer ``nn`` with other entries."""
    own = json.loads(foreign("bitsandbytes", "nn")[0][STATE][2]) | other
    text = json.dumps(own).encode()
    return {STATE: ("U8", (len(text),), text)}


FAULTS: dict[str, tuple[dict[str, Tensor | None], tuple[str, ...]]] = {
    "no codes": ({"nn.weight": None}, (STATE, "'nn.weight'")),
    "no state": ({STATE: None}, ("'nn.weight'",)),
    "no scales": ({"nn.weight.absmax": None}, ("'nn.weight'", "'nn.weight.absmax'")),
    "no nested": ({"nn.weight.nested_absmax": None}, ("'nn.weight'", "'nn.weight.nested_absmax'")),
    "type": ({"nn.weight": ("BF16", (96, 1), bytes(192))}, ("'nn.weight'", "BF16")),
    "codes": ({"nn.weight": ("U8", (191, 1), bytes(191))}, ("'nn.weight'", "(191, 1)", "(12, 32)")),
    "scales": ({"nn.weight.absmax": ("U8", (7,), bytes(7))}, ("'nn.weight'", "'nn.weight.absmax'", "(7,)")),
    "not nested": (state(nested_blocksize=0), ("'nn.weight'", "'nn.weight.absmax'", "F32")),
    "shape": (state(shape=[12, "x"]), (STATE, "shape")),
    "negative": (state(shape=[-12, -32]), (STATE, "negative")),
    "block": (state(blocksize=0), (STATE, "blocksize")),
    "vast": (state(blocksize=1 << 60), ("'nn.weight'", "(1,)")),
    "kind": (state(quant_type="fp4"), (STATE, "quant_type")),
    "dtype": (state(dtype="float64"), (STATE, "dtype")),
    "text": ({STATE: ("U8", (3,), b"{1}")}, (STATE, "JSON")),
    "long": ({STATE: ("U8", (5000,), bytes(5000))}, (STATE, "at most 4096 bytes")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_is_refused(fault: str, tmp_path: Path) -> None:
    other, words = FAULTS[fault]
    tensors = {name: one for name, one in (foreign("bitsandbytes", "nn")[0] | other).items() if one is not None}
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(write(tmp_path / "m.safetensors", tensors, SAID))
    assert all(word in str(caught.value) for word in words), caught.value


INT8_FAULTS: dict[str, tuple[dict[str, Tensor | None], tuple[str, ...]]] = {
    "no codes": ({"i.weight": None}, ("'i.SCB'", "'i.weight'")),
    "no scales": ({"i.SCB": None}, ("'i.weight'", "'i.SCB'")),
    "type": ({"i.weight": f32(np.ones((8, 32)))}, ("'i.SCB'", "'i.weight'", "F32")),
    "scales": ({"i.SCB": f32(np.ones(7))}, ("'i.SCB'", "'i.weight'", "(7,)")),
    "axes": ({"i.weight": ("I8", (256,), bytes(256))}, ("i.SCB", "'i.weight'", "(256,)")),
}


@pytest.mark.parametrize("fault", INT8_FAULTS)
def test_what_does_not_fit_eight_bits_is_refused(fault: str, tmp_path: Path) -> None:
    other, words = INT8_FAULTS[fault]
    tensors = {name: one for name, one in (foreign("bitsandbytes", "i")[0] | other).items() if one is not None}
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(write(tmp_path / "m.safetensors", tensors))
    assert all(word in str(caught.value) for word in words), caught.value


def test_scales_that_are_no_numbers_and_another_order_are_refused(tmp_path: Path) -> None:
    tensors, _ = foreign("bitsandbytes", "i")
    scales = entries(tensors["i.SCB"], "<f4")
    scales[2] = np.inf
    for other, rule in ((f32(scales), "scales: inf"), (("U8", (), b"\1"), "row by row")):
        name = "i.SCB" if other[0] == "F32" else "i.weight_format"
        with open_checkpoint(write(tmp_path / "m.safetensors", {**tensors, name: other})) as checkpoint:
            with pytest.raises(CheckpointError, match=rf"'i\.weight'.*{rule}.*'i\.SCB'"):
                checkpoint.read("i.weight")
