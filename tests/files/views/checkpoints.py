"""Small checkpoints of layers whose weights are no plain matrices [out, in]."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

Shapes = Mapping[str, tuple[int, ...]]
LAYERS: Shapes = {
    "conv.weight": (16, 8, 3, 3),
    "h.attn.c_attn.weight": (32, 96),
    "h.attn.c_proj.weight": (32, 32),
    "l.weight": (64, 32),
    "m.experts.down_proj": (4, 48, 64),
    "m.experts.gate_up_proj": (4, 64, 96),
}


def save(folder: Path, shapes: Shapes = LAYERS, config: Mapping[str, object] | None = None, seed: int = 0) -> Path:
    """Normal entries in ``model.safetensors``, and a ``config.json`` beside it if one is given."""
    rng = np.random.default_rng(seed)
    path = folder / "model.safetensors"
    save_file({name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}, path)
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    return path
