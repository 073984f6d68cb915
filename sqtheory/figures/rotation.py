"""The conflict of rotation: as it spreads large entries, quantization loses less of a weight and pruning more."""

from dataclasses import dataclass
from typing import final

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from sqtheory.arrays import Array
from sqtheory.figures.data import Data, Kind, Request, cells
from sqtheory.figures.style import MARKERS, PALETTE, Style
from sqtheory.tables import Table
from sqtheory.two_orders import both

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
        told = []
        for i, name in enumerate(ERRORS):
            ratios = [t.after[i] / t.before[i] for t in self.tensors if t.before[i]]
            more = sum(r > 1 for r in ratios)
            told.append(f"{name} ×{np.median(ratios):.3f}, more in {more} of {len(ratios)}" if ratios else name)
        return (
            f"Rotation conflict: relative error ‖W − ·‖₂/‖W‖₂ of each target tensor of {self.model} under {self.mask} "
            f"and {self.format}, before and after its rows are multiplied by orthonormal Hadamard matrices in blocks "
            f"of at most {LARGEST} entries; an error in the rotated weight is of the same size rotated back. All "
            "of it is measured. Points above the diagonal lose more when rotated. Median change over the tensors: "
            f"{'; '.join(told)}."
        )

    def table(self) -> Table:
        rows = [
            cells(t.tensor, t.block, name, before, after)
            for t in self.tensors
            for name, before, after in zip(ERRORS, t.before, t.after, strict=True)
        ]
        return Table(("tensor", "rotated_block", "error_of", "before", "after"), tuple(rows))


def compute(request: Request) -> Rotations:
    """The requested mask and quantizer on every tensor, as it is and rotated."""
    s, q = request.s(), request.q()

    def errors(w: Array) -> tuple[float, ...]:
        two, size = both(w, s, q), float(np.linalg.norm(w))
        images = (two.sparse, two.image, two.after_mask, two.masked_image)
        return tuple(float(np.linalg.norm(w - y)) / size if size else 0.0 for y in images)

    tensors = []
    for name, w in request.tensors():
        block = min(LARGEST, w.shape[-1] & -w.shape[-1])
        rotated = (w.reshape(-1, block) @ hadamard(block)).reshape(w.shape)
        tensors.append(Rotated(name, block, errors(w), errors(rotated)))
    return Rotations(request.model, str(s), str(q), tuple(tensors))


def hadamard(size: int) -> Array:
    """H with H Hᵀ = I and entries ±1/√n, by Sylvester's doubling; n a power of two."""
    h = np.ones((1, 1))
    while len(h) < size:
        h = np.block([[h, h], [h, -h]]) / np.sqrt(2)
    return h


def draw(data: Rotations, style: Style) -> Figure:
    """Before across, after up, the diagonal between; a panel for the parts and one for both orders."""
    with rc_context(style.rc):
        figure, axes = style.grid(4, 20, narrow=2, wide=4)
        for j, (ax, name) in enumerate(zip(axes, ERRORS, strict=True)):
            before = [100 * t.before[j] for t in data.tensors]
            after = [100 * t.after[j] for t in data.tensors]
            ax.plot(before, after, MARKERS[j], color=PALETTE[j], markersize=style.type / 2.2, alpha=0.7)
            low, high = min(*before, *after), max(*before, *after)
            edge = 0.08 * (high - low) or 1.0
            ends = (low - edge, high + edge)
            ax.plot(ends, ends, color="0.3", linewidth=0.8)
            ax.set(xlim=ends, ylim=ends, title=name, xlabel="before (%)", aspect="equal")
            ax.locator_params(nbins=4)
        for ax in axes[:: 2 if style.narrow else 4]:
            ax.set_ylabel("rotated (%)")
    return figure


KIND = Kind(
    "rotation",
    "rotation conflict: errors of pruning and quantization before and after a Hadamard rotation",
    compute,
    draw,
)
