"""What is measured: one call on a matrix into memory that exists, and the multiple of a copy it may cost."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, final

import numpy as np

from sqtheory.alphabet.notation import MASK, QUANTIZER, parse, parse_as
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array
from sqtheory.orders.grid import tensor_rows
from sqtheory.orders.streaming import error_norm

Call: TypeAlias = Callable[[], object]


@final
@dataclass(frozen=True)
class Operation:
    """An operation with the multiple of a copy it is meant to stay under on one core, if one is stated.

    ``prepare(x)`` allocates what the result needs and gives the call that is timed. The same by definition is meant
    to take ``gain`` times as long.
    """

    name: str
    prepare: Callable[[Array], Call]
    goal: float | None = None
    gain: float = 2.5


def _image(text: str, x: Array) -> Call:
    return partial(parse(text), x, out=np.empty_like(x))


def _mask(text: str, x: Array) -> Call:
    return partial(parse_as(Sparsifier, MASK, text).mask, x, out=np.empty(x.shape, np.bool_))


def _error(text: str, x: Array) -> Call:
    return partial(error_norm, parse(text), x, out=np.empty_like(x))


def _order(mask: str, fmt: str, x: Array) -> Call:
    s, q = parse_as(Sparsifier, MASK, mask), parse_as(Quantizer, QUANTIZER, fmt)
    return partial(tensor_rows, "x", x, [s], [q])


CASES: dict[str, Operation] = {
    case.name: case
    for case in (
        *(Operation(name, partial(_image, name), 3.5) for name in ("int8", "hbfp8", "mxint8")),
        *(Operation(name, partial(_image, name), 5) for name in ("mxfp8", "mxfp6", "mxfp4")),
        Operation("nvfp4", partial(_image, "nvfp4"), 7),
        Operation("nf4", partial(_image, "nf4")),
        Operation("2:4", partial(_mask, "2:4"), 3.5, gain=2),
        Operation("4:8", partial(_mask, "4:8"), 8, gain=1.5),
        Operation("50%", partial(_mask, "50%"), 4),
        Operation("2:4 >> mxfp8, L2 error", partial(_error, "2:4 >> mxfp8"), 10, gain=1.5),
        Operation("order, 2:4 and mxfp8", partial(_order, "2:4", "mxfp8"), 30),
    )
}
"""Every case by name: images, masks, a chain with its error, the whole report of two orders."""
