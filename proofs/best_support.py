"""Both orders give one of the weights over which the least is taken: a pattern of s, with values of some kind.

On one support the loss is a quadratic whose least value is that of the normal equations.
"""

from fractions import Fraction
from itertools import combinations, product

import numpy as np
import sympy

from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.theorems.best_support import BEST, THEOREM
from sqtheory.theory.theorems.gram_error import INPUTS, LAYER_QS, LAYER_SQ

from .atoms import Atoms, Number
from .conclusions import OnlyTested
from .dot_decomposition import product as dot
from .gram_error import PROOF as GRAM
from .gram_error import columns
from .gram_error import matrix as rows_of
from .principal_axes import without
from .proof import Proof
from .steps import Equal, NonNegative, Tested

v1, v2, b1, b2 = sympy.symbols("v1 v2 b1 b2", real=True)
g, h = sympy.symbols("g h", positive=True)
c = sympy.Symbol("c", real=True)
d = sympy.Symbol("d", nonnegative=True)
ZERO = Fraction(0)
BEST_V = sympy.Matrix([[g, c], [c, h]]).solve(sympy.Matrix([b1, b2]))


def choices(a: Atoms) -> list[set[int]]:
    """Sets of kept inputs, group by group."""
    groups = [group for group in a.weight.groups if group[-1] < INPUTS]
    parts = [[set(kept) for kept in combinations(group, a.budget(group))] for group in groups]
    return [set().union(*chosen) for chosen in product(*parts)]


def best(a: Atoms) -> Number:
    """Of every output the least that is left of X w after X's columns on a support, by orthogonalization."""
    inputs, spans = columns(rows_of(a.x)), []
    for kept in choices(a):
        directions: list[list[Fraction]] = []
        for i in sorted(kept):
            if any(direction := without(list(inputs[i]), directions)):
                directions.append(direction)
        spans.append([(d, dot(d, d)) for d in directions])
    outputs = [[dot(row, w) for row in rows_of(a.x)] for w in rows_of(a.w)]
    return sum(
        (min(dot(y, y) - sum(dot(y, d) ** 2 / size for d, size in span) for span in spans) for y in outputs), ZERO
    )


def loss(one: sympy.Expr, other: sympy.Expr) -> sympy.Expr:
    """v G v − 2 ⟨b, v⟩ for a support of two inputs."""
    return g * one**2 + 2 * c * one * other + h * other**2 - 2 * (b1 * one + b2 * other)


def of_the_pattern(case: Case) -> Mask:
    """Every output of both orders has no more entries in any group than its budget."""
    orders, groups = case.weight.orders, case.weight.groups
    budget, within = case.s.budget(groups.sides(case.x.shape)[-1]), np.ones(len(case), bool)
    for y in (orders.after_mask, orders.masked_image):
        counts = groups.reduce((y != 0).astype(np.float64), lambda rows: np.asarray(rows.sum(axis=1)))
        within &= (counts.reshape(len(case), -1) <= budget).all(axis=1)
    return within


PROOF = Proof(
    theorem=THEOREM,
    model={BEST: best, LAYER_SQ: GRAM.model[LAYER_SQ], LAYER_QS: GRAM.model[LAYER_QS]},
    steps=(
        Tested("with Z both orders leave no more than the budget of every group", of_the_pattern),
        Equal(
            "on two inputs of Gram matrix G: v G v − 2⟨b, v⟩ exceeds its value at G⁻¹b by the form of G in v − G⁻¹b",
            loss(v1, v2) - loss(*BEST_V),
            g * (v1 - BEST_V[0]) ** 2 + 2 * c * (v1 - BEST_V[0]) * (v2 - BEST_V[1]) + h * (v2 - BEST_V[1]) ** 2,
        ),
        Equal(
            "a Gram matrix has h = c²/g + d with d ≥ 0: the form is a sum of two squares",
            g * v1**2 + 2 * c * v1 * v2 + (c**2 / g + d) * v2**2,
            g * (v1 + c * v2 / g) ** 2 + d * v2**2,
        ),
        NonNegative("… which is not negative", g * (v1 + c * v2 / g) ** 2 + d * v2**2),
        OnlyTested("least squares over supports are a minimum over members of which both orders are two"),
    ),
)
