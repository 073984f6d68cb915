"""MXFP4 as gpt-oss stores it: blocks of 16 bytes, an exponent for each, for rows that are the outputs of an expert."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.tensors import TensorInfo, quoted, refused
from sqtheory.files.codecs.boxes import experts
from sqtheory.files.codecs.codec import Codec, Encoded, Stored
from sqtheory.files.codecs.microscaling import halves
from sqtheory.files.codecs.scales import powers

BYTES = 16
"""Of a block: 32 codes."""
_BLOCKS, _SCALES = "_blocks", "_scales"
NAMES: Mapping[str, tuple[str, bool]] = {_BLOCKS: (_SCALES, True), ".blocks": (".scales", False)}
"""How the names of codes end, those of their scales, and whether the dense weight is [E, in, out], not [E, out, in]."""


@final
class GptOss(Codec):
    """``NAME_blocks`` U8 [E, out, in/32, 16] and ``NAME_scales`` U8 [E, out, in/32]: the weight NAME [E, in, out].

    Two codes a byte, the first in the low bits. The release itself calls them ``NAME.blocks`` and ``NAME.scales``; it
    has [E, out, in]. Products are exact in bfloat16 and in float32 but for those beyond both, which are ±∞.
    """

    name = "gpt-oss"
    source = "transformers 5.24, convert_moe_packed_tensors; gpt_oss/torch/weights.py of the release"
    methods: ClassVar[frozenset[str]] = frozenset({"mxfp4"})

    def encoded(self, stored: Stored) -> Iterator[Encoded]:
        for name, info in stored.infos.items():
            for ending, (other, transposed) in NAMES.items():
                if name.endswith(ending) and info.dtype == "U8" and len(info.shape) > 2 and info.shape[-1] == BYTES:
                    yield _weight(stored, info, name.removesuffix(ending), other, transposed)
            blocks = f"{name.removesuffix(_SCALES)}{_BLOCKS}"
            if name.endswith(_SCALES) and info.dtype == "U8" and len(info.shape) > 1 and blocks not in stored.infos:
                raise refused(stored.path, f"its codes {quoted(blocks)} are not there", name)


def decode(arrays: Mapping[str, NDArray[Any]], *, transposed: bool) -> NDArray[np.float32]:
    """The values of codes and exponents as they are read; ValueError for an exponent that is NaN."""
    values = halves(arrays["codes"]) * powers(arrays["scales"])[..., None]
    values = values.reshape(*values.shape[:-2], -1)
    return np.ascontiguousarray(np.swapaxes(values, -1, -2)) if transposed else values


def _weight(stored: Stored, codes: TensorInfo, name: str, other: str, transposed: bool) -> Encoded:
    scale = stored.infos.get(name + other)
    if scale is None:
        raise refused(stored.path, f"its scales {quoted(name + other)} are not there", codes.name)
    if scale.dtype != "U8" or scale.shape != codes.shape[:-1]:
        rule = f"scales {scale.dtype} of shape {scale.shape} are none of blocks of shape {codes.shape}: U8, one a block"
        raise stored.refused(rule, codes.name, scale.name)
    *lead, rows, blocks, _ = codes.shape
    matrix = (2 * BYTES * blocks, rows) if transposed else (rows, 2 * BYTES * blocks)
    parts = {"codes": codes.name, "scales": scale.name}
    shape = (*lead, *matrix)
    view = experts(shape, 1 if transposed else 2)
    return Encoded(name, "MXFP4", shape, parts, partial(decode, transposed=transposed), view)
