"""The literature in one alphabet: published works, channels through which order matters, verdicts."""

from dataclasses import dataclass
from typing import final

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sqtheory.methods import ALL, OrderVerdict, Work
from sqtheory.methods.channel import OrderChannel, symbols
from sqtheory.show.figures.data import Data, FigureKind, Needs, Request, cells
from sqtheory.show.figures.style import PALETTE, Style
from sqtheory.tables import Table

COLOURS = {
    OrderVerdict.holds: PALETTE[2],
    OrderVerdict.depends: PALETTE[4],
    OrderVerdict.fails: PALETTE[1],
    OrderVerdict.none: "0.6",
}
"""Of each verdict."""


@final
@dataclass(frozen=True)
class WorkLine:
    """A published work: what decides its order, through which channels it fails."""

    work: str
    verdict: OrderVerdict
    channels: tuple[OrderChannel, ...]
    decided_by: str
    """The theorem that proves or refutes, or what runs instead."""

    @classmethod
    def of(cls, work: Work) -> "WorkLine":
        """The line of a work; its first theorem that proves, or else that refutes."""
        proofs = [one for one in work.evidence if one.proves]
        failures = [one for one in work.evidence if one.favours is OrderVerdict.fails]
        named = next((one.theorem.slug for one in (*proofs, *failures) if one.theorem is not None), None)
        instead = "a witness" if failures else "–"
        return cls(work.name, work.verdict, work.channels, named or instead)


@final
@dataclass(frozen=True)
class Literature(Data):
    """Every published work, by verdict and channels."""

    lines: tuple[WorkLine, ...]

    @property
    def caption(self) -> str:
        count = {verdict: sum(one.verdict is verdict for one in self.lines) for verdict in OrderVerdict}
        often = {channel: sum(channel in one.channels for one in self.lines) for channel in OrderChannel}
        through = ", ".join(f"{channel} ({channel.says}) in {number}" for channel, number in often.items())
        return (
            f"The literature in one alphabet: {len(self.lines)} published works. That sparsifying first is never the "
            f"worse order is proved for {count[OrderVerdict.holds]}, proved under assumptions and false without them "
            f"for {count[OrderVerdict.depends]}, false for {count[OrderVerdict.fails]}; {count[OrderVerdict.none]} "
            f"have no order to choose. Marks: the channels through which it fails, {through}. Right: what decides. "
            "Theory: every entry is a theorem with a case, or a weight or check that was computed for this figure."
        )

    def table(self) -> Table:
        rows = tuple(cells(one.work, one.verdict.name, symbols(one.channels), one.decided_by) for one in self.lines)
        return Table(("work", "verdict", "channels", "decided by"), rows)


def compute(request: Request) -> Literature:
    """Every work; nothing of the request is used."""
    verdicts = list(OrderVerdict)
    lines = map(WorkLine.of, ALL)
    return Literature(
        tuple(sorted(lines, key=lambda one: (verdicts.index(one.verdict), symbols(one.channels), one.work)))
    )


def draw(data: Literature, style: Style) -> Figure:
    """A row for each work, a column for each channel, a mark where it is open, what decides on the right."""
    channels = list(OrderChannel)
    with rc_context(style.rc):
        height = (1.35 * len(data.lines) + 12) * style.type / 72
        figure = Figure(figsize=(style.width, height), layout="constrained")
        ax = figure.subplots()
        for place, one in enumerate(data.lines):
            colour = COLOURS[one.verdict]
            ax.plot([-0.4, len(channels) - 0.6], [place, place], color="0.92", linewidth=0.5, zorder=0)
            marked = [channels.index(channel) for channel in one.channels]
            ax.plot(marked, [place] * len(marked), "o", color=colour, markersize=0.6 * style.type)
            ax.text(len(channels) - 0.4, place, one.decided_by, va="center", color=colour)
        ax.set(xlim=(-0.5, len(channels) + (4 if style.narrow else 2)), ylim=(len(data.lines) - 0.5, -0.5))
        ax.set_xticks(range(len(channels)), [str(channel) for channel in channels])
        ax.set_yticks(range(len(data.lines)), [one.work for one in data.lines])
        for label, one in zip(ax.get_yticklabels(), data.lines, strict=True):
            label.set_color(COLOURS[one.verdict])
        ax.grid(visible=False)
        ax.xaxis.tick_top()
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        handles = [
            Line2D([], [], color=colour, marker="o", linestyle="none", markersize=0.6 * style.type, label=str(verdict))
            for verdict, colour in COLOURS.items()
        ]
        figure.legend(handles=handles, loc="outside lower left", ncols=2, columnspacing=1.2)
    return figure


KIND = FigureKind(
    "literature",
    "published works by the channels through which order matters, the verdict and what decides it",
    compute,
    draw,
    needs=Needs.nothing,
)
