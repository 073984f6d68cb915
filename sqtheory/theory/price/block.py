"""The least error of any mask, scale and codes of a block."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.partition import Rows, Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.selection import top
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, ArrayLike, Mask, as_real
from sqtheory.exceptions import NonFinite, first_at
from sqtheory.orders.errors import box_norms
from sqtheory.theory.price.sweep import LevelGrid, fit


@final
@dataclass(frozen=True, eq=False)
class Optimum:
    """min ‖x − y‖_p over y = σ (m ⊙ c): σ any scale of the kind that q has, m admissible, c on the grid.

    ``errors`` and ``scales`` have one entry for each row; ``masks`` and ``images`` (the best y) the shape of the rows.
    """

    errors: Array
    scales: Array
    masks: Mask
    images: Array


def optimum(rows: ArrayLike, q: Quantizer, s: Sparsifier, p: float = 2.0) -> Optimum:
    """The optimum of every row (n, B), each one scale block of q with whole groups of s, for p = 1 or 2.

    Scales are all positive numbers where q's is a real number (``absmax``), all powers of two where it is one. Exact
    up to the rounding of float64. Raises ValueError for other scales, grids without symmetry, masks other than n:m;
    NonFinite for NaN or infinity.
    """
    x = np.atleast_2d(as_real(rows)).astype(np.float64)
    if q.partition.count((1, x.shape[1])) != 1:
        raise ValueError(f"a row of {x.shape[1]} entries is not one block of {q}")
    if not np.isfinite(x).all():
        where = first_at(~np.isfinite(x))
        raise NonFinite(f"{x[where]} at {where}: the row has no optimum")
    k, m = budget(s, q, (1, x.shape[1]))
    return least(x, k, m, q, p)


def budget(s: Sparsifier, q: Quantizer, shape: Shape) -> tuple[int, int]:
    """(k, m) of an n:m mask whose groups are runs inside the blocks of q, all groups and all blocks of one size.

    Raises ValueError for anything else.
    """
    if not s.fixed_budget or s.groups.run is None:
        raise ValueError(f"the optimum is for n:m masks, got {s}")
    s.check(shape)
    inside = s.groups.overlaps(q.partition, shape)
    groups = {group for group, *_ in inside.pairs}
    blocks = {block for block, *_ in q.partition.overlaps(s.groups, shape).pairs}
    runs = (q.partition.run is not None or q.partition.along_rows) and s.groups.sides(shape)[-1] in groups
    if not runs or not inside.nested or len(groups) != 1 or len(blocks) != 1:
        raise ValueError(
            f"the groups of {s} must be runs of one size along the last axis inside the blocks of {q}, "
            f"of one size too, on a tensor of shape {shape}"
        )
    [m] = groups
    return s.budget(m), m


def least(x: Array, k: int, m: int, q: Quantizer, p: float) -> Optimum:
    """The optimum of blocks x (n, B), float64, over k:m masks. Raises ValueError as ``optimum`` does.

    Of a symmetric grid the mask of the largest magnitudes is best at every scale (theorem ``price_of_order``).
    """
    if p not in (1, 2):
        raise ValueError(f"the optimum is known for p = 1 and 2, got {p:g}")
    if not q.format.odd:
        raise ValueError(f"the optimum needs a grid symmetric about 0, got {q.format}")
    mask = top(np.abs(x).reshape(-1, m), k).reshape(x.shape)
    kept = x[mask].reshape(len(x), x.shape[1] // m * min(k, m))
    scales, own = fit(kept, LevelGrid.of(q.format, p), q.scaling)
    images = np.zeros_like(x)
    images[mask] = own.ravel()
    return Optimum(box_norms(x - images, p, Rows()).reshape(-1), scales, mask, images)
