"""An exchange: where the masks differ the images tie, and the larger of two tied entries gains at least as much.

Kept, an entry of magnitude t and image v saves g(t) = t^p − |t − v|^p of the p-th power of the error. S→Q and Q→S
keep equally many entries of a group. If i is kept by S→Q alone and j by Q→S alone, |x_i| ≥ |x_j| since the first mask
is on top of |x|; so |q(x)_i| ≥ |q(x)_j| since q is monotone, and equal since the second mask is on top of |q(x)|. All
such i and j of a group share one v, and g does not decrease.
"""

from itertools import permutations
from typing import Any

import numpy as np
import sympy
from sympy import And, Eq, Ge, Implies

from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.theorems.prune_first_dominates import THEOREM

from .conclusions import Concludes, Lemma
from .coq_claims import FormallyConcludes
from .proof import Proof
from .prune_first_bound import LOWERED, ROOTS
from .shapes import Groups
from .steps import Equal, Formal, NonNegative, Question, Smt, Split, Tested
from .unknowns import LARGEST, REAL, Facts, Unknowns
from .unknowns import same_sign as of_one_sign

t, u, v = sympy.symbols("t u v", nonnegative=True)
p, r, s, w, y = sympy.symbols("p r s w y", positive=True)
a1, a2, b1, b2 = sympy.symbols("a1 a2 b1 b2", nonnegative=True)
g = sympy.Function("g")


def in_groups(case: Case, flags: Mask) -> np.ndarray:
    """How many entries of every group have the flag: rows × groups."""
    counts = case.s.groups.reduce(flags, lambda rows: np.asarray(np.count_nonzero(rows, axis=1)))
    return counts.reshape(len(case), -1)


def balanced(case: Case) -> Mask:
    """Both masks keep equally many entries of every group."""
    mask, image_mask = case.orders.mask, case.orders.image_mask
    return np.asarray((in_groups(case, mask & ~image_mask) == in_groups(case, image_mask & ~mask)).all(axis=1))


def tied(case: Case) -> Mask:
    """All entries of a group that one order keeps and the other prunes have one |q(x)|."""
    differ = case.orders.mask != case.orders.image_mask
    size = np.abs(case.orders.image)
    high = case.s.groups.reduce(np.where(differ, size, -1), lambda rows: rows.max(axis=1))
    low = case.s.groups.reduce(np.where(differ, size, np.inf), lambda rows: rows.min(axis=1))
    return np.asarray(((high == low) | (high < 0)).reshape(len(case), -1).all(axis=1))


def same_sign(case: Case) -> Mask:
    """|x_i − q(x)_i| = ||x_i| − |q(x)_i||."""
    x, image = case.x, case.orders.image
    return case.every(np.abs(x - image) == np.abs(np.abs(x) - np.abs(image)))


def gain_grows(p: int) -> Question:
    """g(a) ≥ g(b) for a ≥ b ≥ 0 and v ≥ 0."""

    def question(z3: Any) -> tuple[list[Any], Any]:
        a, b, v = z3.Reals("a b v")

        def power(e: Any) -> Any:
            size = z3.If(e >= 0, e, -e)
            return z3.Product([size] * p)

        return [a >= b, b >= 0, v >= 0], power(a) - power(a - v) >= power(b) - power(b - v)

    return question


def same_image(z3: Any) -> tuple[list[Any], Any]:
    """|x_i| ≥ |x_j|, q monotone and the image mask on top: |q(x)_i| = |q(x)_j|."""
    x_i, x_j, q_i, q_j = z3.Reals("x_i x_j q_i q_j")
    return [x_i >= x_j, z3.Implies(x_i >= x_j, q_i >= q_j), q_j >= q_i], q_i == q_j


def largest(z3: Any) -> tuple[list[Any], Any]:
    """max(|a − v|, b) ≤ max(a, |b − v|) for a ≥ b ≥ 0 and v ≥ 0."""
    a, b, v = z3.Reals("a b v")

    def most(e: Any, f: Any) -> Any:
        return z3.If(e >= f, e, f)

    return [a >= b, b >= 0, v >= 0], most(most(a - v, v - a), b) <= most(a, most(b - v, v - b))


PAIR = (
    Equal(
        "g above v, at t = v + u and p = 1 + r: g′(t)/p = t^r − u^r = ∫_u^{u+v} r y^{r−1} dy",
        sympy.integrate(r * y ** (r - 1), (y, u, u + v)),
        (u + v) ** r - u**r,
    ),
    NonNegative("… and the integrand is not negative", r * y ** (r - 1)),
    Equal(
        "g below v, at v = t + w: the derivative of t^p − (v − t)^p is that of t^p and, as dw = −dt, that of w^p",
        sympy.diff(s**p, s) + sympy.diff(w**p, w),
        p * (s ** (p - 1) + w ** (p - 1)),
    ),
    NonNegative("… which is not negative", p * (s ** (p - 1) + w ** (p - 1))),
    Equal("g is continuous at v: both expressions are v^p there", (v**p - 0**p), v**p),
    Split(
        "p = 1: g(t) = 2 min(t, v) − v, so the exchange costs 2 (min(a, v) − min(b, v))",
        (Equal("t = v + u", (v + u) - u, 2 * v - v), Equal("v = t + u", t - u, 2 * t - (t + u))),
    ),
    Equal("p = 2: the exchange costs 2 v (a − b)", (t**2 - (t - v) ** 2) - (u**2 - (u - v) ** 2), 2 * v * (t - u)),
    Smt("p = 1: g(a) ≥ g(b) for a ≥ b ≥ 0 and v ≥ 0", gain_grows(1)),
    Smt("p = 2: the same", gain_grows(2)),
    Smt("p = 4: the same", gain_grows(4)),
)
"""g(t) = t^p − |t − v|^p does not decrease on t ≥ 0, for v ≥ 0 and every real p ≥ 1."""


def saved(a: Unknowns, i: int) -> Any:
    """|x_i|^p − |x_i − q(x)_i|^p."""
    return abs(a.x[i]) ** a.exponent - abs(a.x[i] - a.q[i]) ** a.exponent


def of_one_image(a: Unknowns, goals: Facts) -> Facts:
    """g(|x_i|) ≥ g(|x_j|) for |x_i| ≥ |x_j| of one group and one |q(x)|, no sign reversed."""
    signs = [of_one_sign(x, q) for x, q in zip(a.x, a.q, strict=True)]
    return [
        Implies(
            And(Ge(abs(a.x[i]), abs(a.x[j])), Eq(abs(a.q[i]), abs(a.q[j])), signs[i], signs[j]),
            Ge(saved(a, i), saved(a, j), evaluate=False),
        )
        for group in a.groups
        for i, j in permutations(group, 2)
    ]


PAIRED = Lemma("what keeping saves does not decrease with |x| at one image", PAIR, of_one_image, least=1.0)

PROOF = Proof(
    theorem=THEOREM,
    steps=(
        Tested(
            "with Z and Σ, q(s(x)) = m ⊙ q(x): both orders keep images of x, and differ in which",
            lambda case: case.every(case.orders.after_mask == case.orders.mask * case.orders.image),
        ),
        Tested("q reverses no sign, so |x_i − q(x)_i| is ||x_i| − |q(x)_i||: magnitudes are enough", same_sign),
        Tested("both masks keep equally many entries of every group", balanced),
        Smt("kept by S→Q alone and kept by Q→S alone: the images tie", same_image),
        Tested("all entries of a group on which the masks differ share one |q(x)|", tied),
        *PAIR,
        Equal(
            "k exchanges of tied entries cost Σ g(a_i) − Σ g(b_i), as for k = 2, in whatever pairs",
            (g(a1) + g(a2)) - (g(b1) + g(b2)),
            (g(a1) - g(b2)) + (g(a2) - g(b1)),
        ),
        Smt("p = ∞: an exchange of a ≥ b at one image does not lower the larger of the two errors", largest),
        ROOTS,
        Concludes(Groups(2, 4)),
        Concludes(Groups(2, 4, 2)),
        *(Concludes(Groups(n, m), REAL, lemmas=(PAIRED, LOWERED)) for n, m in ((1, 4), (2, 4), (4, 8))),
        Concludes(Groups(2, 4), LARGEST),
        FormallyConcludes("every group size, budget, tie rule and natural p", "prune_first_dominates"),
        FormallyConcludes("p = ∞", "prune_first_dominates_largest"),
        Formal("real scales, integers with midpoints to even: no hypothesis on q left", "half_even_prune_first"),
        Formal("scales from the maxima of block and tensor, any odd nondecreasing roundings", "by_maxima_prune_first"),
        Formal("any finite grid with 0 and Γ = −Γ, any odd rule for midpoints, saturation", "finite_grid_prune_first"),
        Formal("INT", "int_prune_first"),
        Formal("HBFP", "hbfp_prune_first"),
        Formal("MXINT", "mxint_prune_first"),
        Formal("MXFP: E2M1, E2M3, E3M2, E4M3, E5M2", "mxfp_prune_first"),
        Formal("NVFP4: scales of two levels", "nvfp4_prune_first"),
    ),
)
