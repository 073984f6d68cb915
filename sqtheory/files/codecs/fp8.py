"""FP8 codes with real scales: value = code · scale of its tensor, row, column or box, in float32."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.tensors import TensorInfo, plain, quoted, refused
from sqtheory.files.codecs.boxes import Shape, box_of, scaled
from sqtheory.files.codecs.codec import Codec, Encoded, Stored
from sqtheory.files.codecs.comfy import KEY, mark_of

ENDINGS = ("_scale_inv", "_scale")
"""What the name of the codes is continued by; ``_inv`` or not, values are codes *times* scales."""
BESIDE = ("scale", "scale_weight", "qscale_weight")
"""What may take the place of ``weight``."""
SIDE = 128
"""Of square boxes, where a configuration does not say another."""
REAL = frozenset({"F32", "F16", "BF16"})
"""Types of the scales here."""


@final
class Fp8(Codec):
    """``weight`` F8_E4M3 or F8_E5M2 with ``weight_scale_inv`` or ``weight_scale`` (also ``scale``, ``scale_weight``).

    Scales F32, F16 or BF16: one for the tensor, for each row or column, or for boxes of 128 × 128 whose last are cut
    short. The product is rounded to float32 once.
    """

    name = "fp8"
    source = "transformers 5 FineGrainedFP8 and FbgemmFp8, the DeepSeek-V3 release, ModelOpt FP8, ComfyUI scaled fp8"
    methods: ClassVar[frozenset[str]] = frozenset({"fp8", "fbgemm_fp8", "modelopt"})

    def encoded(self, stored: Stored) -> Iterator[Encoded]:
        sides = sides_of(stored)
        alone: list[str] = []
        pairs = 0
        for name, info in stored.infos.items():
            if info.dtype.startswith("F8_E") and info.dtype != "F8_E8M0":
                found = [stored.infos[one] for one in _names(name) if one in stored.infos]
                scales = [one for one in found if one.dtype in REAL]
                if len(scales) > 1:
                    raise stored.refused("there are two scales", name, *(one.name for one in scales))
                if scales:
                    pairs += 1
                    yield self._pair(stored, info, scales[0], sides)
                elif not found and len(info.shape) > 1 and not name.endswith(ENDINGS):
                    alone.append(name)
        if alone and (pairs or stored.config.get("quant_method") in ("fp8", "fbgemm_fp8")):
            rule = f"{stored.infos[alone[0]].dtype} codes without a scale, which would be {quoted(_names(alone[0])[0])}"
            raise refused(stored.path, rule, alone[0])

    def _pair(self, stored: Stored, codes: TensorInfo, scale: TensorInfo, sides: Shape) -> Encoded:
        box = box_of(codes.shape, scale.shape, sides)
        if box is None:
            cut = "×".join(map(str, sides))
            rule = f"scales of shape {scale.shape} are none of {codes.shape}: one, one a row or column, or boxes {cut}"
            raise stored.refused(rule, codes.name, scale.name)
        scheme = f"FP8 {codes.dtype.removeprefix('F8_')} {called(codes.shape, box)}"
        parts = {"codes": codes.name, "scales": scale.name, **mark_of(stored, codes.name)}
        keys = frozenset({KEY} & stored.metadata.keys())
        return Encoded(codes.name, scheme, codes.shape, parts, partial(decode, shape=codes.shape, box=box), keys=keys)


def decode(arrays: Mapping[str, NDArray[Any]], *, shape: Shape, box: Shape) -> NDArray[np.float32]:
    """The values of codes and scales as they are read; ValueError for a scale that is no finite number."""
    scales = arrays["scales"]
    if not np.isfinite(scales).all():
        raise ValueError(f"the scale {scales[~np.isfinite(scales)][0]} is no finite number")
    values = arrays["codes"].astype(np.float32, copy=False)
    return scaled(values, scales.astype(np.float32), box)


def sides_of(stored: Stored) -> Shape:
    """The sides of boxes that a configuration states, or else those of square ones."""
    said = stored.config.get("weight_block_size")
    if said is None:
        return (SIDE, SIDE)
    if type(said) is not list or len(said) != 2 or not all(type(n) is int and n > 0 for n in said):
        raise refused(stored.path, f"weight_block_size must be two positive integers, got {plain(str(said))}")
    return said[0], said[1]


def _names(codes: str) -> list[str]:
    """What the scales of codes may be called."""
    layer, dot, last = codes.rpartition(".")
    beside = [layer + dot + other for other in BESIDE] if last == "weight" else []
    return [*(codes + ending for ending in ENDINGS), *beside]


def called(shape: Shape, box: Shape) -> str:
    """What a scale is for, in the name of a scheme."""
    sides = "×".join(str(side) if side < n else "all" for n, side in zip(shape, box, strict=True))
    return "per tensor" if box == shape else f"per {sides}"
