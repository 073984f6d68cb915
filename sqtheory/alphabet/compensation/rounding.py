"""GPTQ: a matrix rounded column by column with feedback, with or without a mask whose zeros are held."""

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.compensation.column_grid import ColumnGrid
from sqtheory.alphabet.compensation.second_moments import inverse_factor
from sqtheory.alphabet.compensation.sweep import WIDTH, swept
from sqtheory.arrays import Array, Mask


class Zeros(Enum):
    """What becomes of pruned entries on which feedback comes in."""

    held = "they are 0 again when their column comes, and what they held is handed on"
    spared = "no feedback comes in: errors reach the entries that stay, and no others"
    refilled = "they are rounded as all others are, and so refilled: what tools do that have forgotten the mask"

    def __str__(self) -> str:
        return self.name


class ColumnOrder(Enum):
    """Which column is rounded first."""

    natural = "as they lie"
    power = "those of largest H_jj first, ties as they lie (`act_order` of GPTQ's code)"

    def __str__(self) -> str:
        return self.name

    def of(self, h: Array) -> NDArray[np.intp]:
        """The columns in their order, integers."""
        powers = -np.diag(h) if self is ColumnOrder.power else np.zeros(len(h))
        return np.argsort(powers, kind="stable")


def rounded(
    w: Array,
    h: Array,
    grid: ColumnGrid,
    keep: Mask | None = None,
    *,
    zeros: Zeros = Zeros.held,
    order: ColumnOrder = ColumnOrder.natural,
    renew: bool = False,
    width: int = WIDTH,
) -> Array:
    """W on the grid, rounded column by column with feedback through H; entries off ``keep`` as ``zeros`` says, float64.

    ``renew``: the scales of a block are made anew when the sweep comes to it, which needs the natural order.
    w (rows, inputs), H (inputs, inputs) positive definite. Raises ValueError as ``inverse_factor`` does.
    """
    if renew and order is not ColumnOrder.natural:
        raise ValueError("scales are made anew block by block in the natural order of columns only")
    places, now, mask = order.of(h), grid, None if zeros is Zeros.refilled else keep

    def enter(start: int, current: Array) -> None:
        nonlocal now
        now = now.renewed(start, current)

    def image(j: int, column: Array) -> Array:
        value = now.image(int(places[j]), column)
        return value if mask is None else np.where(mask[:, places[j]], value, 0.0)

    out = np.empty(w.shape)
    out[:, places] = swept(
        w[:, places],
        inverse_factor(h[np.ix_(places, places)]),
        image,
        reach=keep[:, places] if keep is not None and zeros is Zeros.spared else None,
        starts=grid.starts if renew else (),
        enter=enter,
        width=width,
    )
    return out
