"""The error of a mask is a constant less the gains it keeps, so keeping the largest gains is best.

Σ_K |x − q|^p + Σ_P |x|^p = Σ |x|^p − Σ_K (|x|^p − |x − q|^p); the top k of a group have the largest sum. Curvatures
c_i ≥ 0 multiply both terms, and so the gain.
"""

import numpy as np
import sympy

from proofs.atoms import Atoms, Number
from proofs.conclusions import TestedOnly
from proofs.models import shared
from proofs.proof import Proof
from proofs.quantize_first_bound import top_prunes_least
from proofs.sparse_grid_projection import PROOF as PROJECTION
from proofs.sparse_grid_projection import nearest_is_least
from proofs.steps import Equal, Formal, Smt, Tested
from sqtheory.theorems.gain_optimal import ERROR_FROZEN, THEOREM
from sqtheory.theorems.vocabulary import ERROR_QS, GAIN_OPTIMUM, GRID_OPTIMUM

c, x, q, kept, gain, pruned = sympy.symbols("c x q kept gain pruned", real=True)


def by_gain(a: Atoms) -> Number:
    """Keep the entries of largest gain in every group, one group after the other."""
    errors = []
    for group in a.groups:
        pairs = [(abs(a.x[i]), abs(a.x[i] - a.q[i])) for i in group]
        if a.p == np.inf:
            ranked = sorted(pairs, key=lambda e: e[0] if e[0] > e[1] else -e[1] if e[1] > e[0] else 0, reverse=True)
        else:
            ranked = sorted(pairs, key=lambda e: a.power([e[0]]) - a.power([e[1]]), reverse=True)
        budget = a.budget(group)
        errors += [e[1] for e in ranked[:budget]] + [e[0] for e in ranked[budget:]]
    return a.norm(errors)


PROOF = Proof(
    theorem=THEOREM,
    model={
        **shared(ERROR_QS),
        GAIN_OPTIMUM: by_gain,
        GRID_OPTIMUM: PROJECTION.model[GRID_OPTIMUM],
        ERROR_FROZEN: lambda a: a.norm(x - y for x, y in zip(a.x, a.frozen, strict=True)),
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
        Tested(
            "S→Q and Q→S are such masks: with Z, what S→Q makes at the scales of x is m ⊙ q(x)",
            lambda case: case.every(case.frozen_image == case.orders.mask * case.orders.image),
        ),
        Equal(
            "p = 2 with curvature c: c x² − c (x − q)² = c q (2x − q)", c * x**2 - c * (x - q) ** 2, c * q * (2 * x - q)
        ),
        TestedOnly("a mask that ranks by gain has no reading in unknowns yet"),
        Formal("every partition, budget and natural p", "gain_optimal"),
        Formal("with curvatures", "gain_optimal_weighted"),
        Formal("never worse than either order", "gain_beats_both_orders"),
    ),
)
