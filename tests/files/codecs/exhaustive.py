"""Files with every code and every scale byte of a layout, by formula, so that only digests of the values are kept."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Part = tuple[str, NDArray[np.generic]]
"""Type, entries; those of 8-bit floating-point types as bytes."""
_NAN_FP8 = (0x7F, 0xFF)
_EXPONENTS = np.arange(255, dtype=np.uint8)
"""Every exponent byte but NaN."""
_FINE = np.setdiff1d(np.arange(256), _NAN_FP8).astype(np.uint8)
"""Every E4M3 code but NaN."""


def _cycled(*shape: int) -> NDArray[np.uint8]:
    """All bytes, again and again."""
    return (np.arange(np.prod(shape)) % 256).astype(np.uint8).reshape(shape)


def _fp8(*shape: int) -> NDArray[np.uint8]:
    """All E4M3 codes but NaN, again and again."""
    return _FINE[np.arange(np.prod(shape)) % _FINE.size].reshape(shape)


_GLOBAL = np.array([3.7], np.float32)
CASES: Mapping[str, Mapping[str, Part]] = {
    "compressed_tensors nvfp4": {
        "l.weight_packed": ("U8", _cycled(254, 8)),
        "l.weight_scale": ("F8_E4M3", _FINE[:, None]),
        "l.weight_global_scale": ("F32", _GLOBAL),
    },
    "compressed_tensors nvfp4 scalar": {
        "l.weight_packed": ("U8", _cycled(254, 8)),
        "l.weight_scale": ("F8_E4M3", _FINE[:, None]),
        "l.weight_global_scale": ("F32", _GLOBAL.reshape(())),
    },
    "compressed_tensors mxfp4": {
        "l.weight_packed": ("U8", _cycled(255, 16)),
        "l.weight_scale": ("U8", _EXPONENTS[:, None]),
    },
    "compressed_tensors mxfp6": {
        "l.weight_packed": ("U8", _cycled(255, 24)),
        "l.weight_scale": ("U8", _EXPONENTS[:, None]),
    },
    "compressed_tensors mxfp8": {
        "l.weight": ("F8_E4M3", _fp8(255, 32)),
        "l.weight_scale": ("U8", _EXPONENTS[:, None]),
    },
    "compressed_tensors fp8": {
        "l.weight": ("F8_E4M3", _fp8(6, 254)),
        "l.weight_scale": ("F32", np.float32([[1e-38], [0.3], [1.7], [1e3], [3e35], [1e36]])),
    },
    "compressed_tensors int8": {
        "l.weight": ("I8", _cycled(5, 256).view(np.int8)),
        "l.weight_scale": ("F32", np.float32([[1e-38], [0.3], [1.7], [1e3], [3e36]])),
    },
    "transformers gpt_oss": {
        "l.experts.down_proj_blocks": ("U8", _cycled(3, 17, 5, 16)),
        "l.experts.down_proj_scales": ("U8", _EXPONENTS.reshape(3, 17, 5)),
    },
    "transformers mxfp8": {
        "l.weight": ("F8_E4M3", _fp8(51, 160)),
        "l.weight_scale_inv": ("U8", _EXPONENTS.reshape(51, 5)),
    },
    "transformers fp4": {
        "l.weight": ("I8", _cycled(51, 80).view(np.int8)),
        "l.weight_scale_inv": ("F8_E8M0", _EXPONENTS.reshape(51, 5)),
    },
    "transformers e8m0 boxes": {
        "l.weight": ("F8_E4M3", _fp8(256, 384)),
        "l.weight_scale_inv": ("F8_E8M0", np.uint8([[1, 127, 130], [90, 200, 240]])),
    },
    "modelopt nvfp4": {
        "l.weight": ("U8", _cycled(127, 16)),
        "l.weight_scale": ("F8_E4M3", _FINE.reshape(127, 2)),
        "l.weight_scale_2": ("F32", np.float32(0.0037)),
    },
    "modelopt mxfp4": {"l.weight": ("U8", _cycled(51, 80)), "l.weight_scale": ("U8", _EXPONENTS.reshape(51, 5))},
    "modelopt mxfp8": {"l.weight": ("F8_E4M3", _fp8(51, 160)), "l.weight_scale": ("U8", _EXPONENTS.reshape(51, 5))},
}
"""The tensors of a file for each layout that a package reads."""
CONFIGS: Mapping[str, Mapping[str, object]] = {
    "compressed_tensors nvfp4": {"num_bits": 4, "type": "float", "strategy": "tensor_group", "group_size": 16},
    "compressed_tensors nvfp4 scalar": {"num_bits": 4, "type": "float", "strategy": "tensor_group", "group_size": 16},
    "compressed_tensors mxfp4": {"num_bits": 4, "type": "float", "strategy": "group", "group_size": 32},
    "compressed_tensors mxfp6": {"num_bits": 6, "type": "float", "strategy": "group", "group_size": 32},
    "compressed_tensors mxfp8": {"num_bits": 8, "type": "float", "strategy": "group", "group_size": 32},
    "compressed_tensors fp8": {"num_bits": 8, "type": "float", "strategy": "channel"},
    "compressed_tensors int8": {"num_bits": 8, "type": "int", "strategy": "channel"},
}
"""What compressed-tensors is told of the weights."""
FORMATS: Mapping[str, str] = {
    "compressed_tensors nvfp4": "nvfp4-pack-quantized",
    "compressed_tensors nvfp4 scalar": "nvfp4-pack-quantized",
    "compressed_tensors mxfp4": "mxfp4-pack-quantized",
    "compressed_tensors mxfp6": "mxfp6-pack-quantized",
    "compressed_tensors mxfp8": "mxfp8-quantized",
    "compressed_tensors fp8": "float-quantized",
    "compressed_tensors int8": "int-quantized",
}
