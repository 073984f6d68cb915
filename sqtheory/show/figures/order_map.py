"""The error of S→Q less that of Q→S, over formats and sparsity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.colors import SymLogNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sqtheory.orders.applied import both
from sqtheory.orders.errors import norm
from sqtheory.orders.grid import Total
from sqtheory.show.figures.data import Data, FigureKind, Request, cells, short
from sqtheory.show.figures.style import Style
from sqtheory.tables import Table

if TYPE_CHECKING:
    from matplotlib.typing import ColorType

MASKS = ("25%", "50%", "2:4", "75%", "90%")
FORMATS = ("int8", "hbfp8", "mxfp8", "hbfp6", "mxfp6", "int4", "hbfp4", "mxfp4", "nvfp4")
LINEAR = 1e-3
"""Percent of ‖x‖ up to which the colour is linear in the difference."""
COLOURS = "PuOr_r"


@final
@dataclass(frozen=True)
class OrderMap(Data):
    """100 ‖ε‖₂/‖x‖₂ of both orders over all tensors: a row for each format, a column for each mask."""

    model: str
    tensors: int
    masks: tuple[str, ...]
    formats: tuple[str, ...]
    sq: tuple[tuple[float, ...], ...]
    qs: tuple[tuple[float, ...], ...]

    @property
    def difference(self) -> tuple[tuple[float, ...], ...]:
        """S→Q minus Q→S: negative where pruning first is better."""
        pairs = zip(self.sq, self.qs, strict=True)
        return tuple(tuple(a - b for a, b in zip(*rows, strict=True)) for rows in pairs)

    @property
    def caption(self) -> str:
        lost = sum(d > 0 for row in self.difference for d in row)
        won = sum(d < 0 for row in self.difference for d in row)
        return (
            f"Error of S→Q minus error of Q→S, ‖x − y‖₂ in percent of ‖x‖₂ over the {self.tensors} target tensors of "
            f"{self.model}; a percentage is the share of each tensor that is pruned, by magnitude. All of it is "
            f"measured. Of {len(self.formats) * len(self.masks)} pairs S→Q has the smaller error in {won} (negative), "
            f"Q→S in {lost} (positive, hatched). Colours are linear up to {LINEAR:g} and logarithmic beyond."
        )

    def table(self) -> Table:
        rows = [
            cells(fmt, mask, sq, qs, sq - qs)
            for fmt, first, second in zip(self.formats, self.sq, self.qs, strict=True)
            for mask, sq, qs in zip(self.masks, first, second, strict=True)
        ]
        return Table(("format", "mask", "sq", "qs", "sq_minus_qs"), tuple(rows))


def compute(request: Request) -> OrderMap:
    """Every pair of ``FORMATS`` and ``MASKS``; masks and images of a tensor are computed once."""
    masks, formats = [request.s(text) for text in MASKS], [request.q(text) for text in FORMATS]
    found: list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]] = []
    sizes = []
    for _, x in request.tensors():
        x = x.astype(np.float32)
        sizes.append(norm(x))
        kept = [s.mask(x) for s in masks]
        errors = np.zeros((2, len(formats), len(masks)))
        for i, q in enumerate(formats):
            image = q(x)
            for j, s in enumerate(masks):
                two = both(x, s, q, mask=kept[j], image=image)
                errors[:, i, j] = norm(two.after_mask - x), norm(two.masked_image - x)
        found.append(errors)
    totals = 100 * np.sqrt(np.sum(np.square(found), axis=0)) / norm(sizes)
    sq, qs = (tuple(tuple(map(float, row)) for row in each) for each in totals)
    return OrderMap(request.model, len(sizes), MASKS, FORMATS, sq, qs)


def of_totals(model: str, tensors: int, totals: Mapping[tuple[str, str], Total]) -> OrderMap:
    """What is known already, as ``order`` gives it: the total of every mask with every format.

    Raises ValueError for another norm than 2, for a pair that is missing, and where all entries are 0.
    """
    masks, formats = (tuple(dict.fromkeys(words)) for words in zip(*totals, strict=True))
    if any(total.p != 2 for total in totals.values()):
        raise ValueError("the map of orders is of the norm 2")
    if len(totals) < len(masks) * len(formats) or not all(total.x_norm for total in totals.values()):
        raise ValueError("the map of orders needs every mask with every format, of tensors that are not 0")

    def percent(name: str) -> tuple[tuple[float, ...], ...]:
        found = {pair: 100 * getattr(total.errors, name) / total.x_norm for pair, total in totals.items()}
        return tuple(tuple(found[mask, fmt] for mask in masks) for fmt in formats)

    return OrderMap(model, tensors, masks, formats, percent("sq"), percent("qs"))


def draw(data: OrderMap, style: Style) -> Figure:
    """Masks across, formats down, the difference written in every cell."""
    values = np.array(data.difference)
    most = max(float(np.abs(values).max()), 10 * LINEAR)
    with rc_context(style.rc):
        figure, [ax] = style.grid(1, 3.2 * len(data.formats) + 6)
        ax.grid(visible=False)
        scale = SymLogNorm(LINEAR, vmin=-most, vmax=most)
        colours = colormaps[COLOURS]
        mesh = ax.pcolormesh(values, cmap=colours, norm=scale, edgecolor="white", linewidth=0.8)
        for (i, j), value in np.ndenumerate(values):
            ink = readable(colours(float(scale(value))))
            size = style.type - 1.5
            ax.text(j + 0.5, i + 0.5, _written(value), ha="center", va="center", size=size, color=ink)
            if value > 0:
                ax.add_patch(_hatched(j, i))
        ax.set_xticks(np.arange(len(data.masks)) + 0.5, data.masks)
        ax.set_yticks(np.arange(len(data.formats)) + 0.5, data.formats)
        ax.tick_params(length=0)
        ax.invert_yaxis()
        ax.set_xlabel("mask")
        ax.set_ylabel("format")
        ax.set_title(short(data.model))
        bar = figure.colorbar(mesh, ax=ax, ticks=[t for t in (-1, -0.01, 0, 0.01, 1) if abs(t) <= most])
        bar.set_label("S→Q − Q→S (% of ‖x‖₂)")
        bar.ax.minorticks_off()
    return figure


def contrast(ink: str, fill: "ColorType") -> float:
    """(L₁ + 0.05)/(L₂ + 0.05) of two colours, L₁ ≥ L₂ their relative luminances: from 1 to 21, as WCAG 2 has it."""
    light, dark = sorted((_luminance(ink), _luminance(fill)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable(fill: "ColorType") -> str:
    """Black or white, whichever stands out more from what is behind it."""
    return max(("black", "white"), key=lambda ink: contrast(ink, fill))


def _luminance(colour: "ColorType") -> float:
    """The share of white's light that a colour of sRGB gives."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(colour)]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def _written(value: float) -> str:
    """Two digits and the sign, of small numbers one digit and the exponent: what a cell of a narrow figure holds."""
    if not value:
        return "0"
    digits, _, exponent = f"{value:+.0e}".partition("e")
    small = abs(value) < LINEAR
    return (f"{digits}e{int(exponent)}" if small else f"{value:+.2g}").replace("-", "−")


def _hatched(x: float, y: float) -> Rectangle:
    return Rectangle((x, y), 1, 1, fill=False, hatch="////", edgecolor="0.45", linewidth=0)


KIND = FigureKind(
    "order_map", "error of S→Q minus Q→S over formats and sparsity", compute, draw, masks=MASKS, formats=FORMATS
)
