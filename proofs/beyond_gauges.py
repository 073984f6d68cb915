"""One row, in exact arithmetic: prune_first_dominates and prune_first_bound hold of it in every p-norm, p ≥ 1."""

from itertools import accumulate

from sqtheory.theory.theorems.beyond_gauges import (
    PLACED_QS,
    PLACED_SQ,
    RUNNING_Q,
    RUNNING_S,
    RUNNING_SQ,
    THEOREM,
)

from .atoms import Atoms, Number, Row
from .conclusions import Witnessed
from .proof import Proof


def by_place(a: Atoms, made: Row) -> Number:
    """Σ_i i |x − made|_i."""
    return a.added([i * abs(e) for i, e in enumerate(a.minus(a.x, made), start=1)])


def running(a: Atoms, made: Row) -> Number:
    """max_k |Σ_{i ≤ k} (x − made)_i|."""
    return a.most(accumulate(a.minus(a.x, made)))


PROOF = Proof(
    theorem=THEOREM,
    model={
        PLACED_SQ: lambda a: by_place(a, a.sq),
        PLACED_QS: lambda a: by_place(a, a.qs),
        RUNNING_SQ: lambda a: running(a, a.sq),
        RUNNING_S: lambda a: running(a, a.sparse),
        RUNNING_Q: lambda a: running(a, a.q),
    },
    steps=(Witnessed(),),
)
