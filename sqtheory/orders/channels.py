"""Through which channel the order of a sparsifier and a quantizer can matter: selection M, scale Σ, zero Z.

With all three closed and q deterministic, S→Q, Q→S and the frozen mask agree: q(s(x)) = m ⊙ q(x) = s(q(x)).
"""

from dataclasses import dataclass
from typing import Any, final

from sqtheory.alphabet.notation import MASK, QUANTIZER, parse_as
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import ArrayLike
from sqtheory.orders.applied import TwoOrders, both
from sqtheory.orders.counts import Openings
from sqtheory.orders.definition import openings_of
from sqtheory.orders.pair import Pair
from sqtheory.orders.rulings import Ruling, Rulings
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
    def judged(cls, symbol: str, name: str, ruling: Ruling, count: int, total: int) -> "Channel":
        """A channel by structure and by how often it is open on a tensor, of how many."""
        return cls(symbol, name, not ruling.closed, count, total, ruling.why)

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
    flushed: int = 0
    """Scale blocks with an entry that is not 0, and an image that is."""

    @classmethod
    def of(cls, known: Rulings, counted: Openings, tied: int) -> "ChannelReport":
        """What is known of every tensor of the shape, with what was counted on one."""
        return cls(
            selection=Channel.judged("M", "selection", known.selection, counted.selected, known.groups),
            scale=Channel.judged("Σ", "scale", known.scale, counted.moved, counted.living),
            zero=Channel.judged("Z", "zero", known.zero, counted.back, counted.pruned),
            prune_first_dominates=known.prune_first_dominates,
            tied=tied,
            one_scale_per_group=known.one_scale.closed,
            saturated=counted.saturated,
            short_blocks=known.short_blocks,
            short_groups=known.short_groups,
            flushed=counted.flushed,
        )

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
        said = {key: channel.to_dict() for key, channel in named} | {name: getattr(self, name) for name in counts}
        return said | ({"flushed": self.flushed} if self.flushed else {})

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


def explain(x: ArrayLike, s: Sparsifier | str, q: Quantizer | str) -> ChannelReport:
    """Say for M, Σ and Z whether each is open by structure and on this tensor, and why.

    x: any real tensor; s and q: operators or their spellings. Raises what s and q raise, and SpellingError.

    >>> from sqtheory import int_, nm
    >>> explain([5 / 3, 2, 1 / 6, 7], nm(2, 4), int_(4)).open
    'M'
    """
    mask, quantizer = parse_as(Sparsifier, MASK, s), parse_as(Quantizer, QUANTIZER, q)
    return channel_report(both(x, mask, quantizer), quantizer)


def channel_report(two: TwoOrders, q: Quantizer) -> ChannelReport:
    """The ChannelReport of two orders already applied, by their definition."""
    return ChannelReport.of(Pair(two.s, q).on(two.x.shape), openings_of(two, q), two.tied)
