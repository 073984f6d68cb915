"""Under ties that go by place, or by the original, each step of the mask towards the end of a chain costs or is free.

The order in which tied entries survive must be one for all places. Where it is not (what a partial quicksort leaves,
as in ``torch.topk``) the mask between two quantizers can do worse than after both.
"""

from math import inf

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nvfp4
from sqtheory.alphabet.rounding import floor
from sqtheory.alphabet.scaling import Percentile
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.alphabet.ties import Introselect, Selected, by_original, high_index
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.chains import (
    ERROR_BETWEEN,
    ERROR_FIRST,
    ERROR_LAST,
    ONE_SCALE_ALL,
    ORDERED_ALL,
    SIGMA_ALL,
    Z_ALL,
)
from sqtheory.theory.claims import NEW, Attained, Claim
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import MAGNITUDE, NORM, of_pipeline
from sqtheory.theory.theorem import Theorem

FIXED_TIES = of_pipeline(
    "ties_fixed",
    "of entries that tie, those survive that come first in one order, known before anything is quantized: by place, or "
    "by the original magnitude and then by place",
    lambda s, q, p, shape: Ruling(
        s.ties.foreseen and s.ties.ordered,
        f"ties={s.ties} {'goes' if s.ties.foreseen and s.ties.ordered else 'does not go'} by one order of the entries",
    ),
)

THEOREM = Theorem(
    slug="places_in_order",
    title="With ties broken by place the error of a chain of quantizers does not fall as its mask moves back, p ≥ 1",
    claims=(Claim(ERROR_FIRST, "<=", ERROR_BETWEEN), Claim(ERROR_BETWEEN, "<=", ERROR_LAST)),
    where=(ERROR_FIRST, ERROR_BETWEEN, ERROR_LAST),
    given=(
        Z_ALL.shown(Case.of([3, -1], int_(8), nm(1, 2), then=(bcq(2),))),
        SIGMA_ALL.shown(Case.of([0, 1, 1, 1], int_(4), nm(2, 4), then=(int_(4, scaling=Percentile(50)),))),
        ORDERED_ALL.shown(Case.of([7, 2.875, -2.8125, 0], int_(4, rounding=floor), nm(2, 4), then=(int_(4),))),
        MAGNITUDE.shown(
            Case.of(
                [7, 2.375, 2.625, 0], int_(4), nm(2, 4, score=wanda(np.diag([8, 1.375, 1.0, 1.0]))), then=(int_(4),)
            )
        ),
        ONE_SCALE_ALL.shown(Case.of([7, 0.5, 0.4375, 1], int_(8), top(3, per=Rows()), then=(hbfp(4, block=2),))),
        FIXED_TIES.shown(
            Case.of([2, 4.5, 3.5, 7], int_(4), nm(2, 4, ties=Introselect(Selected.prune)), then=(int_(2),))
        ),
        NORM.shown(Case.of([2, 2.375, 0, 7], int_(4), nm(2, 4), 0.5, then=(int_(4),))),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(int_(8), int_(4), hbfp(4), mxfp(E4M3), int_(3, block=4)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 4), nm(1, 2), nm(2, 4, ties=high_index), nm(2, 4, ties=by_original)),
        p=OneOf(1.0, 1.5, 2.0, 3.0, inf),
        then=OneOf((mxfp(E2M1),), (int_(3),), (hbfp(3, block=4),), (nvfp4(block=8),), (int_(4), int_(2))),
    ),
    witness=Attained(Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4), then=(mxfp(E2M1),))),
    source=NEW,
)
