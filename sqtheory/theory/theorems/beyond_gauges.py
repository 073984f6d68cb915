"""Norms in which pruning first can be worse, or can add an error: those of unequal places, and of signs."""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import high_index
from sqtheory.arrays import Array, FixedArray
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Claim, Quantity, Separation
from sqtheory.theory.gauges import Weighted
from sqtheory.theory.theorem import Theorem


def by_place(case: Case, made: Array) -> Array:
    """Σ_i i |x − made|_i, a monotone norm in which permuting entries matters."""
    return Weighted(FixedArray(np.arange(1.0, case.x.shape[1] + 1))).of(case.x - made)


def running(case: Case, made: Array) -> Array:
    """max_k |Σ_{i ≤ k} (x − made)_i|, a norm that depends on signs."""
    return np.asarray(np.abs(np.cumsum(case.x - made, axis=1)).max(axis=1))


PLACED_SQ = Quantity(
    "place_sq",
    r"\sum_i i\,|\varepsilon_{q\circ s}|_i",
    "Σ_i i |x − q(s(x))|_i",
    lambda case: by_place(case, case.orders.after_mask),
)
PLACED_QS = Quantity(
    "place_qs",
    r"\sum_i i\,|\varepsilon_{s\circ q}|_i",
    "Σ_i i |x − s(q(x))|_i",
    lambda case: by_place(case, case.orders.masked_image),
)
RUNNING_SQ = Quantity(
    "run_sq",
    r"\max_k\bigl|\sum_{i\le k}(\varepsilon_{q\circ s})_i\bigr|",
    "max_k |Σ_{i ≤ k} (x − q(s(x)))_i|",
    lambda case: running(case, case.orders.after_mask),
)
RUNNING_S = Quantity(
    "run_s",
    r"\max_k\bigl|\sum_{i\le k}(\varepsilon_s)_i\bigr|",
    "the same of x − s(x)",
    lambda case: running(case, case.orders.sparse),
)
RUNNING_Q = Quantity(
    "run_q",
    r"\max_k\bigl|\sum_{i\le k}(\varepsilon_q)_i\bigr|",
    "the same of x − q(x)",
    lambda case: running(case, case.orders.image),
)

THEOREM = Theorem(
    slug="beyond_gauges",
    title="S→Q can be worse in a monotone norm whose places differ within a group, and can add an error in a norm that "
    "looks at signs",
    claims=(Claim(PLACED_SQ, ">", PLACED_QS), Claim(RUNNING_SQ, ">", RUNNING_S + RUNNING_Q)),
    where=(PLACED_SQ, PLACED_QS, RUNNING_SQ, RUNNING_S, RUNNING_Q),
    domain=None,
    witness=Separation((Case.of([7, -0.25, 2.5, 2], int_(4), nm(2, 4, ties=high_index)),)),
    source=NEW,
)
