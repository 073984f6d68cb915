"""Of two neighbouring levels the nearer is at most half their gap away."""

from itertools import pairwise
from typing import Any

from proofs.atoms import Atoms, Number
from proofs.proof import Proof
from proofs.steps import Smt, Tested
from sqtheory.case import Case
from sqtheory.theorems.rounding_cell import THEOREM, WORST, ratios


def worst(a: Atoms) -> Number:
    """max 2 |x − q(x)| / (σ (hi − lo)) over the entries, lo ≤ x/σ < hi neighbouring levels."""
    levels = a.case.q.format.values.tolist()
    found = [0.0]
    for i, (x, q, scale) in enumerate(zip(a.x, a.q, a.scale, strict=True)):
        if scale:
            ratio = float(ratios(a.case)[a.index, i])
            gaps = [hi - lo for lo, hi in pairwise(levels) if lo <= ratio < hi]
            gap = gaps[0] if gaps else levels[1] - levels[0] if ratio < levels[0] else levels[-1] - levels[-2]
            found.append(2 * float(abs(x - q)) / (float(scale) * gap))
    return max(found)


def half(z3: Any) -> tuple[list[Any], Any]:
    """lo ≤ t ≤ hi: the nearer of both is at most (hi − lo)/2 away."""
    t, lo, hi = z3.Reals("t lo hi")
    return [lo <= t, t <= hi], z3.If(t - lo <= hi - t, t - lo, hi - t) <= (hi - lo) / 2


def neighbours(case: Case) -> Any:
    """q(x)/σ is one of the two levels around x/σ."""
    levels = case.q.format.values
    ratio = ratios(case)
    image = case.q.format.round(ratio, case.q.rounding)
    below = levels[(levels <= ratio[..., None] + 0.0).sum(axis=-1).clip(1, levels.size) - 1]
    above = levels[(levels < ratio[..., None]).sum(axis=-1).clip(0, levels.size - 1)]
    return case.every((image == below) | (image == above))


PROOF = Proof(
    theorem=THEOREM,
    model={WORST: worst},
    steps=(
        Tested("in range, x/σ goes to one of the two levels around it", neighbours),
        Smt("the nearer of two levels is at most half their gap away", half),
    ),
)
