"""What keeping an entry saves: t^p − |t − q(t)|^p against t, for each format."""

from dataclasses import dataclass
from typing import final

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from sqtheory.alphabet.formats import FORMATS
from sqtheory.show.figures.data import Data, FigureKind, Needs, Request, cells
from sqtheory.show.figures.style import DASHES, PALETTE, Style
from sqtheory.tables import Table

SHOWN = ("int3", "int4", "e2m1", "e2m3", "nf4", "bcq2")
NORMS = (0.5, 1.0, 2.0)
POINTS = 600
BEYOND = 1.25
"""The largest t, as a share of the largest level."""


@final
@dataclass(frozen=True)
class Curve:
    """The gain of one format and norm; t and gain in units of the largest level and its power."""

    format: str
    p: float
    t: tuple[float, ...]
    gain: tuple[float, ...]

    @property
    def falling(self) -> float:
        """The share of [0, max] where a larger entry saves less than a smaller one, measured between the points."""
        inside = np.array(self.t) <= 1
        return float(np.mean(np.diff(np.array(self.gain)[inside]) < 0))


@final
@dataclass(frozen=True)
class Curves(Data):
    """Every format under every norm."""

    curves: tuple[Curve, ...]

    @property
    def caption(self) -> str:
        falls = "; ".join(f"{c.format}, p = {c.p:g}: {100 * c.falling:.0f} %" for c in self.curves if c.falling)
        return (
            "Gain of keeping an entry of magnitude t, t^p − |t − q(t)|^p, by which the best mask ranks entries "
            "(theorem gain_optimal); t in units of the largest level M, the gain in units of M^p. Theory: the "
            "levels of the formats, rounded to nearest, no data. Ranking by magnitude is as good where the curve "
            f"does not fall; it falls on this share of [0, M]: {falls or 'nowhere'}. Where the curve is negative, "
            "pruning beats keeping."
        )

    def table(self) -> Table:
        points = [(c.format, c.p, t, g) for c in self.curves for t, g in zip(c.t, c.gain, strict=True)]
        return Table(("format", "p", "t", "gain"), tuple(cells(*point) for point in points))


def compute(request: Request) -> Curves:
    """The formats in ``SHOWN`` for the norms in ``NORMS``; nothing of the request is used."""
    share = np.linspace(0, BEYOND, POINTS)
    curves = []
    for name in SHOWN:
        fmt = FORMATS[name]
        t = share * fmt.max
        image = fmt.round(t)
        for p in NORMS:
            gain = (t**p - np.abs(t - image) ** p) / fmt.max**p
            curves.append(Curve(name, p, tuple(map(float, share)), tuple(map(float, gain))))
    return Curves(tuple(curves))


def draw(data: Curves, style: Style) -> Figure:
    """A panel for each format, a line for each norm."""
    names = list(dict.fromkeys(c.format for c in data.curves))
    with rc_context(style.rc):
        figure, axes = style.grid(len(names), 17, narrow=2, wide=3)
        for ax, name in zip(axes, names, strict=True):
            for j, curve in enumerate(c for c in data.curves if c.format == name):
                ax.plot(curve.t, curve.gain, DASHES[j], color=PALETTE[j], label=f"p = {curve.p:g}")
            ax.axhline(0, color="0.4", linewidth=0.8)
            ax.axvline(1, color="0.7", linewidth=0.8)
            ax.set_title(name)
            ax.set_xlabel("t / M")
        for ax in axes[:: 2 if style.narrow else 3]:
            ax.set_ylabel("gain / Mᵖ")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=len(NORMS), columnspacing=1.2)
    return figure


KIND = FigureKind(
    "gain_curve", "what keeping an entry saves, by its magnitude, per format", compute, draw, Needs.nothing
)
