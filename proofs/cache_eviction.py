"""What is left is stretched by what went; an entry goes for another only where its logit is larger by at most δ.

Of p, the evicted entries lose μ′, and the others gain 1/(1 − μ′) − 1 times their sum 1 − μ′, which is μ′. For i evicted
by z′ and kept by z and j the other way round, z′_i ≤ z′_j: z_i − z_j ≤ δ, and e^{z_i} ≤ e^δ e^{z_j}.
"""

import math
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import sympy
from sympy import Implies, Le

from sqtheory.theory.theorems.cache_eviction import EVICTED, MOVED, REACH, THEOREM

from .atoms import Atoms, Number, Row
from .conclusions import Concludes, Lemma
from .linear_layer import unknown
from .proof import Proof
from .shapes import Groups
from .softmax_shift import ONE, exponential, one, softmax, spread
from .steps import Equal, Smt
from .unknowns import Facts, Unknowns, on_top

mu = sympy.Symbol("mu", positive=True)


def evicted(a: Atoms) -> Number:
    """Σ p over what z′ does not keep."""
    mask = a.weight.top_of_groups(a.w)
    return sum((p for p, flag in zip(softmax(a.x), mask, strict=True) if not flag), Fraction(0))


def within(z: Row, mask: list[bool]) -> Row:
    """softmax(z) on the mask over its sum there; of numbers the softmax of what is on it."""
    if unknown(z):
        p = softmax(z)
        total = sum(v for v, flag in zip(p, mask, strict=True) if flag)
        return [v / total if flag else sympy.Integer(0) for v, flag in zip(p, mask, strict=True)]
    some = iter(softmax([v for v, flag in zip(z, mask, strict=True) if flag]))
    return [next(some) if flag else Fraction(0) for flag in mask]


def moved(a: Atoms) -> Number:
    """Entry by entry."""
    made = within(a.x, a.weight.top_of_groups(a.w))
    return sum((abs(v - u) for v, u in zip(softmax(a.x), made, strict=True)), Fraction(0))


class Grown(sympy.Function):  # type: ignore[misc]
    """e^δ times a share of unknowns, of the place that is the first argument."""

    is_real = True
    is_nonnegative = True


def grown(a: Atoms, errors: Row) -> Row:
    """e^δ p; of unknowns numbers of which the lemmas speak."""
    if unknown(a.x):
        return [Grown(i, *a.x, *errors) for i in range(len(a.x))]
    return [exponential(spread(a, errors)) * v for v in softmax(a.x)]


def reach(a: Atoms, errors: Row) -> Number:
    """The smaller of 1 and e^δ times the least sums of p over what a budget leaves out of every group."""
    if not unknown(a.x) and not all(max(a.x) - v in (0, 1) for v in a.x):
        return by_logarithms(a, spread(a, errors))
    p, b = grown(a, errors), a.weight
    least = [
        a.least(sum((p[i] for i in out), Fraction(0)) for out in combinations(g, len(g) - b.budget(g)))
        for g in b.groups
    ]
    return a.least([1, sum(least, Fraction(0))])


def by_logarithms(a: Atoms, delta: Fraction) -> float:
    """The same in floats: no exponential of a large number."""
    out = [v for v, flag in zip(a.x, a.weight.top_of_groups(a.x), strict=True) if not flag]
    if not out:
        return 0.0
    logarithms = [float(max(z)) + math.log(math.fsum(math.exp(float(v - max(z))) for v in z)) for z in (out, a.x)]
    return math.exp(min(0.0, float(delta) + logarithms[0] - logarithms[1]))


def by_other_logits(a: Unknowns) -> Facts:
    """What z′ keeps is on top by z′."""
    return on_top(a.w, a.weight.ranked, a.weight.groups)


def quotients(a: Unknowns, goals: Facts) -> Facts:
    """z′_i ≤ z′_j ⇒ p_i ≤ e^δ p_j."""
    p, more = softmax(a.x), grown(a, a.minus(a.x, a.w))
    return [
        Implies(Le(a.w[i], a.w[j]), Le(p[i], more[j], evaluate=False))
        for group in a.weight.groups
        for i, j in product(group, group)
    ]


def logits(z3: Any) -> tuple[list[Any], Any]:
    """z′_i ≤ z′_j, and errors that differ by δ at most: z_i − z_j ≤ δ."""
    z_i, z_j, y_i, y_j, delta = z3.Reals("z_i z_j y_i y_j delta")
    return [y_i <= y_j, (z_i - y_i) - (z_j - y_j) <= delta], z_i - z_j <= delta


LOGITS = Smt("an entry that z′ ranks no higher has a logit at most δ larger", logits)
USED = (Lemma("shares add up to 1", (ONE,), one), Lemma("p_i ≤ e^δ p_j where z′_i ≤ z′_j", (LOGITS,), quotients))

PROOF = Proof(
    theorem=THEOREM,
    model={MOVED: moved, EVICTED: evicted, REACH: lambda a: reach(a, a.minus(a.x, a.w))},
    steps=(
        Equal("what is kept gains (1/(1 − μ′) − 1)(1 − μ′) = μ′", (1 / (1 - mu) - 1) * (1 - mu), mu),
        ONE,
        LOGITS,
        Concludes(Groups(1, 2, products=True, by_gain=True), lemmas=USED, definitions=(by_other_logits,)),
        *(
            Concludes(
                Groups(n, 4, products=True, by_gain=True), claims=(i,), lemmas=USED, definitions=(by_other_logits,)
            )
            for i, n in ((0, 1), (0, 2), (1, 1), (1, 3))
        ),
    ),
)
