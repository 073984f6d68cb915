"""Which tool keeps your zeros: hypotheses of the theorem on order, tool by tool, over all modes of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sqtheory.alphabet.traits import IDEMPOTENT, MAX_DETERMINED, ODD
from sqtheory.show.figures.data import Data, FigureKind, Needs, Request, cells
from sqtheory.show.figures.style import PALETTE, Style
from sqtheory.tables import Table
from sqtheory.tools import ALL, Mode, Tool, ZeroFate
from sqtheory.tools.telling import each_mode, has, kept
from sqtheory.tools.verdicts import brief

COLUMNS = ("zeros, mixed", "zeros, one sign", "odd", "by maximum", "idempotent", "S→Q never worse")
EVERY, SOME, NONE, UNKNOWN = "every mode", "some modes", "no mode", "not known"
MARKS = {EVERY: ("o", PALETTE[2]), SOME: ("D", PALETTE[4]), NONE: ("X", PALETTE[1]), UNKNOWN: (".", "0.6")}
"""Shape and colour of each answer."""


@final
@dataclass(frozen=True)
class Tally:
    """Of how many modes of a tool something holds, does not hold, or is not known."""

    tool: str
    asks: str
    yes: int
    no: int
    unknown: int

    @property
    def answer(self) -> str:
        """In all modes of which it is known."""
        known = self.yes + self.no
        return UNKNOWN if not known else EVERY if not self.no else NONE if not self.yes else SOME


@final
@dataclass(frozen=True)
class ToolTable(Data):
    """Every tool under every question that concerns it."""

    tallies: tuple[Tally, ...]

    @property
    def caption(self) -> str:
        verdicts = [t for t in self.tallies if t.asks == COLUMNS[-1]]
        proved, refuted, left = (sum(getattr(t, name) for t in verdicts) for name in ("yes", "no", "unknown"))
        zeros = [t for t in self.tallies if t.asks == COLUMNS[0]]
        lose = [t.tool for t in zeros if t.no]
        return (
            f"Which tool keeps your zeros: {len({t.tool for t in self.tallies})} releases of pruners and quantizers "
            f"and what holds in their modes. Theory: traits of the operator that a mode is here, and whether pruning "
            f"first is never the worse order for any tensor, proved by a theorem for {proved} modes, refuted by a "
            f"tensor for {refuted}, open for {left} (with masks of magnitude 2:4 where a mode has none, int4 in blocks "
            "of 32 where it has no format). Measured: where there is no operator, what the release made of the test "
            f"inputs. Zeros of blocks of both signs do not all stay 0 in some mode of {len(lose)} of {len(zeros)} "
            f"tools that quantize: {', '.join(lose)}."
        )

    def table(self) -> Table:
        rows = tuple(cells(t.tool, t.asks, t.yes, t.no, t.unknown) for t in self.tallies)
        return Table(("tool", "asks", "yes", "no", "unknown"), rows)


def compute(request: Request) -> ToolTable:
    """Every tool; nothing of the request is used."""
    return ToolTable(tuple(tally for tool in ALL for tally in tallies(tool)))


def tallies(tool: Tool) -> Iterator[Tally]:
    """What is asked of a tool: of formats where it has some, and of the order always."""
    modes = each_mode([tool])
    formats = [one.mode for one in modes if one.mode.format is not None]
    for place, asks in enumerate(COLUMNS[:-1]) if formats else ():
        known = [answers(mode)[place] for mode in formats]
        yield Tally(tool.name, asks, known.count(True), known.count(False), known.count(None))
    verdicts = [brief(one).verdict for one in modes]
    yield Tally(tool.name, COLUMNS[-1], *(verdicts.count(word) for word in ("proved", "refuted", "open")))


def answers(mode: Mode) -> tuple[bool | None, ...]:
    """Whether a format keeps zeros of blocks of both signs and of one, is odd, by the maximum alone, idempotent."""
    mixed, *single = (None if one is None else one is ZeroFate.kept for one in kept(mode))
    one_sign = False if False in single else None if None in single else True
    seen = mode.format.seen if mode.format is not None else None
    pairs = ((ODD, "odd"), (MAX_DETERMINED, "by_maximum"), (IDEMPOTENT, "idempotent"))
    return (mixed, one_sign, *(has(mode, trait, getattr(seen, name)) for trait, name in pairs))


def draw(data: ToolTable, style: Style) -> Figure:
    """A row for each tool, a column for each question, a mark for the answer, hollow where some modes are not known."""
    names = list(dict.fromkeys(t.tool for t in data.tallies))
    with rc_context(style.rc):
        height = (1.55 * len(names) + 13) * style.type / 72
        figure = Figure(figsize=(style.width, height), layout="constrained")
        ax = figure.subplots()
        for t in data.tallies:
            marker, colour = MARKS[t.answer]
            face = "white" if t.unknown and t.answer is not UNKNOWN else colour
            place = COLUMNS.index(t.asks), names.index(t.tool)
            ax.plot(*place, marker, color=colour, markerfacecolor=face, markersize=0.7 * style.type)
        ax.set(xlim=(-0.5, len(COLUMNS) - 0.5), ylim=(len(names) - 0.5, -0.5))
        ax.set_xticks(range(len(COLUMNS)), COLUMNS, rotation=35, ha="left")
        ax.set_yticks(range(len(names)), names)
        ax.xaxis.tick_top()
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        handles = [
            Line2D([], [], color=colour, marker=marker, linestyle="none", markersize=0.75 * style.type, label=answer)
            for answer, (marker, colour) in MARKS.items()
        ]
        hollow = "of others it is not known"
        handles.append(Line2D([], [], color="0.2", marker="o", markerfacecolor="white", linestyle="none", label=hollow))
        figure.legend(handles=handles, loc="outside lower left", ncols=3 if not style.narrow else 2, columnspacing=1.2)
    return figure


KIND = FigureKind(
    "tools",
    "which tool keeps zeros, which hypotheses it keeps, and whether S→Q is never worse with it",
    compute,
    draw,
    needs=Needs.nothing,
)
