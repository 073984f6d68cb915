"""An entry that is left out shares a row or a column with n larger ones that are taken, and each of those stands in.

Every taken entry lies in one row and one column: it stands in for at most one left out of its row and one of its
column, so that what the best mask keeps besides is at most what was taken, twice over with what both keep once.
"""

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from sqtheory.alphabet.sparsifiers.transposable import best, patterns, taken
from sqtheory.theory.theorems.transposable_greedy import BEST, GREEDY, THEOREM, M

from .atoms import Row
from .conclusions import OnlyTested
from .exact import ExactRow
from .proof import Proof
from .steps import Enumerated, Smt


def tiles(a: ExactRow) -> list[Row]:
    """Magnitudes, four to a tile."""
    sizes = [abs(v) for v in a.x]
    return [sizes[i : i + M * M] for i in range(0, len(sizes), M * M)]


def greedily(tile: Row) -> Fraction:
    """The largest first, the earlier of equal ones, then what lies in neither its row nor its column."""
    first = max(range(M * M), key=lambda i: (tile[i], -i))
    return Fraction(tile[first] + tile[M * M - 1 - first])


def largest(tile: Row) -> Fraction:
    """The larger of both diagonals."""
    return Fraction(max(tile[0] + tile[3], tile[1] + tile[2]))


def half(z3: Any) -> tuple[list[Any], Any]:
    """A 2×2 tile whose largest entry is a: b + c ≤ 2a ≤ 2 (a + d)."""
    a, b, c, d = z3.Reals("a b c d")
    return [a >= b, a >= c, a >= d, b >= 0, c >= 0, d >= 0], z3.And(b + c <= 2 * (a + d), a + d <= 2 * (a + d))


def short(n: int, m: int, values: int) -> list[str]:
    """Tiles of so many values whose greedy n:m sum is less than half of the best, or more than it."""
    tried = np.array(list(product(range(values), repeat=m * m)), float)
    greedy = (tried * taken(tried, n, m)).sum(axis=1)
    most = (tried * best(tried, patterns(n, m))).sum(axis=1)
    return [str(tried[i]) for i in np.flatnonzero((most > 2 * greedy) | (greedy > most))]


def blocked() -> list[str]:
    """Places of a 2:4 tile that are left out although neither their row nor their column is full."""
    rng = np.random.default_rng(0)
    kept = taken(rng.random((500, 16)), 2, 4).reshape(-1, 4, 4)
    free = (kept.sum(axis=2) < 2)[:, :, None] & (kept.sum(axis=1) < 2)[:, None, :] & ~kept
    return [str(tile) for tile, some in zip(kept, free, strict=True) if some.any()]


PROOF = Proof(
    theorem=THEOREM,
    model={
        GREEDY: lambda a: sum(map(greedily, tiles(a)), Fraction(0)),
        BEST: lambda a: sum(map(largest, tiles(a)), Fraction(0)),
    },
    steps=(
        Smt("a tile of 1:2, by its largest entry: what shares its row or column is no larger", half),
        Enumerated("all 1:3 and 2:3 tiles of two values", lambda: [*short(1, 3, 2), *short(2, 3, 2)]),
        Enumerated("of 2:4 a place is left out for a full row or column alone, on 500 random tiles", blocked),
        OnlyTested("sums over tiles: the solver settles one, the models go tile by tile"),
    ),
)
