"""Scales with an offset that are placed by the least and the greatest entry of a block."""

from abc import abstractmethod
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.scaling.affine import Affine, Ends, finite
from sqtheory.exceptions import need


class Range(Enum):
    """Which interval the levels of a block cover.

    >>> from sqtheory import affine
    >>> affine(2, range=Range.with_zero, block=2)([1.0, 3.0])
    array([1., 3.])
    """

    with_zero = "[min(x_B, 0), max(x_B, 0)]"
    own = "[min x_B, max x_B]"

    def __str__(self) -> str:
        return self.name


class FromEnds(Affine):
    """σ_B = (hi − lo)/max Γ, lo and hi the ends of the ``range`` of a block, and an offset that they place.

    Masking moves σ where it removes the least entry of a block that is negative or the greatest that is positive,
    so in blocks of both signs also the end of smaller magnitude: no rule of magnitudes keeps that.
    """

    range: Range
    sign_blind = True

    @property
    def constants(self) -> bool:
        """The range of a block of one number is that number; where False, 0 joins it."""
        return True

    @property
    def apart(self) -> bool:
        return True

    def check(self) -> None:
        super().check()
        need(self.range, Range, "range=")

    @abstractmethod
    def grid_of(self, lo: Ends, hi: Ends, fmt: Format) -> tuple[Ends, Ends]:
        """Scale and offset of blocks with these ends."""

    def span(self, lo: Ends, hi: Ends, fmt: Format) -> Ends:
        """σ of blocks with these ends, at most the largest number of their dtype."""
        count = int(fmt.max - fmt.min)
        with np.errstate(over="ignore"):
            width = (hi - lo) / count
            if width.dtype != object:
                width = finite(np.where(np.isinf(width), hi / count - lo / count, width))
        if width.dtype != object:
            lost = (width == 0) & (hi > lo)
            width = np.where(lost, np.finfo(width.dtype).smallest_subnormal, width) if lost.any() else width
        return width

    def ends(self, x: NDArray[Any], blocks: Partition) -> tuple[Ends, Ends]:
        """lo and hi of every block."""
        lo, hi = blocks.reduce(x, lambda rows: rows.min(axis=1)), blocks.reduce(x, lambda rows: rows.max(axis=1))
        own = np.zeros(lo.shape, bool) if self.range is Range.with_zero else (lo < hi) | self.constants
        return np.where(own, lo, np.minimum(lo, 0)), np.where(own, hi, np.maximum(hi, 0))

    def made(self, x: NDArray[Any], blocks: Partition, fmt: Format) -> tuple[Ends, Ends]:
        return self.grid_of(*self.ends(x, blocks), fmt)
