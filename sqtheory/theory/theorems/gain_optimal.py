"""Ranking by what keeping an entry saves is the best any mask can do."""

from math import inf

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nf4, nvfp4
from sqtheory.alphabet.rounding import half_away, toward_zero
from sqtheory.alphabet.scaling import HalfRange
from sqtheory.alphabet.sparsifiers import nm, threshold
from sqtheory.alphabet.ties import adversarial, high_index
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.measured import measured
from sqtheory.theory.quantities import BUDGETED, ERROR_QS, FROZEN_Z, GAIN_OPTIMUM, GRID_OPTIMUM, NEAREST
from sqtheory.theory.theorem import Theorem

ERROR_FROZEN = measured(
    "e_frozen",
    r"\lVert\varepsilon_{q_\sigma\circ s}\rVert_p",
    "the p-norm of the error of S→Q with every scale fixed at its value for x",
    lambda o: o.norm(o.minus(o.x, o.frozen)),
)

THEOREM = Theorem(
    slug="gain_optimal",
    title="Ranking by |x|^p − |x − q(x)|^p is optimal among all masks and grid vectors at the scales of x",
    claims=(
        Claim(GAIN_OPTIMUM, "==", GRID_OPTIMUM),
        Claim(GAIN_OPTIMUM, "<=", ERROR_QS),
        Claim(GAIN_OPTIMUM, "<=", ERROR_FROZEN),
    ),
    where=(GAIN_OPTIMUM, GRID_OPTIMUM, ERROR_QS, ERROR_FROZEN),
    given=(
        BUDGETED.shown(Case.of([7, 2, 1, 0], int_(4), threshold(1.5))),
        NEAREST.shown(Case.of([7, 2.75, 1, 1], int_(4, rounding=toward_zero), nm(2, 4))),
        FROZEN_Z.shown(Case.of([-1, -1, 0.5, 0.5], bcq(1, block=2), nm(2, 4))),
    ),
    domain=Domain(
        x=Arrays(12),
        q=OneOf(
            *(int_(4, block=6), int_(3, block=2), int_(4, scaling=HalfRange()), int_(4, rounding=half_away)),
            *(hbfp(4, block=4), mxfp(E2M1), mxfp(E4M3, block=4), nvfp4(block=4), nf4(), bcq(3, zero=True)),
        ),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 6), nm(2, 4, ties=high_index), nm(2, 4, ties=adversarial)),
        p=OneOf(0.5, 1.0, 1.5, 2.0, 3.0, inf),
    ),
    witness=Attained(Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4))),
    source=NEW,
    formal=(
        *("gain_optimal", "gain_optimal_weighted", "gain_beats_both_orders"),
        *("gain_optimal_largest", "gain_optimal_largest_mask", "gain_beats_both_orders_largest"),
    ),
)
