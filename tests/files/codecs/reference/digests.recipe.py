"""Digests of what packages make of every code and every scale byte: python … digests.json, beside ``exhaustive.py``.

compressed-tensors 0.20.1, transformers 5.24.0, nvidia-modelopt 0.47.0, torch 2.14.1 on a CPU.
"""

import hashlib
import json
import sys
from pathlib import Path

import torch
from compressed_tensors.compressors import BaseCompressor
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from exhaustive import CASES, CONFIGS, FORMATS
from modelopt.torch.quantization.qtensor import MXFP4QTensor, MXFP8QTensor, NVFP4QTensor
from transformers.integrations.finegrained_fp8 import Fp8Dequantize
from transformers.integrations.mxfp4 import convert_moe_packed_tensors

VIEWS = {"F8_E4M3": torch.float8_e4m3fn, "F8_E8M0": torch.float8_e8m0fnu}


def values(case):
    """What the package of a case makes of its tensors."""
    held = {}
    for name, (dtype, array) in CASES[case].items():
        found = torch.from_numpy(array.copy()) if array.shape else torch.tensor(array.item(), dtype=torch.float32)
        held[name.rpartition(".")[-1]] = found.view(VIEWS[dtype]) if dtype in VIEWS else found
    package, kind = case.split(" ", 1)
    if package == "compressed_tensors":
        scheme = QuantizationScheme(targets=["Linear"], weights=QuantizationArgs(**CONFIGS[case]))
        return BaseCompressor.get_value_from_registry(FORMATS[case]).decompress(held, scheme)["weight"]
    if kind == "gpt_oss":
        return convert_moe_packed_tensors(held["down_proj_blocks"], held["down_proj_scales"])
    if package == "transformers":
        return Fp8Dequantize(None)._dequantize_one(held["weight"], held["weight_scale_inv"], torch.float32)
    codes, scale = held["weight"], held["weight_scale"]
    if kind == "mxfp8":
        return MXFP8QTensor(codes.shape, torch.float32, codes).dequantize(torch.float32, scale=scale)
    shape = (*codes.shape[:-1], 2 * codes.shape[-1])
    if kind == "mxfp4":
        return MXFP4QTensor(shape, torch.float32, codes).dequantize(torch.float32, scale=scale, block_sizes={-1: 32})
    said = {"scale": scale, "double_scale": held["weight_scale_2"], "block_sizes": {-1: 16}}
    return NVFP4QTensor(shape, torch.float32, codes).dequantize(torch.float32, **said)


def digest(case):
    """The shape, the type and a digest of the float32 values."""
    found = values(case)
    raw = found.float().contiguous().numpy().tobytes()
    return {"shape": list(found.shape), "dtype": str(found.dtype), "sha256": hashlib.sha256(raw).hexdigest()}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps({case: digest(case) for case in CASES}, indent=1) + "\n")
