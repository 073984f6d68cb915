"""Tensors that the theorems point at: what breaks a claim where one of their assumptions fails."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias, final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from sqtheory.alphabet.partition import Partition, Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scaling import Reach
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array

Labels: TypeAlias = NDArray[np.intp]
LARGEST = 1024.0
"""Grids that reach beyond are scaled down by a power of two, where the scale allows it."""
FINEST = 1024.0
"""Entries are multiples of 1/FINEST."""


SCALES = 12
"""The largest scales of blocks are tried."""


def labels(boxes: Partition, shape: Shape) -> Labels:
    """The number of the box of every entry, flat in C order."""
    numbers: Labels = np.arange(boxes.count(shape)).reshape(boxes.grid(shape))
    return boxes.spread(numbers, shape).ravel()


@final
@dataclass(frozen=True, eq=False)
class Ground:
    """Where scale blocks and mask groups lie, and the magnitudes at which the quantizer changes its mind."""

    blocks: Labels
    groups: Labels
    budgets: list[int]
    """Entries kept in every group."""
    tops: Array
    """Block maxima at which σ is 1 or a power of two."""
    levels: Array
    """Some magnitudes of the grid at that scale."""
    cuts: Array
    """Some magnitudes halfway between levels."""
    units: Labels
    """What is kept or pruned together: the units of a block mask, else the groups."""
    lower: Array
    """Some scales of blocks below an upper scale of 1; none where there is one level of scales."""
    digits: int | None = None
    """Binary digits of the numbers by which the mask compares entries."""
    least: float = 0.0
    """The smallest scale of blocks below an upper scale of 1, 0 where there is one level of scales."""

    @property
    def size(self) -> int:
        """Number of entries."""
        return int(self.blocks.size)


def survey(s: Sparsifier, q: Quantizer, shape: Shape) -> Ground:
    """The ground of a pipeline."""
    groups = labels(s.groups, shape)
    sizes = np.bincount(groups)
    if s.units is not None:
        units = s.units.count(shape)
        budgets = [min(int(sizes[0]), -(-int(sizes[0]) * s.budget(units) // units))]
    else:
        budgets = [min(s.budget(int(n)), int(n)) for n in sizes]
    fmt, fixed = q.format, q.scaling.looks_at is Reach.nothing
    unit = float(np.max(q.scales(np.zeros(shape)), initial=0.0)) or 1.0 if fixed else 1.0
    ends = np.array([fmt.max, -fmt.min, (fmt.max - fmt.min) / 2, fmt.max - fmt.min])
    if not fixed and fmt.max > LARGEST:
        unit = 2.0 ** -np.ceil(np.log2(fmt.max / LARGEST))
    grid = fmt.values[np.unique(np.linspace(0, fmt.values.size - 1, 512).astype(int))]
    cuts = np.abs((grid[1:] + grid[:-1]) / 2)
    return Ground(
        labels(q.partition, shape),
        groups,
        budgets,
        unit * np.unique(ends[ends > 0]),
        unit * np.unique(np.abs(grid)),
        unit * np.unique(cuts[cuts > 0]),
        groups if s.units is None else labels(s.units, shape),
        np.zeros(0) if q.scaling.scale_format is None else q.scaling.scale_format.values[-SCALES:],
        s.digits,
        0.0 if q.scaling.scale_format is None else q.scaling.scale_format.smallest,
    )


Family: TypeAlias = Callable[[Ground, Generator], Array | None]
"""A parametrized tensor: one row drawn from a Generator, or None where the ground has no place for it."""


def straddling(g: Ground, rng: Generator) -> Array | None:
    """A group displaces the maximum of a block that survives (theorem ``overlap``, necessity).

    As many large entries of the group outside the block as it keeps, the block's maximum inside, smaller survivors.
    """
    pairs = np.unique(np.stack([g.blocks, g.groups]), axis=1).T
    for b, group in pairs[rng.permutation(len(pairs))]:
        outside = np.flatnonzero((g.groups == group) & (g.blocks != b))
        shared = np.flatnonzero((g.groups == group) & (g.blocks == b))
        rest = np.flatnonzero((g.groups != group) & (g.blocks == b))
        k = g.budgets[group]
        if rest.size and outside.size >= k:
            x: Array = np.zeros(g.size)
            top = rng.choice(g.tops)
            x[outside[:k]] = 2 * top
            x[shared[0]] = top
            some = rest[: rng.integers(1, min(rest.size, 4) + 1)]
            x[some] = rng.choice(g.levels[g.levels < top], some.size) if np.any(g.levels < top) else top / 2
            return x
    return None


def on_levels(g: Ground, rng: Generator) -> Array:
    """A block on the grid until its maximum is pruned, a level near zero that comes back as another."""
    x = _few(g, rng) * rng.choice(g.levels, g.size)
    return np.asarray(_with_maxima(g, x, rng) * rng.choice([1.0, -1.0], g.size))


def one_negative(g: Ground, rng: Generator) -> Array:
    """Positive entries and one small negative, whose pruning makes the block one-signed."""
    x = _few(g, rng) * rng.choice(g.levels, g.size)
    x = _with_maxima(g, x, rng)
    x[rng.choice(np.flatnonzero(x) if np.any(x) else np.arange(g.size))] *= -1
    x[rng.integers(g.size)] = -rng.choice(g.levels[:4]) / rng.choice([1, 2])
    return x


def contested(g: Ground, rng: Generator) -> Array | None:
    """A cut of one group falls among entries near one boundary between cells: of one cell, of two signs or scales.

    The rest of the budget goes to entries on the grid, and the blocks may differ in scale by powers of two.
    """
    x: Array = np.zeros(g.size)
    factor = 2.0 ** -rng.integers(0, 4, int(g.blocks.max()) + 1) if rng.random() < 0.6 else np.ones(g.blocks.max() + 1)
    top, group = rng.choice(g.tops), int(rng.integers(len(g.budgets)))
    members = np.flatnonzero(g.groups == group)
    if rng.random() < 0.5:
        members = rng.permutation(members)
    elif rng.random() < 0.5:
        members = members[::-1]
    k = g.budgets[group]
    if not k:
        return None
    free = int(rng.integers(1, min(k, 2) + 1))
    count = min(members.size - (k - free), free + int(rng.integers(1, 3)))
    sure, fought = members[: k - free], members[k - free : k - free + count]
    x[sure] = top * factor[g.blocks[sure]]
    for block in np.unique(g.blocks[fought]):
        others = np.flatnonzero((g.blocks == block) & (g.groups != group))
        if others.size and not np.any(x[g.blocks == block]) and rng.random() < 0.7:
            x[rng.choice(others)] = top * factor[block]
    near = rng.choice(g.cuts[g.cuts < top]) if np.any(g.cuts < top) else top / 2
    near *= factor[g.blocks[fought[0]]] if fought.size else 1.0
    spread = rng.choice([1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 128])
    x[fought] = near * (1 + spread * rng.integers(-2, 3, fought.size))
    signs = rng.choice([1.0, -1.0], g.size) if rng.random() < 0.5 else 1.0
    return np.asarray(signs * np.rint(x * FINEST) / FINEST)


def lattice(g: Ground, rng: Generator) -> Array:
    """Multiples of a power of two up to the maximum, in all entries or in a few."""
    top, step = rng.choice(g.tops), 2.0 ** -rng.integers(0, 5)
    dense = rng.random() < 0.5
    x = (1.0 if dense else _few(g, rng)) * np.rint(rng.uniform(0, top, g.size) / step) * step
    signs = rng.choice([1.0, -1.0], g.size) if rng.random() < 0.7 else 1.0
    return np.asarray(_with_maxima(g, x, rng) * signs)


def two_levels(g: Ground, rng: Generator) -> Array | None:
    """The maximum alone in one unit, others full of levels at block scales that change when it goes."""
    count = int(g.units.max()) + 1
    if not g.lower.size or count < 2:
        return None
    x: Array = np.zeros(g.size)
    first, *others = rng.permutation(count)
    top = g.levels.max()
    for unit in others[: rng.integers(1, count)]:
        for block in np.unique(g.blocks[g.units == unit]):
            members = np.flatnonzero((g.blocks == block) & (g.units == unit))
            scale = rng.choice(g.lower)
            x[members] = scale * rng.choice(g.levels[g.levels >= top / 4], members.size)
            x[rng.choice(members)] = scale * top
    x[rng.choice(np.flatnonzero(g.units == first))] = g.lower.max() * top
    return x


def hidden(g: Ground, rng: Generator) -> Array | None:
    """A maximum, and two entries that so few digits do not tell apart: one at a cut, one just above it."""
    if g.digits is None:
        return None
    x: Array = np.zeros(g.size)
    members = rng.permutation(np.flatnonzero(g.groups == rng.integers(len(g.budgets))))[:3]
    top = rng.choice(g.tops)
    near = rng.choice(g.cuts[g.cuts < top]) if np.any(g.cuts < top) else top / 2
    above = rng.choice([top, near]) * 2.0 ** -rng.integers(g.digits - 2, g.digits + 3)
    x[members] = np.array([top, near, near + above])[: members.size]
    return x


def alone(g: Ground, rng: Generator) -> Array | None:
    """A group displaces the maximum of a block, of which one entry is left, of any size, at a scale of its own."""
    x = straddling(g, rng)
    if x is None:
        return None
    own = np.flatnonzero((x != 0) & (x < g.tops.min()))
    if not own.size:
        return None
    x[own] = 0
    x[rng.choice(own)] = g.tops.min() * rng.integers(1, 64) / 64
    return x


def far_below(g: Ground, rng: Generator) -> Array | None:
    """A block so small beside another that its scale is one of the smallest there are, and too coarse for it."""
    if not g.least or not g.blocks.any():
        return None
    x: Array = np.zeros(g.size)
    first, second = rng.permutation(int(g.blocks.max()) + 1)[:2]
    x[rng.choice(np.flatnonzero(g.blocks == first))] = g.levels.max() * g.lower.max()
    x[rng.choice(np.flatnonzero(g.blocks == second))] = g.levels.max() * g.least * rng.integers(1, 64) / 16
    return x


FAMILIES: tuple[Family, ...] = (
    *(straddling, on_levels, one_negative, contested, lattice, two_levels, hidden),
    *(alone, far_below),
)
"""The constructions in the order in which they are tried."""


def _few(g: Ground, rng: Generator) -> Array:
    """Ones at entries of one or two groups, or of one block, zeros elsewhere."""
    chosen = rng.choice(len(g.budgets), rng.integers(1, min(len(g.budgets), 2) + 1), replace=False)
    inside = np.isin(g.groups, chosen)
    if rng.random() < 0.4:
        inside |= g.blocks == rng.choice(g.blocks[inside])
    return np.where(inside & (rng.random(g.size) < rng.choice([0.5, 0.8, 1.0])), 1.0, 0.0)


def _with_maxima(g: Ground, x: Array, rng: Generator) -> Array:
    """Most blocks that are not zero get a largest entry at which the scale is simple."""
    x = x.copy()
    for block in np.unique(g.blocks[x != 0]):
        if rng.random() < 0.8:
            where = np.flatnonzero((g.blocks == block) & (x != 0))
            x[rng.choice(where)] = rng.choice(g.tops)
    return x


def family_rows(family: Family, g: Ground, rng: Generator, count: int) -> Array:
    """So many draws of one family, without the places where there is none: (instances, entries)."""
    rows = [row for row in (family(g, rng) for _ in range(count)) if row is not None]
    return np.array(rows).reshape(-1, g.size)


def small_grid(g: Ground, rng: Generator) -> Array:
    """Every tensor with up to four non-zero entries of one group (and its blocks) from nine values."""
    group = int(rng.integers(len(g.budgets)))
    members = np.flatnonzero(g.groups == group)
    others = np.flatnonzero((g.groups != group) & np.isin(g.blocks, g.blocks[members]))
    support = np.concatenate([members[:3], others[:1], members[3:4]])[:4]
    top = float(g.tops[0])
    low = float(g.levels[g.levels > 0][0])
    cut = float(rng.choice(g.cuts[g.cuts < top])) if np.any(g.cuts < top) else low / 2
    values = (0.0, top, -top, low, -low, cut, -cut, 0.875 * cut, 1.125 * cut)
    rows: Array = np.zeros((len(values) ** support.size, g.size))
    rows[:, support] = np.array(list(product(values, repeat=support.size)))
    return np.asarray(np.rint(rows * FINEST) / FINEST)
