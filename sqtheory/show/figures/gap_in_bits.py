"""The order gap against bits: measured, expected of exchangeable entries, and its law as the step tends to 0."""

from dataclasses import dataclass
from typing import final

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array
from sqtheory.orders.applied import both
from sqtheory.show.figures.data import Data, FigureKind, Needs, Request, cells, short
from sqtheory.show.figures.style import MARKERS, PALETTE, Style
from sqtheory.tables import Table
from sqtheory.theory.expectations import order_gap_law, standard_normal
from sqtheory.theory.expectations.predict import block_gaps, blocks_of

FAMILIES = ("int", "hbfp")
BITS = (3, 4, 5, 6, 7, 8)
SPELLED = {(family, bits): f"{family}({bits})" for family in FAMILIES for bits in BITS}
ENTRIES = 1 << 14
"""Entries of each tensor, in whole rows."""


@final
@dataclass(frozen=True)
class Gap:
    """(‖ε_{Q→S}‖₁ − ‖ε_{S→Q}‖₁)/‖x‖₁ over all tensors under one format, in percent, three times."""

    family: str
    bits: int
    measured: float
    error: float
    """The standard error of ``measured``, were the expectation right and the blocks independent."""
    exchangeable: float
    """Expected if every arrangement of the entries in their block were as likely."""
    law: float
    """Δ²κ/12 a group for normal entries of the block's own power; NaN where the mask is no n:m mask."""


@final
@dataclass(frozen=True)
class Gaps(Data):
    """All formats on one checkpoint."""

    model: str
    mask: str
    tensors: int
    points: tuple[Gap, ...]

    @property
    def caption(self) -> str:
        return (
            f"Order gap against bits: how much more quantizing before pruning loses in L1, in percent of ‖x‖₁, over "
            f"the {self.tensors} target tensors of {self.model} (of each whole rows drawn at random, of {ENTRIES:,} "
            f"entries at most) under the mask {self.mask}. "
            "Measured: markers, both orders applied to the weights; bars are two standard errors of independent "
            "blocks, mostly smaller than the marker. Theory: lines, the expectation if every arrangement of the "
            "entries of a block were as likely (theorem order_gap_law), which uses the sorted weights of every block; "
            "dotted, the law Δ²κ/12 as the step Δ tends to 0, for normal entries with the power and step of each "
            "block, which uses nothing else."
        )

    def table(self) -> Table:
        header = ("format", "bits", "measured", "standard_error", "exchangeable", "law")
        rows = (cells(g.family, g.bits, g.measured, g.error, g.exchangeable, g.law) for g in self.points)
        return Table(header, tuple(rows))


def compute(request: Request) -> Gaps:
    """Every format in ``FAMILIES`` × ``BITS``. Raises ValueError for a mask that the prediction is not for."""
    s = request.s()
    formats = {key: request.q(text) for key, text in SPELLED.items()}
    sums = {key: np.zeros(4) for key in formats}
    size, count = 0.0, 0
    for _, x in request.sample(ENTRIES):
        size, count = size + float(np.abs(x).sum()), count + 1
        for key, q in formats.items():
            gaps, expected = measured_gaps(x, s, q), np.concatenate(block_gaps(q, s, x, 1))
            sums[key] += (gaps.sum(), np.sum((gaps - expected) ** 2), expected.sum(), small_step(x, s, q))
    points = []
    for (family, bits), (measured, variance, predicted, law) in sums.items():
        shares = (float(100 * v / size) for v in (measured, np.sqrt(variance), predicted, law))
        points.append(Gap(family, bits, *shares))
    return Gaps(request.model, str(s), count, tuple(points))


def measured_gaps(x: Array, s: Sparsifier, q: Quantizer) -> Array:
    """‖x − s(q(x))‖₁ − ‖x − q(s(x))‖₁ of every scale block, in the order of ``block_gaps``."""
    two = both(x, s, q)
    gaps = np.abs(x - two.masked_image) - np.abs(x - two.after_mask)
    return np.concatenate([rows.sum(axis=1) for rows in blocks_of(q).split(gaps)])


def small_step(x: Array, s: Sparsifier, q: Quantizer) -> float:
    """Σ_B (groups in B) Δ_B² κ/12 for an n:m mask and normal entries with the power of each block; NaN for others."""
    size = s.groups.run
    if not (s.fixed_budget and size):
        return float("nan")
    unit = order_gap_law(standard_normal(), s.budget(size), size, 1.0)
    step = q.scales(x)
    power = q.partition.reduce(x, lambda rows: np.asarray(np.sqrt((rows**2).mean(axis=1))))
    share = np.divide(step**2, power, out=np.zeros_like(power), where=power > 0)
    counts = q.partition.reduce(np.ones_like(x), lambda rows: np.asarray(rows.sum(axis=1)))
    return float(unit * np.sum(share * counts) / size)


def draw(data: Gaps, style: Style) -> Figure:
    """Bits across, the gap up on a logarithmic axis."""
    with rc_context(style.rc):
        figure, [ax] = style.grid(1, 28)
        for j, family in enumerate(dict.fromkeys(g.family for g in data.points)):
            own = [g for g in data.points if g.family == family]
            bits = [g.bits for g in own]
            label = f"{family.upper()}, measured"
            measured, bars = [g.measured for g in own], [2 * g.error for g in own]
            ax.errorbar(bits, measured, bars, fmt=MARKERS[j], color=PALETTE[j], label=label, zorder=3)
            ax.plot(bits, [g.exchangeable for g in own], "-", color=PALETTE[j])
            ax.plot(bits, [g.law for g in own], ":", color=PALETTE[j])
        ax.plot([], [], "-", color="0.3", label="theory: exchangeable entries")
        if np.isfinite([g.law for g in data.points]).all():
            ax.plot([], [], ":", color="0.3", label="theory: law of small steps, normal")
        ax.set_yscale("log")
        ax.set_xticks(sorted({g.bits for g in data.points}))
        ax.set_xlabel("bits of an element")
        ax.set_ylabel("extra L1 error of Q→S over S→Q\n(% of ‖x‖₁)")
        ax.set_title(f"{short(data.model)}, {data.mask}")
        figure.legend(loc="outside lower left", ncols=1 if style.narrow else 4, columnspacing=1.2)
    return figure


KIND = FigureKind(
    "gap_in_bits",
    "order gap against bits: theory over measured points",
    compute,
    draw,
    Needs.blocks,
    masks=("",),
    formats=tuple(SPELLED.values()),
)
