"""⟨p, v⟩ − ⟨p′, q(v)⟩ = ⟨p − p′, v⟩ + ⟨p′, v − q(v)⟩, and p goes to p′ by evicting entries and by moving logits.

The first product is at most half of ‖p − p′‖₁ times max v − min v, as p and p′ add up to 1. By ``cache_eviction`` what
is evicted moves at most 2 min(1, e^δ μ); of what is kept, logits move at most 2 tanh(δ/4) by ``softmax_shift``.
"""

from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.claims import TOLERANCE
from sqtheory.theory.theorems.cache_error import OUTPUT, RANGE, REACH, SHIFT, THEOREM, VALUE_ERROR
from sqtheory.theory.theorems.cache_eviction import kept, reach
from sqtheory.theory.theorems.cache_eviction import within as kept_shares
from sqtheory.theory.theorems.softmax_shift import softmax as shares
from sqtheory.theory.theorems.softmax_shift import spread as spread_of

from .atoms import Atoms, Number
from .cache_eviction import reach as least_reach
from .cache_eviction import within
from .conclusions import OnlyTested
from .proof import Proof
from .softmax_shift import softmax, spread, tanh
from .steps import Equal, Smt, Tested

p, r, v, w = sympy.symbols("p r v w", real=True)
ROUNDING = 1e-12
"""What float64 may add to shares."""


def output(a: Atoms) -> Number:
    """Both dot products, entry by entry."""
    made = within(a.q, a.weight.top_of_groups(a.q))
    terms = [p * v - r * u for p, r, v, u in zip(softmax(a.x), made, a.w, a.weight.q, strict=True)]
    return abs(sum(terms, Fraction(0)))


def evicted_first(case: Case) -> Mask:
    """‖p − p_K/p(K)‖₁ ≤ 2 min(1, e^δ μ) for what q(z) keeps."""
    image = case.orders.image
    moved = np.abs(shares(case.x) - kept_shares(case.x, kept(case, image))).sum(axis=1)
    return np.asarray(moved <= 2 * reach(case, image) * (1 + TOLERANCE) + ROUNDING)


def logits_next(case: Case) -> Mask:
    """‖p_K/p(K) − p′‖₁ ≤ 2 tanh(δ/4)."""
    image = case.orders.image
    one, other = (kept_shares(z, kept(case, image)) for z in (case.x, image))
    most = 2 * np.tanh(spread_of(case.x, image) / 4)
    return np.asarray(np.abs(one - other).sum(axis=1) <= most * (1 + TOLERANCE) + ROUNDING)


def half_the_range(z3: Any) -> tuple[list[Any], Any]:
    """Σ d = 0 and low ≤ v ≤ high: 2 |⟨d, v⟩| ≤ Σ |d| (high − low), here of d with two positive entries of four."""
    d, v = ([z3.Real(f"{name}{i}") for i in range(4)] for name in "dv")
    low, high = z3.Reals("low high")
    given = [z3.Sum(d) == 0, d[0] >= 0, d[1] >= 0, d[2] <= 0, d[3] <= 0]
    given += [z3.And(low <= u, u <= high) for u in v]
    product = z3.Sum([a * b for a, b in zip(d, v, strict=True)])
    return given, product <= (d[0] + d[1]) * (high - low)


PROOF = Proof(
    theorem=THEOREM,
    model={
        OUTPUT: output,
        RANGE: lambda a: max(a.w) - min(a.w),
        SHIFT: lambda a: tanh(spread(a, a.minus(a.x, a.q)) / 4),
        REACH: lambda a: least_reach(a, a.minus(a.x, a.q)),
        VALUE_ERROR: lambda a: a.most(a.minus(a.w, a.weight.q)),
    },
    steps=(
        Equal("p v − r w = (p − r) v + r (v − w), entry by entry", p * v - r * w, (p - r) * v + r * (v - w)),
        Smt("differences that add up to 0 weigh values by half their L1 norm times the range at most", half_the_range),
        Tested("evicting by q(z) moves 2 min(1, e^δ μ) at most", evicted_first),
        Tested("… and what is kept moves by 2 tanh(δ/4) at most", logits_next),
        OnlyTested("a sum of products of shares and values: the bounds of its parts are the lines above"),
    ),
)
