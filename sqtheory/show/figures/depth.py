"""The error of every layer's output through the depth of a model, in both orders."""

from dataclasses import dataclass
from typing import final

from matplotlib import rc_context
from matplotlib.figure import Figure

from sqtheory.models.studies.depth import layer_reports
from sqtheory.orders.applied import Order
from sqtheory.show.figures.data import Data, FigureKind, Needs, Request, cells, short
from sqtheory.show.figures.style import DASHES, MARKERS, PALETTE, Style
from sqtheory.tables import Table

ORDERS = (Order.sq, Order.qs)


@final
@dataclass(frozen=True)
class Layer:
    """One linear under one order: ‖y − ŷ‖₂/‖y‖₂ with all before it compressed too, and what it adds on exact inputs."""

    name: str
    order: str
    accumulated: float
    own: float


@final
@dataclass(frozen=True)
class Depth(Data):
    """Every block linear, first to last, under both orders."""

    model: str
    mask: str
    format: str
    samples: str
    """How many of which."""
    layers: tuple[Layer, ...]

    @property
    def caption(self) -> str:
        ends = []
        for order in dict.fromkeys(each.order for each in self.layers):
            own = [each for each in self.layers if each.order == order]
            ends.append(f"{order} {100 * own[0].accumulated:.1f} % to {100 * own[-1].accumulated:.1f} %")
        return (
            f"Error through depth: relative error ‖y − ŷ‖₂/‖y‖₂ of the output of every block linear of {self.model} "
            f"with {self.mask} and {self.format} on the weights, in the order of the network. All of it is measured, "
            f"on {self.samples}. Solid and dashed: all layers before are compressed as well; dotted, hollow: the layer "
            f"alone, at the inputs of the dense model. From the first layer to the last: {'; '.join(ends)}."
        )

    def table(self) -> Table:
        rows = (cells(each.name, each.order, each.accumulated, each.own) for each in self.layers)
        return Table(("layer", "order", "accumulated", "own"), tuple(rows))


def compute(request: Request) -> Depth:
    """The requested mask and quantizer on a few samples. Raises CheckpointError where no forward pass is known."""
    model, samples = request.network(1)
    s, q = request.s(), request.q()
    layers = [
        Layer(each.name, str(order), each.deviations[order].relative, each.contributions.total[order])
        for each in layer_reports(model, samples, s, q, ORDERS)
        for order in ORDERS
    ]
    return Depth(request.model, str(s), str(q), f"{len(samples)} {samples.unit}(s)", tuple(layers))


def draw(data: Depth, style: Style) -> Figure:
    """Depth across, relative error up."""
    with rc_context(style.rc):
        figure, [ax] = style.grid(1, 26)
        for j, order in enumerate(dict.fromkeys(each.order for each in data.layers)):
            own = [each for each in data.layers if each.order == order]
            places = range(1, len(own) + 1)
            shown = {"color": PALETTE[j], "marker": MARKERS[j], "markersize": style.type / 2.2}
            [line] = ax.plot(places, [100 * each.accumulated for each in own], DASHES[j], label=f"{order}, accumulated")
            line.set(**shown)
            [line] = ax.plot(places, [100 * each.own for each in own], ":", label=f"{order}, layer alone")
            line.set(**shown, markerfacecolor="white")
        ax.set(
            xlabel="block linear, in the order of the network",
            ylabel="relative error of its output (%)",
            ylim=(0, None),
        )
        ax.set_title(f"{short(data.model)}: {data.mask} with {data.format}")
        figure.legend(loc="outside lower left", ncols=2, columnspacing=1.2)
    return figure


KIND = FigureKind(
    "depth",
    "error of every layer's output through the depth, both orders",
    compute,
    draw,
    Needs.network,
    masks=("",),
    formats=("",),
)
