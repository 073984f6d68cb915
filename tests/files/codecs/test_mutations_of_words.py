"""Files of integer codes with something changed in them are read or refused in one line, and nothing else happens."""

import random
from pathlib import Path
from typing import Any

import pytest

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint
from tests.files.codecs.foreign import foreign
from tests.files.codecs.handmade import write
from tests.files.codecs.test_mutations import changed, changed_json
from tests.nightly import often

LAYERS: dict[str, tuple[str, dict[str, Any]]] = {
    "w3": ("gptq", {"quant_method": "gptq", "bits": 3, "group_size": 16, "checkpoint_format": "gptq"}),
    "w": ("awq", {"quant_method": "awq", "bits": 4, "version": "gemm"}),
    "zp": ("auto_round", {"quant_method": "auto-round", "bits": 4, "packing_format": "auto_round:auto_gptq"}),
    "a4": ("mlx", {"group_size": 32, "bits": 4, "mode": "affine"}),
    "mxfp4": ("mlx", {"group_size": 32, "bits": 4, "mode": "mxfp4"}),
    "nn": ("bitsandbytes", {"quant_method": "bitsandbytes", "load_in_4bit": True}),
    "i": ("bitsandbytes", {"quant_method": "bitsandbytes", "load_in_8bit": True}),
}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.filterwarnings("error")
def test_what_is_changed_is_read_or_refused(layer: str, tmp_path: Path) -> None:
    rng = random.Random(layer)
    file, config = LAYERS[layer]
    original, _ = foreign(file, layer)
    original.pop(f"{layer}.v2", None)
    read = refused = 0
    for _ in range(often(40)):
        tensors = dict(original)
        for name in rng.sample(sorted(tensors), min(len(tensors), rng.randrange(3))):
            if rng.random() < 0.2:
                del tensors[name]
            else:
                tensors[name] = changed(tensors[name], rng)
        said = changed_json(config, rng) if rng.random() < 0.4 else config
        (tmp_path / "config.json").unlink(missing_ok=True)
        path = write(tmp_path / "m.safetensors", tensors, said if rng.random() < 0.9 else None)
        try:
            with open_checkpoint(path) as checkpoint:
                assert all(checkpoint.read(info.name).shape == info.shape for info in checkpoint.tensors)
            read += 1
        except CheckpointError as refusal:
            assert str(refusal).isprintable()
            refused += 1
    assert read > 3 and refused > 3
