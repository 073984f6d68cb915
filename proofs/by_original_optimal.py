"""Masks that rank by |q(x)| differ at the cut alone, where all images are one: there the larger original saves more.

Kept, an entry of magnitude t and image v saves g(t) = t^p − |t − v|^p. If i is kept by the rule that asks |x| and j by
the other one, their images tie and |x_i| ≥ |x_j|; g does not decrease. Neither the order of images nor one scale is
needed: only that no sign is reversed, since |x − q(x)| is ||x| − |q(x)|| then.
"""

from typing import Any

import sympy
from sympy import And, Eq, Ge, Gt, Or

from sqtheory.theory.quantities import MAGNITUDE
from sqtheory.theory.theorems.by_original_optimal import ERROR_BY_ORIGINAL, SIGNS, THEOREM

from .conclusions import Concludes
from .proof import Proof
from .prune_first_bound import LOWERED, ROOTS
from .prune_first_dominates import PAIR, PAIRED, largest, same_sign
from .shapes import Groups
from .steps import Smt, Tested
from .unknowns import LARGEST, REAL, Facts, Unknowns, on_top
from .unknowns import same_sign as of_one_sign


def ties_at_the_cut(z3: Any) -> tuple[list[Any], Any]:
    """i before j by (|q|, |x|), and j before i by |q|: one image, and |x_i| ≥ |x_j|."""
    x_i, x_j, q_i, q_j = z3.Reals("x_i x_j q_i q_j")
    first = z3.Or(q_i > q_j, z3.And(q_i == q_j, x_i >= x_j))
    return [first, q_j >= q_i], z3.And(q_i == q_j, x_i >= x_j)


def asked(a: Unknowns) -> Facts:
    """The mask that asks originals: before every pruned entry of its group by |q(x)|, and by |x| where these tie."""
    q, x = list(map(abs, a.q)), list(map(abs, a.x))
    pairs = [(i, j) for g in a.groups for i in g for j in g if a.by_original[i] and not a.by_original[j]]
    return [Or(Gt(q[i], q[j]), And(Eq(q[i], q[j]), Ge(x[i], x[j]))) for i, j in pairs]


READ = {
    MAGNITUDE: lambda a: on_top(list(map(abs, a.q)), a.m2, a.groups),
    SIGNS: lambda a: [of_one_sign(x, q) for x, q in zip(a.x, a.q, strict=True)],
}


def concluded(n: int, m: int, exponent: sympy.Expr, *lemmas: Any) -> Concludes:
    """The claim on one group."""
    return Concludes(Groups(n, m), exponent, lemmas=lemmas, readings=READ, definitions=(asked,))


PROOF = Proof(
    theorem=THEOREM,
    model={ERROR_BY_ORIGINAL: lambda a: a.norm(a.minus(a.x, a.kept(a.by_original, a.q)))},
    steps=(
        Tested("no sign is reversed, so |x_i − q(x)_i| is ||x_i| − |q(x)_i||: magnitudes are enough", same_sign),
        Smt(
            "an entry that one rule keeps and one that the other keeps tie, and the first is no smaller",
            ties_at_the_cut,
        ),
        *PAIR,
        Smt("p = ∞: an exchange of a ≥ b at one image does not lower the larger of the two errors", largest),
        ROOTS,
        *(concluded(n, m, sympy.Integer(1)) for n, m in ((1, 2), (2, 4))),
        *(concluded(n, m, REAL, PAIRED, LOWERED) for n, m in ((1, 2), (1, 4), (2, 4), (3, 4))),
        concluded(2, 4, LARGEST),
    ),
)
