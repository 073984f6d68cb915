"""Codes of small floating-point numbers, an exponent byte for each block of 32 of a row, or for each box."""

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.elements import ELEMENTS
from sqtheory.files.checkpoints.tensors import TensorInfo
from sqtheory.files.codecs.boxes import Shape, box_of, experts, spread
from sqtheory.files.codecs.codec import Codec, Encoded, Stored
from sqtheory.files.codecs.fp8 import called, sides_of
from sqtheory.files.codecs.scales import EXPONENTS, powers

BLOCK = 32
"""Entries of a row that share an exponent (OCP MX v1.0, §5.1)."""
NUMBERS: Mapping[str, str] = {
    **{"F8_E4M3": "MXFP8 E4M3", "F8_E5M2": "MXFP8 E5M2"},
    **{"F6_E2M3": "MXFP6 E2M3", "F6_E3M2": "MXFP6 E3M2", "F4": "MXFP4"},
}
"""Types of a file whose entries are codes, and the scheme where blocks of 32 share an exponent."""
PAIRS: Mapping[str, frozenset[str]] = {"I8": frozenset({"F8_E8M0"}), "U8": EXPONENTS}
"""Types of bytes that hold two E2M1 codes, the first in the low bits, by those of the exponents beside them."""
ENDINGS = ("_scale", "_scale_inv", "_weight_scale")
"""What the name of the codes is continued by."""


@final
class Microscaling(Codec):
    """``weight`` F8, F6, F4, or two E2M1 codes in a byte, with ``weight_scale``, ``weight_scale_inv`` or ``scale``.

    The scales are bytes U8 or E8M0; ``_inv`` or not, values are codes *times* scales: exact in float32 but for products
    beyond its range, which are ±∞.
    """

    name = "microscaling"
    source = "OCP MX v1.0; transformers 5.24 (mxfp8, DeepSeek-V4), ModelOpt 0.47 (MXFP4, MXFP8), safetensors 0.8"
    methods: ClassVar[frozenset[str]] = frozenset({"fp8", "mxfp8", "mxfp4", "modelopt"})

    def encoded(self, stored: Stored) -> Iterator[Encoded]:
        for name, info in stored.infos.items():
            scale = _scale_of(stored, info)
            if scale is None:
                continue
            pairs = info.dtype in PAIRS
            shape = (*info.shape[:-1], 2 * info.shape[-1]) if pairs else info.shape
            box = _box(stored, shape, scale.shape, pairs)
            if box is None:
                rule = f"exponents of shape {scale.shape} are none of {shape}: one for {BLOCK} of a row, or for a box"
                raise stored.refused(rule, name, scale.name)
            scheme = "MXFP4" if pairs else _scheme(info.dtype, shape, box)
            parts = {"codes": name, "scales": scale.name}
            view = experts(shape, 2) if box[-1] == BLOCK and math.prod(box) == BLOCK else None
            yield Encoded(name, scheme, shape, parts, partial(decode, shape=shape, box=box, pairs=pairs), view)


def decode(arrays: Mapping[str, NDArray[Any]], *, shape: Shape, box: Shape, pairs: bool) -> NDArray[np.float32]:
    """The values of codes and exponents as they are read; ValueError for an exponent that is NaN."""
    levels = halves(arrays["codes"]) if pairs else arrays["codes"]
    values: NDArray[np.float32] = levels * spread(powers(arrays["scales"]), shape, box)
    return values


def halves(raw: NDArray[Any]) -> NDArray[np.float32]:
    """The E2M1 numbers in bytes, two of the last axis in each, the first in the low bits."""
    flat = np.ascontiguousarray(raw).reshape(-1).view(np.uint8)
    return ELEMENTS["F4"].decode(flat).reshape(*raw.shape[:-1], 2 * raw.shape[-1])


def _scale_of(stored: Stored, codes: TensorInfo) -> TensorInfo | None:
    """The exponents of codes; None where there are none, or where the tensor holds no codes."""
    kinds = EXPONENTS if codes.dtype in NUMBERS else PAIRS.get(codes.dtype, frozenset())
    if not kinds or not codes.shape:
        return None
    names = [codes.name + ending for ending in ENDINGS]
    layer, dot, last = codes.name.rpartition(".")
    names.append(f"{layer}{dot}scale" if last == "weight" else f"{codes.name}.scale")
    found = [stored.infos[name] for name in names if name in stored.infos and stored.infos[name].dtype in kinds]
    if len(found) > 1:
        raise stored.refused("there are two scales", codes.name, *(one.name for one in found))
    return found[0] if found else None


def _box(stored: Stored, shape: Shape, scales: Shape, pairs: bool) -> Shape | None:
    """The sides of the boxes with one exponent each."""
    row = (*(1,) * (len(shape) - 1), BLOCK)
    if pairs or scales == (*shape[:-1], -(-shape[-1] // BLOCK)):
        return row if scales == (*shape[:-1], -(-shape[-1] // BLOCK)) else None
    return box_of(shape, scales, sides_of(stored))


def _scheme(dtype: str, shape: Shape, box: Shape) -> str:
    if box == (*(1,) * (len(shape) - 1), BLOCK):
        return NUMBERS[dtype]
    return f"{dtype.replace('F8_', 'FP8 ').replace('_', ' ')} {called(shape, box)}, E8M0 scales"
