"""Hölder's inequality for what a dot product loses."""

from dataclasses import replace
from math import inf

import sympy

from sqtheory.alphabet.quantizers import bcq, int_
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.measured import measured
from sqtheory.theory.quantities import SIGMA, STEADY, Z, of_weight
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.dot_decomposition import EXAMPLE, KINDS, SQ, WHOLE
from sqtheory.theory.theorems.dot_interaction import THEOREM as INTERACTION
from sqtheory.theory.theorems.dot_interaction import UNSTEADY, Q, S

QUANTIZED = measured(
    "q_pruned",
    r"\lVert q(x)_P\rVert_p",
    "the p-norm of q(x) over the entries of w that s prunes",
    lambda o: o.norm(o.dropped(o.weight.m, o.q)),
)
WEIGHT_ERROR = measured(
    "w_error",
    r"\lVert\varepsilon_q(w)_P\rVert_{p^*}",
    "the conjugate norm of w − q(w) over the pruned entries",
    lambda o: o.dual_norm(o.dropped(o.weight.m, o.minus(o.w, o.weight.q))),
)
ACTIVATION_ERROR = measured(
    "x_error",
    r"\lVert\varepsilon_q(x)_P\rVert_p",
    "the p-norm of x − q(x) over the entries of w that s prunes",
    lambda o: o.norm(o.dropped(o.weight.m, o.minus(o.x, o.q))),
)
WEIGHT_PRUNED = measured(
    "w_pruned",
    r"\lVert\varepsilon_s(w)\rVert_{p^*}",
    "the conjugate norm of the pruned entries of w",
    lambda o: o.dual_norm(o.dropped(o.weight.m, o.w)),
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
