"""The largest entry is a level; every other is at most half a step from one; powers grow and add."""

import numpy as np
from sympy import Abs, Eq, Implies, Le, Or

from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.quantities import NEAREST, SYMMETRIC, UNIFORM
from sqtheory.theory.theorems.half_step_bound import HALVES, THEOREM, half_steps
from sqtheory.theory.theorems.residual_backbone import ABSMAX

from .atoms import Atoms, Number
from .conclusions import Concludes, Lemma
from .proof import Proof
from .prune_first_bound import LOWERED, ROOTS
from .quantize_first_bound import POWERS_GROW
from .shapes import Entries
from .steps import Tested
from .unknowns import LARGEST, REAL, Facts, Unknowns


def half(a: Atoms) -> Number:
    """max |x|/(2n)."""
    return a.largest(abs(v) for v in a.x) / (2 * a.steps)


def within(a: Unknowns) -> Facts:
    """On a symmetric uniform grid of scale max |x|/max Γ no entry is missed by more than half a step, one by none."""
    if not {NEAREST, UNIFORM, SYMMETRIC, ABSMAX} <= a.given:
        return []
    missed = [Le(Abs(x - q), half(a)) for x, q in zip(a.x, a.q, strict=True)]
    return [*missed, Or(*(Eq(x, q) for x, q in zip(a.x, a.q, strict=True)))]


def powers_grow(a: Unknowns, goals: Facts) -> Facts:
    """|e|^p grows with |e|, from 0."""
    errors = [Abs(x - q) for x, q in zip(a.x, a.q, strict=True)]
    grow = [Implies(Le(e, half(a)), Le(a.power([e]), a.power([half(a)]), evaluate=False)) for e in errors]
    return [*grow, *(Implies(Eq(x, q), Eq(a.power([x - q]), 0)) for x, q in zip(a.x, a.q, strict=True))]


def near(case: Case) -> Mask:
    """The same of the operators: all entries within half a step, and one of them at a level."""
    error, room = np.abs(case.x - case.orders.image), half_steps(case).max(axis=1, keepdims=True)
    exact = np.asarray((error <= np.abs(case.x) * 1e-15).any(axis=1))
    return np.asarray((error <= room * (1 + 1e-12)).all(axis=1) & exact)


GROWN = Lemma("powers grow", (POWERS_GROW,), powers_grow)
READINGS = {ABSMAX: within}
PROOF = Proof(
    theorem=THEOREM,
    model={HALVES: lambda a: a.norm([half(a)] * (len(a.x) - 1))},
    steps=(
        Tested("no entry is missed by more than half a step, and one of them by none", near),
        ROOTS,
        POWERS_GROW,
        Concludes(Entries(4), readings=READINGS),
        Concludes(Entries(3), REAL, lemmas=(GROWN, LOWERED), readings=READINGS),
        Concludes(Entries(4), LARGEST, readings=READINGS),
    ),
)
