"""One way of another package to do the work of a case."""

from dataclasses import dataclass
from typing import final

from sqtheory.arrays import Array
from sqtheory.bench.cases import Call

SLOW = 1 << 20
"""Entries on which what takes very long is timed, at most; the rest is timed on all of them."""


@final
@dataclass(frozen=True, eq=False)
class Peer:
    """How another package is called, as its documentation suggests, ready to be timed."""

    name: str
    """With its version, and how it runs."""
    call: Call
    """Gives the image or the mask of the matrix as an array."""
    matrix: Array
    lacks: str
    """What ours gives and it does not, or gives otherwise."""


def first(x: Array) -> Array:
    """The first rows of a matrix that is timed on a part of it."""
    return x[: max(1, SLOW // x.shape[1])]
