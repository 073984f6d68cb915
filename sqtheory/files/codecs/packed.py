"""Tensors that apply --pack wrote: codes, scales and places of survivors, as the schemas in the metadata say."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.tensors import refused
from sqtheory.files.codecs.codec import Codec, Encoded, Stored
from sqtheory.files.packing.metadata import KEY, schemas_of
from sqtheory.files.packing.packed import Packed, unpack
from sqtheory.files.packing.schema import Schema


@final
class PackedCodec(Codec):
    """``NAME.codes``, ``NAME.scales``, … of a file of schema ``sqtheory.packed/1``."""

    name = "sqtheory"
    source = "sqtheory unpack --help"
    methods: ClassVar[frozenset[str]] = frozenset()
    says_itself = True

    def encoded(self, stored: Stored) -> Iterator[Encoded]:
        if KEY not in stored.metadata:
            return
        for name, schema in schemas_of(stored.path, stored.metadata, stored.infos).items():
            if schema.dtype != "F32":
                raise refused(stored.path, f"packed values of type {schema.dtype}: sqtheory unpack gives them", name)
            parts = {part: f"{name}.{part}" for part in schema.layout}
            halves = frozenset(part for part, one in parts.items() if stored.infos[one].dtype == "F16")
            decode = partial(values, schema=schema, halves=halves)
            keys = frozenset({KEY})
            yield Encoded(name, f"packed {schema.operator}", schema.logical, parts, decode, keys=keys)


def values(arrays: Mapping[str, NDArray[Any]], *, schema: Schema, halves: frozenset[str]) -> NDArray[np.float32]:
    """The values of a packed tensor; ``halves`` are the parts that are stored as F16."""
    parts = {part: array.astype(np.float16) if part in halves else array for part, array in arrays.items()}
    found: NDArray[np.float32] = schema.in_place(unpack(Packed(schema, parts)))
    return found
