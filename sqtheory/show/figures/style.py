"""How figures look and how they become bytes that do not change from run to run."""

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, final

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sqtheory.tables import shown

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

Drawing: TypeAlias = Figure
"""A figure, whoever made it."""


@final
@dataclass(frozen=True)
class Style:
    """The sizes of a place where figures are shown: width in inches, type in points."""

    name: str
    width: float
    type: float
    narrow: bool
    """Few panels fit side by side."""
    lines: int
    """Names that a page holds below each other; of more rows every second, third, … is named."""
    dots: int
    """Dots per inch of PNG files."""

    @property
    def rc(self) -> "dict[RcKeyType, object]":
        """The same as settings of matplotlib, with fonts embedded and a fixed salt for the names inside SVG."""
        small = self.type - 1
        return {
            "figure.dpi": 100,
            "savefig.dpi": self.dots,
            "font.size": self.type,
            "axes.titlesize": self.type,
            "axes.labelsize": self.type,
            "legend.fontsize": small,
            "xtick.labelsize": small,
            "ytick.labelsize": small,
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.linewidth": self.type / 10,
            "grid.color": "0.9",
            "grid.linewidth": self.type / 13,
            "hatch.linewidth": self.type / 16,
            "lines.markersize": 0.6 * self.type,
            "lines.linewidth": self.type / 8,
            "legend.frameon": False,
            "svg.hashsalt": "sqtheory",
            "svg.fonttype": "path",
            "pdf.fonttype": 42,
        }

    def grid(
        self, panels: int, height: float, *, narrow: int = 1, wide: int = 2, sharey: bool = False
    ) -> tuple[Figure, list[Axes]]:
        """A figure of so many panels, at most ``narrow`` or ``wide`` side by side; ``height`` of a row is in type."""
        across = min(panels, narrow if self.narrow else wide)
        rows = math.ceil(panels / across)
        figure = Figure(figsize=(self.width, rows * height * self.type / 72), layout="constrained")
        axes = list(figure.subplots(rows, across, squeeze=False, sharey=sharey).flat)
        for unused in axes[panels:]:
            unused.remove()
        return figure, axes[:panels]


SINGLE = Style("single", 3.4, 7.5, True, 60, 300)
DOUBLE = Style("double", 7.0, 8, False, 60, 200)
SLIDE = Style("slide", 12.0, 14, False, 26, 110)
STYLES = {style.name: style for style in (SINGLE, DOUBLE, SLIDE)}
"""One column of a paper, both columns, a slide."""

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Colours that stay apart for colour-blind readers (Okabe and Ito); always paired with a marker, a dash or a hatch."""
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", "--", ":", "-.")


def verbatim(text: str) -> str:
    r"""A name as it is shown in a figure: one line, each ``$`` written ``\$`` so that nothing is set as mathematics."""
    return shown(text).replace("$", r"\$")


def encode(figure: Figure, kind: str, style: Style = DOUBLE) -> bytes:
    """The figure as ``png``, ``svg`` or ``pdf`` bytes, without dates, so that equal figures give equal bytes."""
    undated = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    if kind not in undated:
        raise ValueError(f"a figure is written as {', '.join(undated)}, not {kind!r}")
    buffer = io.BytesIO()
    with rc_context(style.rc):
        figure.savefig(buffer, format=kind, metadata=undated[kind])
    return buffer.getvalue()
