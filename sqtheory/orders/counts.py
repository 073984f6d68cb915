"""What two orders on one tensor add up to: sums of errors and counts, however they were made."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

import numpy as np

from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scaling import Placed
from sqtheory.arrays import Array, Mask
from sqtheory.tables import json_ready


@final
@dataclass(frozen=True)
class Errors:
    """p-norms of the errors against x: of s, of q, of both orders, and of the optimum at the dense scale."""

    s: float
    q: float
    sq: float
    qs: float
    gain: float
    sq_dense: float
    """S→Q with every scale frozen at its value for x: ``sq`` when no scale moved, or q is not one quantizer."""


@final
@dataclass(frozen=True)
class OutputErrors:
    """‖XWᵀ‖_F of a layer with inputs X, and how much of its output s, q, both orders and one joint pass lose."""

    size: float
    s: float
    q: float
    sq: float
    qs: float
    joint: float | None = None
    """None where the procedure has no joint pass."""

    @classmethod
    def together(cls, every: Sequence["OutputErrors | None"]) -> "OutputErrors | None":
        """Of several layers as one, (Σ ‖·‖_F²)^{1/2}; None unless all are known."""
        known = [one for one in every if one is not None]
        if len(known) < len(every) or not known:
            return None
        size, s, q, sq, qs = (math.hypot(*values) for values in zip(*(one.errors for one in known), strict=True))
        joints = [one.joint for one in known if one.joint is not None]
        return cls(size, s, q, sq, qs, math.hypot(*joints) if len(joints) == len(known) else None)

    @property
    def errors(self) -> tuple[float, float, float, float, float]:
        """The size and the errors, but for the joint one."""
        return self.size, self.s, self.q, self.sq, self.qs

    @property
    def sign(self) -> int:
        """1 where S→Q loses less of the output, −1 where Q→S does, 0 where they lose the same."""
        return (self.qs > self.sq) - (self.qs < self.sq)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        return {name: json_ready(value) for name, value in vars(self).items() if value is not None}


@final
@dataclass(frozen=True)
class Sums:
    """‖x‖_p, the norms of the errors, and by which of the orders x loses less."""

    p: float
    x_norm: float
    errors: Errors
    lead: int
    """The sign of ‖ε_{Q→S}‖ − ‖ε_{S→Q}‖, finer than the norms: 1 where S→Q wins, 0 where neither does, or −1."""


@final
@dataclass(frozen=True)
class Openings:
    """In how many places each channel is open; and where a block saturates."""

    selected: int
    """Groups in which the orders choose differently among entries of non-zero image."""
    moved: int
    """Blocks with a survivor whose scale the mask moved."""
    living: int
    """Blocks with a survivor."""
    back: int
    """Pruned entries that do not come back as zero."""
    pruned: int
    """Pruned entries."""
    saturated: int
    """Blocks with an entry beyond [σ·min Γ, σ·max Γ]; the rounding of σ itself is no saturation."""
    flushed: int
    """Blocks with an entry that is not 0, and an image that is."""


@final
@dataclass(frozen=True)
class Counts:
    """One pipeline on one tensor."""

    sums: Sums
    swaps: int
    """Entries of non-zero image that S→Q keeps and Q→S prunes."""
    tied: int
    """Groups whose scores on q(x) tie at the cut, so that the tie rule decides."""
    openings: Openings


@final
@dataclass(frozen=True, eq=False)
class GroupErrors:
    """The norms of ``Errors`` restricted to every group of the mask: arrays in the shape of the grid of groups."""

    s: Array
    q: Array
    sq: Array
    qs: Array
    gain: Array
    bound: Array

    @property
    def excess_sq(self) -> Array:
        """‖ε_{S→Q}‖ − bound in every group."""
        return self.sq - self.bound

    @property
    def excess_qs(self) -> Array:
        """‖ε_{Q→S}‖ − bound in every group."""
        return self.qs - self.bound

    def to_dict(self) -> dict[str, Any]:
        """Nested lists in the shape of the grid of groups."""
        return {name: getattr(self, name).tolist() for name in ("s", "q", "sq", "qs", "gain", "bound")}

    @property
    def reversed_groups(self) -> int:
        """Groups in which Q→S has the smaller error, beyond the rounding of the norms."""
        return int(np.count_nonzero(self.qs < self.sq * (1 - 1e-12)))


def sign(lead: float | Fraction) -> int:
    """1, 0 or −1."""
    return 0 if lead == 0 else 1 if lead > 0 else -1


def ends(x: Array, boxes: Partition) -> tuple[Array, Array]:
    """The least and the greatest entry of every box, in the shape of the grid of boxes."""
    low = boxes.reduce(x, lambda rows: np.asarray(rows.min(axis=1)))
    return low, boxes.reduce(x, lambda rows: np.asarray(rows.max(axis=1)))


def beyond_range(low: Array, high: Array, placed: Placed, q: Quantizer) -> Mask:
    """Which blocks with these least and greatest entries and these scales reach beyond [σ·min Γ, σ·max Γ]."""
    slack = 4 * float(np.finfo(placed[0].dtype).eps)  # the rounding of a real scale is no saturation
    with np.errstate(over="ignore"):
        least, most = q.scaling.reach(placed, q.format)
        return np.asarray((high > most + slack * np.abs(most)) | (low < least - slack * np.abs(least)))
