"""Layer × channel: in which tensors of a checkpoint selection M, scale Σ and zero Z are open, and how often."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import final

import numpy as np
from matplotlib import rc_context
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from sqtheory.orders.channels import explain
from sqtheory.orders.grid import Row
from sqtheory.show.figures.data import Data, FigureKind, Request, cells
from sqtheory.show.figures.style import Style, verbatim
from sqtheory.tables import Table

BESIDE = (("nm(2, 4, axis=0)", "mxfp4"), ("top(0.5, per=row)", "hbfp4"), ("2:4", "bcq3"))
"""A mask across the blocks, one over whole rows, a grid without a zero: shown beside the pipeline that is asked for."""
LEAST = 1e-3
"""The share at which the shade begins."""


@final
@dataclass(frozen=True)
class Opened:
    """One channel of one pipeline on one tensor."""

    tensor: str
    mask: str
    format: str
    symbol: str
    possible: bool
    """Not ruled out by structure."""
    count: int
    total: int

    @property
    def share(self) -> float:
        """How often it is open."""
        return self.count / self.total if self.total else 0.0


@final
@dataclass(frozen=True)
class ChannelMap(Data):
    """All channels of all pipelines: tensors in the order of the checkpoint."""

    model: str
    pipelines: tuple[tuple[str, str], ...]
    opened: tuple[Opened, ...]

    @property
    def caption(self) -> str:
        said = []
        for mask, fmt in self.pipelines:
            own = [o for o in self.opened if (o.mask, o.format) == (mask, fmt)]
            open_in = {c: sum(o.count > 0 for o in own if o.symbol == c) for c in "MΣZ"}
            told = ", ".join(f"{c} in {n}" for c, n in open_in.items() if n) or "none"
            said.append(f"{mask} with {fmt}: {told}")
        tensors = len({o.tensor for o in self.opened})
        return (
            f"Channels through which order can matter, in each of the {tensors} target tensors of {self.model}: M, the "
            "mask changes (share of mask groups); Σ, the scale of a block with survivors moves (share of such blocks); "
            "Z, pruned entries do not come back as zero (share of pruned entries). Measured: the shade, and a share "
            f"below {LEAST:g} as the lightest. Theory: hatched cells, closed for every tensor by structure. White: "
            f"possible, not open on that tensor. Open: {'; '.join(said)}."
        )

    def table(self) -> Table:
        header = ("tensor", "mask", "format", "channel", "possible", "count", "of")
        rows = [cells(o.tensor, o.mask, o.format, o.symbol, o.possible, o.count, o.total) for o in self.opened]
        return Table(header, tuple(rows))


def compute(request: Request) -> ChannelMap:
    """The pipeline asked for and those in ``BESIDE`` on every tensor."""
    pipelines = tuple(dict.fromkeys([(request.mask, request.quantizer), *BESIDE]))
    operators = [(mask, fmt, request.s(mask), request.q(fmt)) for mask, fmt in pipelines]
    opened = []
    for name, x in request.tensors():
        for mask, fmt, s, q in operators:
            for c in explain(x.astype(np.float32), s, q).channels:
                opened.append(Opened(name, mask, fmt, c.symbol, c.possible, c.count, c.total))
    return ChannelMap(request.model, pipelines, tuple(opened))


def of_rows(model: str, rows: Sequence[Row]) -> ChannelMap:
    """What is known already, as ``order`` gives it."""
    opened = tuple(
        Opened(r.name, r.order.mask, r.order.format, c.symbol, c.possible, c.count, c.total)
        for r in rows
        for c in r.channels.channels
    )
    return ChannelMap(model, tuple(dict.fromkeys((o.mask, o.format) for o in opened)), opened)


def draw(data: ChannelMap, style: Style) -> Figure:
    """Tensors down, channels across, a panel for each pipeline."""
    tensors = list(dict.fromkeys(o.tensor for o in data.opened))
    count = len(tensors)
    with rc_context(style.rc):
        figure, axes = style.grid(
            len(data.pipelines), min(count, style.lines) * 1.15 + 10, narrow=4, wide=4, sharey=True
        )
        for ax, (mask, fmt) in zip(axes, data.pipelines, strict=True):
            own = [o for o in data.opened if (o.mask, o.format) == (mask, fmt)]
            share = np.array([max(o.share, LEAST) if o.count else np.nan for o in own]).reshape(count, 3)
            closed = np.array([np.nan if o.possible or o.count else 0.0 for o in own]).reshape(count, 3)
            ax.grid(visible=False)
            shut, shown = np.ma.masked_invalid(closed), np.ma.masked_invalid(share)
            ax.pcolor(shut, hatch="////", cmap="Greys", vmin=0, vmax=1, edgecolor="0.8", linewidth=0.3)
            mesh = ax.pcolormesh(shown, cmap="viridis_r", norm=LogNorm(LEAST, 1), edgecolor="0.85", linewidth=0.3)
            ax.set_xticks([0.5, 1.5, 2.5], ["M", "Σ", "Z"])
            ax.set_title(f"{fill(mask, 9)}\n{fill(fmt, 9)}")
            ax.tick_params(length=0)
        step = -(-count // style.lines)
        names = [verbatim(name.removesuffix(".weight")) for name in tensors[::step]]
        axes[0].set_yticks(np.arange(0, count, step) + 0.5, names, fontsize=style.type - 1.5)
        axes[0].set_ylim(count, 0)
        bar = figure.colorbar(mesh, ax=axes, orientation="horizontal", location="bottom", aspect=30, fraction=0.05)
        bar.set_label("share open (hatched: closed by structure)")
    return figure


KIND = FigureKind(
    "channels",
    "which of M, Σ, Z is open in which layer",
    compute,
    draw,
    masks=("", *(mask for mask, _ in BESIDE)),
    formats=("", *(fmt for _, fmt in BESIDE)),
)
