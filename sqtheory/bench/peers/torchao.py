"""Quantize-dequantize and the 2:4 mask of torchao."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from sqtheory.arrays import Array
from sqtheory.bench.peers.compiled import compiled, quiet
from sqtheory.bench.peers.peer import Peer

ELEMENTS = {"mxfp8": "float8_e4m3fn", "mxfp6": "fp6_e2m3", "mxfp4": "float4_e2m1fn_x2"}
"""Elements as torchao names them: a type of torch, or a word of its own."""


def peers(case: str, x: Array) -> Iterator[Peer]:
    """Its way to do the case, if it has one."""
    with quiet():
        from torchao import __version__

    name = f"torchao {__version__}"
    if case in ELEMENTS:
        yield compiled(name, partial(_mx, ELEMENTS[case]), x, "the error; rows that are no whole number of blocks")
    if case == "nvfp4":
        yield compiled(name, _nvfp4, x, "the error; division by the scale (by its reciprocal there)")
    if case == "2:4":
        yield compiled(name, _mask, x, "a rule for ties (its sort is not stable)")


def _mx(element: str, x: Any) -> Any:
    import torch
    from torchao.prototype.mx_formats.mx_tensor import to_dtype, to_mx

    kind = getattr(torch, element, element)
    scale, codes = to_mx(x, kind, 32)
    return to_dtype(codes, scale, kind, 32, torch.float32)


def _nvfp4(x: Any) -> Any:
    import torch
    from torchao.prototype.mx_formats.nvfp4_tensor import NVFP4Tensor, per_tensor_amax_to_scale

    scale = per_tensor_amax_to_scale(torch.amax(torch.abs(x)))
    return NVFP4Tensor.to_nvfp4(x, per_tensor_scale=scale).dequantize(torch.float32)


def _mask(x: Any) -> Any:
    from torchao.sparsity.utils import mask_creator

    return mask_creator(x)
