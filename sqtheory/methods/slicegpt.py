"""SliceGPT: inputs rotated to the principal axes of what the layer is given, and the trailing axes deleted."""

import numpy as np

from sqtheory.alphabet.procedures import PLAIN
from sqtheory.alphabet.procedures.conjugated import Conjugated
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import Statistic
from sqtheory.alphabet.sparsifiers import FixedMask, Sparsifier
from sqtheory.alphabet.transforms import principal_axes
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import Holds, OnWeight, OrderVerdict
from sqtheory.methods.method import Facts, Method
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import frozen_commutation
from sqtheory.theory.theorems import principal_axes as axes_lose_least


def leading(kept: int, inputs: int) -> FixedMask:
    """The mask of the first so many inputs of every output."""
    return FixedMask(FixedArray((np.arange(inputs) < kept)[None, :]))


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """As many principal axes stay as s keeps of a row. Raises ValueError where s keeps no number of entries."""
    moments = known[Statistic.moments]
    if not s.fixed_budget:
        raise ValueError(f"slicegpt deletes the share of inputs that the mask prunes of a row: {s} has no such share")
    row = np.ones((1, len(moments)))
    sizes = s.groups.reduce(row, lambda rows: np.asarray(rows.sum(axis=1))).ravel()
    kept = sum(s.budget(int(size)) for size in sizes)
    return Pair(leading(kept, len(moments)), q, Conjugated(PLAIN, principal_axes(moments).axes))


HALF = Pair(leading(2, 4), int_(4), Conjugated(PLAIN, FixedArray(np.eye(4))))
POWERS = FixedArray(np.diag([4.0, 3, 2, 1]))
METHOD = Method(
    name="slicegpt",
    title="SliceGPT: deleting rows and columns in principal axes",
    source=Reference("ashkboos2024slicegpt", "§3"),
    needs=(Statistic.moments,),
    build=build,
    evidence=(
        Holds(
            "both orders are one where no scale moves: deleted axes that fill whole scale blocks",
            frozen_commutation.THEOREM,
            Case.of([7, -2.5, 1, 3, 5, 2, -1, 1], int_(4, block=4), leading(4, 8)),
        ),
        OnWeight(
            "where a scale block straddles the cut and its largest entry is deleted, the rest rounds finer",
            OrderVerdict.holds,
            FixedArray([[1.0, -1, 1, -2]]),
            HALF,
            POWERS,
        ),
        OnWeight(
            "where the grid of the whole block happens to hold what stays, and the finer one does not",
            OrderVerdict.fails,
            FixedArray([[-1.0, 2, 1, 7]]),
            HALF,
            POWERS,
        ),
    ),
    rests_on=(axes_lose_least.THEOREM,),
)
