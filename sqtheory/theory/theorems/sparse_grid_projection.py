"""S→Q is the metric projection onto sparse vectors on the grid."""

from math import inf

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, mxint, nf4, nvfp4
from sqtheory.alphabet.rounding import half_away, toward_zero
from sqtheory.alphabet.scaling import Percentile
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.alphabet.ties import adversarial, high_index
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Claim, NoneKnown
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import ERROR_SQ, GRID_OPTIMUM, MAGNITUDE, NEAREST, NORM, ONE_SCALE, ORDERED, SIGMA, Z
from sqtheory.theory.theorem import Theorem

THEOREM = Theorem(
    slug="sparse_grid_projection",
    title="With nearest rounding, S→Q is the nearest vector of admissible support on the grid of scales σ(x)",
    claims=(Claim(ERROR_SQ, "==", GRID_OPTIMUM),),
    where=(ERROR_SQ, GRID_OPTIMUM),
    given=(
        Z.shown(Case.of([3, -1], bcq(2), nm(1, 2))),
        SIGMA.shown(Case.of([0, 1, 1, 1], int_(4, scaling=Percentile(50)), nm(2, 4))),
        NEAREST.shown(Case.of([7, 2.75, 1, 1], int_(4, rounding=toward_zero), nm(2, 4))),
        ORDERED.shown(Case.of([1, 0, 61 / 512, -15 / 128], nf4(), nm(2, 4))),
        MAGNITUDE.shown(Case.of([7, 3, 1, 0], int_(4), nm(2, 4, score=given([3, 0, 2, 1])))),
        ONE_SCALE.shown(Case.of([7, 0.5, 0.4375, 1], hbfp(4, block=2), top(3, per=Rows()))),
        NORM.shown(Case.of([2, 2.375, 0, 7], int_(4), nm(2, 4), 0.5)),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(int_(4), int_(3, block=4), int_(4, rounding=half_away), hbfp(4), mxint(4), mxfp(E2M1)),
            *(mxfp(E4M3, block=4), nvfp4(block=8), bcq(2, zero=True)),
        ),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 4), nm(2, 4, ties=high_index), nm(2, 4, ties=adversarial), nm(4, 8)),
        p=OneOf(1.0, 1.5, 2.0, 3.0, inf),
    ),
    witness=NoneKnown("an equality of two errors has no slack to show tight"),
    source=NEW,
    formal=("sparse_grid_projection", "sparse_grid_projection_masks", "sparse_grid_projection_largest"),
)
