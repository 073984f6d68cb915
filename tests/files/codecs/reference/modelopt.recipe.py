"""Checkpoints that nvidia-modelopt 0.47.0 exports on a CPU, and digests of what it dequantizes: python … FOLDER."""

import hashlib
import json
import sys
from pathlib import Path

import modelopt.torch.quantization as mtq
import torch
from modelopt.torch.export import export_hf_checkpoint
from modelopt.torch.quantization.qtensor import INT8QTensor, MXFP4QTensor, MXFP8QTensor, NVFP4QTensor
from safetensors.torch import load_file
from transformers import GptOssConfig, GptOssForCausalLM, LlamaConfig, LlamaForCausalLM

SMALL = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 1, "num_key_value_heads": 1, "vocab_size": 8}
SMALL |= {"head_dim": 32, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
EXPERTS = {"intermediate_size": 48, "num_local_experts": 2, "num_experts_per_tok": 1, "layer_types": ["full_attention"]}
MODELS = {
    "nvfp4": ("NVFP4_DEFAULT_CFG", lambda: GptOssForCausalLM(GptOssConfig(**SMALL, **EXPERTS))),
    "mxfp4": ("MXFP4_DEFAULT_CFG", lambda: LlamaForCausalLM(LlamaConfig(**SMALL, intermediate_size=96))),
    "w4a8_nvfp4_fp8": ("W4A8_NVFP4_FP8_CFG", lambda: LlamaForCausalLM(LlamaConfig(**SMALL, intermediate_size=32))),
    "int8": ("INT8_WEIGHT_ONLY_CFG", lambda: LlamaForCausalLM(LlamaConfig(**SMALL, intermediate_size=32))),
    "mxfp8": ("MXFP8_DEFAULT_CFG", lambda: LlamaForCausalLM(LlamaConfig(**SMALL, intermediate_size=32))),
}


def values(kind, name, held):
    """What the package dequantizes a weight to, in float32 and in the axes of the file."""
    scale = held.get(f"{name}_scale", held.get(f"{name}_weight_scale"))
    codes = held[name]
    if scale is None:
        return None
    if kind == "mxfp8":
        return MXFP8QTensor(codes.shape, torch.float32, codes).dequantize(torch.float32, scale=scale)
    if kind == "int8":
        return INT8QTensor(codes.shape, torch.float32, codes).dequantize(torch.float32, scale=scale[:, None])
    transposed = codes.ndim == 3
    codes, scale = (codes.mT.contiguous(), scale.mT.contiguous()) if transposed else (codes, scale)
    shape = (*codes.shape[:-1], 2 * codes.shape[-1])
    if kind == "mxfp4":
        return MXFP4QTensor(shape, torch.float32, codes).dequantize(torch.float32, scale=scale, block_sizes={-1: 32})
    second = held.get(f"{name}_scale_2", held.get(f"{name}_weight_scale_2"))
    said = {"scale": scale, "double_scale": second, "block_sizes": {-1: 16 if kind == "nvfp4" else 32}}
    found = NVFP4QTensor(shape, torch.float32, codes).dequantize(torch.float32, **said)
    return found.mT.contiguous() if transposed else found


def main(folder):
    """Write a folder for each model."""
    for kind, (said, made) in MODELS.items():
        torch.manual_seed(0)
        model = made().to(torch.bfloat16)
        model.config.architectures = [type(model).__name__]
        mtq.quantize(model, getattr(mtq, said), lambda model: model(torch.arange(8)[None]))
        export_hf_checkpoint(model, export_dir=str(folder / kind))
        (folder / kind / "generation_config.json").unlink()
        held = load_file(folder / kind / "model.safetensors")
        found = {name: values(kind, name, held) for name in held}
        digests = {
            name: {"sha256": hashlib.sha256(x.numpy().tobytes()).hexdigest(), "shape": list(x.shape)}
            for name, x in found.items()
            if x is not None
        }
        (folder / kind / "values.json").write_text(json.dumps(digests, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
