"""AutoRound: values of files that its package wrote, in each of the ways it packs."""

from pathlib import Path

import pytest

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint
from tests.files.codecs.foreign import foreign
from tests.files.codecs.handmade import write

LAYERS = {
    "own": ("auto_round", 4),
    "three": ("auto_round:gptqmodel", 3),
    "zp": ("auto_round:auto_gptq", 4),
    "eight": (None, 8),
}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("method", ["auto-round", "intel/auto-round"])
def test_values_are_those_of_the_package(layer: str, method: str, tmp_path: Path) -> None:
    packing, bits = LAYERS[layer]
    tensors, values = foreign("auto_round", layer)
    said = {"quant_method": method, "bits": bits, "group_size": 16, **({"packing_format": packing} if packing else {})}
    with open_checkpoint(write(tmp_path / "m.safetensors", tensors, said)) as checkpoint:
        [info] = checkpoint.tensors
        assert (info.name, info.dtype, info.shape) == (f"{layer}.weight", f"AutoRound {bits}-bit", (32, 32))
        assert checkpoint.read(info.name).tobytes() == values.tobytes()


def test_the_words_of_awq_are_read_as_awq(tmp_path: Path) -> None:
    tensors, values = foreign("awq", "w")
    said = {"quant_method": "auto-round", "packing_format": "auto_round:auto_awq"}
    with open_checkpoint(write(tmp_path / "m.safetensors", tensors, said)) as checkpoint:
        assert checkpoint.info("w.weight").dtype == "AutoRound 4-bit"
        assert checkpoint.read("w.weight").tobytes() == values.tobytes()


def test_another_packing_is_refused_by_name(tmp_path: Path) -> None:
    said = {"quant_method": "auto-round", "packing_format": "auto_round:fp8_static"}
    path = write(tmp_path / "m.safetensors", foreign("auto_round", "own")[0], said)
    with pytest.raises(CheckpointError, match="quant_method auto-round has format auto_round:fp8_static: readable are"):
        open_checkpoint(path)
