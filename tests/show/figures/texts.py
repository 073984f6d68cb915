"""What is wrong with the texts of a figure: outside of it, or one over another."""

from itertools import combinations

from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text

from sqtheory.show.figures.style import Style

SLACK = 0.5
"""Points by which boxes of type may overlap: they are taller than the letters."""


def text_faults(figure: Figure, style: Style) -> list[str]:
    points = figure.dpi / 72
    with rc_context(style.rc):
        figure.draw_without_rendering()
    shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and not hidden(t, figure)]
    boxes = [(t.get_text(), t.get_window_extent()) for t in shown]
    page = figure.bbox
    faults = [
        f"{text!r} is cut by the edge of the figure"
        for text, b in boxes
        if b.x0 < page.x0 - 1 or b.y0 < page.y0 - 1 or b.x1 > page.x1 + 1 or b.y1 > page.y1 + 1
    ]
    for (first, a), (second, b) in combinations(boxes, 2):
        across, up = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        if min(across, up) > SLACK * points:
            faults.append(f"{first!r} overlaps {second!r}")
    return faults


def hidden(text: Artist, figure: Figure) -> bool:
    """A label of a tick that is not drawn: beyond the limits, or of an axis that shares another's labels."""
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            for tick in ticks:
                if text in (tick.label1, tick.label2):
                    drawn = tick in drawn_ticks(axis)
                    return not (drawn and axis.get_visible() and ax.get_visible())
    return False


def drawn_ticks(axis: Axis) -> list[object]:
    low, high = sorted(axis.get_view_interval())
    slack = 1e-9 * (high - low)
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    return [tick for tick in ticks if low - slack <= tick.get_loc() <= high + slack]
