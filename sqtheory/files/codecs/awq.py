"""AWQ, version GEMM: x_{o,i} = s_{g(i),o} (q_{i,o} − z_{g(i),o}), 4-bit codes packed along the outputs, interleaved."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.tensors import quoted, refused
from sqtheory.files.codecs.codec import Codec, Encoded, Stored
from sqtheory.files.codecs.dense_axes import in_dense_axes
from sqtheory.files.codecs.fields import as_words, unpacked
from sqtheory.files.codecs.parts import need_shape
from sqtheory.files.codecs.qweights import Words, affine, check_said, layers_of_words, said_format

BITS = 4
VERSION = "gemm"
"""Of the orders of codes that the package has the one that is read and written."""
_NIBBLE_OF = (0, 4, 1, 5, 2, 6, 3, 7)
"""Where in a word each of its eight outputs lies: nibbles hold 0 2 4 6 1 3 5 7."""


@final
class AwqCodec(Codec):
    """``qweight`` I32 [in, out/8], ``qzeros`` I32 [groups, out/8], ``scales`` [groups, out].

    Values are rounded to the type of the scales, as the package computes them.
    """

    name = "awq"
    source = "autoawq 0.2.9, dequantize_gemm"
    methods: ClassVar[frozenset[str]] = frozenset({"awq"})

    def encoded(self, stored: Stored) -> Iterator[Encoded]:
        yield from in_dense_axes(stored, self._encoded(stored))

    def _encoded(self, stored: Stored) -> Iterator[Encoded]:
        said_format(stored, VERSION)
        if stored.config.get("bits", BITS) != BITS:
            raise refused(stored.path, f"quant_method awq has {stored.config['bits']!r} bits: readable are {BITS}")
        for words in layers_of_words(stored):
            if stored.config or words.packed_outputs:
                yield linear(stored, words, "AWQ")


def linear(stored: Stored, words: Words, scheme: str) -> Encoded:
    """The weight of a layer of codes packed along the outputs. Raises CheckpointError for shapes that do not fit."""
    name, (inputs, columns) = words.codes.name, words.codes.shape
    groups, outputs = words.scales.shape[0], 8 * columns
    need_shape(stored, name, words.scales, (groups, outputs))
    need_shape(stored, name, words.zeros, (groups, columns))
    if inputs % groups:
        rule = f"{inputs} inputs are no whole number of the {groups} groups of {quoted(words.scales.name)}"
        raise refused(stored.path, rule, name)
    check_said(stored, words, BITS, inputs)
    decode = partial(_values, dtype=words.scales.dtype)
    return Encoded(f"{words.stem}.weight", f"{scheme} 4-bit", (outputs, inputs), words.parts, decode)


def _values(parts: Mapping[str, NDArray[Any]], *, dtype: str) -> NDArray[np.float32]:
    codes, zeros = (_outputs(parts[role]) for role in ("codes", "zeros"))
    groups = np.arange(codes.shape[0]) // (codes.shape[0] // zeros.shape[0])
    return affine(codes, zeros, parts["scales"], groups, dtype)


def _outputs(words: NDArray[np.int32]) -> NDArray[np.uint8]:
    """The codes of [rows, columns] words, [rows, 8 columns], in the order of the outputs."""
    fields = unpacked(words, BITS).reshape(*words.shape, 8)
    return fields[..., _NIBBLE_OF].reshape(words.shape[0], -1)


def interleaved(codes: NDArray[np.uint8]) -> NDArray[np.int32]:
    """The words of codes [rows, outputs] in the order of the outputs, a multiple of 8: the inverse of ``_outputs``."""
    eights = codes.reshape(len(codes), -1, 8)
    fields = np.empty_like(eights)
    fields[..., _NIBBLE_OF] = eights
    return as_words(fields.reshape(len(codes), -1), BITS)
