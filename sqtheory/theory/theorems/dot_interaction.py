"""What a dot product loses beyond the sum of both errors: cancellation between kept and pruned terms."""

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nf4, nvfp4
from sqtheory.alphabet.rounding import stochastic
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Claim, NoneKnown, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.measured import measured
from sqtheory.theory.quantities import SIGMA, STEADY, Z, of_weight
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.dot_decomposition import KINDS, SQ, WHOLE

Q = measured(
    "xw_q",
    r"\langle q(x),q(w)\rangle",
    "⟨q(x), q(w)⟩, both operands quantized",
    lambda o: o.dot(o.q, o.weight.q),
)
S = measured(
    "xw_s",
    r"\langle x,s(w)\rangle",
    "⟨x, s(w)⟩, the weight pruned",
    lambda o: o.dot(o.x, o.weight.sparse),
)
LOST = measured(
    "lost",
    r"\sum_P\bigl(x_iw_i-q(x)_iq(w)_i\bigr)",
    "the sum of x_i w_i − q(x)_i q(w)_i over the entries of w that s prunes",
    lambda o: o.added(o.dropped(o.weight.m, o.minus(o.times(o.x, o.w), o.times(o.q, o.weight.q)))),
)
PRUNED = measured(
    "qe",
    r"\langle q(x)_P,\varepsilon_q(w)_P\rangle",
    "⟨q(x)_P, ε_q(w)_P⟩ over the entries of w that s prunes",
    lambda o: o.dot(o.q, o.dropped(o.weight.m, o.minus(o.w, o.weight.q))),
)
CROSSED = measured(
    "es",
    r"\langle\varepsilon_q(x),\varepsilon_s(w)\rangle",
    "⟨ε_q(x), ε_s(w)⟩",
    lambda o: o.dot(o.minus(o.x, o.q), o.minus(o.w, o.weight.sparse)),
)

UNSTEADY = Case.of(
    [7, 3.25, 1, 0] * 8,
    int_(4, rounding=stochastic(np.random.default_rng(0))),
    nm(2, 4),
    w=[7, 3.25, 1, 0] * 8,
)
"""Weights that stochastic rounding sends elsewhere the second time."""

THEOREM = Theorem(
    slug="dot_interaction",
    title="In a dot product the errors of S→Q and of both parts differ by the pruned terms of ⟨x, w⟩ − ⟨q(x), q(w)⟩",
    claims=(
        Claim((WHOLE - SQ) - (WHOLE - Q) - (WHOLE - S), "==", -LOST),
        Claim(LOST, "==", PRUNED + CROSSED),
    ),
    where=(WHOLE, SQ, Q, S, LOST, PRUNED, CROSSED),
    given=(
        of_weight(Z).shown(Case.of([1, 1], bcq(2), nm(1, 2), w=[3, -1])),
        of_weight(SIGMA).shown(Case.of([7, 1, 1, 1], int_(4), nm(2, 4, score=given([0, 3, 2, 1])), w=[7, 3, 1, 0])),
        of_weight(STEADY).shown(UNSTEADY),
    ),
    domain=Domain(
        x=Arrays(8, kinds=KINDS),
        w=Arrays(8, kinds=KINDS),
        q=OneOf(int_(4), int_(3, block=4), hbfp(4, block=4), mxfp(E2M1), nvfp4(block=8), nf4()),
        s=OneOf(nm(2, 4), nm(1, 4), nm(4, 8)),
    ),
    witness=NoneKnown("an identity has no slack to show tight"),
    source=Reference("harma2025interplay", "after §3.3, in a new form"),
)
