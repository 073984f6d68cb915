"""What theorem ``prune_first_dominates`` assumes: by name, for every tensor of a shape, on one tensor, in each row."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import final

import numpy as np

from sqtheory.alphabet.norms import spell_norm
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.traits import MONOTONE
from sqtheory.arrays import Mask
from sqtheory.orders.applied import TwoOrders
from sqtheory.orders.counts import Openings
from sqtheory.orders.definition import living, moved
from sqtheory.orders.rulings import Ruling, Rulings


@final
@dataclass(frozen=True)
class Premise:
    """A condition on s, q and p: ``ruling`` decides it for every tensor of a shape.

    Where it depends on the tensor, ``seen`` decides it from what was counted on one, and ``holds`` in every row of a
    matrix whose rows are instances of their own.
    """

    name: str
    statement: str
    ruling: Callable[[Rulings, float], Ruling] = field(compare=False, repr=False)
    holds: Callable[[TwoOrders, Quantizer], Mask] | None = field(default=None, compare=False, repr=False)
    seen: Callable[[Openings], bool] | None = field(default=None, compare=False, repr=False)

    def on_tensor(self, known: Rulings, counted: Openings, p: float) -> bool:
        """It holds on the tensor that was counted; by its ruling where the counts do not say."""
        return self.ruling(known, p).closed if self.seen is None else self.seen(counted)


@lru_cache
def convex(p: float) -> Ruling:
    """p ≥ 1, where ‖·‖_p is a norm."""
    return Ruling(p >= 1, f"p = {spell_norm(p)} is {'at least' if p >= 1 else 'below'} 1")


def _zero_back(two: TwoOrders, q: Quantizer) -> Mask:
    return np.asarray((two.mask | (two.after_mask == 0)).all(axis=1))


def _scale_kept(two: TwoOrders, q: Quantizer) -> Mask:
    return np.asarray(~(moved(two, q, q.placed(two.x)) & living(two, q)).reshape(len(two.x), -1).any(axis=1))


def _one_scale(two: TwoOrders, q: Quantizer) -> Mask:
    """Where s has no groups with budgets of their own, every row is one."""
    groups = two.s.groups if two.s.fixed_budget else Rows()
    found = np.ones(len(two.x), bool)
    for one in q.placed(two.x):
        spread = q.partition.spread(one, two.x.shape)
        single = groups.reduce(spread, lambda rows: np.asarray(rows.max(axis=1) == rows.min(axis=1)))
        found &= single.reshape(len(two.x), -1).all(axis=1)
    return found


Z = Premise(
    "keeps_zero",
    "Z: q(0) = 0, so that pruned entries come back as zero",
    lambda known, p: known.zero,
    _zero_back,
    lambda counted: not counted.back,
)
SIGMA = Premise(
    "keeps_scale",
    "Σ: σ_B(s(x)) = σ_B(x) for every scale block B with a survivor",
    lambda known, p: known.scale,
    _scale_kept,
    lambda counted: not counted.moved,
)
ORDERED = Premise("monotone", f"q has {MONOTONE}: {MONOTONE.statement}", lambda known, p: known.monotone)
MAGNITUDE = Premise(
    "magnitude", "M: s keeps the entries of largest magnitude in every group", lambda known, p: known.magnitude
)
ONE_SCALE = Premise(
    "one_scale_per_group",
    "all entries of a mask group share one scale",
    lambda known, p: known.one_scale,
    _one_scale,
)
NORM = Premise("norm", "p ≥ 1", lambda known, p: convex(p))

UNCHANGED = Premise(
    "entrywise",
    "s and q are put to the weight as they are: no survivor makes up for what is lost",
    lambda known, p: known.magnitude,
)

DOMINANCE = (Z, SIGMA, ORDERED, MAGNITUDE, ONE_SCALE, NORM)
"""With all of them S→Q is never the worse order (theorem ``prune_first_dominates``)."""


def dominates(known: Rulings, p: float) -> bool:
    """All premises of ``prune_first_dominates`` hold for every tensor of the shape."""
    return all(a.ruling(known, p).closed for a in DOMINANCE)
