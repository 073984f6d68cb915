"""Integers as compressed-tensors stores them: in words of 32 bits without a gap, or a byte each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.exceptions import first_at
from sqtheory.files.checkpoints.tensors import TensorInfo, check_tensor
from sqtheory.files.codecs.boxes import Shape, spread
from sqtheory.files.codecs.codec import Encoded
from sqtheory.files.codecs.compressed_layer import QuantizedLayer
from sqtheory.files.codecs.fields import unpacked
from sqtheory.files.codecs.precision import ROUNDED
from sqtheory.files.codecs.scales import finite

WORD = 32
REAL = frozenset(ROUNDED)
"""Types of scales; values are computed in this type."""
INDICES = frozenset({"I32", "I64"})


@final
@dataclass(frozen=True)
class Integers:
    """fl((c − z)·s) rounded to the type of the scales, as the package computes it."""

    shape: Shape
    box: Shape
    bits: int
    dtype: str
    """The type of the scales."""
    packed: bool
    """The codes are in words, as c + 2^{bits−1}."""
    packed_zeros: bool
    """The zero points are in words, along the first axis of two."""

    def __call__(self, arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """The values, from the parts as they are read; ValueError for a part that holds none."""
        codes, scales = arrays["codes"], finite(arrays["scales"])
        levels = (_unpacked(codes, self.shape, self.bits) if self.packed else codes).astype(np.float32)
        beyond = np.abs(levels + np.float32(0.5)) > 1 << (self.bits - 1)
        if beyond.any():
            raise ValueError(f"the code {levels[beyond][0]:g} at {first_at(beyond)} has more than {self.bits} bits")
        zeros = arrays.get("zeros")
        if zeros is not None and self.packed_zeros:
            zeros = np.swapaxes(_unpacked(np.swapaxes(zeros, -1, -2), _across(scales.shape), self.bits), -1, -2)
        groups = arrays.get("groups")
        place = None if groups is None or -1 in groups else self._columns(groups, scales.shape[-1])
        if zeros is not None:
            levels -= self._spread(zeros.astype(np.float32), place)
        with np.errstate(over="ignore"):
            return ROUNDED[self.dtype](levels * self._spread(scales.astype(np.float32), place))

    def _spread(self, each: NDArray[Any], place: NDArray[Any] | None) -> NDArray[Any]:
        return spread(each, self.shape, self.box) if place is None else each[..., place]

    def _columns(self, groups: NDArray[Any], count: int) -> NDArray[Any]:
        """The group of each column; ValueError unless every group has as many columns."""
        if not np.array_equal(np.sort(groups), np.repeat(np.arange(count), self.box[-1])):
            raise ValueError(f"the groups of columns are not {count} of {self.box[-1]} columns each")
        return groups


def packed_integers(layer: QuantizedLayer) -> Encoded:
    """The weight in ``weight_packed`` I32, ``weight_scale``, ``weight_shape``, perhaps ``weight_zero_point``."""
    said = layer.need("shape", INDICES)
    if said.shape != (len(layer.codes.shape),):
        raise layer.refused(f"the shape {said.shape} of the weight's shape is not {(len(layer.codes.shape),)}", said)
    shape = tuple(int(n) for n in layer.stored.read(said.name))
    check_tensor(layer.stored.path, said.name, shape)
    widths = [layer.scheme.num_bits] if layer.scheme is not None else range(1, 9)
    fitting = [k for k in widths if layer.codes.shape == _words(shape, k)]
    if not fitting or not layer.obeyed({"kind": "int"}):
        rule = f"words of shape {layer.codes.shape} are not those of {shape} integers{layer.by_the_scheme}"
        raise layer.refused(rule, said)
    if len(fitting) > 1:
        either = " or ".join(map(str, fitting))
        raise layer.refused(f"words of shape {layer.codes.shape} may be of {either} bits: no config.json says", said)
    return _integers(layer, shape, fitting[0], {"shape": said})


def plain_integers(layer: QuantizedLayer) -> Encoded:
    """The weight in ``weight`` I8 and ``weight_scale``, perhaps ``weight_zero_point``."""
    bits = 8 if layer.scheme is None else layer.scheme.num_bits
    if not layer.obeyed({"kind": "int"}):
        raise layer.refused(f"I8 codes are not stored{layer.by_the_scheme} of floats", layer.need("scale", REAL))
    return _integers(layer, layer.codes.shape, bits, {})


def _integers(layer: QuantizedLayer, shape: Shape, bits: int, more: Mapping[str, TensorInfo]) -> Encoded:
    scale, zeros, groups = layer.need("scale", REAL), layer.part("zero_point"), layer.part("g_idx")
    box = layer.box(shape, scale)
    across = _words(_across(scale.shape), bits) if len(scale.shape) > 1 else ()
    in_words = zeros is not None and zeros.dtype == "I32" and zeros.shape == _across(across)
    if zeros is not None and not in_words and (zeros.dtype != "I8" or zeros.shape != scale.shape):
        rule = f"zero points {zeros.dtype} of shape {zeros.shape} are none of {bits} bits of scales {scale.shape}"
        raise layer.refused(rule, zeros)
    if zeros is None and not layer.obeyed({"symmetric": True}):
        layer.need("zero_point", frozenset({"I32", "I8"}))
    if groups is not None and (groups.dtype not in INDICES or groups.shape != shape[-1:] or box[-1] == shape[-1]):
        raise layer.refused(f"groups {groups.dtype} of shape {groups.shape} are none of the columns of {shape}", groups)
    known = {"codes": layer.codes, "scales": scale, "zeros": zeros, "groups": groups, **more}
    parts = {what: info.name for what, info in known.items() if info is not None}
    decode = Integers(shape, box, bits, scale.dtype, layer.codes.dtype == "I32", in_words)
    return Encoded(layer.name, f"INT{bits}" + (" asymmetric" if zeros else ""), shape, parts, decode)


def _across(shape: Shape) -> Shape:
    """The shape with the last two axes exchanged."""
    return (*shape[:-2], shape[-1], shape[-2]) if len(shape) > 1 else shape


def _words(shape: Shape, bits: int) -> Shape:
    """The shape of the words that hold rows of fields without a gap."""
    return (*shape[:-1], -(-shape[-1] * bits // WORD))


def _unpacked(words: NDArray[Any], shape: Shape, bits: int) -> NDArray[np.int16]:
    """The integers in words; ValueError where bits after those of a row are not 0."""
    columns, missing = shape[-1], -words.shape[-1] % bits
    whole = np.pad(words, [*[(0, 0)] * (words.ndim - 1), (0, missing)])
    fields = unpacked(whole, bits)
    if fields[..., columns:].any():
        raise ValueError(f"bits after {columns} codes of {bits} bits of a row are not all 0")
    return fields[..., :columns].astype(np.int16) - np.int16(1 << (bits - 1))
