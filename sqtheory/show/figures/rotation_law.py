"""Whether a rotation pays before pruning and quantizing: by the tails of a weight and the bits of an entry."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.transforms import block_of, random_signs, randomized_hadamard
from sqtheory.arrays import Array
from sqtheory.show.figures.data import Data, FigureKind, Needs, Request, cells, short
from sqtheory.show.figures.style import MARKERS, PALETTE, Style
from sqtheory.tables import Table
from sqtheory.theory.expectations import Density, Normal, expected_sparse_square
from sqtheory.theory.expectations.named import drawn, laplace, student

BITS = (2, 3, 4, 6, 8)
SPELLED = {bits: f"int({bits})" for bits in BITS}
SHAPE = (512, 256)
"""Of a weight drawn from a law."""
ENTRIES = 1 << 16
"""Entries of each tensor of the model, in whole rows."""
CLEAR = 1.0
"""Percent by which a rotation must lower the error for it to pay clearly: two standard errors of a draw and more."""


@final
@dataclass(frozen=True)
class Turned:
    """Relative errors ‖W − q(s(W))‖₂/‖W‖₂ of one weight or model, as it is and rotated; NaN where theory has none."""

    weight: str
    bits: int
    before: float
    after: float
    before_expected: float
    after_expected: float

    @property
    def change(self) -> float:
        """By how much rotating changes the error, in percent: negative where it pays."""
        return 100 * (self.after / self.before - 1)

    @property
    def change_expected(self) -> float:
        """The same by theory."""
        return 100 * (self.after_expected / self.before_expected - 1)


@final
@dataclass(frozen=True)
class RotationLaw(Data):
    """Every law and the model at every number of bits."""

    model: str
    mask: str
    points: tuple[Turned, ...]

    @property
    def caption(self) -> str:
        pays = "; ".join(f"{name}: {self._pays(name)}" for name in self.weights)
        return (
            f"Whether a rotation pays: change of the error ‖W − q(s(W))‖₂ of S→Q under {self.mask} and integers of b "
            "bits when the inputs of W are rotated by a randomized Hadamard matrix, by b. Weights: "
            f"{SHAPE[0]} × {SHAPE[1]} draws of laws from thin tails to thick, and the target tensors of {self.model} "
            "(whole rows of each). Measured: markers. Theory: lines, independent entries of the law before and normal "
            "ones after, to which a sum of many comes close; nothing is fitted (theorem incoherence says why: the "
            "flatter a row, the finer its grid, and the less there is to prune). Below 0 the rotation pays. Bits at "
            f"which it does by more than {CLEAR:g} %, measured: {pays}."
        )

    @property
    def weights(self) -> tuple[str, ...]:
        """The names of laws and of the model."""
        return tuple(dict.fromkeys(p.weight for p in self.points))

    def _pays(self, name: str) -> str:
        bits = [str(p.bits) for p in self.points if p.weight == name and p.change < -CLEAR]
        return ", ".join(bits) if bits else "none"

    def table(self) -> Table:
        header = ("weight", "bits", "before", "rotated", "expected_before", "expected_rotated")
        rows = (cells(p.weight, p.bits, p.before, p.after, p.before_expected, p.after_expected) for p in self.points)
        return Table(header, tuple(rows))


def laws() -> dict[str, Density]:
    """The laws that weights are drawn from, thin tails first."""
    return {"normal": Normal(), "Laplace": laplace(), "t(5)": student(5), "t(3)": student(3)}


def compute(request: Request) -> RotationLaw:
    """The requested mask and integers of every number of bits, on draws of every law and on the model."""
    s, formats = request.s(), {bits: request.q(text) for bits, text in SPELLED.items()}
    rng, points = request.rng(), []
    for name, law in laws().items():
        w = drawn(law, SHAPE, rng)
        points += _points(name, [w], s, formats, rng, law)
    model = [np.asarray(x, np.float64) for _, x in request.sample(ENTRIES)]
    points += _points(short(request.model), model, s, formats, rng, None)
    return RotationLaw(request.model, str(s), tuple(points))


def _points(
    name: str,
    weights: Sequence[Array],
    s: Sparsifier,
    formats: dict[int, Quantizer],
    rng: np.random.Generator,
    law: Density | None,
) -> list[Turned]:
    turned = [w @ randomized_hadamard(random_signs(w.shape[-1], rng), block_of(w.shape[-1])) for w in weights]
    found = []
    for bits, q in formats.items():
        before, after = (_relative(some, s, q) for some in (weights, turned))
        own = math.nan if law is None else expected(law, s, q, weights[0].shape)
        found.append(Turned(name, bits, before, after, own, expected(Normal(), s, q, weights[0].shape)))
    return found


def _relative(weights: Sequence[Array], s: Sparsifier, q: Quantizer) -> float:
    """(Σ ‖W − q(s(W))‖²/Σ ‖W‖²)^{1/2} over weights."""
    lost = sum(float(np.square(w - q(s(w))).sum()) for w in weights)
    size = sum(float(np.square(w).sum()) for w in weights)
    return math.sqrt(lost / size) if size else 0.0


@lru_cache(1024)
def expected(law: Density, s: Sparsifier, q: Quantizer, shape: tuple[int, ...]) -> float:
    """(E‖W − q(s(W))‖²/E‖W‖²)^{1/2} of independent entries; NaN where no expectation is known."""
    if not s.by_magnitude:
        return math.nan
    group, block = math.prod(s.groups.sides(shape)), math.prod(q.partition.sides(shape))
    try:
        return math.sqrt(expected_sparse_square(law, q, s.budget(group), group, block) / law.second_moment)
    except ValueError:
        return math.nan


def draw(data: RotationLaw, style: Style) -> Figure:
    """Bits across, the change up; lines of theory, markers of what was measured."""
    with rc_context(style.rc):
        figure, [ax] = style.grid(1, 28)
        ax.axhline(0, color="0.3", linewidth=0.8)
        for j, name in enumerate(data.weights):
            own = [p for p in data.points if p.weight == name]
            bits = [p.bits for p in own]
            ax.plot(bits, [p.change for p in own], MARKERS[j], color=PALETTE[j], label=name)
            if np.isfinite([p.change_expected for p in own]).all():
                ax.plot(bits, [p.change_expected for p in own], "-", color=PALETTE[j])
        ax.plot([], [], "-", color="0.3", label="theory")
        ax.set_xticks(BITS)
        ax.set_xlabel("bits of an entry")
        ax.set_ylabel("change of the error of S→Q\nby rotating (%)")
        ax.set_title(data.mask)
        figure.legend(loc="outside lower left", ncols=2 if style.narrow else 6, columnspacing=1.2)
    return figure


KIND = FigureKind(
    "rotation_law",
    "whether a rotation pays, by bits and tails: theory and measured points",
    compute,
    draw,
    Needs.weights,
    masks=("",),
    formats=tuple(SPELLED.values()),
)
