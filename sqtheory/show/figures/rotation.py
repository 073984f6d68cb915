"""The conflict of rotation: as it spreads large entries, quantization loses less of a weight and pruning more."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.traits import DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT
from sqtheory.alphabet.transforms import block_of, hadamard
from sqtheory.arrays import Array
from sqtheory.orders.applied import both
from sqtheory.show.figures.data import Data, FigureKind, Request, cells
from sqtheory.show.figures.style import MARKERS, PALETTE, Style
from sqtheory.tables import Table
from sqtheory.theory.expectations import (
    Normal,
    expected_pruned_square,
    expected_sparse_square,
    expected_square_error,
    predict_order_gap,
)

LARGEST = 64
"""The largest block that is rotated."""
ERRORS = ("S only", "Q only", "S→Q", "Q→S")


@final
@dataclass(frozen=True)
class Rotated:
    """Relative errors ‖W − ·‖₂/‖W‖₂ of one tensor, before and after the rotation of its rows in blocks."""

    tensor: str
    block: int
    before: tuple[float, ...]
    after: tuple[float, ...]
    normal: tuple[float, ...]
    """What independent normal entries lose, of the power of the tensor; NaN where no expectation is known."""


@final
@dataclass(frozen=True)
class Rotations(Data):
    """Every tensor, with the errors in the order of ``ERRORS``."""

    model: str
    mask: str
    format: str
    tensors: tuple[Rotated, ...]

    @property
    def caption(self) -> str:
        told, theory = [], []
        for i, name in enumerate(ERRORS):
            ratios = [t.after[i] / t.before[i] for t in self.tensors if t.before[i]]
            more = sum(r > 1 for r in ratios)
            told.append(f"{name} ×{np.median(ratios):.3f}, more in {more} of {len(ratios)}" if ratios else name)
            known = [(t.after[i] / t.normal[i], 100 * t.normal[i]) for t in self.tensors if t.normal[i] > 0]
            shares, levels = np.median(known, axis=0) if known else (np.nan, np.nan)
            theory.append(f"{name} {levels:.2f} % (measured {shares:.3f} of it)" if known else f"{name}: none known")
        return (
            f"Rotation conflict: relative error ‖W − ·‖₂/‖W‖₂ of each target tensor of {self.model} under {self.mask} "
            f"and {self.format}, before and after its rows are multiplied by orthonormal Hadamard matrices in blocks "
            f"of at most {LARGEST} entries; an error in the rotated weight is as large after rotating back. "
            "Measured: points; above the diagonal a tensor loses more when rotated. Median change over the tensors: "
            f"{'; '.join(told)}. Theory: dashed, what independent normal entries of the power of the tensor lose, to "
            "which a rotated entry, a sum of many, comes close; nothing is fitted. Of the mask by the ranks it keeps, "
            "of the quantizer by the largest entry of a block (theorem error_in_bits), of S→Q by both, of Q→S by that "
            "and the order gap (theorem order_gap_law); a band where it depends on the power. In the median tensor: "
            f"{'; '.join(theory)}."
        )

    def table(self) -> Table:
        rows = [
            cells(t.tensor, t.block, name, before, after, normal)
            for t in self.tensors
            for name, before, after, normal in zip(ERRORS, t.before, t.after, t.normal, strict=True)
        ]
        return Table(("tensor", "rotated_block", "error_of", "before", "after", "normal"), tuple(rows))


def compute(request: Request) -> Rotations:
    """The requested mask and quantizer on every tensor, as it is and rotated."""
    s, q = request.s(), request.q()

    def errors(w: Array) -> tuple[float, ...]:
        two, size = both(w, s, q), float(np.linalg.norm(w))
        images = (two.sparse, two.image, two.after_mask, two.masked_image)
        return tuple(float(np.linalg.norm(w - y)) / size if size else 0.0 for y in images)

    tensors = []
    for name, w in request.tensors():
        block = block_of(w.shape[-1], LARGEST)
        rotated = (w.reshape(-1, block) @ hadamard(block)).reshape(w.shape)
        limit = normal_errors(s, q, w.shape, deviation(w, q))
        tensors.append(Rotated(name, block, errors(w), errors(rotated), limit))
    return Rotations(request.model, str(s), str(q), tuple(tensors))


def deviation(w: Array, q: Quantizer) -> float:
    """The root mean square of w, as far as relative errors depend on it.

    To an eighth of an octave, up to powers of two, where these move none; 1 where no factor does.
    """
    power = float(np.mean(np.square(w)))
    if SCALE_EQUIVARIANT in q.traits or not power:
        return 1.0
    return float(2 ** (round(4 * np.log2(power)) % 8 / 8)) if DYADIC_EQUIVARIANT in q.traits else math.sqrt(power)


def normal_errors(s: Sparsifier, q: Quantizer, shape: Shape, size: float) -> tuple[float, ...]:
    """(E‖W − ·‖₂²/E‖W‖₂²)^{1/2} for independent N(0, size²) entries, in the order of ``ERRORS``; NaN where unknown."""
    group = math.prod(s.groups.sides(shape)) if s.by_magnitude else 0
    block = q.partition.sides(shape)
    whole = all(n % side == 0 for n, side in zip(shape, block, strict=True))
    return _normal_errors(s, q, group, block if whole else (), size)


@lru_cache(1024)
def _normal_errors(s: Sparsifier, q: Quantizer, group: int, block: Shape, size: float) -> tuple[float, ...]:
    law, entries = Normal(size), math.prod(block)
    kept = s.budget(group) if group else 0

    def both_errors() -> tuple[float, float]:
        gap = predict_order_gap(q, s, law, 2, shape=block) / entries  # refuses masks and quantizers of other kinds
        first = expected_sparse_square(law, q, kept, group, entries)
        return first, first + gap

    def known(expectations: Callable[[], tuple[float, ...]], count: int) -> tuple[float, ...]:
        try:
            return tuple(math.sqrt(e / law.second_moment) for e in expectations())
        except ValueError:
            return (math.nan,) * count

    return (
        *known(lambda: (expected_pruned_square(law, kept, group),), 1),
        *known(lambda: (expected_square_error(law, q),), 1),
        *known(both_errors, 2),
    )


def draw(data: Rotations, style: Style) -> Figure:
    """Before across, after up, the diagonal between; a panel for the parts and one for both orders."""
    with rc_context(style.rc):
        figure, axes = style.grid(4, 20, narrow=2, wide=4)
        for j, (ax, name) in enumerate(zip(axes, ERRORS, strict=True)):
            before = [100 * t.before[j] for t in data.tensors]
            after = [100 * t.after[j] for t in data.tensors]
            ax.plot(before, after, MARKERS[j], color=PALETTE[j], markersize=style.type / 2.2, alpha=0.7)
            limits = [100 * t.normal[j] for t in data.tensors if np.isfinite(t.normal[j])]
            for limit in sorted({min(limits), max(limits)}) if limits else ():
                ax.axhline(limit, color="0.2", linestyle="--", linewidth=style.type / 8, zorder=1.5)
            if limits:
                ax.axhspan(min(limits), max(limits), facecolor="0.9", zorder=1)
            low, high = min(*before, *after, *limits), max(*before, *after, *limits)
            edge = 0.08 * (high - low) or 1.0
            ends = (low - edge, high + edge)
            ax.plot(ends, ends, color="0.3", linewidth=0.8)
            ax.set(xlim=ends, ylim=ends, title=name, xlabel="before (%)", aspect="equal")
            ax.locator_params(nbins=4)
        for ax in axes[:: 2 if style.narrow else 4]:
            ax.set_ylabel("rotated (%)")
        handles = [
            Line2D([], [], color="0.2", marker="o", linestyle="none", markersize=style.type / 2.2, label="a tensor"),
            Line2D([], [], color="0.3", linewidth=0.8, label="no change"),
            Line2D([], [], color="0.2", linestyle="--", linewidth=style.type / 8, label="theory: normal entries"),
        ]
        known = any(np.isfinite(t.normal).any() for t in data.tensors)
        figure.legend(handles=handles[: 3 if known else 2], loc="outside lower left", ncols=3, columnspacing=1.2)
    return figure


KIND = FigureKind(
    "rotation",
    "rotation conflict: errors of pruning and quantization before and after a Hadamard rotation",
    compute,
    draw,
    masks=("",),
    formats=("",),
)
