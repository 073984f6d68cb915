"""How figures look and how they become bytes that do not change from run to run."""

import io
from typing import TYPE_CHECKING

from matplotlib import rc_context
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

DOUBLE_COLUMN: "dict[RcKeyType, object]" = {
    "figure.figsize": (7.0, 3.1),
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "0.9",
    "grid.linewidth": 0.6,
    "lines.markersize": 6,
    "lines.linewidth": 1.0,
    "svg.hashsalt": "sqtheory",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}
"""Two columns of a paper: seven inches wide, eight-point type."""

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Colours that stay apart for colour-blind readers (Okabe and Ito); always paired with a marker."""
MARKERS = ("o", "s", "^", "D", "v", "P")


def encode(figure: Figure, kind: str) -> bytes:
    """The figure as ``png``, ``svg`` or ``pdf`` bytes, without dates, so that equal figures give equal bytes."""
    undated = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    if kind not in undated:
        raise ValueError(f"a figure is written as {', '.join(undated)}, not {kind!r}")
    buffer = io.BytesIO()
    with rc_context(DOUBLE_COLUMN):
        figure.savefig(buffer, format=kind, metadata=undated[kind])
    return buffer.getvalue()
