"""A file with ``weight_g_idx`` as compressed-tensors 0.14.0.1 writes and decompresses it: python … FOLDER."""

import json
import sys
from pathlib import Path

import torch
from compressed_tensors.compressors import PackedQuantizationCompressor
from compressed_tensors.quantization import QuantizationArgs, QuantizationConfig, QuantizationScheme
from compressed_tensors.quantization.utils import calculate_qparams
from safetensors.torch import save_file

LAYER = "model.layers.0.up_proj"
ARGS = {"num_bits": 4, "strategy": "group", "group_size": 8, "symmetric": False, "actorder": "group"}


def main(folder: Path) -> None:
    """Write the folder."""
    torch.manual_seed(0)
    args = QuantizationArgs(**ARGS)
    weight, order = torch.randn(6, 32), torch.randperm(32)
    groups = (torch.argsort(order) // 8).to(torch.int32)
    sorted_groups = weight[:, order].unflatten(-1, (-1, 8))
    scale, zero = calculate_qparams(sorted_groups.amin(-1), sorted_groups.amax(-1), args)
    compressor = PackedQuantizationCompressor()
    held = compressor.compress_weight(weight, scale, quantization_args=args, zero_point=zero, g_idx=groups)
    held |= {"weight_scale": scale, "weight_g_idx": groups}
    values = compressor.decompress_weight(dict(held), args)
    scheme = QuantizationScheme(targets=["Linear"], weights=args)
    said = QuantizationConfig(config_groups={"group_0": scheme}, format="pack-quantized").to_dict()
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"quantization_config": said}, indent=1, default=str)
    (folder / "config.json").write_text(text + "\n")
    save_file({f"{LAYER}.{part}": value.contiguous() for part, value in held.items()}, folder / "model.safetensors")
    save_file({f"{LAYER}.weight": values.contiguous()}, folder / "values.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
