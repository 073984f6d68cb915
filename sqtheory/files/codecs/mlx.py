"""MLX: codes in 32-bit words along the last axis, with a scale and an offset (affine), or a scale alone, a group."""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product
from types import MappingProxyType
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.elements import ELEMENTS
from sqtheory.files.checkpoints.tensors import TensorInfo, refused
from sqtheory.files.codecs.codec import Codec, Encoded, Stored
from sqtheory.files.codecs.fields import unpacked
from sqtheory.files.codecs.parts import FLOATS, need_finite, need_shape, need_type, part

_WEIGHT = ".weight"
_BITS, _SIZES = (2, 3, 4, 5, 6, 8), (32, 64, 128)
_FLOATING: Mapping[str, tuple[int, int, str, str]] = MappingProxyType(
    {
        "mxfp4": (4, 32, "F4", "F8_E8M0"),
        "mxfp8": (8, 32, "F8_E4M3", "F8_E8M0"),
        "nvfp4": (4, 16, "F4", "F8_E4M3"),
    }
)
"""Bits and entries of a group of each mode without offsets, with the elements that codes and scales are."""


@final
class MlxCodec(Codec):
    """``weight`` U32 [..., in·k/32], ``scales`` and, where affine, ``biases`` [..., in/group].

    Affine values are s·q + b in the type of the scales, rounded after the product and after the sum; those of the
    modes without offsets are code times scale in bfloat16, as ``mlx.core.dequantize`` gives them.
    """

    name = "mlx"
    source = "mlx 0.32.4, mlx.core.dequantize"
    methods: ClassVar[frozenset[str]] = frozenset({"mlx"})

    def encoded(self, stored: Stored) -> Iterator[Encoded]:
        for name, info in stored.infos.items():
            stem = name.removesuffix(_WEIGHT)
            beside = stored.config or {f"{stem}.scales", f"{stem}.biases"} & stored.infos.keys()
            if info.dtype == "U32" and name.endswith(_WEIGHT) and info.shape and beside:
                yield _encoded(stored, info, stem)


def _encoded(stored: Stored, codes: TensorInfo, stem: str) -> Encoded:
    scales = part(stored, codes.name, f"{stem}.scales", "scales")
    if len(scales.shape) != len(codes.shape) or 0 in scales.shape:
        rule = f"codes {codes.shape} go with scales of as many axes, got {scales.shape} in {scales.name!r}"
        raise refused(stored.path, rule, codes.name)
    own = stored.config.get(stem)
    said: Mapping[str, Any] = own if isinstance(own, Mapping) else stored.config
    mode = str(said.get("mode", stored.config.get("mode", "affine")))
    if mode in _FLOATING:
        bits, size, element, scale = _FLOATING[mode]
        need_type(stored, codes.name, scales, "U8")
        parts = {"codes": codes.name, "scales": scales.name}
        scheme, decode = f"MLX {mode}", partial(_floating, element=element, scale=scale, size=size)
    elif mode == "affine":
        biases = part(stored, codes.name, f"{stem}.biases", "offsets")
        need_type(stored, codes.name, scales, *FLOATS)
        need_type(stored, codes.name, biases, scales.dtype)
        need_shape(stored, codes.name, biases, scales.shape)
        bits, size = _bits_and_size(stored, codes, scales, said)
        parts = {"codes": codes.name, "scales": scales.name, "offsets": biases.name}
        scheme, decode = f"MLX {bits}-bit", partial(_affine, bits=bits, size=size, dtype=scales.dtype)
    else:
        known = ", ".join(["affine", *_FLOATING])
        raise refused(stored.path, f"mode {mode!r} of MLX is unknown; readable are {known}", codes.name)
    inputs = 32 * codes.shape[-1] // bits
    if inputs * bits != 32 * codes.shape[-1] or inputs % size:
        rule = f"rows of {codes.shape[-1]} words are no whole number of groups of {size} {bits}-bit codes"
        raise refused(stored.path, rule, codes.name)
    need_shape(stored, codes.name, scales, (*codes.shape[:-1], inputs // size))
    return Encoded(codes.name, scheme, (*codes.shape[:-1], inputs), parts, decode)


def _bits_and_size(stored: Stored, codes: TensorInfo, scales: TensorInfo, said: Mapping[str, Any]) -> tuple[int, int]:
    """Bits of a code and entries of a group: what the configuration says, else what the shapes leave over."""
    bits, size = said.get("bits"), said.get("group_size")
    if bits is None and size is None:
        found = [
            (bits, size)
            for bits, size in product(_BITS, _SIZES)
            if bits * size * scales.shape[-1] == 32 * codes.shape[-1]
        ]
        if len(found) == 1:
            return found[0]
        rule = f"{codes.shape[-1]} words and {scales.shape[-1]} scales a row"
        fit = " or ".join(f"{bits} bits in groups of {size}" for bits, size in found) or "no bits and group size"
        raise refused(stored.path, f"{rule} fit {fit}: 'quantization' of config.json must say it", codes.name)
    if type(bits) is not int or bits not in _BITS or type(size) is not int or size < 1:
        known = ", ".join(map(str, _BITS))
        raise refused(stored.path, f"{bits!r} bits in groups of {size!r}: readable are {known} bits", codes.name)
    return bits, size


def _affine(parts: Mapping[str, NDArray[Any]], *, bits: int, size: int, dtype: str) -> NDArray[np.float32]:
    for role in ("scales", "offsets"):
        need_finite(role, parts[role])
    element = ELEMENTS[dtype]
    codes = unpacked(parts["codes"], bits)
    values = codes.reshape(*codes.shape[:-1], -1, size).astype(np.float32)
    values *= parts["scales"][..., None]
    values = element.nearest(values)
    values += parts["offsets"][..., None]
    rounded: NDArray[np.float32] = element.nearest(values).reshape(codes.shape)
    return rounded


def _floating(parts: Mapping[str, NDArray[Any]], *, element: str, scale: str, size: int) -> NDArray[np.float32]:
    words = parts["codes"]
    codes = ELEMENTS[element].decode(words.astype("<u4").reshape(-1).view(np.uint8))
    scales = ELEMENTS[scale].decode(parts["scales"].reshape(-1)).reshape(parts["scales"].shape)
    if np.isnan(scales).any():
        raise ValueError(f"scales: one is the byte {int(parts['scales'][np.isnan(scales)][0]):#04x}, which is NaN")
    with np.errstate(over="ignore"):
        values = codes.reshape(*scales.shape, size) * scales[..., None]
    rounded: NDArray[np.float32] = ELEMENTS["BF16"].nearest(values).reshape(*words.shape[:-1], -1)
    return rounded
