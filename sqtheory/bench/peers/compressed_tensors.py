"""Quantize-dequantize and the 2:4 mask of compressed-tensors."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from sqtheory.arrays import Array
from sqtheory.bench.peers.compiled import compiled, quiet
from sqtheory.bench.peers.peer import Peer

SCHEMES = {"mxfp8": "MXFP8A16", "mxfp6": "MXFP6A16", "mxfp4": "MXFP4A16", "nvfp4": "NVFP4A16"}
"""Cases by the names of its schemes."""


def peers(case: str, x: Array) -> Iterator[Peer]:
    """Its way to do the case, if it has one."""
    with quiet():
        from compressed_tensors import __version__
        from compressed_tensors.quantization import QuantizationArgs, preset_name_to_scheme

    name = f"compressed-tensors {__version__}"
    if case in SCHEMES:
        args = preset_name_to_scheme(SCHEMES[case], []).weights
        rule = (
            "one product of both scales (it divides by the larger)"
            if case == "nvfp4"
            else "the floor rule (it rounds the maximum first)"
        )
        yield compiled(name, partial(_image, args), x, f"the error; {rule}")
    if case == "int8":
        args = QuantizationArgs(num_bits=8, strategy="group", group_size=64, symmetric=True)
        yield compiled(name, partial(_image, args), x, "the error; the scale amax/127 (2 amax/255 there)")
    if case == "2:4":
        yield compiled(name, _mask, x, "a rule for ties (its sort is not stable)")


def _image(args: Any, x: Any) -> Any:
    import torch
    from compressed_tensors.quantization import fake_quantize
    from compressed_tensors.quantization.utils import calculate_qparams, generate_gparam

    low, high = torch.aminmax(x.unflatten(-1, (-1, args.group_size)), dim=-1)
    whole = generate_gparam(low.min(), high.max()) if args.strategy == "tensor_group" else None
    scale, zero = calculate_qparams(low, high, args, global_scale=whole)
    return fake_quantize(x, scale, zero, args, global_scale=whole)


def _mask(x: Any) -> Any:
    from compressed_tensors.utils.semi_structured_conversions import mask_creator

    return mask_creator(x)
