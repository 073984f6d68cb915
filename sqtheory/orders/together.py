"""One row for matrices that are one tensor of a file: norms over all entries, counts of all matrices."""

from collections.abc import Sequence
from dataclasses import replace

from sqtheory.alphabet.partition import Shape
from sqtheory.orders.applied import Winner
from sqtheory.orders.channels import Channel, ChannelReport
from sqtheory.orders.counts import OutputErrors
from sqtheory.orders.grid import Row, total_of
from sqtheory.orders.reasons import Reason
from sqtheory.orders.source import SourceTies


def together(name: str, shape: Shape, rows: Sequence[Row]) -> Row:
    """The row of E matrices of one shape under one pipeline, each a row of its own: as one tensor of shape ``shape``.

    Norms are (Σ_e ‖·‖_p^p)^{1/p}; a theorem explains the winner where one does in every matrix, and the assumptions
    that fail are those that fail in some.
    """
    first, total = rows[0], total_of(rows)
    return replace(
        first,
        name=name,
        order=replace(
            first.order,
            shape=shape,
            x_norm=total.x_norm,
            errors=total.errors,
            swaps=sum(row.order.swaps for row in rows),
            ties=sum(row.order.ties for row in rows),
            winner=_winner(rows),
        ),
        channels=_channels([row.channels for row in rows]),
        reason=_reason(rows),
        output=OutputErrors.together([row.output for row in rows]),
        source=SourceTies.together(row.source for row in rows if row.source is not None),
    )


def _winner(rows: Sequence[Row]) -> Winner:
    """The order that no matrix contradicts; else that of smaller total error."""
    decided = {row.order.winner for row in rows} - {Winner.equal}
    return total_of(rows).winner if len(decided) > 1 else next(iter(decided), Winner.equal)


def _reason(rows: Sequence[Row]) -> Reason:
    theorems = {row.reason.theorem for row in rows}
    if None in theorems:
        return Reason(None, tuple(dict.fromkeys(name for row in rows for name in row.reason.failed)))
    return rows[0].reason if len(theorems) == 1 else Reason("prune_first_dominates", ())


def _channels(reports: Sequence[ChannelReport]) -> ChannelReport:
    selection, scale, zero = map(_added, zip(*(report.channels for report in reports), strict=True))
    return replace(
        reports[0],
        selection=selection,
        scale=scale,
        zero=zero,
        tied=sum(report.tied for report in reports),
        saturated=sum(report.saturated for report in reports),
        flushed=sum(report.flushed for report in reports),
        short_blocks=sum(report.short_blocks for report in reports),
        short_groups=sum(report.short_groups for report in reports),
    )


def _added(channels: Sequence[Channel]) -> Channel:
    counted = next((channel for channel in channels if channel.open), channels[0])
    return replace(counted, count=sum(c.count for c in channels), total=sum(c.total for c in channels))
