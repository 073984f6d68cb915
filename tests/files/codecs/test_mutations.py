"""Files of packages with something changed in them are read or refused in one line, and nothing else happens."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.checkpoints.elements import nbytes_of
from tests.files.codecs.handmade import Tensor, loaded, write

HERE = Path(__file__).parent / "reference"
FOLDERS = (
    "compressed_tensors",
    "act_order",
    "modelopt/nvfp4",
    "modelopt/mxfp4",
    "modelopt/mxfp8",
    "modelopt/int8",
    "torchao",
)
TYPES = ("U8", "I8", "F32", "F16", "BF16", "F8_E4M3", "F8_E8M0", "I32", "I64", "F4", "F8_E5M2", "F6_E2M3")
WORDS: tuple[Any, ...] = (
    *(None, True, 0, -1, 3, 8, 16, 1e9, 2**70, "x", "re:(", "float", "int", "group", "tensor", "channel", "1x2"),
    *("pack-quantized", [], {}, [1], [0, 0]),
)


def changed_json(value: Any, rng: random.Random) -> Any:
    """One value somewhere in it is another, or is not there."""
    copy = json.loads(json.dumps(value))
    inner, place = copy, None
    while isinstance(inner, dict | list) and inner and rng.random() < 0.85:
        key = rng.choice([*inner] if isinstance(inner, dict) else [*range(len(inner))])
        place, inner = (inner, key), inner[key]
    if place is not None:
        holder, key = place
        if isinstance(holder, dict) and rng.random() < 0.2:
            del holder[key]
        else:
            holder[key] = rng.choice(WORDS)
    return copy


def changed(tensor: Tensor, rng: random.Random) -> Tensor:
    """Another type, another shape or other bytes."""
    dtype, shape, raw = tensor
    match rng.randrange(4):
        case 0:
            dtype = rng.choice(TYPES)
        case 1:
            at = rng.randrange(len(shape) + 1)
            shape = (*shape[:at], rng.choice((0, 1, 2, 3, 7, 16, 64)), *shape[at + 1 :])
        case 2:
            shape = rng.choice(((), (1,), (len(raw),), (1, *shape), (*shape, 1), shape[::-1]))
        case _:
            raw = bytes(rng.choice((255, 0, 127)) for _ in raw)
    try:
        nbytes = nbytes_of(dtype, shape)
    except ValueError:
        return tensor
    return dtype, shape, (raw * (nbytes // max(1, len(raw)) + 1))[:nbytes] if raw else bytes(nbytes)


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.filterwarnings("error")
def test_what_is_changed_is_read_or_refused(folder: str, tmp_path: Path) -> None:
    rng = random.Random(folder)
    original, said = loaded(HERE / folder / "model.safetensors")
    beside = HERE / folder / "config.json"
    layers = sorted({name.rpartition(".")[0] for name in original if "layers" in name or "_weight" in name})
    read = refused = 0
    for _ in range(60):
        layer, metadata = rng.choice(layers), dict(said)
        tensors = {name: tensor for name, tensor in original.items() if folder == "torchao" or name.startswith(layer)}
        for name in rng.sample(sorted(tensors), min(len(tensors), rng.randrange(3))):
            if rng.random() < 0.2:
                del tensors[name]
            else:
                tensors[name] = changed(tensors[name], rng)
        if folder == "torchao" and rng.random() < 0.7:
            key = rng.choice(sorted(metadata))
            metadata[key] = json.dumps(changed_json(json.loads(metadata[key]), rng)) if rng.random() < 0.8 else "["
        config = json.loads(beside.read_text())["quantization_config"] if beside.exists() else None
        config = changed_json(config, rng) if config and rng.random() < 0.6 else config
        (tmp_path / "config.json").unlink(missing_ok=True)
        path = write(tmp_path / "m.safetensors", tensors, config, metadata)
        try:
            with open_checkpoint(path) as checkpoint:
                assert all(checkpoint.read(info.name).shape == info.shape for info in checkpoint.tensors)
            read += 1
        except CheckpointError as refusal:
            assert str(refusal).isprintable()
            refused += 1
    assert read > 5 and refused > 5
