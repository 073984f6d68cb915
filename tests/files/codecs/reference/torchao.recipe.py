"""A file of torchao 0.18.0 and digests of the values that it dequantizes: python … FOLDER."""

import json
import sys
from hashlib import sha256
from pathlib import Path

import torch
from safetensors.torch import save_file
from torchao.prototype.mx_formats import MXDynamicActivationMXWeightConfig, NVFP4WeightOnlyConfig
from torchao.prototype.mx_formats.mx_tensor import MXTensor
from torchao.prototype.mx_formats.nvfp4_tensor import NVFP4Tensor
from torchao.prototype.safetensors.safetensors_support import flatten_tensor_state_dict
from torchao.quantization import Float8WeightOnlyConfig, Int8WeightOnlyConfig, IntxWeightOnlyConfig, PerGroup, quantize_

FP4 = torch.float4_e2m1fn_x2
CONFIGS = {
    "float8": (torch.bfloat16, Float8WeightOnlyConfig()),
    "int8": (torch.float32, Int8WeightOnlyConfig()),
    "int8_half": (torch.float16, Int8WeightOnlyConfig()),
    "intx": (torch.bfloat16, IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(32))),
    "mxfp8": (torch.bfloat16, MXDynamicActivationMXWeightConfig()),
    "mxfp4": (torch.bfloat16, MXDynamicActivationMXWeightConfig(activation_dtype=FP4, weight_dtype=FP4)),
    "nvfp4": (torch.bfloat16, NVFP4WeightOnlyConfig()),
}


def main(folder: Path) -> None:
    """Write the folder."""
    torch.manual_seed(0)
    held = {}
    for name, (dtype, config) in CONFIGS.items():
        layer = torch.nn.Sequential(torch.nn.Linear(96 if name == "nvfp4" else 64, 16, bias=False)).to(dtype)
        layer[0].weight.data *= torch.exp(torch.randn(16, 1)).to(dtype)
        quantize_(layer, config, filter_fn=lambda module, _: isinstance(module, torch.nn.Linear))
        held[f"{name}.weight"] = layer[0].weight.data
    weight = torch.randn(6, 64)
    held["mx_rows.weight"] = MXTensor.to_mx(weight, torch.float8_e4m3fn, 32)
    held["nv_rows.weight"] = NVFP4Tensor.to_nvfp4(weight, 16)
    held["tall.weight"] = NVFP4Tensor.to_nvfp4(torch.randn(130, 16), 16, is_swizzled_scales=True)
    values = {name: tensor.dequantize().float().contiguous().numpy() for name, tensor in held.items()}
    held["norm.weight"] = torch.arange(3.0)
    tensors, metadata = flatten_tensor_state_dict(held)
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: x.contiguous() for name, x in tensors.items()}, folder / "model.safetensors", metadata)
    said = {n: {"sha256": sha256(x.tobytes()).hexdigest(), "shape": list(x.shape)} for n, x in values.items()}
    (folder / "values.json").write_text(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
