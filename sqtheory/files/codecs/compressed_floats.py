"""Small floating-point numbers as compressed-tensors stores them; products are rounded as the package rounds them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.elements import ELEMENTS
from sqtheory.files.checkpoints.tensors import TensorInfo
from sqtheory.files.codecs.boxes import Shape, spread
from sqtheory.files.codecs.codec import Encoded
from sqtheory.files.codecs.compressed_integers import REAL
from sqtheory.files.codecs.compressed_layer import QuantizedLayer
from sqtheory.files.codecs.fp8 import called
from sqtheory.files.codecs.precision import ROUNDED
from sqtheory.files.codecs.scales import finite, positive, powers

BF16 = "BF16"
NV, MX = 16, 32
"""Entries of a row that share an E4M3 scale, and an exponent."""


@final
@dataclass(frozen=True)
class Floats:
    """fl(c·s) rounded to the type that the package computes in: that of the scales, BF16 where these are bytes."""

    shape: Shape
    box: Shape
    codes: str
    """The type of the codes: F4, F6_E2M3, F8_E4M3."""
    dtype: str
    """The type of the values."""
    narrow_quotient: bool = False
    """fl(s/G) is rounded to BF16: so torch has it where G is a scalar."""

    def __call__(self, arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """The values, from the parts as they are read; ValueError for a part that holds none."""
        codes, scales = arrays["codes"], arrays["scales"]
        if codes.dtype == np.uint8:
            codes = ELEMENTS[self.codes].decode(np.ascontiguousarray(codes).reshape(-1)).reshape(self.shape)
        sigma = powers(scales) if scales.dtype == np.uint8 else finite(scales).astype(np.float32)
        if "tensor scale" in arrays:
            sigma = sigma / positive(arrays["tensor scale"]).reshape(())
            sigma = finite(ROUNDED[BF16](sigma) if self.narrow_quotient else sigma)
        with np.errstate(over="ignore", invalid="ignore"):
            return ROUNDED[self.dtype](codes * spread(sigma, self.shape, self.box))


def packed_floats(layer: QuantizedLayer) -> Encoded:
    """The weight in ``weight_packed`` U8 and ``weight_scale``: NVFP4, MXFP4 or MXFP6, by what the scales are of."""
    scale = layer.need("scale", frozenset({"U8", "F8_E4M3"}))
    *lead, octets = layer.codes.shape
    if scale.dtype == "F8_E4M3":
        return _nvfp4(layer, scale)
    for codes, scheme, bits in (("F4", "MXFP4", 4), ("F6_E2M3", "MXFP6 E2M3", 6)):
        shape = (*lead, octets * 8 // bits)
        if scale.shape == (*lead, octets * 8 // (bits * MX)) and not octets * 8 % (bits * MX):
            return _floats(layer, scale, shape, MX, codes, scheme, {})
    rule = f"exponents of shape {scale.shape} are not one for {MX} codes of 4 or 6 bits in {layer.codes.shape} bytes"
    raise layer.refused(rule, scale)


def plain_floats(layer: QuantizedLayer) -> Encoded:
    """The weight in ``weight`` F8_E4M3 and ``weight_scale``, which are exponents where they are U8."""
    scale = layer.need("scale", REAL | {"U8"})
    shape = layer.codes.shape
    if scale.dtype == "U8":
        if scale.shape != (*shape[:-1], shape[-1] // MX) or shape[-1] % MX:
            raise layer.refused(f"exponents of shape {scale.shape} are not one for {MX} of a row of {shape}", scale)
        return _floats(layer, scale, shape, MX, layer.codes.dtype, "MXFP8 E4M3", {})
    if not layer.obeyed({"kind": "float", "num_bits": 8}):
        raise layer.refused(f"{layer.codes.dtype} codes are not stored{layer.by_the_scheme}", scale)
    parts = {"codes": layer.codes.name, "scales": scale.name}
    box = layer.box(shape, scale)
    return Encoded(
        layer.name, f"FP8 E4M3 {called(shape, box)}", shape, parts, Floats(shape, box, layer.codes.dtype, scale.dtype)
    )


def _nvfp4(layer: QuantizedLayer, scale: TensorInfo) -> Encoded:
    *lead, octets = layer.codes.shape
    factor = layer.need("global_scale", frozenset({"F32"}))
    if scale.shape != (*lead, 2 * octets // NV) or 2 * octets % NV:
        rule = f"scales of shape {scale.shape} are not one for {NV} codes in {layer.codes.shape} bytes of two"
        raise layer.refused(rule, scale)
    if factor.shape not in {(1,), ()}:
        raise layer.refused(f"the scale of the tensor has the shape {factor.shape}", factor)
    return _floats(layer, scale, (*lead, 2 * octets), NV, "F4", "NVFP4", {"tensor scale": factor})


def _floats(
    layer: QuantizedLayer,
    scale: TensorInfo,
    shape: Shape,
    side: int,
    codes: str,
    scheme: str,
    more: Mapping[str, TensorInfo],
) -> Encoded:
    if not layer.obeyed({"kind": "float", "num_bits": ELEMENTS[codes].bits, "group_size": side}):
        raise layer.refused(f"codes of {scheme} are not stored{layer.by_the_scheme}", scale)
    parts = {"codes": layer.codes, "scales": scale, **more}
    narrow = any(not info.shape for info in more.values())
    decode = Floats(shape, (*(1,) * (len(shape) - 1), side), codes, BF16, narrow)
    return Encoded(layer.name, scheme, shape, {what: info.name for what, info in parts.items()}, decode)
