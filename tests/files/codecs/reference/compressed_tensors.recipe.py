"""A file of compressed-tensors 0.20.1 and the values that it decompresses: python … FOLDER."""

import json
import sys
from pathlib import Path

import torch
from compressed_tensors.compressors import BaseCompressor
from compressed_tensors.entrypoints.convert.converters import CompressedTensorsDequantizer
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from compressed_tensors.quantization.utils import calculate_qparams, generate_gparam
from safetensors.torch import load_file, save_file

F32, BF16, F16 = torch.float32, torch.bfloat16, torch.float16
LAYOUTS = {
    "pack": ("pack-quantized", {"type": "int"}),
    "int": ("int-quantized", {"type": "int", "num_bits": 8}),
    "float": ("float-quantized", {"type": "float", "num_bits": 8}),
    "nvfp4": ("nvfp4-pack-quantized", {"type": "float", "num_bits": 4, "strategy": "tensor_group", "group_size": 16}),
    **{
        f"mxfp{k}": (f"mxfp{k}-{'pack-' * (k < 8)}quantized", {"type": "float", "num_bits": k, "strategy": "group"})
        for k in (4, 6, 8)
    },
}
EXPONENTS = {"group_size": 32, "scale_dtype": torch.uint8}
ASYMMETRIC = {"symmetric": False}
MODULES = {
    "int4_group": ("pack", F32, (6, 64), {"num_bits": 4, "strategy": "group", "group_size": 32}),
    "int4_channel": ("pack", BF16, (5, 40), {"num_bits": 4, "strategy": "channel"}),
    "int4_asymmetric": ("pack", F16, (11, 64), {"num_bits": 4, "strategy": "group", "group_size": 16, **ASYMMETRIC}),
    "int3_asymmetric": ("pack", BF16, (12, 40), {"num_bits": 3, "strategy": "group", "group_size": 8, **ASYMMETRIC}),
    "int8_tensor": ("pack", F32, (3, 20), {"num_bits": 8, "strategy": "tensor"}),
    "int8_channel_asymmetric": ("pack", F32, (6, 24), {"num_bits": 8, "strategy": "channel", **ASYMMETRIC}),
    "w8_channel": ("int", BF16, (6, 24), {"strategy": "channel"}),
    "w8_asymmetric": ("int", F32, (6, 24), {"strategy": "channel", **ASYMMETRIC}),
    "w8_tensor": ("int", F16, (4, 24), {"strategy": "tensor"}),
    "w4_group": ("int", F32, (4, 32), {"num_bits": 4, "strategy": "group", "group_size": 8}),
    "fp8_tensor": ("float", F32, (6, 24), {"strategy": "tensor"}),
    "fp8_channel": ("float", BF16, (6, 24), {"strategy": "channel"}),
    "fp8_block": ("float", BF16, (12, 20), {"strategy": "block", "block_structure": [8, 8]}),
    "nvfp4": ("nvfp4", BF16, (6, 64), {}),
    "mxfp4": ("mxfp4", BF16, (6, 64), EXPONENTS),
    "mxfp6": ("mxfp6", BF16, (6, 64), EXPONENTS),
    "mxfp8": ("mxfp8", BF16, (6, 64), EXPONENTS),
}


def reduced(x, args):
    """Least and largest entry of what shares a scale."""
    rows, columns = x.shape
    match args.strategy:
        case "tensor":
            each = x.reshape(1, -1)
        case "channel":
            each = x
        case "block":
            h, w = args.block_structure
            padded = torch.nn.functional.pad(x, (0, -columns % w, 0, -rows % h))
            each = padded.unflatten(0, (-1, h)).unflatten(-1, (-1, w)).transpose(1, 2).flatten(-2)
        case _:
            each = x.unflatten(-1, (-1, args.group_size))
    low, high = each.amin(-1), each.amax(-1)
    return (low.unsqueeze(-1), high.unsqueeze(-1)) if args.strategy == "channel" else (low, high)


def main(folder):
    """Write the folder."""
    torch.manual_seed(0)
    held, groups = {}, {}
    for at, (name, (kind, dtype, shape, said)) in enumerate(MODULES.items()):
        layout, common = LAYOUTS[kind]
        args = QuantizationArgs(**{**common, **said})
        dynamic = QuantizationArgs(num_bits=8, dynamic=True, type=args.type)
        activations = dynamic if kind in ("int", "float") else None
        module = f"model.layers.{at}.{name}"
        scheme = QuantizationScheme(targets=[module], weights=args, input_activations=activations, format=layout)
        weight = (torch.randn(shape) * torch.exp(torch.randn(shape[0], 1))).to(dtype)
        low, high = reduced(weight, args)
        state = {"weight": weight}
        if args.strategy == "tensor_group":
            state["weight_global_scale"] = generate_gparam(weight.amin().reshape(1), weight.amax().reshape(1))
        scale, zero = calculate_qparams(low, high, args, global_scale=state.get("weight_global_scale"))
        state |= {"weight_scale": scale} if args.symmetric else {"weight_scale": scale, "weight_zero_point": zero}
        compressor = BaseCompressor.get_value_from_registry(layout)
        held |= {f"{module}.{part}": value.contiguous() for part, value in compressor.compress(state, scheme).items()}
        groups[f"group_{at}"] = scheme
    held["model.norm.weight"] = torch.arange(8.0)
    said = {
        "quant_method": "compressed-tensors",
        "format": "mixed-precision",
        "quantization_status": "compressed",
        "config_groups": {name: json.loads(scheme.model_dump_json()) for name, scheme in groups.items()},
        "ignore": ["lm_head"],
    }
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"model_type": "llama", "quantization_config": said}, indent=1)
    (folder / "config.json").write_text(text + "\n")
    save_file(held, folder / "model.safetensors", {"format": "pt"})
    values = CompressedTensorsDequantizer(folder, dtype=F32).validate(load_file(folder / "model.safetensors"))
    save_file({name: value.float() for name, value in values.items()}, folder / "values.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
