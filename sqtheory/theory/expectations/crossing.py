"""From how many bits on a mask errs more than rounding: where both mean squared errors of independent entries cross."""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, inf, log2, sqrt
from typing import final

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.tables import Table
from sqtheory.theory.expectations.densities import Density, Normal
from sqtheory.theory.expectations.maximum import MANY, expected_square_error, outer
from sqtheory.theory.expectations.quadrature import rule
from sqtheory.theory.expectations.sparse import expected_pruned_square

NARROWEST, WIDEST = 2, 16
"""Widths of integers that are tried."""
GROUPS = ((7, 8), (3, 4), (1, 2), (2, 4), (4, 8), (1, 4))
"""The masks n:m of the table, from mild to harsh."""
SHARES = (0.99, 0.9, 0.75, 0.5, 0.25)
"""Shares of entries kept, of the table."""
SIZES = (32, 128)
"""Entries of a scale block, of the table."""


def expected_cut_square(density: Density, kept: float) -> float:
    """E (x − s(x))² where the share ``kept`` of largest magnitudes survives: ∫_0^{1−kept} F^{−1}(u)² du.

    The limit of n:m masks of n/m = kept as m → ∞. Raises ValueError unless 0 < kept < 1.
    """
    if not 0 < kept < 1:
        raise ValueError(f"a mask that prunes and keeps needs a share between 0 and 1, got {kept}")
    u, weight, _ = rule(np.array([0.0, 1e-3, 0.5, 1.0]), graded=True)
    return float((1 - kept) * (weight @ density.quantile((1 - kept) * u) ** 2))


def largest_square(density: Density, size: int) -> float:
    """E max² of ``size`` independent magnitudes. Raises ValueError for a law of infinite variance."""
    if not np.isfinite(density.second_moment):
        raise ValueError("the largest of a block has no second moment if the law has none")
    t, weight, *_ = outer(density, int_(8), size, MANY)
    return float(weight @ t**2)


@final
@dataclass(frozen=True)
class Crossing:
    """Where the mean squared errors of integers on block maxima and of one mask cross, for one law and block size."""

    mask: str
    size: int
    pruned: float
    """E (x − s(x))² of one entry."""
    law: float
    """1 + log₂(L + 1), L the steps max Γ/Δ at which (1 − 1/B) E max²/(12 L²) is ``pruned``: fine steps, no cells."""
    bits: int
    """The width from which on the mask errs more: there it does, by the exact expectation, at one bit less not."""
    at: float
    """E (x − q(x))² over ``pruned`` at that width."""
    before: float
    """The same at one bit less; ∞ where that is no grid."""


@lru_cache
def _rounded(density: Density, bits: int, size: int) -> float:
    return expected_square_error(density, int_(bits, block=size))


def crossing(density: Density, mask: str, pruned: float, size: int) -> Crossing:
    """Where rounding of blocks of ``size`` begins to err less than a mask that errs by ``pruned`` on average.

    Raises ValueError where no width up to ``WIDEST`` does.
    """
    steps = sqrt((1 - 1 / size) * largest_square(density, size) / (12 * pruned))
    law = 1 + log2(steps + 1)
    bits = min(max(ceil(law), NARROWEST), WIDEST)
    while bits > NARROWEST and _rounded(density, bits - 1, size) < pruned:
        bits -= 1
    while (at := _rounded(density, bits, size)) >= pruned:
        if bits == WIDEST:
            raise ValueError(f"rounding to {WIDEST} bits in blocks of {size} still errs more than {mask}")
        bits += 1
    before = _rounded(density, bits - 1, size) / pruned if bits > NARROWEST else inf
    return Crossing(mask, size, pruned, law, bits, at / pruned, before)


def crossings(density: Density, sizes: tuple[int, ...] = SIZES) -> list[Crossing]:
    """Every mask of the table with blocks of every size."""
    pruned = {f"{n}:{m}": expected_pruned_square(density, n, m) for n, m in GROUPS}
    pruned |= {f"keeps {share:.0%}": expected_cut_square(density, share) for share in SHARES}
    return [crossing(density, mask, lost, size) for mask, lost in pruned.items() for size in sizes]


def crossing_table() -> Table:
    """Of normal entries: what a mask loses, and from which width on it errs more than integers on block maxima."""
    header = (
        "mask",
        "block",
        "E (x − s(x))²",
        "bits by the law",
        "mask errs more from",
        "E_q/E_s there",
        "one bit less",
    )
    return Table(header, tuple(_cells(each) for each in crossings(Normal())))


def _cells(c: Crossing) -> tuple[str, ...]:
    before = "–" if c.before == inf else f"{c.before:.3g}"
    return c.mask, str(c.size), f"{c.pruned:.3g}", f"{c.law:.2f}", f"INT{c.bits}", f"{c.at:.3g}", before
