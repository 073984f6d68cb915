"""Hölder's inequality for what a dot product loses."""

from dataclasses import replace
from math import inf

import numpy as np
import sympy

from sqtheory.alphabet.quantizers import bcq, int_
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import SIGMA, STEADY, Z, of_weight
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.dot_decomposition import EXAMPLE, KINDS, SQ, WHOLE
from sqtheory.theory.theorems.dot_interaction import THEOREM as INTERACTION
from sqtheory.theory.theorems.dot_interaction import UNSTEADY, Q, S


def conjugate(p: float) -> float:
    """p* with 1/p + 1/p* = 1; 1 for p < 1, where ‖a‖_1 ≤ ‖a‖_p and |⟨a, b⟩| ≤ ‖a‖_1 ‖b‖_1."""
    return inf if p == 1 else 1.0 if p == inf else p / (p - 1) if p > 1 else 1.0


def _other(case: Case, e: Array) -> Array:
    """‖e‖_{p*} of every row."""
    return replace(case, p=conjugate(case.p)).norms(e)


QUANTIZED = Quantity(
    "q_pruned",
    r"\lVert q(x)_P\rVert_p",
    "the p-norm of q(x) over the entries of w that s prunes",
    lambda case: case.norms(np.where(case.weight.orders.mask, 0.0, case.orders.image)),
)
WEIGHT_ERROR = Quantity(
    "w_error",
    r"\lVert\varepsilon_q(w)_P\rVert_{p^*}",
    "the conjugate norm of w − q(w) over the pruned entries",
    lambda case: _other(case, np.where(case.weight.orders.mask, 0.0, case.weight.x - case.weight.orders.image)),
)
ACTIVATION_ERROR = Quantity(
    "x_error",
    r"\lVert\varepsilon_q(x)_P\rVert_p",
    "the p-norm of x − q(x) over the entries of w that s prunes",
    lambda case: case.norms(np.where(case.weight.orders.mask, 0.0, case.x - case.orders.image)),
)
WEIGHT_PRUNED = Quantity(
    "w_pruned",
    r"\lVert\varepsilon_s(w)\rVert_{p^*}",
    "the conjugate norm of the pruned entries of w",
    lambda case: _other(case, case.weight.x - case.weight.orders.sparse),
)

THEOREM = Theorem(
    slug="dot_bound",
    title="The interaction of a dot product is bounded by norms of the pruned entries, for every conjugate pair",
    claims=(
        Claim(
            sympy.Abs((WHOLE - SQ) - (WHOLE - Q) - (WHOLE - S)),
            "<=",
            QUANTIZED * WEIGHT_ERROR + ACTIVATION_ERROR * WEIGHT_PRUNED,
        ),
    ),
    where=(WHOLE, SQ, Q, S, QUANTIZED, WEIGHT_ERROR, ACTIVATION_ERROR, WEIGHT_PRUNED),
    given=(
        of_weight(Z).shown(Case.of([1, 1], bcq(2), nm(1, 2), w=[3, -1])),
        of_weight(SIGMA).shown(Case.of([7, 1, 1, 1], int_(4), nm(2, 4, score=given([0, 3, 2, 1])), w=[7, 3, 1, 0])),
        of_weight(STEADY).shown(UNSTEADY),
    ),
    domain=Domain(
        x=Arrays(8, kinds=KINDS),
        w=Arrays(8, kinds=KINDS),
        q=INTERACTION.domain.q if INTERACTION.domain else OneOf(int_(4)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(4, 8)),
        p=OneOf(1.0, 1.5, 2.0, 3.0, inf),
    ),
    witness=Attained(replace(EXAMPLE, p=2.0)),
    source=Reference("hardy1934", "§2.8, applied to dot_interaction"),
)
