"""Order gap against bits: how much more Q→S costs than S→Q, format by format, one panel for each mask."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import final

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sqtheory.orders.grid import Total
from sqtheory.show.figures.data import as_csv, cells
from sqtheory.show.figures.style import DOUBLE, MARKERS, PALETTE, Style, verbatim

LINEAR_BELOW = 1e-3
"""Percent of ‖x‖ under which the vertical axis is linear, so that zero and reversed gaps have a place."""


@final
@dataclass(frozen=True)
class Point:
    """One pipeline on one model: relative errors in percent of ‖x‖_p over all its target tensors."""

    model: str
    mask: str
    format: str
    family: str
    bits: int
    sq: float
    qs: float
    optimum: float

    @property
    def gap(self) -> float:
        """100 (‖ε_{Q→S}‖ − ‖ε_{S→Q}‖)/‖x‖."""
        return self.qs - self.sq


def point(model: str, mask: str, written: str, bits: int, total: Total) -> Point:
    """The point of one total; ``written`` is the short spelling of the format, which names its family."""
    percent = 100 / total.x_norm
    errors = total.errors
    family = written.rstrip("0123456789").upper()
    return Point(model, mask, written, family, bits, errors.sq * percent, errors.qs * percent, errors.gain * percent)


def points_csv(points: Iterable[Point]) -> str:
    """The data behind the figure, one line a point."""
    return as_csv([(*Point.__dataclass_fields__, "gap"), *(cells(*asdict(p).values(), p.gap) for p in points)])


def draw(points: Sequence[Point], style: Style = DOUBLE) -> Figure:
    """The figure: element bits across, order gap up (linear near zero, logarithmic above), a panel for each mask."""
    masks, models, families = (
        list(dict.fromkeys(getattr(p, name) for p in points)) for name in ("mask", "model", "family")
    )
    with rc_context(style.rc):
        figure, axes = style.grid(len(masks), 28, sharey=True)
        for ax, mask in zip(axes, masks, strict=True):
            _panel(ax, [p for p in points if p.mask == mask], models, families)
            ax.set_title(f"mask {verbatim(mask)}")
        gaps = [p.gap for p in points]
        axes[0].set_ylim(min(0.0, 3 * min(gaps)), 3 * max(*gaps, LINEAR_BELOW))
        axes[0].set_ylabel("extra error of Q→S over S→Q\n(% of ‖x‖₂)")
        figure.legend(handles=_legend(models, families), loc="outside right center")
    return figure


def _panel(ax: Axes, points: Sequence[Point], models: list[str], families: list[str]) -> None:
    for i, model in enumerate(models):
        for j, family in enumerate(families):
            chosen = sorted((p for p in points if p.model == model and p.family == family), key=lambda p: p.bits)
            shift = 0.22 * (j - (len(families) - 1) / 2) + 0.1 * (i - (len(models) - 1) / 2)
            ax.plot(
                [p.bits + shift for p in chosen],
                [p.gap for p in chosen],
                marker=MARKERS[j],
                color=PALETTE[j],
                markerfacecolor=PALETTE[j] if i == 0 else "white",
                linestyle="-" if i == 0 else "--",
            )
    ax.set_yscale("symlog", linthresh=LINEAR_BELOW)
    ax.axhline(0, color="0.4", linewidth=0.8)
    ax.set_xlabel("bits of an element (markers offset for legibility)")
    ax.set_xticks(sorted({p.bits for p in points}))


def _legend(models: list[str], families: list[str]) -> list[Line2D]:
    kinds = [Line2D([], [], color=PALETTE[j], marker=MARKERS[j], label=f) for j, f in enumerate(families)]
    first, *others = models
    filled = Line2D([], [], color="0.3", marker="o", linestyle="-", label=verbatim(first))
    hollow = [
        Line2D([], [], color="0.3", marker="o", markerfacecolor="white", linestyle="--", label=verbatim(m))
        for m in others
    ]
    return [*kinds, filled, *hollow]
