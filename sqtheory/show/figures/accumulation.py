"""Order gap, quantization and the accumulator of FP8 instructions against the length of dot products."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from sqtheory.alphabet.formats import E4M3
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import scaled
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arithmetic import Operand, accumulated, accumulated_bound, accumulation, read
from sqtheory.arrays import Array
from sqtheory.orders.applied import both
from sqtheory.orders.matrix_errors import frobenius
from sqtheory.show.figures.data import Data, FigureKind, Needs, Request, cells
from sqtheory.show.figures.style import MARKERS, PALETTE, Style
from sqtheory.tables import Table

LENGTHS = (64, 256, 1024, 4096, 16384)
SIDE = 12
"""Rows of inputs, and outputs."""
SIGNS = ("two signs", "one sign")
KERNELS = ("fp8_fast", "fp8_promoted")
MEAN, SPREAD = math.sqrt(2 / math.pi), math.sqrt(1 - 2 / math.pi)
"""Of the magnitude of a normal number."""


@final
@dataclass(frozen=True)
class LengthErrors:
    """Errors of outputs X Wᵀ of one length, Frobenius norms in percent of ‖XWᵀ‖."""

    signs: str
    length: int
    gap: float
    """X(W_sq − W_qs)ᵀ."""
    expected: float
    """(E‖(W_sq − W_qs)x‖²)^½ over that of Wx, x of independent entries (theorem gram_error)."""
    quantization: float
    """X s(W)ᵀ less the exact product of both as they are read after S→Q."""
    added: tuple[float, ...]
    """What each of ``KERNELS`` adds to that product."""
    bounds: tuple[float, ...]
    """What each can add."""


@final
@dataclass(frozen=True)
class AccumulationErrors(Data):
    """All lengths, operands of both signs and of one."""

    points: tuple[LengthErrors, ...]

    def overtaken(self, signs: str, kernel: int = 0) -> int | None:
        """The smallest length from which on a kernel adds more than the orders are apart; None for none."""
        own = [p for p in self.points if p.signs == signs]
        behind = [p.added[kernel] > p.gap for p in own]
        first = next((i for i in range(len(own)) if all(behind[i:])), None)
        return None if first is None else own[first].length

    @property
    def caption(self) -> str:
        told = "; ".join(
            f"{signs}, {name}: {'at no length shown' if at is None else f'from K = {at}'}"
            for signs in SIGNS
            for kernel, name in enumerate(KERNELS)
            for at in [self.overtaken(signs, kernel)]
        )
        return (
            f"What is lost in {SIDE} × {SIDE} outputs XWᵀ of K products, in percent of ‖XWᵀ‖, for independent normal "
            "entries and for their magnitudes (one sign); 2:4 and E4M3 with one real factor a row. Measured: markers. "
            "Order gap: how far the outputs of S→Q and Q→S are apart in exact arithmetic; quantization: what rounding "
            "weights and inputs costs after pruning; fp8_fast and fp8_promoted: what the accumulators of an NVIDIA "
            "H200 add, one chain of 14 bits, or float32 every 128 products, emulated bit for bit. Theory: the line of "
            "the gap is its expectation over inputs (theorem gram_error), dashed lines bound what an "
            "accumulator adds (theorems accumulator_bound, promoted_bound). "
            f"It adds more than the orders are apart: {told}."
        )

    def table(self) -> Table:
        more = [part for name in KERNELS for part in (name, f"{name}_bound")]
        rows = []
        for p in self.points:
            pairs = [v for pair in zip(p.added, p.bounds, strict=True) for v in pair]
            rows.append(cells(p.signs, p.length, p.gap, p.expected, p.quantization, *pairs))
        return Table(("signs", "length", "gap", "gap_expected", "quantization", *more), tuple(rows))


def compute(request: Request) -> AccumulationErrors:
    """Fresh operands for every length from the seed; nothing else of the request is used."""
    rng = request.rng()
    drawn = [(signs, length, rng.standard_normal((2, SIDE, length))) for signs in SIGNS for length in LENGTHS]
    return AccumulationErrors(tuple(_errors(*one) for one in drawn))


def _errors(signs: str, length: int, normal: Array) -> LengthErrors:
    x, w = normal if signs == SIGNS[0] else np.abs(normal)
    q = scaled(E4M3, per=Rows())
    orders = both(w, nm(2, 4), q)
    apart = orders.after_mask - orders.masked_image
    output = frobenius(x @ w.T)
    mean, spread = (0.0, 1.0) if signs == SIGNS[0] else (MEAN, SPREAD)
    by = [accumulation(name) for name in KERNELS]
    operand: Operand | None = by[0].reads
    a, b = read(x, operand), read(orders.after_mask, operand)
    product = a.values @ b.values.T
    lost = frobenius(x @ np.where(orders.after_mask != 0, w, 0).T - product)
    added = [frobenius(accumulated(a, b, one) - product) for one in by]
    bounds = [frobenius(accumulated_bound(a, b, one)) for one in by]
    return LengthErrors(
        signs,
        length,
        100 * frobenius(x @ apart.T) / output,
        100 * _expected(apart, mean, spread) / _expected(w, mean, spread),
        100 * lost / output,
        tuple(100 * v / output for v in added),
        tuple(100 * v / output for v in bounds),
    )


def _expected(e: Array, mean: float, spread: float) -> float:
    """(E‖Ex‖²)^½ for x of independent entries: σ²‖E‖² + μ²‖E1‖²."""
    return math.hypot(spread * frobenius(e), mean * frobenius(e.sum(axis=1, keepdims=True)))


def draw(data: AccumulationErrors, style: Style) -> Figure:
    """A panel for operands of two signs and one for those of one sign; both axes logarithmic."""
    with rc_context(style.rc):
        figure, axes = style.grid(len(SIGNS), 26, sharey=True)
        for ax, signs in zip(axes, SIGNS, strict=True):
            own = [p for p in data.points if p.signs == signs]
            lengths = [p.length for p in own]
            ax.plot(lengths, [p.gap for p in own], MARKERS[0], color=PALETTE[0], label="order gap")
            ax.plot(lengths, [p.expected for p in own], "-", color=PALETTE[0])
            ax.plot(lengths, [p.quantization for p in own], MARKERS[1], color=PALETTE[2], label="quantization")
            for j, name in enumerate(KERNELS):
                look = PALETTE[(1, 3)[j]]
                ax.plot(lengths, [p.added[j] for p in own], MARKERS[2 + j], color=look, label=name)
                ax.plot(lengths, [p.bounds[j] for p in own], "--", color=look)
            ax.set_xscale("log", base=2)
            ax.set_yscale("log")
            ax.set_xticks(lengths)
            ax.set_xlabel("products K of an output")
            ax.set_title(f"operands of {signs}")
        axes[0].set_ylabel("share of the output (%)")
        axes[0].plot([], [], "-", color="0.3", label="theory: expected gap")
        axes[0].plot([], [], "--", color="0.3", label="theory: bound of the accumulator")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=2 if style.narrow else 3, columnspacing=1.2)
    return figure


KIND = FigureKind(
    "accumulation",
    "order gap, quantization and accumulator against the length of dot products",
    compute,
    draw,
    Needs.nothing,
)
