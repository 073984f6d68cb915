"""The geometry of one block of two entries in the plane: cells, ties, both results, what the order costs."""

from dataclasses import dataclass
from typing import final

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sqtheory.alphabet.formats import IntFormat
from sqtheory.alphabet.quantizers import cast
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.orders.applied import both
from sqtheory.show.figures.data import Data, FigureKind, Needs, Request, cells
from sqtheory.show.figures.style import PALETTE, Style
from sqtheory.tables import Table

Pair = tuple[float, float]
POINT: Pair = (1.62, 2.36)
TOP = 3.5
"""The end of both axes, in steps."""
SAMPLES = 84
"""Points along each axis of the map of differences."""


@final
@dataclass(frozen=True)
class Block(Data):
    """One block x, its images, and where in the plane the orders differ; lengths in steps."""

    mask: str
    format: str
    x: Pair
    sparse: Pair
    image: Pair
    sq: Pair
    qs: Pair
    levels: tuple[float, ...]
    axis: tuple[float, ...]
    """Coordinates of the map."""
    extra: tuple[tuple[float, ...], ...]
    """‖x − s(q(x))‖₂ − ‖x − q(s(x))‖₂ at (axis[j], axis[i])."""

    @property
    def errors(self) -> Pair:
        """‖x − y‖₂ of S→Q and of Q→S."""
        x = np.array(self.x)
        return float(np.linalg.norm(x - self.sq)), float(np.linalg.norm(x - self.qs))

    @property
    def caption(self) -> str:
        first, second = self.errors
        differ = np.mean(np.array(self.extra) != 0)
        return (
            f"Geometry of one block of two entries under the mask {self.mask} and the quantizer {self.format}, whose "
            "scale is fixed at 1 so that the cells are squares. Dots: the levels; thin lines: the boundaries of their "
            "cells; hatched: cells on the diagonal, in which q(x) has a tie that the lower index wins. "
            f"x = {self.x} is pruned to {self.sparse} and rounds to {self.sq} (S→Q, error {first:.3f}); it rounds to "
            f"{self.image} and is then pruned to {self.qs} (Q→S, error {second:.3f}). Dashed: both errors. S→Q is the "
            "projection of x onto the sparse levels (theorem sparse_grid_projection). Shade: the extra "
            f"error of Q→S, computed by both operators at {len(self.axis)}² points of the plane; it is zero but in "
            f"{100 * differ:.1f} % of them. Everything here is computed by the operators; no data are used."
        )

    def table(self) -> Table:
        named = {"x": self.x, "s(x)": self.sparse, "q(x)": self.image, "q(s(x))": self.sq, "s(q(x))": self.qs}
        points = [cells(name, *pair, 0.0) for name, pair in named.items()]
        shaded = [
            cells("extra", self.axis[j], self.axis[i], value)
            for i, row in enumerate(self.extra)
            for j, value in enumerate(row)
            if value
        ]
        return Table(("what", "x1", "x2", "extra_error"), (*points, *shaded))


def compute(request: Request, x: Pair = POINT) -> Block:
    """The block x under 1:2 and integers of 4 bits with the scale 1, and the map of the plane around it."""
    s, q = nm(1, 2), cast(IntFormat(4))
    two = both(np.array(x), s, q)
    axis = (np.arange(SAMPLES) + 0.5) * TOP / SAMPLES
    plane = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    every = both(plane, s, q)
    lost = (np.linalg.norm(plane - y, axis=1) for y in (every.masked_image, every.after_mask))
    extra = np.subtract(*lost).reshape(SAMPLES, SAMPLES)
    levels = tuple(float(v) for v in q.format.values if 0 <= v <= TOP)
    arrays = (two.x, two.sparse, two.image, two.after_mask, two.masked_image)
    at, sparse, image, sq, qs = ((float(a[0]), float(a[1])) for a in arrays)
    rows = tuple(tuple(map(float, row)) for row in extra)
    return Block(str(s), str(q), at, sparse, image, sq, qs, levels, tuple(map(float, axis)), rows)


def draw(data: Block, style: Style) -> Figure:
    """The plane, square."""
    with rc_context(style.rc):
        figure, [ax] = style.grid(1, 32)
        ax.grid(visible=False)
        shade = np.ma.masked_equal(np.array(data.extra), 0)
        mesh = ax.pcolormesh(data.axis, data.axis, shade, cmap="Greys", vmin=0, vmax=1.6 * float(np.max(shade)))
        for a, b in zip(data.levels, data.levels[1:], strict=False):
            ax.axvline((a + b) / 2, color="0.75", linewidth=0.7, zorder=1)
            ax.axhline((a + b) / 2, color="0.75", linewidth=0.7, zorder=1)
        halves = [(a + b) / 2 for a, b in zip(data.levels, data.levels[1:], strict=False)]
        for a, b in zip([0.0, *halves], [*halves, TOP], strict=False):
            ax.add_patch(Rectangle((a, a), b - a, b - a, fill=False, hatch="....", edgecolor="0.6", linewidth=0))
        ax.plot([0, TOP], [0, TOP], color="0.5", linewidth=0.8)
        inner = np.array([(a, b) for a in data.levels for b in data.levels])
        ax.plot(inner[:, 0], inner[:, 1], ".", color="0.3", markersize=style.type / 2, clip_on=False)
        _paths(ax, data, style)
        ax.set(
            xlim=(0, TOP), ylim=(0, TOP), aspect="equal", xlabel="first entry (steps)", ylabel="second entry (steps)"
        )
        ax.set_title(f"{data.mask} with {data.format}")
        ax.set_xticks(data.levels, [f"{v:g}" for v in data.levels])
        ax.set_yticks(data.levels, [f"{v:g}" for v in data.levels])
        figure.legend(loc="outside upper center", ncols=3, handletextpad=0.3, columnspacing=1.0)
        figure.colorbar(mesh, ax=ax, shrink=0.7, label="extra error of Q→S (steps)")
    return figure


def _paths(ax: Axes, data: Block, style: Style) -> None:
    first, second = data.errors
    for middle, end, color, marker, name, error in (
        (data.sparse, data.sq, PALETTE[0], "o", "S→Q", first),
        (data.image, data.qs, PALETTE[1], "s", "Q→S", second),
    ):
        for start, stop in ((data.x, middle), (middle, end)):
            arrow = {"arrowstyle": "->", "color": color, "linewidth": style.type / 7, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", stop, start, arrowprops=arrow, zorder=4)
        ax.plot(*zip(data.x, end, strict=True), "--", color=color, linewidth=style.type / 11)
        label = f"{name}, error {error:.2f}"
        ax.plot(*end, marker, color=color, markersize=style.type, label=label, clip_on=False, zorder=5)
    ax.plot(*data.x, "X", color="black", label="x", markersize=style.type, linestyle="none", zorder=6)


KIND = FigureKind(
    "block", "geometry of one block in the plane: cells, ties, both results", compute, draw, Needs.nothing
)
