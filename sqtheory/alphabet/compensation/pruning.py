"""SparseGPT: a mask chosen slab by slab within a sweep with feedback, and rounding in the same pass."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.compensation.column_grid import ColumnGrid
from sqtheory.alphabet.compensation.second_moments import inverse_factor
from sqtheory.alphabet.compensation.sweep import WIDTH, swept
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.scores import Partnered
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, FixedArray, Mask


@final
@dataclass(frozen=True)
class SlabMasks:
    """The mask of s by |w_ij| √D_j = |w_ij|/U_jj, a slab of columns at a time, when the sweep comes to it.

    A slab is a group's width where groups of s have one or are narrower than the matrix, and so many columns where they
    do not: then each slab keeps its share (`frantar2023sparsegpt`, §3.3, "adaptive mask selection"), rounded so that
    the slabs up to it keep the budget of their entries and all of them that of the group.
    ``inclusive``: in such a slab the least kept score, and what ties with it, is pruned too, as published code does
    that compares by ≤ with one entry of the sorted scores.
    """

    s: Sparsifier
    columns: int = WIDTH
    inclusive: bool = False

    def width(self, shape: Shape) -> int:
        """Columns of a slab of a matrix of this shape."""
        rows, inputs = shape
        own = self.s.groups.sides(shape)[1]
        if own < inputs or self.s.groups.run is not None:
            return own
        side = 1 if self.s.units is None else self.s.units.sides(shape)[1]
        width = min(inputs, max(side, self.columns // side * side))
        slabs = [min(width, inputs - at) for at in range(0, inputs, width)]
        parts, whole = sum(self.s.budget(rows * n) for n in slabs), self.s.budget(rows * inputs)
        share = whole < self.s.budget(2 * rows * inputs) and parts < whole + len(slabs)
        return width if self.s.cut is not None or share else inputs

    def of(self, current: Array, dense: Array, deviations: Array, start: int, width: int) -> Mask:
        """The mask of the slab that begins at a column, given what the matrix holds now and held first."""
        part = slice(start, start + width)
        narrow = self.s.groups.sides(current.shape)[1] < current.shape[1]
        if narrow and self.s.groups.run is None:
            return self._chosen(current, dense, deviations)[0][:, part]
        kept, scores = self._chosen(current[:, part], dense[:, part], deviations[part])
        if narrow:
            return kept
        if not self.inclusive:
            return self._within_budget(kept, scores, start)
        groups, left = self.s.groups, np.where(kept, scores, np.inf)
        least = groups.reduce(left, lambda rows: np.asarray(rows.min(axis=1)))
        return np.asarray(kept & (scores > groups.spread(least, kept.shape)))

    def _within_budget(self, kept: Mask, scores: Array, start: int) -> Mask:
        """Without the least kept entry of every group, the last of equals, where slabs so far keep one too many."""
        if not self.s.fixed_budget or self.s.units is not None:
            return kept
        groups, width = self.s.groups, kept.shape[1]
        side = groups.sides(kept.shape)[0]
        own, end = self.s.budget(side * width), self.s.budget(side * (start + width))
        if own == end - self.s.budget(side * start):
            return kept
        left = np.where(kept, scores, np.inf)
        least = groups.spread(groups.reduce(left, lambda rows: np.asarray(rows.min(axis=1))), kept.shape)
        place = np.where(kept & (left == least), np.arange(1.0, kept.size + 1).reshape(kept.shape), 0.0)
        last = groups.spread(groups.reduce(place, lambda rows: np.asarray(rows.max(axis=1))), kept.shape)
        return np.asarray(kept & (place < np.maximum(last, 1)))

    def _chosen(self, current: Array, dense: Array, deviations: Array) -> tuple[Mask, Array]:
        """The mask by the saliency, and that."""
        score = Partnered(FixedArray(deviations[None, :]), "saliency")
        return self.s.with_score(score).mask(current, dense), score.of(current)


def pruned(
    w: Array, h: Array, masks: SlabMasks, grid: ColumnGrid | None = None, *, width: int = WIDTH
) -> tuple[Array, Mask]:
    """W pruned with feedback through H, and rounded in the same pass where there is a grid: the result and its mask.

    Pruned entries become 0 and hand on what they held; float64. A mask that ranks nothing is taken as it is.
    """
    factor = inverse_factor(h)
    deviations = 1 / np.diag(factor)
    fixed = masks.s.ignores_values and masks.s.score is None
    keep = masks.s.mask(w) if fixed else np.zeros(w.shape, np.bool_)
    slab = max(1, masks.width(w.shape))

    def enter(start: int, current: Array) -> None:
        if not fixed:
            keep[:, start : start + slab] = masks.of(current, w, deviations, start, slab)

    def image(j: int, column: Array) -> Array:
        return np.where(keep[:, j], column if grid is None else grid.image(j, column), 0.0)

    out = swept(w, factor, image, starts=range(0, w.shape[1], slab), enter=enter, width=width)
    return out, keep
