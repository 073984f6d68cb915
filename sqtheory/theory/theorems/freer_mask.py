"""At one scale freedom never hurts the sparsifier that goes first: of all masks of a budget the top of the row is best.

So groups made coarser at one budget (2:4, 4:8, …, the row) never err more. It rests on this alone: under nearest
rounding on a symmetric grid, what is kept saves more, the larger it is. Q→S has no such rule (``coarser_groups``).
"""

from math import inf

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Rows, Shape
from sqtheory.alphabet.quantizers import Quantizer, bcq, hbfp, int_, mxfp, mxint, nf4, nvfp4
from sqtheory.alphabet.rounding import half_away
from sqtheory.alphabet.scaling import StoredScale, mse
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, top
from sqtheory.alphabet.ties import high_index
from sqtheory.arrays import Array, Mask
from sqtheory.orders.pair import Pair
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import ERROR_SQ, NEAREST, NORM, ORDERED, SIGMA, Z
from sqtheory.theory.theorem import Theorem


def largest_of_rows(values: Array, counts: Array) -> Mask:
    """Where the ``counts`` largest magnitudes of every row are, the first of equals."""
    order = np.argsort(-np.abs(values), axis=1, kind="stable")
    return np.asarray(np.argsort(order, axis=1, kind="stable") < counts[:, None])


def free_error(case: Case, ranked: Array) -> Array:
    """‖x − m ⊙ q(x)‖_p for the mask m of the largest ``ranked`` of the row, as many as s keeps at x."""
    mask = largest_of_rows(ranked, case.orders.mask.sum(axis=1))
    return case.norms(case.x - np.where(mask, case.orders.image, 0.0))


def _one_scale(case: Case) -> Mask:
    scale = case.dense_scale
    return np.asarray(scale.max(axis=1) == scale.min(axis=1))


def _ruling_of_one_scale(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    return Pair(top(1.0), q).on(shape).one_scale


FREE_SQ = Quantity(
    "e_free",
    r"\lVert x-m\odot q(x)\rVert_p",
    "the p-norm of x − m ⊙ q(x) for the mask m of the largest |x_i| of the row, as many as s keeps",
    lambda case: free_error(case, case.x),
)
ONE_OF_ROW = Assumption("one_scale_per_row", "all entries of the row share one scale", _one_scale, _ruling_of_one_scale)
LATE = int_(4, scaling=StoredScale(E2M1, late=True))
"""Codes are made before the scale is rounded: images lie beyond their cells."""

THEOREM = Theorem(
    slug="freer_mask",
    title="At one scale and nearest rounding, S→Q errs least of all masks of a budget by the largest of the row",
    claims=(Claim(FREE_SQ, "<=", ERROR_SQ),),
    where=(FREE_SQ, ERROR_SQ),
    given=(
        Z.shown(Case.of([3, 1], bcq(2), nm(1, 2))),
        SIGMA.shown(Case.of([5.125, 4.125, 6.75, 3.375], int_(2, scaling=mse(9)), nm(2, 4))),
        NEAREST.shown(Case.of([2.625, 1.625, 1.75, 0.25], LATE, nm(2, 4, score=given([3, 2, 1, 0])))),
        ORDERED.shown(Case.of([1, 0, 61 / 512, -15 / 128], nf4(), nm(2, 4, score=given([3, 0, 1, 2])))),
        ONE_OF_ROW.shown(Case.of([7, 0.5, 0.4375, 1], hbfp(4, block=2), nm(3, 4, score=given([3, 0, 1, 2])))),
        NORM.shown(Case.of([2, 2.375, 0, 7], int_(4), nm(2, 4, score=given([1, 0, 0, 2])), 0.5)),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(int_(4), int_(3), int_(4, rounding=half_away), hbfp(4), mxint(4), mxfp(E2M1), mxfp(E4M3)),
            *(nvfp4(block=8), bcq(2, zero=True)),
        ),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 4), nm(2, 4, ties=high_index), nm(1, 2), nm(4, 8), top(3, per=Rows())),
        p=OneOf(1.0, 1.5, 2.0, 3.0, inf),
    ),
    witness=Attained(Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4))),
    source=NEW,
)
