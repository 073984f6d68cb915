"""Swaps of kept and pruned entries that make a mask lose less of a layer's mean output (DSnoT)."""

from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.partition import Partition
from sqtheory.arrays import Array, FixedArray, Mask


@final
@dataclass(frozen=True)
class SwapRule:
    """When a pruned entry comes back for a kept one, and when a row stops; `zhang2024dsnot`, §3.2.

    ``cycles`` ≥ 0 swaps are tried for every row, none once |e| ≤ ``tolerance``, e what the row loses of its mean
    output. What comes back has the largest part in e over the ``power``-th power of the variance of its input.
    ``keeps_sign``: a row stops before a swap that turns the sign of e. ``against``: only entries whose mean output is
    of the other sign than e are given up. With both |e| never rises (theorem ``swap_bias``).
    """

    cycles: int = 50
    tolerance: float = 0.0
    power: float = 1.0
    keeps_sign: bool = True
    against: bool = True

    def __post_init__(self) -> None:
        if self.cycles < 0 or not (0 <= self.tolerance < np.inf and 0 <= self.power < np.inf):
            raise ValueError(f"swaps need finite numbers cycles, tolerance, power >= 0, got {self}")


Homes: TypeAlias = NDArray[np.integer[Any]]
"""The number of each entry's group."""
SWAPS = SwapRule()
"""The rule under which the mean error never rises."""


@final
@dataclass(frozen=True)
class InputLaw:
    """What is known of every input j of a layer: E X_j, Var X_j and ‖X_j‖₂, float64 (inputs,).

    Raises ValueError for arrays of other lengths and for variances or norms that are negative or no numbers.
    """

    means: FixedArray
    variances: FixedArray
    norms: FixedArray

    def __post_init__(self) -> None:
        shapes = {a.values.shape for a in (self.means, self.variances, self.norms)}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise ValueError(f"means, variances and norms are one number for every input each, got {sorted(shapes)}")
        if not np.isfinite(self.means.values).all():
            raise ValueError("the mean of some input is not finite")
        for name, one in (("variance", self.variances), ("norm", self.norms)):
            if not (np.isfinite(one.values) & (one.values >= 0)).all():
                raise ValueError(f"the {name} of some input is negative or not finite")


def lost_means(w: Array, compressed: Array, means: Array) -> Array:
    """e_o = Σ_j (W_oj − Ŵ_oj) E X_j: what every row loses of its mean output, float64 (rows,)."""
    return np.asarray((w.astype(np.float64) - compressed) @ means)


def swapped(w: Array, keep: Mask, image: Array, groups: Partition, law: InputLaw, rule: SwapRule = SWAPS) -> Mask:
    """The mask after swaps within rows and groups, for a weight w (rows, inputs) in whose place stands keep ⊙ image.

    ``image`` is w, or q(w) where swaps are to make up for rounding too. Every group keeps as many entries as before;
    no entry is swapped twice. Raises ValueError where the law is of another number of inputs.
    """
    if w.ndim != 2 or law.means.values.shape != w.shape[1:]:
        raise ValueError(f"a law of {law.means.values.size} inputs is not that of a weight of shape {w.shape}")
    means, variances = law.means.values.astype(np.float64), law.variances.values.astype(np.float64)
    part, rank = image.astype(np.float64) * means, np.abs(w.astype(np.float64)) * law.norms.values
    home = groups.spread(np.arange(groups.count(w.shape)).reshape(groups.grid(w.shape)), w.shape)
    return swaps(keep, home, lost_means(w, keep * image, means), part, rank, variances[None, :], rule)


def swaps(keep: Mask, home: Homes, lost: Array, part: Array, rank: Array, variances: Array, rule: SwapRule) -> Mask:
    """The mask after the swaps of every row, all (rows, inputs) but ``lost``, e of every row (rows,).

    ``home`` numbers the groups, ``part`` is what an entry adds to its row's mean output where it is kept, ``rank``
    what orders those that are given up, ``variances`` those of the inputs.
    """
    with np.errstate(divide="ignore"):
        ease = np.broadcast_to(variances**-rule.power, part.shape)
    out, back, away, lost = keep.copy(), ~keep, keep.copy(), lost.copy()
    rows = np.flatnonzero(np.abs(lost) > rule.tolerance)
    for _ in range(rule.cycles):
        if not rows.size:
            break
        sign = np.sign(lost[rows])[:, None]
        toward = sign * part[rows]
        may = back[rows] & (toward > 0)
        r = _largest(np.multiply(toward, ease[rows], where=may, out=np.zeros(toward.shape)), may)
        back[rows, r] &= r < 0
        near = away[rows] & (home[rows] == home[rows, r][:, None])
        p = _largest(-rank[rows], near & (toward < 0) if rule.against else near)
        found = (r >= 0) & (p >= 0)
        after = lost[rows] + np.where(found, part[rows, p] - part[rows, r], 0.0)
        stops = (r < 0) | (found & rule.keeps_sign & (np.sign(after) == -sign[:, 0]))
        made = found & ~stops
        out[rows[made], r[made]], out[rows[made], p[made]] = True, False
        away[rows[made], p[made]] = False
        lost[rows[made]] = after[made]
        rows = rows[~stops & (np.abs(lost[rows]) > rule.tolerance)]
    return out


def _largest(values: Array, among: Mask) -> Array:
    """The index of the largest value of every row among some, the lowest of equals; −1 where there is none."""
    at = np.argmax(np.where(among, values, -np.inf), axis=1)
    return np.where(among.any(axis=1), at, -1)
