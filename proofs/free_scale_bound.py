"""A kept entry is rounded on a grid no coarser than the dense one, so it errs by at most half a dense step."""

from typing import Any

import numpy as np
import sympy
from sympy import Abs, Implies, Le

from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.quantities import NEAREST, UNIFORM
from sqtheory.theory.theorems.free_scale_bound import HALF, IN_RANGE, NOT_GROWN, POWER_HALF, THEOREM, half_cells

from .atoms import Atoms, Row
from .conclusions import Concludes, Lemma
from .proof import Proof
from .prune_first_bound import ADDED, LOWERED, ROOTS, SUBADDITIVE
from .quantize_first_bound import POWERS_GROW
from .shapes import Entries
from .steps import Cited, Smt, Tested
from .unknowns import LARGEST, REAL, Facts, Unknowns


def halves(a: Atoms) -> Row:
    """Half of σ times the gap between the levels around x/σ, for kept entries."""
    return [half for half, m in zip(a.half_steps, a.m, strict=True) if m]


def no_coarser(z3: Any) -> tuple[list[Any], Any]:
    """|x − y| ≤ σ′Δ/2 and σ′ ≤ σ: |x − y| ≤ σΔ/2."""
    error, masked, dense, step = z3.Reals("error masked dense step")
    return [error <= masked * step / 2, 0 <= masked, masked <= dense, step > 0], error <= dense * step / 2


def within(case: Case) -> Any:
    """Every kept entry errs by at most half a dense step."""
    error = np.where(case.orders.mask, np.abs(case.x - case.orders.after_mask), 0)
    return case.every(error <= half_cells(case) * (1 + 1e-9))


def masked_steps(a: Unknowns) -> Row:
    """Half the step at the scale of s(x)."""
    return [sympy.Symbol(f"s{i}", nonnegative=True) for i in range(len(a.x))]


def within_half(a: Unknowns) -> Facts:
    """In range, rounding a kept entry to nearest on a uniform grid errs by at most half a step of s(x)."""
    entries = zip(a.x, a.sq, masked_steps(a), a.m, strict=True)
    return [Le(Abs(x - y), step) for x, y, step, m in entries if m and {NEAREST, UNIFORM} <= a.given]


def not_grown(a: Unknowns) -> Facts:
    """Half the step at the scale of s(x) is at most half the step at that of x, where steps are equal."""
    return [Le(s, d) for s, d in zip(masked_steps(a), a.half_steps, strict=True) if UNIFORM in a.given]


def powers_grow(a: Unknowns, goals: Facts) -> Facts:
    """|e|^p grows with |e|."""
    errors = [(Abs(x - y), half) for x, y, half in zip(a.x, a.sq, a.half_steps, strict=True)]
    return [Implies(Le(e, half), Le(a.power([e]), a.power([half]), evaluate=False)) for e, half in errors]


READ = {IN_RANGE: within_half, NOT_GROWN: not_grown}
GROWN = Lemma("powers grow", (POWERS_GROW,), powers_grow)

PROOF = Proof(
    theorem=THEOREM,
    model={
        HALF: lambda a: a.norm(halves(a)),
        POWER_HALF: lambda a: a.power(halves(a)),
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
        ROOTS,
        SUBADDITIVE,
        POWERS_GROW,
        Concludes(Entries(4), readings=READ),
        Concludes(Entries(4), REAL, claims=(1,), lemmas=(GROWN,), readings=READ),
        Concludes(Entries(3), REAL, claims=(0,), lemmas=(GROWN, LOWERED, ADDED), readings=READ),
        Concludes(Entries(3), LARGEST, claims=(0,), readings=READ),
    ),
)
