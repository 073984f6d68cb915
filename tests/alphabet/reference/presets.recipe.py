"""What compressed-tensors 0.20.1, gguf 0.19.0 and xllamacpp 2026.10.11549 make of weights: python … > presets.json."""

import hashlib
import json
from importlib.metadata import version

import gguf
import numpy as np
import torch
from compressed_tensors.quantization.lifecycle.forward import fake_quantize
from compressed_tensors.quantization.quant_scheme import PRESET_SCHEMES
from compressed_tensors.quantization.utils import calculate_qparams, generate_gparam

from tests.tools.make.ggml import through

NAMES = (
    *("W4A16", "W4A8", "W2A16", "W3A16", "W5A16", "W6A16", "W7A16", "W8A16", "W4A16_ASYM", "W8A8"),
    *("FP8", "FP8_DYNAMIC", "FP8_BLOCK"),
    *("MXFP4A16", "MXFP6A16", "MXFP8A16", "NVFP4A16"),
)

GGUF = ("Q4_0", "Q5_0", "Q8_0", "Q4_1", "Q5_1", "TQ1_0", "TQ2_0")
K_QUANTS = ("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K")


def weights():
    """Rows of different sizes, some rich in ties, with a block of zeros."""
    i = np.arange(6 * 256, dtype=np.int64).reshape(6, 256)
    spread = ((i * 40503 + 12345) % 65536 - 32768) / 2.0**14 * 1.37 ** np.arange(6).reshape(6, 1)
    halves = ((i * 31) % 33 - 16) / 2.0
    halves[2, :128] = 0
    return {"spread": spread.astype(np.float32), "halves": halves.astype(np.float32)}


def limits(x, args):
    """Least and largest entry of what shares a scale."""
    match args.strategy:
        case "tensor":
            each = x.reshape(1, -1)
        case "channel":
            return x.amin(-1, keepdim=True), x.amax(-1, keepdim=True)
        case "block":
            each = x.unflatten(-1, (-1, args.block_structure[1])).transpose(0, 1).flatten(-2)
            return each.amin(-1).unsqueeze(0), each.amax(-1).unsqueeze(0)
        case _:
            each = x.unflatten(-1, (-1, args.group_size))
    return each.amin(-1), each.amax(-1)


def image(x, args):
    """The weight as it is read again."""
    whole = generate_gparam(x.amin().reshape(1), x.amax().reshape(1)) if args.strategy == "tensor_group" else None
    scale, zero = calculate_qparams(*limits(x, args), args, global_scale=whole)
    return fake_quantize(x, scale, zero, args, global_scale=whole).float().numpy()


def digest(x, name):
    """Of the image under a preset, -0 as 0."""
    y = image(torch.from_numpy(x), PRESET_SCHEMES[name]["weights"]) + 0
    return hashlib.sha256(y.tobytes()).hexdigest()


def gguf_digest(x, name):
    """Of what is read from GGUF blocks of this type, -0 as 0."""
    kind = gguf.GGMLQuantizationType[name]
    y = gguf.quants.dequantize(gguf.quants.quantize(x, kind), kind) + np.float32(0)
    return hashlib.sha256(y.tobytes()).hexdigest()


def k_digest(x, name):
    """Of what llama.cpp's C library reads of what it wrote, -0 as 0."""
    y = through(f"q{name[1:]}", x) + np.float32(0)
    return hashlib.sha256(y.tobytes()).hexdigest()


def main():
    """Print the hashes."""
    found = {name: {kind: digest(x, name) for kind, x in weights().items()} for name in NAMES}
    found |= {name: {kind: gguf_digest(x, name) for kind, x in weights().items()} for name in GGUF}
    found |= {name: {kind: k_digest(x, name) for kind, x in weights().items()} for name in K_QUANTS}
    print(
        json.dumps({**{p: version(p) for p in ("compressed-tensors", "gguf", "xllamacpp")}, "sha256": found}, indent=1)
    )


if __name__ == "__main__":
    main()
