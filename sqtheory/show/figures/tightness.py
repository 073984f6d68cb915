"""How tight the bounds of the theorems are: the worst of random blocks, and the witness, as a share of the bound."""

from dataclasses import dataclass
from typing import final

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from sqtheory.arrays import Array
from sqtheory.show.figures.data import Data, FigureKind, Needs, Request, cells
from sqtheory.show.figures.style import PALETTE, Style
from sqtheory.tables import Table
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Approached, Attained
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import ALL

DRAWS, ROWS = 30, 128
"""Pipelines drawn from the domain of each theorem, and blocks for each."""
EPSILON = 2.0**-20
"""How close to its limit a family of cases is taken."""


@final
@dataclass(frozen=True)
class Tightness:
    """left/right of the first inequality of a theorem: on random blocks, and at the witness (NaN where none is)."""

    theorem: str
    blocks: int
    """Random blocks in which all assumptions hold and the right-hand side is positive."""
    median: float
    worst: float
    witness: float
    attained: bool
    """The witness is a case, not a limit of cases."""


@final
@dataclass(frozen=True)
class Tightnesses(Data):
    """Every theorem that bounds one quantity by another."""

    seed: int
    theorems: tuple[Tightness, ...]

    @property
    def caption(self) -> str:
        over = [t.theorem for t in self.theorems if max(t.worst, t.witness) > 1 + 1e-9]
        verdict = f"beyond 1: {', '.join(over)}" if over else "none is beyond 1"
        return (
            "Worst-case tightness: left side over right side of the first inequality of each theorem. Measured: bars "
            "from the median (0 if that is negative) to the largest ratio over random blocks of the theorem's "
            f"domain (up to {DRAWS * ROWS}, seed {self.seed}; none that breaks an assumption or has the bound 0). "
            "Theory: diamonds, the ratio at the witness of the registry; filled where it is attained, open where it is "
            f"approached, taken at ε = 2⁻²⁰. A theorem holds if nothing is beyond 1: {verdict}."
        )

    def table(self) -> Table:
        header = ("theorem", "blocks", "median", "worst", "witness", "attained")
        rows = (cells(t.theorem, t.blocks, t.median, t.worst, t.witness, t.attained) for t in self.theorems)
        return Table(header, tuple(rows))


def compute(request: Request) -> Tightnesses:
    """Every theorem with an inequality ≤ and a domain; of the request only the seed is used."""
    found = [tightness(theorem, request) for theorem in ALL if bounds(theorem)]
    return Tightnesses(request.seed, tuple(found))


def bounds(theorem: Theorem) -> bool:
    """Some claim is ≤, and there is a domain to draw from."""
    return theorem.domain is not None and any(c.relation == "<=" for c in theorem.claims)


def tightness(theorem: Theorem, request: Request) -> Tightness:
    """The ratios of one theorem."""
    rng = request.rng()
    ratios: list[Array] = [np.zeros(0)]
    for _ in range(DRAWS):
        if theorem.domain is not None:
            ratios.append(_ratios(theorem, theorem.domain.sample(rng, ROWS)))
    every = np.concatenate(ratios)
    median, worst = (float(np.median(every)), float(every.max())) if every.size else (np.nan, np.nan)
    case = _witness(theorem)
    witness = _ratios(theorem, case) if case is not None else np.zeros(0)
    best = float(witness.max()) if witness.size else np.nan
    return Tightness(theorem.slug, every.size, median, worst, best, isinstance(theorem.witness, Attained))


def _witness(theorem: Theorem) -> Case | None:
    match theorem.witness:
        case Attained(case=case):
            return case
        case Approached(family=family):
            return family(EPSILON)
    return None


def _ratios(theorem: Theorem, case: Case) -> Array:
    """The largest left/right over the inequalities of every admissible row whose right-hand sides are positive."""
    claims = [c for c in theorem.claims_for(case.p) if c.relation == "<="]
    if not claims:
        return np.zeros(0)
    values = theorem.values(case)
    left, right = claims[0].sides(values)
    some = theorem.admissible(case) & (right > 0) & np.isfinite(left) & np.isfinite(right)
    return np.asarray(left[some] / right[some])


def draw(data: Tightnesses, style: Style) -> Figure:
    """Theorems down, the ratio across."""
    with rc_context(style.rc):
        figure, [ax] = style.grid(1, 1.6 * len(data.theorems) + 10)
        for i, t in enumerate(data.theorems):
            ax.plot([max(t.median, 0), t.worst], [i, i], color=PALETTE[0], linewidth=style.type / 2.5, alpha=0.5)
            ax.plot(t.worst, i, "|", color=PALETTE[0], markersize=style.type, markeredgewidth=1.5)
            face = PALETTE[1] if t.attained else "white"
            ax.plot(t.witness, i, "D", color=PALETTE[1], markerfacecolor=face, markersize=style.type / 1.8)
        ax.plot([], [], color=PALETTE[0], linewidth=style.type / 2.5, alpha=0.5, label="random: median to worst")
        ax.plot([], [], "D", color=PALETTE[1], label="witness, attained")
        ax.plot([], [], "D", color=PALETTE[1], markerfacecolor="white", label="witness, approached")
        far = 1.06 * max(1.0, *(v for t in data.theorems for v in (t.worst, t.witness) if np.isfinite(v)))
        ax.axvline(1, color="0.3", linewidth=0.9, zorder=0)
        ax.set_yticks(range(len(data.theorems)), [t.theorem for t in data.theorems])
        ax.set(ylim=(len(data.theorems) - 0.5, -0.5), xlim=(-0.03, far), xlabel="left side / right side")
        figure.legend(loc="outside lower left", ncols=2 if style.narrow else 3, columnspacing=1.0, handletextpad=0.4)
    return figure


KIND = FigureKind("tightness", "worst-case tightness of the bound of each theorem", compute, draw, Needs.nothing)
