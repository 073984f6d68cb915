"""What is weighed, y = n ⊙ x, is quantized by one step a group: the weighted errors are those of y, pruned by |y|.

With c = n_i σ_i one number for a group and ρ the rounding at scale 1, n_i q(x)_i = n_i σ_i ρ(x_i/σ_i) = c ρ(y_i/c):
the image of y_i under one monotone map for the whole group. The score of x is |y|, that of q(x) is |n ⊙ q(x)|. So both
orders do to y what ``prune_first_dominates`` speaks of.
"""

from typing import Any

import numpy as np
import sympy

from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.theorems.weighted_dominates import (
    ERROR_QS_WEIGHTED,
    ERROR_SQ_WEIGHTED,
    ONE_STEP,
    THEOREM,
    WEIGHTED,
    weights,
)

from .atoms import Atoms, Number, Row
from .conclusions import Concludes
from .proof import Proof
from .prune_first_bound import LOWERED, ROOTS
from .prune_first_dominates import PAIR, PAIRED, balanced, largest
from .shapes import Groups
from .steps import Equal, Smt, Tested
from .unknowns import LARGEST, REAL, Facts, Unknowns, magnitude

n, sigma, c = sympy.symbols("n sigma c", positive=True)
x = sympy.Symbol("x", real=True)
rho = sympy.Function("rho", real=True)


def tied(case: Case) -> Mask:
    """All entries of a group that one order keeps and the other prunes have one n_i |q(x)_i|."""
    if case.s.score is None or case.s.score.linear(case.x.shape) is None:
        return np.ones(len(case), bool)
    differ = case.orders.mask != case.orders.image_mask
    size = weights(case) * np.abs(case.orders.image)
    high = case.s.groups.reduce(np.where(differ, size, -1), lambda rows: rows.max(axis=1))
    low = case.s.groups.reduce(np.where(differ, size, np.inf), lambda rows: rows.min(axis=1))
    return np.asarray((np.isclose(high, low, rtol=1e-12) | (high < 0)).reshape(len(case), -1).all(axis=1))


def same_image(z3: Any) -> tuple[list[Any], Any]:
    """y_i ≥ y_j, one monotone map of the group and the image mask on top: the weighted images are equal."""
    y_i, y_j, t_i, t_j = z3.Reals("y_i y_j t_i t_j")
    return [y_i >= y_j, z3.Implies(y_i >= y_j, t_i >= t_j), t_j >= t_i], t_i == t_j


def errors(a: Atoms, made: Row) -> Number:
    """‖n ⊙ (x − y)‖_p."""
    return a.norm(a.weighed(a.minus(a.x, made)))


def one_map(a: Unknowns) -> Facts:
    """n_i|x_i| ≤ n_j|x_j| ⇒ n_i|q(x)_i| ≤ n_j|q(x)_j| in every group; unknowns are weighed."""
    pairs = [(i, j) for group in a.groups for i in group for j in group if i != j]
    return [sympy.Implies(sympy.Le(abs(a.x[i]), abs(a.x[j])), sympy.Le(abs(a.q[i]), abs(a.q[j]))) for i, j in pairs]


READ = {WEIGHTED: magnitude, ONE_STEP: one_map}

PROOF = Proof(
    theorem=THEOREM,
    model={
        ERROR_SQ_WEIGHTED: lambda a: errors(a, a.sq),
        ERROR_QS_WEIGHTED: lambda a: errors(a, a.qs),
    },
    steps=(
        Equal(
            "n σ = c: what is weighed is quantized at the scale c, n σ ρ(x/σ) = c ρ(n x/c)",
            (n * sigma * rho(x / sigma)).subs(sigma, c / n),
            c * rho(n * x / c),
        ),
        Tested(
            "with Z and Σ, q(s(x)) = m ⊙ q(x)",
            lambda case: case.every(case.orders.after_mask == case.orders.mask * case.orders.image),
        ),
        Tested("both masks keep equally many entries of every group", balanced),
        Smt("kept by S→Q alone and kept by Q→S alone: the weighted images tie", same_image),
        Tested("all entries of a group on which the masks differ share one n_i |q(x)_i|", tied),
        *PAIR,
        Smt("p = ∞: an exchange of a ≥ b at one image does not lower the larger of the two errors", largest),
        ROOTS,
        Concludes(Groups(2, 4), readings=READ),
        Concludes(Groups(2, 4, 2), readings=READ),
        *(
            Concludes(Groups(k, m), REAL, lemmas=(PAIRED, LOWERED), readings=READ)
            for k, m in ((1, 2), (1, 4), (2, 4), (3, 4))
        ),
        Concludes(Groups(2, 4), LARGEST, readings=READ),
    ),
)
