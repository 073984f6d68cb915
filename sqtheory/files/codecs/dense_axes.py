"""In which axes a dense checkpoint has what a quantizer of linear layers stores as [out, in]."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.codecs.codec import Encoded, Stored
from sqtheory.files.views.architecture import Architecture
from sqtheory.files.views.rules import TransposedLinears


def in_dense_axes(stored: Stored, weights: Iterable[Encoded]) -> Iterator[Encoded]:
    """The weights, those of a ``Conv1D`` transposed: GPT-2 and its kin have [in, out] where they are dense.

    Packages that quantize such a layer quantize the transpose (gptqmodel 7.7.0 when it packs, transformers 5.24 for
    bitsandbytes). Without a ``config.json`` that names the kind of the model nothing is transposed.
    """
    transposed = bool(Architecture.beside(stored.path).kinds & TransposedLinears.KINDS)
    for one in weights:
        if transposed and len(one.shape) == 2 and TransposedLinears.NAMED.search(one.name):
            decode = partial(_transposed, decode=one.decode)
            yield replace(one, shape=one.shape[::-1], decode=decode, view=TransposedLinears.VIEW)
        else:
            yield one


def _transposed(
    parts: Mapping[str, NDArray[Any]], *, decode: Callable[[Mapping[str, NDArray[Any]]], NDArray[np.float32]]
) -> NDArray[np.float32]:
    return np.ascontiguousarray(decode(parts).T)
