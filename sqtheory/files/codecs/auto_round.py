"""AutoRound: the words of GPTQ or of AWQ; ``packing_format`` says which, and whether zero points are less one."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.codecs import awq, gptq
from sqtheory.files.codecs.codec import Codec, Encoded, Stored
from sqtheory.files.codecs.dense_axes import in_dense_axes
from sqtheory.files.codecs.fields import unpacked
from sqtheory.files.codecs.gptq import ZeroPoints
from sqtheory.files.codecs.qweights import layers_of_words, said_format

_AWQ, _GPTQ = "auto_round:auto_awq", "auto_round:auto_gptq"
_SCHEME = "AutoRound"


def raised(words: NDArray[np.int32], bits: int) -> NDArray[np.int16]:
    """The zero points of words of z − 1, each up by one: of a field of ones 2^k, which no field could hold."""
    return unpacked(words, bits).astype(np.int16) + np.int16(1)


_ZERO_POINTS: Mapping[str, ZeroPoints] = MappingProxyType(
    {_GPTQ: raised, "auto_round": gptq.as_stored, "auto_round:gptqmodel": gptq.as_stored}
)


@final
class AutoRoundCodec(Codec):
    """``qweight``, ``qzeros`` and ``scales`` as GPTQ without ``g_idx`` has them, or as AWQ.

    Only under a configuration, for the names and shapes are those of GPTQ and AWQ.
    """

    name = "auto-round"
    source = "auto-round 0.16.1, its layers in torch"
    methods: ClassVar[frozenset[str]] = frozenset({"auto-round", "intel/auto-round"})

    def encoded(self, stored: Stored) -> Iterator[Encoded]:
        yield from in_dense_axes(stored, self._encoded(stored))

    def _encoded(self, stored: Stored) -> Iterator[Encoded]:
        if not stored.config:
            return
        layout = said_format(stored, _GPTQ, "auto_round", "auto_round:gptqmodel", _AWQ)
        for words in layers_of_words(stored):
            if layout == _AWQ:
                yield awq.linear(stored, words, _SCHEME)
            else:
                yield gptq.linear(stored, words, _SCHEME, _ZERO_POINTS[layout])
