"""Quantized weights as GPTQ's packages lay them out: ``qweight``, ``qzeros``, ``scales`` and ``g_idx`` of a layer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from sqtheory.arrays import Array
from sqtheory.exceptions import InputRefused
from sqtheory.files.codecs.codec import Codec
from sqtheory.files.codecs.fields import WORD, as_words
from sqtheory.files.codecs.gptq import BITS, FIRST, GptqCodec, less_one
from sqtheory.files.codecs.qweights import CODES, GROUPS, SCALES, ZEROS
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
class GptqLayout(ModuleLayout):
    """Codes and zero points of 2, 3, 4 or 8 bits in whole words, scales in 16 bits, groups in order.

    The first format (``gptq``) stores z − 1, and so no zero point 0; ``gptq_v2`` has all.
    """

    checkpoint_format: str
    title: ClassVar[str] = "GPTQ"
    codec: ClassVar[type[Codec]] = GptqCodec

    def scheme_of(self, schema: Schema) -> UniformScheme:
        scheme = scheme_of(schema, self.title, BITS)
        for count, what in zip(schema.shape, ("outputs", "inputs"), strict=True):
            if count * scheme.bits % WORD:
                rule = f"{self.title} has whole words of {WORD} bits along outputs and inputs"
                raise InputRefused(f"{rule}, {count} {what} of {scheme.bits} bits are none")
        return scheme

    def parts(self, packed: Packed) -> Parts:
        scheme, dtype = self.scheme_of(packed.schema), small_type(packed.schema)
        made, inputs = uniform(packed, scheme), packed.schema.shape[1]
        scales = small_scales(made.scales, dtype, self.title)
        zeros = np.ascontiguousarray(made.zeros.T)
        check_read(packed, made, dtype, self.title)
        try:
            words = less_one(zeros, scheme.bits) if self.checkpoint_format == FIRST else as_words(zeros, scheme.bits)
        except ValueError as error:
            raise InputRefused(str(error)) from error
        groups = np.arange(inputs, dtype=np.int32) // (scheme.group or inputs)
        return {
            CODES: ("I32", np.ascontiguousarray(as_words(made.codes, scheme.bits).T)),
            ZEROS: ("I32", words),
            SCALES: (dtype, np.ascontiguousarray(scales.T)),
            GROUPS: ("I32", groups),
        }

    def quantization(self, modules: Mapping[str, UniformScheme], ignore: list[str]) -> dict[str, Any]:
        """Layers that are not quantized are named by ``dynamic``, as gptqmodel and vLLM read it."""
        scheme = one_scheme(modules, self.title)
        said = {
            "quant_method": "gptq",
            "bits": scheme.bits,
            "group_size": -1 if scheme.group is None else scheme.group,
            "desc_act": False,
            "sym": scheme.symmetric,
            "lm_head": False,
            "checkpoint_format": self.checkpoint_format,
        }
        return {**said, **({"dynamic": {f"-:^{re.escape(name)}$": {} for name in ignore}} if ignore else {})}

    def values(self, schema: Schema, values: Array) -> Array:
        return rounded(values, small_type(schema))
