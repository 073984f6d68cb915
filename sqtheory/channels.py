"""Through which channel the order of a sparsifier and a quantizer can matter: selection M, scale Σ, zero Z.

With all three closed and q deterministic, S→Q, Q→S and the frozen mask agree: q(s(x)) = m ⊙ q(x) = s(q(x)).
"""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from sqtheory.arrays import Array, ArrayLike
from sqtheory.quantizers import Quantizer
from sqtheory.scaling import Frozen, TwoLevel, Unscaled
from sqtheory.sparsifiers import BlockSparsifier, Sparsifier, ThresholdSparsifier, TopSparsifier
from sqtheory.tables import Table, Tabular
from sqtheory.ties import ByOriginal
from sqtheory.traits import KEEPS_ZERO, MONOTONE
from sqtheory.two_orders import TwoOrders, both


@final
@dataclass(frozen=True)
class Channel:
    """One way in which order can matter.

    ``possible``: False where traits, partitions and masks that look at no values rule it out for every
    tensor of this shape. ``count`` of ``total``: how often it is open on this tensor, never where not possible.
    """

    symbol: str
    name: str
    possible: bool
    count: int
    total: int
    sentence: str

    @property
    def open(self) -> bool:
        """The channel is open on this tensor."""
        return self.count > 0

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        return {
            "by_structure": "open" if self.possible else "closed",
            "on_tensor": "open" if self.open else "closed",
            "count": self.count,
            "of": self.total,
            "why": self.sentence,
        }


@final
@dataclass(frozen=True)
class ChannelReport(Tabular):
    """M, Σ and Z for one pipeline on one tensor, with what else was counted."""

    selection: Channel
    scale: Channel
    zero: Channel
    prune_first_dominates: bool
    """Theorem ``prune_first_dominates`` applies by structure: S→Q is never worse, for every x and p ≥ 1."""
    tied: int
    """Groups whose scores on q(x) tie at the cut, so that the tie rule decides."""
    one_scale_per_group: bool
    """Every group lies in one scale block, or all blocks have one scale."""
    saturated: int
    """Scale blocks with an entry beyond [σ·min Γ, σ·max Γ]; the rounding of σ itself is no saturation."""
    short_blocks: int
    """Scale blocks shorter than a full one."""
    short_groups: int
    """Mask groups shorter than a full one."""

    @property
    def channels(self) -> tuple[Channel, Channel, Channel]:
        """M, Σ, Z."""
        return self.selection, self.scale, self.zero

    @property
    def open(self) -> str:
        """The symbols of the channels open on this tensor, as in ``MΣ``; ``–`` if none is."""
        return "".join(c.symbol for c in self.channels if c.open) or "–"

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        counts = ("prune_first_dominates", "tied", "one_scale_per_group", "saturated", "short_blocks", "short_groups")
        named = zip(("M", "Sigma", "Z"), self.channels, strict=True)
        return {key: channel.to_dict() for key, channel in named} | {name: getattr(self, name) for name in counts}

    def table(self) -> Table:
        """One line for each channel."""
        rows = tuple(
            (
                f"{c.symbol} {c.name}",
                "open" if c.possible else "closed",
                f"open, {c.count} of {c.total}" if c.open else "closed",
                c.sentence,
            )
            for c in self.channels
        )
        return Table(("channel", "by structure", "on this tensor", "why"), rows)


def report(x: ArrayLike, s: Sparsifier, q: Quantizer) -> ChannelReport:
    """Say for M, Σ and Z whether each is open by structure and on this tensor, and why.

    x: any real tensor. Raises what s and q raise.
    """
    return of(both(x, s, q), q)


def of(orders: TwoOrders, q: Quantizer) -> ChannelReport:
    """The ChannelReport of two orders already applied."""
    x, s = orders.x, orders.s
    dense = q.scales(x)
    uniform = isinstance(q.scaling, Frozen | Unscaled) and (not dense.size or bool(dense.min() == dense.max()))
    single = uniform or s.groups.overlaps(q.partition, x.shape).nested
    scale, zero = _scale(orders, q, dense), _zero(orders, q)
    ranked = isinstance(s, TopSparsifier) and s.score.is_magnitude and MONOTONE in q.traits
    return ChannelReport(
        selection=_selection(orders, q, single),
        scale=scale,
        zero=zero,
        prune_first_dominates=ranked and single and not scale.possible and not zero.possible,
        tied=orders.tied,
        one_scale_per_group=single,
        saturated=_saturated(x, q, dense),
        short_blocks=q.partition.tails(x.shape),
        short_groups=s.groups.tails(x.shape),
    )


def _selection(orders: TwoOrders, q: Quantizer, one_scale: bool) -> Channel:
    s, score = orders.s, orders.s.score
    moved = s.groups.reduce(orders.reselected, lambda rows: np.asarray(np.any(rows, axis=1)))
    by_original = isinstance(s.ties, ByOriginal)
    possible = True
    if score is None or s.ignores_values:
        possible, why = False, "the mask does not look at values"
    elif _keeps_all(orders):
        possible, why = False, "every entry is kept"
    elif score.is_constant and by_original:
        possible, why = False, "the score does not look at values and ties are broken by the original magnitude"
    elif score.is_constant:
        why = f"the score does not look at values, but ties={s.ties} can choose otherwise on q(x) than on x"
    elif not score.is_magnitude:
        why = f"the score {score} on q(x) need not rank like the score on x"
    elif MONOTONE not in q.traits:
        why = "q does not keep the order of magnitudes, so masks on x and on q(x) can differ"
    elif not isinstance(s, TopSparsifier):
        why = "rounding moves scores across the cut"
    elif not one_scale:
        why = "a group spans blocks of different scales, whose rounded values do not compare like the originals"
    elif by_original:
        possible, why = False, "q keeps the order of magnitudes and ties are broken by the original magnitude"
    else:
        why = "q keeps the order of magnitudes, so only ties of q(x) at the cut can change the mask"
    return Channel("M", "selection", possible, int(np.count_nonzero(moved)), moved.size, why)


def _keeps_all(orders: TwoOrders) -> bool:
    """No tensor of this shape loses an entry."""
    s, shape = orders.s, orders.x.shape
    if s.ignores_values:
        return bool(orders.mask.all())
    if isinstance(s, TopSparsifier):
        return all(s.budget(size) >= size for size, *_ in s.groups.overlaps(s.groups, shape).pairs)
    if isinstance(s, BlockSparsifier):
        return s.budget(s.unit.count(shape)) >= s.unit.count(shape)
    return isinstance(s, ThresholdSparsifier) and s.score.is_magnitude and s.threshold <= 0


def _splits_blocks(orders: TwoOrders, q: Quantizer) -> bool:
    """Some scale block can keep one entry and lose another."""
    s, shape = orders.s, orders.x.shape
    if s.ignores_values:
        some = q.partition.reduce(orders.mask, lambda rows: np.asarray(rows.any(axis=1)))
        every = q.partition.reduce(orders.mask, lambda rows: np.asarray(rows.all(axis=1)))
        return bool(np.any(some & ~every))
    if isinstance(s, BlockSparsifier):
        return not q.partition.overlaps(s.unit, shape).nested
    pairs = q.partition.overlaps(s.groups, shape).pairs
    top = isinstance(s, TopSparsifier)
    return any(block > 1 and not (top and s.budget(group) >= group) for block, group, *_ in pairs)


def _scale(orders: TwoOrders, q: Quantizer, dense: Array) -> Channel:
    counted = orders.mask & (orders.x != 0) if KEEPS_ZERO in q.traits else orders.mask
    alive = q.partition.reduce(counted, lambda rows: np.asarray(np.any(rows, axis=1)))
    moved = alive & (q.scales(orders.sparse) != dense)
    reason, offence = _keeps_scale(orders, q)
    count, total = int(np.count_nonzero(moved)), int(np.count_nonzero(alive))
    return Channel("Σ", "scale", not reason, count, total, reason or offence)


def _keeps_scale(orders: TwoOrders, q: Quantizer) -> tuple[str, str]:
    """Why masking cannot move a scale (empty if it can), and why it can."""
    s, shape, scaling = orders.s, orders.x.shape, q.scaling
    if isinstance(scaling, Frozen | Unscaled):
        return f"the scale is {scaling}", ""
    if _keeps_all(orders):
        return "every entry is kept", ""
    if not _splits_blocks(orders, q) and not isinstance(scaling, TwoLevel):
        return "every scale block is kept or pruned whole", ""
    if isinstance(s, BlockSparsifier):
        if _splits_blocks(orders, q):
            return "", "a scale block extends beyond one pruned unit"
        return "", "pruning a unit can remove the maximum of the tensor, which sets the upper scale"
    if not scaling.max_determined:
        return "", f"{scaling} depends on more than the block maximum, which masking does not preserve"
    if s.score is None or not s.score.is_magnitude:
        return "", "the mask does not rank by magnitude, so it can prune a block's maximum and keep smaller entries"
    if isinstance(s, ThresholdSparsifier):
        return "a threshold on magnitudes prunes a block's maximum only with the whole block", ""
    if q.partition.overlaps(s.groups, shape).offender(s.budget) is not None:
        return "", (
            "a group has at least as many entries outside a scale block that it meets as it keeps, "
            "so they can displace the block's maximum (theorem overlap)"
        )
    return "magnitude masks keep the maximum of every surviving block (theorem overlap)", ""


def _zero(orders: TwoOrders, q: Quantizer) -> Channel:
    images = orders.after_mask[~orders.mask]
    count, total = int(np.count_nonzero(images)), int(images.size)
    nonzero = f"{q.format} has no zero"
    possible, why = True, f"{nonzero}, so pruned entries come back as other values"
    if KEEPS_ZERO in q.traits:
        possible, why = False, f"0 is a value of {q.format} and its own image"
    elif _keeps_all(orders):
        possible, why = False, "every entry is kept"
    elif q.scaling.zero_block_is_zero and not _splits_blocks(orders, q):
        possible, why = False, f"{nonzero}, but every scale block is kept or pruned whole, and a zero block has image 0"
    return Channel("Z", "zero", possible, count, total, why)


def _saturated(x: Array, q: Quantizer, dense: Array) -> int:
    slack = 4 * float(np.finfo(x.dtype).eps)  # the rounding of a real scale is no saturation
    low = q.partition.reduce(x, lambda rows: rows.min(axis=1))
    high = q.partition.reduce(x, lambda rows: rows.max(axis=1))
    with np.errstate(over="ignore"):
        least, most = (dense.astype(np.float64) * end for end in (q.format.min, q.format.max))
        beyond = (high > most + slack * np.abs(most)) | (low < least - slack * np.abs(least))
    return int(np.count_nonzero(beyond))
