"""The ladder of formats: their levels on one axis, and the signal-to-noise ratio against the size of a block."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sqtheory.alphabet.formats import FORMATS
from sqtheory.show.figures.data import Data, FigureKind, Request, cells, short
from sqtheory.show.figures.style import MARKERS, PALETTE, Style
from sqtheory.tables import Table
from sqtheory.theory.expectations import expected_square_error, standard_normal

RUNGS = ("int3", "int4", "e2m1", "nf4", "bcq3", "int6", "e2m3", "e3m2")
FAMILIES = ("int(4{})", "hbfp(4{})", "mxfp(e2m1{})", "int(6{})", "mxfp(e2m3{})", "mxfp(e3m2{})")
SIZES = (8, 16, 32, 64, 128, 256)
SPELLED = {(f, b): f.format(f", block={b}") for f in FAMILIES for b in SIZES}
ENTRIES = 1 << 14
"""Entries of each tensor, in whole rows."""


@final
@dataclass(frozen=True)
class Ratio:
    """10 log₁₀(Σx²/Σ(x − q(x))²) of one quantizer, in dB: on the checkpoint, and for normal entries by quadrature."""

    family: str
    size: int
    measured: float
    normal: float


@final
@dataclass(frozen=True)
class Ladder(Data):
    """Levels in units of the largest, and ratios of quantizers over block sizes."""

    model: str
    tensors: int
    levels: tuple[tuple[str, tuple[float, ...]], ...]
    ratios: tuple[Ratio, ...]

    @property
    def caption(self) -> str:
        return (
            "Ladder of formats. Above: every value of the element formats, the largest scaled to 1 (theory: the "
            "definitions). Below: signal-to-quantization-noise ratio against the number of entries that share a scale. "
            f"Measured: markers, the {self.tensors} target tensors of {self.model} together, of each whole rows drawn "
            f"at random, of {ENTRIES:,} entries at most. Theory: "
            "lines, the expectation for independent normal entries with the same power in every block (theorem "
            "error_in_bits), no data. Where markers lie off their line the weights are not such."
        )

    def table(self) -> Table:
        rungs = [cells(name, "level", "", v, "") for name, values in self.levels for v in values]
        ratios = [cells(r.family, "sqnr_db", r.size, r.measured, r.normal) for r in self.ratios]
        return Table(("format", "what", "block", "measured", "normal"), (*rungs, *ratios))


def compute(request: Request) -> Ladder:
    """The levels of ``RUNGS``, and ``FAMILIES`` in blocks of ``SIZES`` on every tensor."""
    spelled = {key: request.q(text) for key, text in SPELLED.items()}
    signal, count = 0.0, 0
    noise = dict.fromkeys(spelled, 0.0)
    for _, x in request.sample(ENTRIES):
        signal, count = signal + float(np.sum(x**2)), count + 1
        for key, q in spelled.items():
            noise[key] += float(np.sum((x - q(x)) ** 2))
    law = standard_normal()
    ratios = [
        Ratio(f.format(""), b, _decibel(signal, noise[f, b]), _decibel(1.0, expected_square_error(law, q)))
        for (f, b), q in spelled.items()
    ]
    levels = [(name, tuple(float(v / FORMATS[name].max) for v in FORMATS[name].values)) for name in RUNGS]
    return Ladder(request.model, count, tuple(levels), tuple(ratios))


def _decibel(signal: float, noise: float) -> float:
    return 10 * math.log10(signal / noise) if noise else math.inf


def draw(data: Ladder, style: Style) -> Figure:
    """Levels in one panel, ratios in the other."""
    with rc_context(style.rc):
        figure, (rungs, ratios) = style.grid(2, 26, wide=1)
        _levels(rungs, data)
        for j, (family, own) in enumerate(_families(data)):
            color = PALETTE[j]
            ratios.plot([r.size for r in own], [r.normal for r in own], "-", color=color)
            sizes, measured = [r.size for r in own], [r.measured for r in own]
            ratios.plot(sizes, measured, MARKERS[j], color=color, label=family, linestyle="none")
        ratios.plot([], [], "-", color="0.3", label="normal, theory")
        ratios.set_xscale("log", base=2)
        ratios.set_xticks(SIZES, [str(b) for b in SIZES])
        ratios.set(
            xlabel="entries that share a scale", ylabel="SQNR (dB)", title=f"{short(data.model)} and normal entries"
        )
        figure.legend(loc="outside lower left", ncols=3 if style.narrow else 7, columnspacing=1.0, handletextpad=0.4)
    return figure


def _levels(ax: Axes, data: Ladder) -> None:
    for i, (_, values) in enumerate(data.levels):
        ax.plot(values, [i] * len(values), "|", color=PALETTE[i % len(PALETTE)], markersize=9, markeredgewidth=1.0)
    ax.set_yticks(range(len(data.levels)), [name for name, _ in data.levels])
    ax.set_ylim(len(data.levels) - 0.4, -0.6)
    ax.set(xlabel="value / largest value", title="levels of the element formats")


def _families(data: Ladder) -> Iterator[tuple[str, list[Ratio]]]:
    for family in dict.fromkeys(r.family for r in data.ratios):
        yield family, [r for r in data.ratios if r.family == family]


KIND = FigureKind(
    "ladder", "levels of the formats, and SQNR against block size", compute, draw, formats=tuple(SPELLED.values())
)
