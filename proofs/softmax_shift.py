"""The odds of any set of entries change by a factor of at most e^δ, and the chance that moves most is 1/(1 + e^{δ/2}).

For masses a, b of a set and of the rest under z and c, d under z′, a d ≤ e^δ b c: entry by entry
e^{z_i} e^{z′_j} ≤ e^δ e^{z′_i} e^{z_j}, and both sides add. With e^δ = E², a/(a + b) − c/(c + d) ≤ (E − 1)/(E + 1), and
(E − 1)/(E + 1) = tanh(δ/4). ‖p − p′‖₁ is twice that of the set where p > p′.
"""

import math
from fractions import Fraction
from itertools import combinations
from typing import Any

import sympy
from sympy import Implies, Le

from sqtheory.theory.theorems.softmax_shift import BY_LARGEST, BY_SPREAD, MOVED, THEOREM

from .atoms import Atoms, Number, Row
from .conclusions import Concludes, Lemma
from .linear_layer import unknown
from .proof import Proof
from .shapes import Entries
from .steps import Equal, NonNegative, Smt
from .unknowns import Facts, Unknowns

delta, t = sympy.symbols("delta t", positive=True)


class Share(sympy.Function):  # type: ignore[misc]
    """Entry i of the softmax of unknowns, i the first argument."""

    is_real = True
    is_positive = True


class Tanh(sympy.Function):  # type: ignore[misc]
    """The hyperbolic tangent of an unknown number that is not negative."""

    is_real = True
    is_nonnegative = True


def exponential(v: Fraction) -> Number:
    """e^v: exact for −1, 0 and 1, in which claims are decided, else a float."""
    return sympy.exp(int(v)) if v in (-1, 0, 1) else math.exp(float(v))


def softmax(z: Row) -> Row:
    """e^{z_i}/Σ e^{z_j}; of unknowns numbers of which the lemmas speak."""
    if unknown(z):
        return [Share(i, *z) for i in range(len(z))]
    largest = max(z)
    exact = all(largest - v in (0, 1) for v in z)
    e = [exponential(v - largest) if exact else math.exp(float(v - largest)) for v in z]
    return [v / sum(e) for v in e]


def tanh(v: Number) -> Number:
    """(e^{2v} − 1)/(e^{2v} + 1)."""
    if unknown([v]):
        return Tanh(v)
    e = exponential(-2 * v)
    return (1 - e) / (1 + e)


def spread(a: Atoms, errors: Row) -> Number:
    """The largest error less the least: the largest difference of two."""
    return a.largest(u - v for u in errors for v in errors)


def moved(a: Atoms) -> Number:
    """Entry by entry."""
    return sum((abs(p - r) for p, r in zip(softmax(a.x), softmax(a.w), strict=True)), Fraction(0))


def one(a: Unknowns, goals: Facts) -> Facts:
    """Shares add up to 1."""
    return [sympy.Eq(sympy.Add(*softmax(z)), 1, evaluate=False) for z in (a.x, a.w)]


def of_each_set(a: Unknowns, goals: Facts) -> Facts:
    """p(A) − p′(A) ≤ tanh(δ/4) for every set A of entries."""
    p, r, size = softmax(a.x), softmax(a.w), range(len(a.x))
    most = tanh(spread(a, a.minus(a.x, a.w)) / 4)
    sets = [chosen for k in size for chosen in combinations(size, k)]
    return [Le(sum(p[i] - r[i] for i in chosen), most, evaluate=False) for chosen in sets]


def tanh_grows(a: Unknowns, goals: Facts) -> Facts:
    """δ/4 ≤ ε/2 ⇒ tanh(δ/4) ≤ tanh(ε/2)."""
    errors = a.minus(a.x, a.w)
    least, most = spread(a, errors) / 4, a.most(errors) / 2
    return [Implies(Le(least, most, evaluate=False), Le(tanh(least), tanh(most), evaluate=False))]


def odds(z3: Any) -> tuple[list[Any], Any]:
    """a d ≤ E² b c ⇒ a/(a + b) − c/(c + d) ≤ (E − 1)/(E + 1), written without quotients for c + d = 1 = a + b."""
    a, c, e = z3.Reals("a c e")
    chances = [a >= 0, a <= 1, c >= 0, c <= 1, e >= 1, a * (1 - c) <= e * e * (1 - a) * c]
    return chances, (a - c) * (e + 1) <= e - 1


def sets_add(z3: Any) -> tuple[list[Any], Any]:
    """a_i d_j ≤ g c_i b_j for i of a set and j of the rest: the same of their sums, here of two and two."""
    a1, a2, b1, b2, c1, c2, d1, d2, g = z3.Reals("a1 a2 b1 b2 c1 c2 d1 d2 g")
    pairs = [a * d <= g * c * b for a, c in ((a1, c1), (a2, c2)) for b, d in ((b1, d1), (b2, d2))]
    return pairs, (a1 + a2) * (d1 + d2) <= g * (c1 + c2) * (b1 + b2)


ONE = Equal("shares add up to 1", t / (t + delta) + delta / (t + delta), sympy.Integer(1))
SETS = Smt("the odds of a set shrink by e^δ at most if those of any two entries do", sets_add)
ODDS = Smt("a set of chance a whose odds shrink by E² at most loses (E − 1)/(E + 1) at most", odds)
TANH = Equal(
    "(E − 1)/(E + 1) = tanh(δ/4) for E = e^{δ/2}",
    ((sympy.exp(delta / 2) - 1) / (sympy.exp(delta / 2) + 1)).rewrite(sympy.exp),
    sympy.tanh(delta / 4).rewrite(sympy.exp),
)
ATTAINED = Equal(
    "… and that much at chance a = E/(1 + E), which becomes 1/(1 + E)",
    t / (1 + t) - (t / (1 + t)) / ((t / (1 + t)) + t**2 * (1 - t / (1 + t))),
    (t - 1) / (t + 1),
)
GROWS = (
    Equal("the derivative of (E − 1)/(E + 1)", sympy.diff((t - 1) / (t + 1), t), 2 / (t + 1) ** 2),
    NonNegative("… is not negative", 2 / (t + 1) ** 2),
)
LEMMAS = (
    Lemma("shares add up to 1", (ONE,), one),
    Lemma("what a set loses", (SETS, ODDS, TANH), of_each_set),
    Lemma("tanh grows", GROWS, tanh_grows),
)

PROOF = Proof(
    theorem=THEOREM,
    model={
        MOVED: moved,
        BY_SPREAD: lambda a: 2 * tanh(spread(a, a.minus(a.x, a.w)) / 4),
        BY_LARGEST: lambda a: 2 * tanh(a.most(a.minus(a.x, a.w)) / 2),
    },
    steps=(
        ONE,
        SETS,
        ODDS,
        TANH,
        ATTAINED,
        *GROWS,
        *(Concludes(Entries(n, products=True), lemmas=LEMMAS) for n in (2, 3)),
    ),
)
