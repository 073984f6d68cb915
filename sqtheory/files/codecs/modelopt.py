"""ModelOpt: NVFP4 with E4M3 scales of blocks and a factor of the tensor or of each expert, and INT8 of rows."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.tensors import TensorInfo, quoted, refused
from sqtheory.files.codecs.boxes import Shape, experts, spread
from sqtheory.files.codecs.codec import Codec, Encoded, Stored
from sqtheory.files.codecs.microscaling import halves
from sqtheory.files.codecs.precision import ROUNDED
from sqtheory.files.codecs.scales import finite, positive

BLOCKS = (16, 32)
"""Entries that share a scale; 32 where activations are FP8."""
SECOND = "_2"
"""What the name of the scales is continued by for the factor of the tensor."""
ENDINGS = ("_scale", "_weight_scale")
"""What the name of the codes is continued by: ``weight_scale``, and ``gate_up_proj_weight_scale`` of experts."""
SMOOTHED = "pre_quant_scale"


@final
class ModelOpt(Codec):
    """``weight`` U8, ``weight_scale`` F8_E4M3 and ``weight_scale_2`` F32, by which values are *multiplied*.

    Values are fl(c · fl(s·g)) in float32, c = −0 as +0. The codes of experts [E, in, out] lie in pairs along the axis
    that the scales are shorter along. INT8 is ``weight`` I8 and ``weight_scale`` [out]: fl(c·s).
    """

    name = "modelopt"
    source = "nvidia-modelopt 0.47.0, NVFP4QTensor.dequantize in float32 and export_hf_checkpoint"
    methods: ClassVar[frozenset[str]] = frozenset({"modelopt"})

    def encoded(self, stored: Stored) -> Iterator[Encoded]:
        for name, info in stored.infos.items():
            scale = next((stored.infos[name + end] for end in ENDINGS if name + end in stored.infos), None)
            if info.dtype == "U8" and scale is not None and scale.dtype == "F8_E4M3":
                yield _weight(stored, info, scale)
            elif info.dtype == "I8" and scale is not None and stored.config and scale.shape == info.shape[:1]:
                yield _integers(stored, info, scale)


def integers(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """The values of integers and scales of their rows; ValueError for a scale that is no finite number."""
    scales = finite(arrays["scales"]).astype(np.float32)
    values: NDArray[np.float32] = arrays["codes"].astype(np.float32) * scales[:, None]
    return values


def decode(arrays: Mapping[str, NDArray[Any]], *, shape: Shape, axis: int, block: int) -> NDArray[np.float32]:
    """The values of codes, scales and factors as they are read; ValueError for a scale that is no finite number."""
    scales, factors = finite(arrays["scales"]), positive(arrays["tensor scale"])
    factors = factors.reshape(-1, *(1,) * (len(shape) - 1)) if factors.size > 1 else factors.reshape(())
    levels = np.moveaxis(halves(np.moveaxis(arrays["codes"], axis, -1)), -1, axis) + np.float32(0)
    box = tuple(block if at == axis else 1 for at in range(len(shape)))
    values: NDArray[np.float32] = levels * spread(scales * factors, shape, box)
    return values


def _weight(stored: Stored, codes: TensorInfo, scale: TensorInfo) -> Encoded:
    factor = stored.infos.get(scale.name + SECOND)
    if factor is None or factor.dtype != "F32":
        rule = f"NVFP4 needs a scale of the tensor, F32, under the name {quoted(scale.name + SECOND)}"
        raise stored.refused(rule, codes.name, scale.name)
    _check_smoothed(stored, codes)
    said = stored.config.get("group_size")
    found = [
        (axis, block)
        for axis in range(len(codes.shape) - 1, -1, -1)
        for block in (BLOCKS if said not in BLOCKS else (said,))
        if not 2 * codes.shape[axis] % block
        and scale.shape == (*codes.shape[:axis], 2 * codes.shape[axis] // block, *codes.shape[axis + 1 :])
    ]
    if not found:
        rule = (
            f"scales of shape {scale.shape} are none of {codes.shape} bytes of two codes, one for 16 or 32 of an axis"
        )
        raise stored.refused(rule, codes.name, scale.name)
    axis, block = found[0]
    shape = tuple(2 * n if at == axis else n for at, n in enumerate(codes.shape))
    each = codes.shape[:1] if len(codes.shape) > 2 else ()
    if factor.shape not in {(), (1,), each}:
        raise stored.refused(f"the scale of the tensor has the shape {factor.shape}", codes.name, factor.name)
    parts = {"codes": codes.name, "scales": scale.name, "tensor scale": factor.name}
    view = experts(shape, axis) if axis else None
    return Encoded(codes.name, "NVFP4", shape, parts, partial(decode, shape=shape, axis=axis, block=block), view)


def _integers(stored: Stored, codes: TensorInfo, scale: TensorInfo) -> Encoded:
    if len(codes.shape) != 2 or scale.dtype not in ROUNDED:
        rule = f"{codes.dtype} codes {codes.shape} with scales {scale.dtype} {scale.shape} are not INT8 of rows"
        raise stored.refused(rule, codes.name, scale.name)
    _check_smoothed(stored, codes)
    return Encoded(codes.name, "INT8", codes.shape, {"codes": codes.name, "scales": scale.name}, integers)


def _check_smoothed(stored: Stored, codes: TensorInfo) -> None:
    """Refuse a weight that is not the layer's own: its columns were divided by what the input is multiplied by."""
    layer = codes.name.rpartition(".")[0]
    smoothed = f"{layer}.{SMOOTHED}" if layer else SMOOTHED
    if smoothed in stored.infos:
        rule = f"the layer takes its input times {quoted(smoothed)}: what its weight would be without is not decoded"
        raise refused(stored.path, rule, codes.name)
