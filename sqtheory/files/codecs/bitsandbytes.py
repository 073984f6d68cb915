"""bitsandbytes: NF4 and FP4 codes with one scale a block, the scales themselves in codes where it quantizes twice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod
from types import MappingProxyType
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.elements import ELEMENTS
from sqtheory.files.checkpoints.json_text import json_object
from sqtheory.files.checkpoints.tensors import check_tensor, refused
from sqtheory.files.codecs.codec import Codec, Encoded, Stored
from sqtheory.files.codecs.dense_axes import in_dense_axes
from sqtheory.files.codecs.parts import need_finite, need_shape, need_type, part
from sqtheory.records import fits

_STATE = ".quant_state.bitsandbytes__"
_LONGEST = 1 << 12
"""Bytes of a state."""
_F32 = "float32"
_DTYPES: Mapping[str, str] = MappingProxyType({"float16": "F16", "bfloat16": "BF16", _F32: "F32"})


@final
@dataclass(frozen=True)
class _State:
    """What the JSON beside the codes says: the values' type and shape, entries a block, and the same of the scales."""

    kind: str
    dtype: str
    shape: tuple[int, ...]
    block: int
    nested_block: int
    """Scales that share a scale; 0 where the scales are no codes."""
    nested_offset: float


@final
class BitsAndBytesCodec(Codec):
    """``weight`` U8 [⌈n/2⌉, 1], the first code in the high half of a byte; ``absmax``, ``quant_map`` [16] and a state.

    Scales in codes have ``nested_absmax`` and ``nested_quant_map`` [256]. Values are map(q)·s, the product in float32,
    rounded to the type that the state names. The sign of an FP4 zero is the map's: the package's depends on the size.
    """

    name = "bitsandbytes"
    source = "bitsandbytes 0.50.2, functional.dequantize_4bit on CPU"
    methods: ClassVar[frozenset[str]] = frozenset({"bitsandbytes"})

    def encoded(self, stored: Stored) -> Iterator[Encoded]:
        yield from in_dense_axes(stored, self._encoded(stored))

    def _encoded(self, stored: Stored) -> Iterator[Encoded]:
        for name in stored.infos:
            if _STATE in name:
                yield _encoded(stored, name)


def _encoded(stored: Stored, name: str) -> Encoded:
    stem, kind = name.split(_STATE, 1)
    codes = part(stored, name, stem, "codes")
    state = _state(stored, name, kind)
    count = prod(state.shape)
    blocks = -(-count // state.block)
    scales, table = (part(stored, stem, f"{stem}.{end}", role) for end, role in _HALVES)
    need_type(stored, stem, codes, "U8")
    need_type(stored, stem, table, "F32")
    need_shape(stored, stem, table, (16,))
    need_type(stored, stem, scales, "U8" if state.nested_block else "F32")
    need_shape(stored, stem, scales, (blocks,))
    if prod(codes.shape) != -(-count // 2):
        raise refused(stored.path, f"codes {codes.shape} are not those of {state.shape} values, as {name!r} says", stem)
    parts = {"codes": stem, "scales": scales.name, "map": table.name, "state": name}
    if state.nested_block:
        for role, end, shape in (
            ("scales of scales", "nested_absmax", (-(-blocks // state.nested_block),)),
            ("map of scales", "nested_quant_map", (256,)),
        ):
            info = part(stored, stem, f"{stem}.{end}", role)
            need_type(stored, stem, info, "F32")
            need_shape(stored, stem, info, shape)
            parts[role] = info.name
    return Encoded(stem, f"bitsandbytes {kind}", state.shape, parts, partial(_values, state=state))


_HALVES = (("absmax", "scales"), ("quant_map", "map of codes"))


def _state(stored: Stored, name: str, kind: str) -> _State:
    """What the tensor of JSON says. Raises CheckpointError, naming it, for anything else than the package writes."""
    need_type(stored, name, stored.infos[name], "U8")
    if len(stored.infos[name].shape) != 1 or stored.infos[name].size > _LONGEST:
        raise refused(stored.path, f"a state is a text of at most {_LONGEST} bytes", name)
    said = json_object(stored.path, stored.read(name).tobytes(), f"the state {name!r}")
    shape, dtype, block = said.get("shape"), said.get("dtype"), said.get("blocksize")
    nested, offset = said.get("nested_blocksize", 0), said.get("nested_offset", 0.0)
    if not (
        (kind in ("nf4", "fp4") and said.get("quant_type") == kind and said.get("nested_dtype", _F32) == _F32)
        and (fits(dtype, str) and dtype in _DTYPES and fits(shape, list[int]) and fits(block, int) and block > 0)
        and (fits(nested, int) and nested >= 0 and fits(offset, float))
    ):
        rule = "a state has quant_type nf4 or fp4 as in its name, dtype, shape, blocksize and, of float32, nested ones"
        raise refused(stored.path, rule, name)
    check_tensor(stored.path, name, tuple(shape))
    return _State(kind, _DTYPES[dtype], tuple(shape), block, nested, offset)


def _values(parts: Mapping[str, NDArray[Any]], *, state: _State) -> NDArray[np.float32]:
    count = prod(state.shape)
    octets = parts["codes"].reshape(-1)
    codes = np.stack([octets >> 4, octets & 15], axis=-1).reshape(-1)[:count]
    scales = parts["scales"]
    if state.nested_block:
        each = _spread(parts["scales of scales"], state.nested_block, scales.size)
        scales = parts["map of scales"][scales] * each + np.float32(state.nested_offset)
    need_finite("scales", scales)
    need_finite("map", parts["map"])
    values = parts["map"][codes]
    values *= _spread(scales, state.block, count)
    rounded: NDArray[np.float32] = ELEMENTS[state.dtype].nearest(values).reshape(state.shape)
    return rounded


def _spread(scales: NDArray[np.float32], block: int, count: int) -> NDArray[np.float32]:
    """The scale of each of ``count`` entries in blocks."""
    return np.repeat(scales, min(block, count))[:count]
