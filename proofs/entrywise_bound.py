"""A kept entry errs as q does, a pruned one as s does; a norm that grows with every magnitude grows with both.

|ε_{q∘s}|_i ≤ max(|ε_q|_i, |ε_s|_i) ≤ |ε_q|_i + |ε_s|_i for all i, so ‖ε_{q∘s}‖ ≤ ‖ |ε_q| + |ε_s| ‖ ≤ ‖ε_q‖ + ‖ε_s‖ in
every monotone norm; no symmetry is needed.
"""

from typing import Any

import numpy as np

from sqtheory.alphabet.partition import Rows
from sqtheory.arrays import FixedArray, Mask
from sqtheory.theory.case import Case
from sqtheory.theory.gauges import Exponential, Gauge, KyFan, Nested, Weighted
from sqtheory.theory.theorems.entrywise_bound import APART, JOINED, THEOREM

from .atoms import Atoms, Number, Row
from .conclusions import Concludes
from .proof import Proof
from .shapes import Entries
from .steps import Smt, Tested


def monotone(entries: int) -> tuple[Gauge, ...]:
    """One norm of each kind, for rows of so many entries."""
    falling = FixedArray(1.0 / np.arange(1, entries + 1))
    return KyFan(2), Exponential(), Nested(2, 1, Rows()), *(Weighted(falling, p) for p in (1, 2, np.inf))


def added(case: Case) -> Mask:
    """‖ε_{q∘s}‖ ≤ ‖ε_q‖ + ‖ε_s‖ in norms that weigh places differently, too."""
    o, held = case.orders, np.ones(len(case), bool)
    for norm in monotone(case.x.shape[1]):
        both = norm.of(case.x - o.image) + norm.of(case.x - o.sparse)
        held &= norm.of(case.x - o.after_mask) <= both * (1 + 1e-12)
    return held


def sizes(a: Atoms, made: Row) -> list[Number]:
    """|x − made|_i."""
    return [abs(e) for e in a.minus(a.x, made)]


def apart(a: Atoms) -> list[Number]:
    """max(|ε_q(x)_i|, |ε_s(x)_i|) of every entry."""
    return [a.largest(pair) for pair in zip(sizes(a, a.q), sizes(a, a.sparse), strict=True)]


def joined(a: Atoms) -> Number:
    """The sum of these with one replaced by |x − q(s(x))|, at the most."""
    terms, ours = apart(a), sizes(a, a.sq)
    return a.largest(a.added([*terms[:j], ours[j], *terms[j + 1 :]]) for j in range(len(terms)))


def between(z3: Any) -> tuple[list[Any], Any]:
    """e ≤ max(a, b) and a, b ≥ 0: e ≤ a + b."""
    e, a, b = z3.Reals("e a b")
    return [a >= 0, b >= 0, e <= z3.If(a >= b, a, b)], e <= a + b


PROOF = Proof(
    theorem=THEOREM,
    model={APART: lambda a: a.added(apart(a)), JOINED: joined},
    steps=(
        Tested(
            "with Z and Σ, q(s(x)) = m ⊙ q(x)",
            lambda case: case.every(case.orders.after_mask == np.where(case.orders.mask, case.orders.image, 0)),
        ),
        Smt("what is at most the larger of two magnitudes is at most their sum, and monotone norms follow", between),
        Tested("no error is added in sums of the largest, weighted, nested and exponential norms", added),
        Concludes(Entries(4)),
    ),
)
