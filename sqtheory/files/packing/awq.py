"""Quantized weights as AWQ's package lays them out in its GEMM order: ``qweight``, ``qzeros`` and ``scales``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from sqtheory.arrays import Array
from sqtheory.exceptions import InputRefused
from sqtheory.files.codecs.awq import BITS, VERSION, AwqCodec, interleaved
from sqtheory.files.codecs.codec import Codec
from sqtheory.files.codecs.fields import WORD
from sqtheory.files.codecs.qweights import CODES, SCALES, ZEROS
from sqtheory.files.packing.modules import ModuleLayout, Parts, one_scheme
from sqtheory.files.packing.packed import Packed
from sqtheory.files.packing.schema import Schema
from sqtheory.files.packing.uniform import (
    UniformScheme,
    check_read,
    rounded,
    scheme_of,
    small_scales,
    small_type,
    uniform,
)


@final
@dataclass(frozen=True)
class AwqLayout(ModuleLayout):
    """Codes and zero points of 4 bits, eight outputs a word, scales in 16 bits."""

    title: ClassVar[str] = "AWQ"
    codec: ClassVar[type[Codec]] = AwqCodec

    def scheme_of(self, schema: Schema) -> UniformScheme:
        scheme, outputs = scheme_of(schema, self.title, (BITS,)), schema.shape[0]
        if outputs * BITS % WORD:
            raise InputRefused(f"{self.title} has eight outputs in a word, {outputs} are no multiple of that")
        return scheme

    def parts(self, packed: Packed) -> Parts:
        dtype = small_type(packed.schema)
        made = uniform(packed, self.scheme_of(packed.schema))
        scales = small_scales(made.scales, dtype, self.title)
        check_read(packed, made, dtype, self.title)
        return {
            CODES: ("I32", interleaved(np.ascontiguousarray(made.codes.T))),
            ZEROS: ("I32", interleaved(np.ascontiguousarray(made.zeros.T))),
            SCALES: (dtype, np.ascontiguousarray(scales.T)),
        }

    def quantization(self, modules: Mapping[str, UniformScheme], ignore: list[str]) -> dict[str, Any]:
        schemes = {name: scheme.group for name, scheme in modules.items()}
        group = one_scheme(schemes, f"{self.title}, of groups,")
        said = {
            "quant_method": "awq",
            "bits": BITS,
            "group_size": -1 if group is None else group,
            "zero_point": True,
            "version": VERSION,
        }
        return {**said, "modules_to_not_convert": ignore or None}

    def values(self, schema: Schema, values: Array) -> Array:
        return rounded(values, small_type(schema))
