"""The price of order: how the ratios of each order's error to the optimum are distributed over blocks."""

from dataclasses import dataclass
from typing import final

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from sqtheory.orders.applied import Order
from sqtheory.show.figures.data import Data, FigureKind, Needs, Request, cells
from sqtheory.show.figures.style import DASHES, PALETTE, Style
from sqtheory.tables import Table
from sqtheory.theory.price import Prices, prices
from sqtheory.theory.price.ratios import EQUAL, ORDERS

FORMATS = ("int4", "int3", "hbfp4", "mxfp4")
BLOCKS = 24
"""Blocks of each tensor."""
SHARES = tuple(float(v) for v in np.linspace(0, 1, 201))


@final
@dataclass(frozen=True)
class Distribution:
    """Quantiles at ``SHARES`` of ‖ε‖₂ over the optimum of one order under one format."""

    format: str
    order: str
    blocks: int
    perfect: int
    """Blocks whose optimum is 0, which have no ratio."""
    optimal: float
    """The share of blocks whose ratio is 1."""
    quantiles: tuple[float, ...]


@final
@dataclass(frozen=True)
class PriceOfOrder(Data):
    """Both orders, and the best mask at the scales of x, under several formats."""

    model: str
    mask: str
    distributions: tuple[Distribution, ...]

    @property
    def caption(self) -> str:
        shares = "; ".join(
            f"{d.format} {d.order} {100 * d.optimal:.0f} %" for d in self.distributions if d.order != ORDERS[Order.gain]
        )
        count = self.distributions[0].blocks
        perfect = sum(d.perfect for d in self.distributions if d.order == ORDERS[Order.sq])
        return (
            f"Price of order: share of scale blocks whose error ‖x − y‖₂ is at most so many times the least that mask "
            f"({self.mask}), scale and codes together allow (theorem price_of_order, which says that no ratio is below "
            f"1; found by exhaustive search over scales). Measured on at most {BLOCKS} blocks drawn at random from "
            f"each target tensor of {self.model}, {count} in the first panel; {perfect} blocks with an optimum of 0 "
            f"are left out. At the optimum are: {shares}. The axis is logarithmic in the ratio less 1, from "
            "10⁻⁴: what is nearer to the optimum is at the left edge. The best mask at the scales of x coincides with "
            "S→Q wherever pruning moves no scale (theorem gain_optimal)."
        )

    def table(self) -> Table:
        points = [
            cells(d.format, d.order, share, value)
            for d in self.distributions
            for share, value in zip(SHARES, d.quantiles, strict=True)
        ]
        return Table(("format", "order", "share_of_blocks", "ratio_at_most"), tuple(points))


def compute(request: Request) -> PriceOfOrder:
    """``FORMATS`` on a sample of the blocks of every tensor. Raises ValueError for a mask that is not n:m."""
    s = request.s()
    quantizers = {text: request.q(text) for text in FORMATS}
    samples = {text: request.rng() for text in FORMATS}
    parts: dict[str, list[Prices]] = {text: [] for text in FORMATS}
    for _, x in request.tensors():
        for text, q in quantizers.items():
            parts[text].append(prices(x.astype(np.float32), s, q, 2.0, blocks=BLOCKS, rng=samples[text]))
    found = []
    for text, some in parts.items():
        whole = Prices.together(some)
        for order, spoken in ORDERS.items():
            ratios = whole.ratios[order]
            if not ratios.size:
                raise ValueError(f"every sampled block has an optimum of 0 in {text}: there are no ratios")
            levels = tuple(float(v) for v in np.quantile(ratios, SHARES))
            optimal = float(np.mean(ratios <= 1 + EQUAL))
            found.append(Distribution(text, spoken, ratios.size, whole.perfect, optimal, levels))
    return PriceOfOrder(request.model, str(s), tuple(found))


def draw(data: PriceOfOrder, style: Style) -> Figure:
    """A panel for each format, a distribution function for each order."""
    names = list(dict.fromkeys(d.format for d in data.distributions))
    with rc_context(style.rc):
        figure, axes = style.grid(len(names), 21, narrow=2, wide=4, sharey=True)
        for ax, name in zip(axes, names, strict=True):
            for j, d in enumerate(d for d in data.distributions if d.format == name):
                above = np.maximum(np.array(d.quantiles) - 1, 1e-4)
                [line] = ax.plot(above, SHARES, DASHES[j % 2], color=PALETTE[j], label=d.order)
                if d.order == ORDERS[Order.gain]:
                    line.set(linewidth=style.type / 2.5, alpha=0.35, zorder=1.5)
            ax.set_xscale("log")
            ax.set_xticks([1e-3, 1e-2, 1e-1])
            ax.set(title=name, xlabel="ratio to optimum − 1", xlim=(1e-4, 1), ylim=(0, 1.02))
        for ax in axes[:: 2 if style.narrow else 4]:
            ax.set_ylabel("share of blocks at most")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=3, columnspacing=1.0, handlelength=1.8)
    return figure


KIND = FigureKind(
    "price",
    "price of order: ratios of both orders to the optimum, by block",
    compute,
    draw,
    Needs.blocks,
    masks=("",),
    formats=FORMATS,
)
