"""A row of the witness of a theorem under both orders, entry by entry; and which other figure shows a theorem."""

from dataclasses import dataclass
from typing import final

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from sqtheory.alphabet.norms import spell_norm
from sqtheory.show.figures.data import Data, cells
from sqtheory.show.figures.style import PALETTE, Style
from sqtheory.tables import Table
from sqtheory.theory.case import Case, spell_row
from sqtheory.theory.claims import Approached, Attained, Separation
from sqtheory.theory.theorem import Theorem

SHOWN = {
    "error_in_bits": "ladder",
    "gain_optimal": "gain_curve",
    "linear_layer": "layer_error",
    "order_gap_law": "gap_in_bits",
    "overlap": "channels",
    "price_of_order": "price",
    "prune_first_dominates": "order_map",
    "saturation": "ladder",
    "sparse_grid_projection": "block",
    "ties_by_original": "block",
}
"""The figure of the catalogue that shows what a theorem says."""
EPSILON = 1 / 16
"""The member of a family that is drawn where a bound is approached."""
LONGEST = 16
"""Entries of a row that are drawn."""
HATCHES = ("", "///", "...")


@final
@dataclass(frozen=True)
class WitnessBlock(Data):
    """A row x, S→Q and Q→S, in the words of its theorem."""

    theorem: str
    pipeline: str
    p: float
    rows: tuple[tuple[str, tuple[float, ...]], ...]
    """x (or w), S→Q and Q→S, each with its name."""
    errors: tuple[float, float]
    """‖x − ·‖_p of S→Q and Q→S."""

    @property
    def caption(self) -> str:
        name, _ = self.rows[0]
        x, sq, qs = (spell_row(np.array(values)) for _, values in self.rows)
        first, second = self.errors
        return (
            f"A case that theorem {self.theorem} names as its witness, {name} = {x} under {self.pipeline}. S→Q gives "
            f"{sq}, with the error {first:.4g}; Q→S gives {qs}, with the error {second:.4g}, in the norm of "
            f"p = {spell_norm(self.p)}. Computed by the operators; no data are used."
        )

    def table(self) -> Table:
        """A line for each entry."""
        names = [name for name, _ in self.rows]
        entries = zip(*(values for _, values in self.rows), strict=True)
        return Table(("entry", *names), tuple(cells(i, *values) for i, values in enumerate(entries)))


def witness_case(theorem: Theorem) -> Case | None:
    """A case of the witness: the first of several, a member of a family; None where none is known."""
    match theorem.witness:
        case Attained(case=case):
            return case
        case Approached(family=family):
            return family(EPSILON)
        case Separation(cases=cases):
            return cases[0]
    return None


def compute(theorem: Theorem) -> WitnessBlock | None:
    """Both orders on the first row of the witness, of w where it has one; None if there is none, or a long one."""
    case = witness_case(theorem)
    if case is None or case.x.shape[1] > LONGEST:
        return None
    name, case = ("x", case.row(0)) if case.w is None else ("w", case.weight.row(0))
    two = case.orders
    arrays = {name: case.x, "S→Q": two.after_mask, "Q→S": two.masked_image}
    rows = tuple((label, tuple(map(float, array[0]))) for label, array in arrays.items())
    errors = tuple(float(case.norms(case.x - y)[0]) for y in (two.after_mask, two.masked_image))
    return WitnessBlock(theorem.slug, f"{case.s} and {case.q}", case.p, rows, (errors[0], errors[1]))


def draw(data: WitnessBlock, style: Style) -> Figure:
    """Entries across, three bars each."""
    with rc_context(style.rc):
        figure, [ax] = style.grid(1, 18)
        places = np.arange(len(data.rows[0][1]))
        p = spell_norm(data.p)
        told = ("", *(f", error {error:.3g}" for error in data.errors))
        colors = ("0.6", *PALETTE[:2])
        for i, ((name, values), color, hatch, more) in enumerate(zip(data.rows, colors, HATCHES, told, strict=True)):
            at, label = places + (i - 1) * 0.27, f"{name}{more}"
            ax.bar(at, values, 0.25, color=color, hatch=hatch, edgecolor="white", linewidth=0, label=label)
        ax.axhline(0, color="0.3", linewidth=0.8)
        ax.set_xticks(places, [str(i + 1) for i in places])
        ax.set(xlabel=f"entry (errors in the norm of p = {p})", ylabel="value")
        ax.set_title(data.pipeline, wrap=True)
        ax.locator_params(axis="y", nbins=5)
        figure.legend(loc="outside lower center", ncols=3, columnspacing=1.0, handletextpad=0.4)
    return figure
