"""The orthogonality threshold of a metric against what is measured, per format and order."""

import os
from dataclasses import dataclass
from typing import final

from matplotlib import rc_context
from matplotlib.figure import Figure

from sqtheory.execution.assignment import Bound
from sqtheory.models.evaluation.comparing import compare_orders
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.models.metrics import METRICS
from sqtheory.orders.applied import Order
from sqtheory.show.figures.data import Data, FigureKind, Needs, Request, cells, short
from sqtheory.show.figures.style import MARKERS, PALETTE, Style
from sqtheory.tables import Table

FORMATS = ("int4", "hbfp4", "mxfp4", "nvfp4")
ORDERS = (Order.sq, Order.qs)


@final
@dataclass(frozen=True)
class Beyond:
    """One format and order: the metric, the threshold, and how much worse than it, with a 95 % interval."""

    format: str
    order: str
    quantized: float
    threshold: float
    measured: float
    excess: float
    low: float
    high: float


@final
@dataclass(frozen=True)
class Threshold(Data):
    """Every format under both orders on one model."""

    model: str
    mask: str
    metric: str
    samples: str
    dense: float
    sparse: float
    found: tuple[Beyond, ...]

    @property
    def caption(self) -> str:
        verdicts = [
            f"{b.format} {b.order} {'beyond' if b.low > 0 else 'within' if b.high < 0 else 'undecided'}"
            for b in self.found
        ]
        return (
            f"Orthogonality threshold and measured {self.metric.replace('_', ' ')} of {self.model} with {self.mask} on "
            f"the weights, on {self.samples} (dense {self.dense:.4g}, pruned alone {self.sparse:.4g}). The threshold "
            "is by definition what both cost if their costs add: metric of the quantized model plus that of the "
            "pruned less that of the dense (harma2025interplay, Eq. 12); here it is 0. Measured: how much worse each "
            "order is, paired sample by sample, with 95 % intervals of independent samples. Beyond the threshold, "
            f"within it, or undecided at these samples: {', '.join(verdicts)}."
        )

    def table(self) -> Table:
        header = ("format", "order", "quantized", "threshold", "measured", "excess", "low", "high")
        rows = (
            cells(b.format, b.order, b.quantized, b.threshold, b.measured, b.excess, b.low, b.high) for b in self.found
        )
        return Table(header, tuple(rows))


def compute(request: Request) -> Threshold:
    """``FORMATS`` with the requested mask. Raises CheckpointError where no forward pass is known."""
    model, samples = request.network(8)
    evaluations, s = Evaluations(model, samples, workers=os.cpu_count() or 1), request.s()
    metric = METRICS[model.metrics[0]]
    found = []
    for text in FORMATS:
        both = compare_orders(evaluations, Bound(s, request.q(text)), ORDERS)
        quantized, threshold = metric.estimate(both.quantized).value, both.threshold(metric)
        for order in ORDERS:
            measured, beyond = metric.estimate(both.orders[order]).value, both.excess(metric, order)
            told = (quantized, threshold, measured, beyond.value, beyond.low, beyond.high)
            found.append(Beyond(text, str(order), *told))
    dense, sparse = (metric.estimate(scores).value for scores in (both.dense, both.sparse))
    count = f"{len(samples)} {samples.unit}(s)"
    return Threshold(request.model, str(s), metric.name, count, dense, sparse, tuple(found))


def draw(data: Threshold, style: Style) -> Figure:
    """Formats down, the excess over the threshold across."""
    formats = list(dict.fromkeys(b.format for b in data.found))
    with rc_context(style.rc):
        figure, [ax] = style.grid(1, 2.6 * len(formats) + 11)
        for j, order in enumerate(dict.fromkeys(b.order for b in data.found)):
            own = [b for b in data.found if b.order == order]
            rows = [formats.index(b.format) + 0.3 * (j - 0.5) for b in own]
            bars = [[b.excess - b.low for b in own], [b.high - b.excess for b in own]]
            values = [b.excess for b in own]
            ax.errorbar(values, rows, xerr=bars, fmt=MARKERS[j], color=PALETTE[j], label=order, capsize=2)
        ax.axvline(0, color="0.3", label="threshold")
        ax.set_yticks(range(len(formats)), formats)
        ax.set_ylim(len(formats) - 0.5, -0.5)
        ax.set(
            xlabel=f"{data.metric.replace('_', ' ')}: worse than the threshold by",
            title=f"{short(data.model)}, {data.mask}",
        )
        figure.legend(loc="outside lower left", ncols=3, columnspacing=1.2)
    return figure


KIND = FigureKind(
    "threshold",
    "orthogonality threshold against the measured metric",
    compute,
    draw,
    Needs.network,
    masks=("",),
    formats=FORMATS,
)
