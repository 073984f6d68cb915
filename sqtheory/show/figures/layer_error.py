"""The output error of every linear layer: certified, probable, measured."""

from dataclasses import dataclass
from typing import final

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from sqtheory.arrays import Array
from sqtheory.models import EXACT, Linear, Watched
from sqtheory.show.figures.data import Data, FigureKind, Needs, Request, cells, short
from sqtheory.show.figures.style import PALETTE, Style
from sqtheory.tables import Table
from sqtheory.theory.certificates import certify_layer, concentration

ROWS = 32
"""Rows of the inputs of each layer, evenly spread."""
DELTA = 0.05


@final
@dataclass(frozen=True)
class LayerError:
    """‖XWᵀ − XŴᵀ‖_F over ‖XWᵀ‖_F for Ŵ = q(s(W)), and what it is held to be at most."""

    name: str
    certified: float
    probable: float
    """The same norm with |bias| + deviation for every entry of the output."""
    measured: float
    coverage: float
    """The share of entries of the output that are within the deviation of the bias."""


@final
@dataclass(frozen=True)
class LayerErrors(Data):
    """Every block linear, first to last."""

    model: str
    mask: str
    format: str
    layers: tuple[LayerError, ...]

    @property
    def caption(self) -> str:
        ratio = float(np.median([each.certified / each.measured for each in self.layers if each.measured]))
        least = min(each.coverage for each in self.layers)
        return (
            f"Output error of every block linear of {self.model} under S→Q with {self.mask} and {self.format} on the "
            f"weight, ‖XWᵀ − XŴᵀ‖_F in percent of ‖XWᵀ‖_F, at {ROWS} rows of inputs X of the dense model. Measured: "
            "circles. Theory: squares, the certified bound by norms of operands and errors (theorem linear_layer), "
            f"{ratio:.1f} times the measured error in the median layer; triangles, the size of an error of which every "
            f"entry is at the end of its {100 * (1 - DELTA):g} % interval (theorem dot_concentration), guaranteed for "
            "stochastic rounding and here, with rounding to nearest, a model: measured, at least "
            f"{100 * least:.2f} % of the entries of each layer are inside."
        )

    def table(self) -> Table:
        rows = (cells(e.name, e.certified, e.probable, e.measured, e.coverage) for e in self.layers)
        return Table(("layer", "certified", "probable", "measured", "coverage"), tuple(rows))


def compute(request: Request) -> LayerErrors:
    """The requested mask and quantizer. Raises CheckpointError where no forward pass is known."""
    model, samples = request.network(1)
    s, q = request.s(), request.q()
    inputs: dict[str, Array] = {}

    def see(layer: Linear, x: Array, y: Array) -> None:
        rows = x.reshape(-1, x.shape[-1])
        inputs[layer.name] = rows[np.arange(min(ROWS, len(rows))) * len(rows) // min(ROWS, len(rows))].copy()

    model.logits(samples.inputs, Watched(EXACT, see))
    layers = []
    for layer in model.linears:
        x, w = inputs[layer.name].astype(np.float64), layer.weight.astype(np.float64)
        image = (s >> q)(w)
        certificate, chance = certify_layer(x, w, image), concentration(x, w, q, s, delta=DELTA)
        size = float(np.linalg.norm(x @ w.T))
        probable = float(np.linalg.norm(np.abs(chance.bias) + chance.deviation))
        certified, most, measured = (
            v / size if size else 0.0 for v in (certificate.bound, probable, certificate.measured)
        )
        coverage = chance.coverage(x @ (w - image).T)
        layers.append(LayerError(layer.name, certified, most, measured, coverage))
    return LayerErrors(request.model, str(s), str(q), tuple(layers))


def draw(data: LayerErrors, style: Style) -> Figure:
    """Depth across, error and bounds up on a logarithmic axis."""
    with rc_context(style.rc):
        figure, [ax] = style.grid(1, 26)
        places = range(1, len(data.layers) + 1)
        named = {
            "certified": "certified bound",
            "probable": f"{100 * (1 - DELTA):g} % per entry",
            "measured": "measured",
        }
        for j, (field, label) in enumerate(named.items()):
            values = [100 * float(getattr(each, field)) for each in data.layers]
            face = PALETTE[j] if field == "measured" else "white"
            marker = ("s", "^", "o")[j]
            ax.plot(places, values, marker=marker, color=PALETTE[j], markerfacecolor=face, label=label, linewidth=0.6)
        ax.set_yscale("log")
        for axis_format in (ax.yaxis.set_major_formatter, ax.yaxis.set_minor_formatter):
            axis_format(LogFormatter(labelOnlyBase=False, minor_thresholds=(2, 0.5)))
        ax.set(xlabel="block linear, in the order of the network", ylabel="error of its output (% of ‖XWᵀ‖)")
        ax.set_title(f"{short(data.model)}: {data.mask} with {data.format}")
        figure.legend(loc="outside lower left", ncols=3, columnspacing=1.0)
    return figure


KIND = FigureKind(
    "layer_error",
    "certified, probable and measured error of every layer",
    compute,
    draw,
    Needs.network,
    masks=("",),
    formats=("",),
)
