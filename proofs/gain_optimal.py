"""The error of a mask is a constant less the gains it keeps, so keeping the largest gains is best.

Σ_K |x − q|^p + Σ_P |x|^p = Σ |x|^p − Σ_K (|x|^p − |x − q|^p); the top k of a group have the largest sum. Curvatures
c_i ≥ 0 multiply both terms, and so the gain.

For p = ∞ the largest error counts: the ranking is by |x| where it exceeds the error, by minus the error where that is
larger. Where a mask keeps an entry that this one prunes, it prunes an entry that costs as much or keeps one that does.
"""

from itertools import combinations
from typing import Any

import sympy

from sqtheory.theory.quantities import GAIN_OPTIMUM, GRID_OPTIMUM
from sqtheory.theory.theorems.gain_optimal import THEOREM

from .atoms import Atoms, Number
from .conclusions import Concludes
from .coq_claims import FormallyConcludes
from .proof import Proof
from .prune_first_bound import LOWERED, ROOTS
from .quantize_first_bound import top_prunes_least
from .shapes import Groups
from .sparse_grid_projection import PROOF as PROJECTION
from .sparse_grid_projection import nearest_is_least
from .steps import Equal, Formal, Question, Smt, Tested
from .unknowns import REAL, Facts, Unknowns, on_top

c, x, q, kept, gain, pruned = sympy.symbols("c x q kept gain pruned", real=True)


def by_gain(a: Atoms) -> Number:
    """Keep the entries of largest gain in every group, one group after the other."""
    return a.norm(x - q if m else x for x, q, m in zip(a.x, a.q, a.by_gain, strict=True))


def on_top_by_gain(a: Unknowns) -> Facts:
    """No kept entry of a group gains less than a pruned one."""
    gains = [abs(x) ** a.exponent - abs(x - q) ** a.exponent for x, q in zip(a.x, a.q, strict=True)]
    return on_top(gains, a.by_gain, a.groups)


def largest_is_least(n: int, m: int, *, nearest: bool) -> Question:
    """The n of m entries on top by the gain of p = ∞ have the least largest error, against other y that err no less.

    ``nearest``: also against masks that keep fewer, as 0 is a level and no image errs by more than |x|.
    """

    def question(z3: Any) -> tuple[list[Any], Any]:
        x, e, f = (z3.Reals(" ".join(f"{name}{i}" for i in range(m))) for name in "xef")
        gains = [z3.If(b < a, a, z3.If(a < b, -b, 0)) for a, b in zip(x, e, strict=True)]
        at_scale = [0 <= x[i] for i in range(m)] + [0 <= e[i] for i in range(m)] + [e[i] <= f[i] for i in range(m)]
        on_top = [gains[i] >= gains[j] for i in range(n) for j in range(n, m)]
        close = [e[i] <= x[i] for i in range(m)] if nearest else []
        ours = [*e[:n], *x[n:]]
        others = [
            [f[i] if i in kept else x[i] for i in range(m)]
            for size in range(0 if nearest else n, n + 1)
            for kept in combinations(range(m), size)
        ]
        goals = [z3.Or([mine <= theirs for theirs in other]) for other in others for mine in ours]
        return [*at_scale, *on_top, *close], z3.And(goals)

    return question


PROOF = Proof(
    theorem=THEOREM,
    model={
        GAIN_OPTIMUM: by_gain,
        GRID_OPTIMUM: PROJECTION.model[GRID_OPTIMUM],
    },
    steps=(
        Smt("at a fixed support, kept entries are best at their nearest level", nearest_is_least),
        Equal(
            "error = Σ_P |x|^p + Σ_K |x − q|^p = Σ |x|^p − Σ_K gain, with Σ_K |x|^p = Σ_K |x − q|^p + Σ_K gain",
            pruned + kept,
            (pruned + (kept + gain)) - gain,
        ),
        Smt("2:4: the largest gains have the largest sum, as the smallest have the smallest", top_prunes_least(2, 4)),
        Smt("4:8: the same", top_prunes_least(4, 8)),
        Smt(
            "2:4, p = ∞: the top by its gain has the least largest error, at any images",
            largest_is_least(2, 4, nearest=False),
        ),
        Smt("4:8, p = ∞: the same", largest_is_least(4, 8, nearest=False)),
        Smt("2:4, p = ∞: at nearest images, also of masks that keep fewer", largest_is_least(2, 4, nearest=True)),
        Tested(
            "S→Q and Q→S are such masks: with Z, what S→Q makes at the scales of x is m ⊙ q(x)",
            lambda case: case.every(case.frozen_image == case.orders.mask * case.orders.image),
        ),
        Equal(
            "p = 2 with curvature c: c x² − c (x − q)² = c q (2x − q)", c * x**2 - c * (x - q) ** 2, c * q * (2 * x - q)
        ),
        ROOTS,
        *(
            Concludes(Groups(n, m, by_gain=True), REAL, lemmas=(LOWERED,), definitions=(on_top_by_gain,))
            for n, m in ((1, 2), (2, 4))
        ),
        FormallyConcludes("every partition, budget and natural p", "gain_optimal", claims=(0,)),
        Formal("with curvatures", "gain_optimal_weighted"),
        FormallyConcludes("never worse than either order", "gain_beats_both_orders", claims=(1, 2)),
        FormallyConcludes("p = ∞: every partition and budget", "gain_optimal_largest", claims=(0,)),
        Formal("p = ∞: the best mask of any image", "gain_optimal_largest_mask"),
        FormallyConcludes("p = ∞: never worse than either order", "gain_beats_both_orders_largest", claims=(1, 2)),
    ),
)
