"""GPTQ: x_{o,i} = s_{g(i),o} (q_{i,o} − z_{g(i),o}), codes of 2, 3, 4 or 8 bits packed along the inputs."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.tensors import quoted, refused
from sqtheory.files.codecs.codec import Codec, Encoded, Stored
from sqtheory.files.codecs.dense_axes import in_dense_axes
from sqtheory.files.codecs.fields import as_words, unpacked
from sqtheory.files.codecs.parts import need_shape, need_type
from sqtheory.files.codecs.qweights import GROUPS, Words, affine, check_said, layers_of_words, said_format

ZeroPoints: TypeAlias = Callable[[NDArray[np.int32], int], NDArray[Any]]
"""The zero points in words, by the bits of each."""
BITS = (2, 3, 4, 8)
FIRST, SECOND = "gptq", "gptq_v2"
"""The formats of zero points: less one, and as they are."""
_ONES = {2: 0x55555555, 4: 0x11111111, 8: 0x01010101}
"""A word of codes that are all 1."""


@final
class GptqCodec(Codec):
    """``qweight`` I32 [in·k/32, out], ``qzeros`` I32 [groups, out·k/32], ``scales`` [groups, out], ``g_idx`` I32 [in].

    Format ``gptq`` stores z − 1, ``gptq_v2`` stores z. Without ``g_idx`` groups follow each other along the inputs.
    Values are rounded to the type of the scales, as the package computes them.
    """

    name = "gptq"
    source = "gptqmodel 7.7.0, its layer in torch"
    methods: ClassVar[frozenset[str]] = frozenset({"gptq"})

    def encoded(self, stored: Stored) -> Iterator[Encoded]:
        yield from in_dense_axes(stored, self._encoded(stored))

    def _encoded(self, stored: Stored) -> Iterator[Encoded]:
        layout = said_format(stored, FIRST, SECOND)
        for words in layers_of_words(stored):
            if stored.config or not words.packed_outputs:
                yield linear(stored, words, "GPTQ", carried if layout == FIRST else as_stored)


def linear(stored: Stored, words: Words, scheme: str, zero_points: ZeroPoints) -> Encoded:
    """The weight of a layer of codes packed along the inputs. Raises CheckpointError for shapes that do not fit."""
    name, (rows, outputs) = words.codes.name, words.codes.shape
    groups = words.scales.shape[0]
    bits, rest = divmod(32 * words.zeros.shape[1], outputs)
    if rest or bits not in BITS:
        rule = f"{outputs} outputs have {words.zeros.shape[1]} words of zero points in {quoted(words.zeros.name)}"
        raise refused(stored.path, f"{rule}: readable are {', '.join(map(str, BITS))} bits", name)
    need_shape(stored, name, words.zeros, (groups, outputs * bits // 32))
    need_shape(stored, name, words.scales, (groups, outputs))
    if 32 * rows % bits:
        raise refused(stored.path, f"{rows} words are no whole number of {bits}-bit codes", name)
    inputs = 32 * rows // bits
    check_said(stored, words, bits, inputs)
    parts = words.parts
    order = stored.infos.get(words.stem + GROUPS)
    if order is None:
        size = stored.config.get("group_size", -1)
        size = size if isinstance(size, int) and size > 0 else -(-inputs // groups)
        if -(-inputs // size) != groups:
            rule = f"{inputs} inputs in groups of {size} have {-(-inputs // size)} scales an output, got {groups} in"
            raise refused(stored.path, f"{rule} {quoted(words.scales.name)}", name)
    else:
        size = 0
        need_type(stored, name, order, "I32", "I64")
        need_shape(stored, name, order, (inputs,))
        parts |= {"groups": order.name}
    decode = partial(_values, bits=bits, zero_points=zero_points, size=size, dtype=words.scales.dtype)
    return Encoded(f"{words.stem}.weight", f"{scheme} {bits}-bit", (outputs, inputs), parts, decode)


def _values(
    parts: Mapping[str, NDArray[Any]], *, bits: int, zero_points: ZeroPoints, size: int, dtype: str
) -> NDArray[np.float32]:
    codes = np.ascontiguousarray(unpacked(parts["codes"].T, bits).T)
    groups = parts["groups"] if "groups" in parts else np.arange(codes.shape[0]) // size
    count = parts["scales"].shape[0]
    if groups.size and not (groups.min() >= 0 and groups.max() < count):
        raise ValueError(f"groups: {count} groups are numbered from 0, got {groups.min()} … {groups.max()}")
    zeros = zero_points(parts["zeros"], bits)
    return affine(codes, zeros, parts["scales"], groups.astype(np.intp), dtype)


def as_stored(words: NDArray[np.int32], bits: int) -> NDArray[np.uint8]:
    """The zero points themselves."""
    return unpacked(words, bits)


def carried(words: NDArray[np.int32], bits: int) -> NDArray[np.uint8]:
    """The zero points of words of z − 1: each word goes up by one in all of its fields at once.

    A field of ones then carries into the next: the inverse of how gptqmodel writes it. Fields of 3 bits, which lie
    across words, go up one by one and wrap.
    """
    if bits in _ONES:
        return unpacked((words.view(np.uint32) + np.uint32(_ONES[bits])).view(np.int32), bits)
    return (unpacked(words, bits) + np.uint8(1)) & np.uint8((1 << bits) - 1)


def less_one(zeros: NDArray[np.uint8], bits: int) -> NDArray[np.int32]:
    """The words of z − 1 of rows of zero points, none of them 0: of the inverse of ``carried`` the part all readers do.

    ValueError for a zero point 0, which becomes a field of ones: readers that add one to each field take it for 2^k.
    """
    if not zeros.all():
        raise ValueError(f"format {FIRST} stores z − 1 and has no zero point 0: {SECOND} has")
    return as_words(zeros - np.uint8(1), bits)
