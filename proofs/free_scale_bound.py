"""A kept entry is rounded on a grid no coarser than the dense one, so it errs by at most half a dense step."""

from itertools import pairwise
from typing import Any

import numpy as np

from proofs.atoms import Atoms, Number
from proofs.models import shared
from proofs.proof import Proof
from proofs.prune_first_bound import PROOF as BOUND
from proofs.steps import Cited, Smt, Tested
from sqtheory.case import Case
from sqtheory.theorem import Reference
from sqtheory.theorems.free_scale_bound import HALF, POWER_HALF, THEOREM, half_cells
from sqtheory.theorems.vocabulary import ERROR_S, ERROR_SQ, POWER_S, POWER_SQ


def halves(a: Atoms) -> list[float]:
    """Half of σ times the gap between the levels around x/σ, for kept entries; beyond the ends the last gap."""
    levels = sorted({abs(level) for level in a.case.q.format.values.tolist()})
    gaps = list(pairwise(levels))
    found = []
    for x, scale, m in zip(a.x, a.scale, a.m, strict=True):
        sigma = float(scale)
        around = [hi - lo for lo, hi in gaps if lo * sigma <= abs(x) < hi * sigma]
        found += [sigma * (around[0] if around else gaps[-1][1] - gaps[-1][0]) / 2] if m else []
    return found


def half(a: Atoms) -> Number:
    """The p-norm of the halves."""
    total = half_power(a)
    return total if a.p in (1, np.inf) else float(total) ** (1 / a.p)


def half_power(a: Atoms) -> Number:
    """The p-th power of that norm, the largest half for p = ∞."""
    sizes = halves(a) or [0.0]
    return max(sizes) if a.p == np.inf else sum(size**a.p for size in sizes)


def no_coarser(z3: Any) -> tuple[list[Any], Any]:
    """|x − y| ≤ σ′Δ/2 and σ′ ≤ σ: |x − y| ≤ σΔ/2."""
    error, masked, dense, step = z3.Reals("error masked dense step")
    return [error <= masked * step / 2, 0 <= masked, masked <= dense, step > 0], error <= dense * step / 2


def within(case: Case) -> Any:
    """Every kept entry errs by at most half a dense step."""
    error = np.where(case.orders.mask, np.abs(case.x - case.orders.after_mask), 0)
    return case.every(error <= half_cells(case) * (1 + 1e-9))


PROOF = Proof(
    theorem=THEOREM,
    model={
        **shared(ERROR_SQ, ERROR_S, POWER_SQ, POWER_S),
        HALF: half,
        POWER_HALF: half_power,
    },
    steps=(
        Cited(
            "rounding to nearest within the grid errs by at most half a step (theorem rounding_cell)",
            Reference("gray1998quantization", "§II"),
        ),
        Smt("a step at a smaller scale is no larger", no_coarser),
        Tested("so every kept entry errs by at most half a dense step", within),
        Tested(
            "and with Z every pruned entry by itself: the supports are disjoint, and powers add",
            lambda case: case.every(case.orders.mask | (case.orders.after_mask == 0)),
        ),
        *BOUND.steps[3:5],
    ),
)
