"""A Conv1D of GPT-2, which is quantized as its transpose, has the axes of a dense checkpoint again."""

import json
from pathlib import Path

import numpy as np
import pytest

from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.views.axes import known_views
from tests.files.codecs.foreign import foreign
from tests.files.codecs.handmade import Tensor, write

FILES = {"gptq": ("gptq", "w4", "gptq"), "bitsandbytes": ("bitsandbytes", "nn", "bitsandbytes")}


def renamed(file: str, layer: str, name: str) -> tuple[dict[str, Tensor], np.ndarray]:
    tensors, values = foreign(file, layer)
    tensors.pop("w4.v2", None)
    return {name + key.removeprefix(layer): tensor for key, tensor in tensors.items()}, values


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("name", ["h.0.attn.c_attn", "h.0.attn.other"])
def test_values_are_transposed_where_the_dense_layer_is(kind: str, file: str, name: str, tmp_path: Path) -> None:
    source, layer, method = FILES[file]
    tensors, values = renamed(source, layer, name)
    path = write(tmp_path / "m.safetensors", tensors, {"quant_method": method})
    (tmp_path / "config.json").write_text(
        json.dumps({"model_type": kind, "quantization_config": {"quant_method": method}})
    )
    transposed = kind == "gpt2" and name.endswith("c_attn")
    with open_checkpoint(path) as checkpoint:
        read = checkpoint.read(f"{name}.weight")
        assert checkpoint.info(f"{name}.weight").shape == read.shape
        assert np.array_equal(read, values.T if transposed else values) and read.flags.c_contiguous
        assert (f"{name}.weight" in known_views(checkpoint)) == transposed
