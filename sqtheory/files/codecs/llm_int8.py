"""LLM.int8(): x_{o,i} = q_{o,i}·s_o/127, a row of 8-bit codes for each output with the largest magnitude of its row."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.tensors import refused
from sqtheory.files.codecs.codec import Codec, Encoded, Stored
from sqtheory.files.codecs.dense_axes import in_dense_axes
from sqtheory.files.codecs.parts import need_finite, need_shape, need_type, part

_SCALES, _ORDER = ".SCB", ".weight_format"
_STEP = np.float32(1 / 127)


@final
class LlmInt8Codec(Codec):
    """``weight`` I8 [out, in], ``SCB`` F32 [out], ``weight_format`` U8, which is 0 for rows.

    Values are (q·s)·(1/127), each product in float32, as the package computes them.
    """

    name = "llm.int8"
    source = "bitsandbytes 0.50.2, functional.int8_vectorwise_dequant on CPU"
    methods: ClassVar[frozenset[str]] = frozenset({"bitsandbytes"})

    def encoded(self, stored: Stored) -> Iterator[Encoded]:
        yield from in_dense_axes(stored, self._encoded(stored))

    def _encoded(self, stored: Stored) -> Iterator[Encoded]:
        for name in stored.infos:
            for end in (_SCALES, _ORDER):
                stem = name.removesuffix(end)
                if name.endswith(end) and (end == _SCALES or stem + _SCALES not in stored.infos):
                    yield _encoded(stored, name, stem)


def _encoded(stored: Stored, name: str, stem: str) -> Encoded:
    codes = part(stored, name, f"{stem}.weight", "codes")
    scales = part(stored, codes.name, stem + _SCALES, "scales")
    need_type(stored, name, codes, "I8")
    need_type(stored, codes.name, scales, "F32")
    if len(codes.shape) != 2:
        raise refused(stored.path, f"codes with {scales.name!r} are a matrix, got {codes.shape}", codes.name)
    need_shape(stored, codes.name, scales, codes.shape[:1])
    parts = {"codes": codes.name, "scales": scales.name}
    if (order := stem + _ORDER) in stored.infos:
        parts["order"] = order
    return Encoded(codes.name, "bitsandbytes int8", codes.shape, parts, _values)


def _values(parts: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    if "order" in parts and np.any(parts["order"]):
        raise ValueError(f"order: 0 says that codes lie row by row, which alone is readable, got {parts['order']}")
    need_finite("scales", parts["scales"])
    values: NDArray[np.float32] = parts["codes"].astype(np.float32)
    values *= parts["scales"][:, None]
    values *= _STEP
    return values
