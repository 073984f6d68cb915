"""Through which channel the order of a sparsifier and a quantizer can matter: selection M, scale Σ, zero Z.

With all three closed and q deterministic, S→Q, Q→S and the frozen mask agree: q(s(x)) = m ⊙ q(x) = s(q(x)).
"""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from sqtheory.alphabet.notation import MASK, QUANTIZER, parse_as
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier, TopSparsifier
from sqtheory.alphabet.traits import KEEPS_ZERO, MONOTONE
from sqtheory.arrays import Array, ArrayLike, Mask
from sqtheory.orders import rulings as by_structure
from sqtheory.orders.applied import TwoOrders, both
from sqtheory.orders.rulings import Ruling
from sqtheory.tables import Table, Tabular


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

    @classmethod
    def judged(cls, symbol: str, name: str, ruling: Ruling, counted: tuple[int, int]) -> "Channel":
        """A channel by structure and by what was counted on a tensor: how often it is open, and of how many."""
        return cls(symbol, name, not ruling.closed, *counted, ruling.why)

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
@dataclass(frozen=True, repr=False)
class ChannelReport(Tabular):
    """M, Σ and Z for one pipeline on one tensor, with what else was counted.

    >>> from sqtheory import explain
    >>> explain([1.75, 2, 0, 7], "2:4", "int4").selection.count
    1
    """

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


def report(x: ArrayLike, s: Sparsifier | str, q: Quantizer | str) -> ChannelReport:
    """Say for M, Σ and Z whether each is open by structure and on this tensor, and why.

    x: any real tensor; s and q: operators or their spellings. Raises what s and q raise, and SpellingError.

    >>> from sqtheory import int_, nm
    >>> report([5 / 3, 2, 1 / 6, 7], nm(2, 4), int_(4)).open
    'M'
    """
    mask, quantizer = parse_as(Sparsifier, MASK, s), parse_as(Quantizer, QUANTIZER, q)
    return of(both(x, mask, quantizer), quantizer)


def of(orders: TwoOrders, q: Quantizer) -> ChannelReport:
    """The ChannelReport of two orders already applied."""
    x, s = orders.x, orders.s
    dense = q.scales(x)
    low, high = (q.partition.reduce(x, end) for end in (lambda rows: rows.min(axis=1), lambda rows: rows.max(axis=1)))
    return assemble(
        rulings(s, q, x.shape),
        selection=_open(orders.s.groups.reduce(orders.reselected, lambda rows: np.asarray(np.any(rows, axis=1)))),
        scale=_open((q.scales(orders.sparse) != dense)[alive(orders, q)]),
        zero=_open(orders.after_mask[~orders.mask] != 0),
        tied=orders.tied,
        saturated=int(np.count_nonzero(beyond_range(low, high, dense, q))),
    )


@final
@dataclass(frozen=True)
class Rulings:
    """What is known of one pipeline on every tensor of a shape."""

    selection: Ruling
    scale: Ruling
    zero: Ruling
    one_scale_per_group: bool
    prune_first_dominates: bool
    short_blocks: int
    short_groups: int


def rulings(s: Sparsifier, q: Quantizer, shape: Shape) -> Rulings:
    """What ``rulings`` says of M, Σ and Z."""
    single = by_structure.one_scale_per_group(s, q, shape).closed
    m, sigma, z = (rule(s, q, shape) for rule in (by_structure.selection, by_structure.scale, by_structure.zero))
    ranked = isinstance(s, TopSparsifier) and s.score.is_magnitude and MONOTONE in q.traits
    dominates = ranked and single and sigma.closed and z.closed
    return Rulings(m, sigma, z, single, dominates, q.partition.tails(shape), s.groups.tails(shape))


def assemble(
    known: Rulings,
    *,
    selection: tuple[int, int],
    scale: tuple[int, int],
    zero: tuple[int, int],
    tied: int,
    saturated: int,
) -> ChannelReport:
    """With what was counted on a tensor: how often each channel is open, and of how many."""
    return ChannelReport(
        selection=Channel.judged("M", "selection", known.selection, selection),
        scale=Channel.judged("Σ", "scale", known.scale, scale),
        zero=Channel.judged("Z", "zero", known.zero, zero),
        prune_first_dominates=known.prune_first_dominates,
        tied=tied,
        one_scale_per_group=known.one_scale_per_group,
        saturated=saturated,
        short_blocks=known.short_blocks,
        short_groups=known.short_groups,
    )


def beyond_range(low: Array, high: Array, scales: Array, q: Quantizer) -> Mask:
    """Which blocks with these least and greatest entries and these scales reach beyond [σ·min Γ, σ·max Γ]."""
    slack = 4 * float(np.finfo(scales.dtype).eps)  # the rounding of a real scale is no saturation
    with np.errstate(over="ignore"):
        least, most = (scales.astype(np.float64) * end for end in (q.format.min, q.format.max))
        return np.asarray((high > most + slack * np.abs(most)) | (low < least - slack * np.abs(least)))


def _open(where: Mask) -> tuple[int, int]:
    return int(np.count_nonzero(where)), int(where.size)


def alive(orders: TwoOrders, q: Quantizer) -> Mask:
    """Which blocks have a survivor."""
    counted = orders.mask & (orders.x != 0) if KEEPS_ZERO in q.traits else orders.mask
    return q.partition.reduce(counted, lambda rows: np.asarray(np.any(rows, axis=1)))
