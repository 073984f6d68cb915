"""The layouts of the package compressed-tensors: ``weight_packed`` or ``weight``, and ``weight_scale`` beside it."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, final

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints.tensors import TensorInfo, plain, refused
from sqtheory.files.codecs.codec import Codec, Encoded, Stored
from sqtheory.files.codecs.compressed_floats import packed_floats, plain_floats
from sqtheory.files.codecs.compressed_integers import REAL, packed_integers, plain_integers
from sqtheory.files.codecs.compressed_layer import QuantizedLayer
from sqtheory.files.codecs.compressed_scheme import METHOD, Group, Scheme, groups_of

READERS: Mapping[tuple[str, str], Callable[[QuantizedLayer], Encoded]] = MappingProxyType(
    {
        ("weight_packed", "I32"): packed_integers,
        ("weight_packed", "U8"): packed_floats,
        ("weight", "I8"): plain_integers,
        ("weight", "F8_E4M3"): plain_floats,
    }
)
"""What reads a weight, by the last part of the name of its codes and their type."""
_SCALE = "weight_scale"


@final
class CompressedTensors(Codec):
    """pack-, int-, naive-, float-quantized, nvfp4-, mxfp4-, mxfp6-pack-quantized and mxfp8-quantized.

    Values are those that the package decompresses, in the precision that it works in: that of real scales, bfloat16
    where scales are bytes. The scale of an NVFP4 tensor is a *divisor*: σ = fl(s/G).
    """

    name = METHOD
    source = "compressed-tensors 0.20.1; weight_g_idx as in 0.14.0.1, which applies it"
    methods: ClassVar[frozenset[str]] = frozenset({METHOD})

    def encoded(self, stored: Stored) -> Iterator[Encoded]:
        groups = _groups(stored)
        for name, info in stored.infos.items():
            prefix, last = name[: name.rfind(".") + 1], name[name.rfind(".") + 1 :]
            read = READERS.get((last, info.dtype))
            if read is None or (last == "weight" and not _claimed(stored, prefix, info)):
                continue
            if not info.shape:
                raise refused(stored.path, f"codes {info.dtype} of a weight, but a scalar", name)
            schemes = _schemes(stored, groups, prefix.removesuffix("."), name)
            yield _weight(read, [QuantizedLayer(stored, prefix, info, scheme) for scheme in schemes])


def _groups(stored: Stored) -> tuple[Group, ...]:
    try:
        return groups_of(stored.config)
    except ValueError as error:
        raise refused(stored.path, f"the quantization_config beside it: {plain(str(error))}") from error


def _claimed(stored: Stored, prefix: str, codes: TensorInfo) -> bool:
    """Whether ``weight`` is codes of this layout: without a configuration only integers with real scales are."""
    scale = stored.infos.get(prefix + _SCALE)
    return scale is not None and (bool(stored.config) or (codes.dtype == "I8" and scale.dtype in REAL))


def _schemes(stored: Stored, groups: tuple[Group, ...], layer: str, codes: str) -> list[Scheme | None]:
    """What may be said of a layer: what targets it by its name, else each that targets a class."""
    if not stored.config:
        return [None]
    try:
        found = [group.scheme for group in groups if group.names(layer)]
    except ValueError as error:
        raise refused(stored.path, f"the quantization_config beside it: {plain(str(error))}") from error
    found = found[:1] or [group.scheme for group in groups if group.classes]
    if not found:
        raise refused(stored.path, "codes, but no group of the quantization_config beside it targets the layer", codes)
    return list(found)


def _weight(read: Callable[[QuantizedLayer], Encoded], layers: list[QuantizedLayer]) -> Encoded:
    """The weight by the first scheme that fits; the first refusal where none does."""
    first: CheckpointError | None = None
    for layer in layers:
        try:
            return read(layer)
        except CheckpointError as error:
            first = first or error
    assert first is not None
    raise first
