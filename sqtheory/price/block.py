"""The least error of any mask, scale and codes of a block."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.arrays import Array, ArrayLike, as_real
from sqtheory.errors import powers
from sqtheory.norms import units
from sqtheory.partition import Blocks, Rows, Shape
from sqtheory.price.sweep import Grid, best_power_of_two, best_real
from sqtheory.quantizers import Quantizer
from sqtheory.scaling import AbsMax, PowerOfTwo, Scaling, SharedExponent
from sqtheory.selection import top
from sqtheory.sparsifiers import Sparsifier, TopSparsifier


@final
@dataclass(frozen=True, eq=False)
class Optimum:
    """min ‖x − y‖_p over y = σ (m ⊙ c): σ any scale of the kind that q has, m admissible, c on the grid.

    ``errors`` and ``scales`` have one entry for each row, ``images`` (the best y) the shape of the rows.
    """

    errors: Array
    scales: Array
    images: Array


def optimum(rows: ArrayLike, q: Quantizer, s: Sparsifier, p: float = 2.0) -> Optimum:
    """The optimum of every row (n, B), each one scale block of q with whole groups of s, for p = 1 or 2.

    Scales are all positive numbers where q's is a real number (``absmax``), all powers of two where it is one. Exact
    up to the rounding of float64. Raises ValueError for other scales, grids without symmetry, masks other than n:m.
    """
    x = np.atleast_2d(as_real(rows)).astype(np.float64)
    if q.partition.count((1, x.shape[1])) != 1:
        raise ValueError(f"a row of {x.shape[1]} entries is not one block of {q}")
    k, m = budget(s, q, (1, x.shape[1]))
    return least(x, k, m, Grid.of(q.format, p), q.scaling)


def budget(s: Sparsifier, q: Quantizer, shape: Shape) -> tuple[int, int]:
    """(k, m) of an n:m mask whose groups are runs inside the blocks of q, all groups and all blocks of one size.

    Raises ValueError for anything else.
    """
    if not isinstance(s, TopSparsifier) or not isinstance(s.groups, Blocks):
        raise ValueError(f"the optimum is for n:m masks, got {s}")
    s.groups.check_tail(shape, s.tail, "groups")
    inside = s.groups.overlaps(q.partition, shape)
    groups = {group for group, *_ in inside.pairs}
    blocks = {block for block, *_ in q.partition.overlaps(s.groups, shape).pairs}
    runs = isinstance(q.partition, Blocks | Rows) and s.groups.sides(shape)[-1] in groups
    if not runs or not inside.nested or len(groups) != 1 or len(blocks) != 1:
        raise ValueError(
            f"the groups of {s} must be runs of one size along the last axis inside the blocks of {q}, "
            f"of one size too, on a tensor of shape {shape}"
        )
    [m] = groups
    return s.budget(m), m


def least(x: Array, k: int, m: int, grid: Grid, scaling: Scaling) -> Optimum:
    """The optimum of blocks x (n, B), float64, over the scales of this kind. Raises ValueError for other kinds.

    At every scale what rounding a magnitude saves does not decrease with it (theorem ``sparse_grid_projection``), so
    the mask of the largest magnitudes is best at all of them, and the best scale is that of its entries.
    """
    if not isinstance(scaling, AbsMax | PowerOfTwo | SharedExponent):
        raise ValueError(f"the optimum is over all real scales or all powers of two, got scaling={scaling}")
    unit = units(np.abs(x).max(axis=1, initial=0.0), grid.p)[:, None]
    size = np.abs(x) / unit
    mask = top(size.reshape(-1, m), k).reshape(size.shape)
    kept = size[mask].reshape(len(x), x.shape[1] // m * min(k, m))
    sigma = (best_real if isinstance(scaling, AbsMax) else best_power_of_two)(kept, grid)[:, None]
    image = np.zeros_like(size)
    image[mask] = (sigma * grid.codes(kept, sigma)).ravel()
    total = powers(np.abs(size - image), grid.p).sum(axis=1)
    errors = (total if grid.p == 1 else np.sqrt(total)) * unit[:, 0]
    return Optimum(errors, (sigma * unit)[:, 0], np.copysign(image * unit, x))
