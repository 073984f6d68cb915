"""In a chain of quantizers the mask does best before all of them, whatever their number.

The composite of the quantizers keeps the order of magnitudes in every group; so the mask of x is also one of q₁(x), of
q₂(q₁(x)), … under some tie rule (theorem ``later_masks``), and at any place what is kept are entries of one image.
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
from sqtheory.alphabet.ties import Adversarial, by_original, high_index
from sqtheory.theory.case import Case
from sqtheory.theory.chains import ERROR_FIRST, ERROR_LATER, ONE_SCALE_ALL, ORDERED_ALL, SIGMA_ALL, Z_ALL
from sqtheory.theory.claims import NEW, Attained, Claim
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import MAGNITUDE, NORM
from sqtheory.theory.theorem import Theorem

THEOREM = Theorem(
    slug="first_is_best",
    title="In a chain of quantizers the mask is never better anywhere than before all of them, for every p ≥ 1",
    claims=(Claim(ERROR_FIRST, "<=", ERROR_LATER),),
    where=(ERROR_FIRST, ERROR_LATER),
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
        NORM.shown(Case.of([2, 2.375, 0, 7], int_(4), nm(2, 4), 0.5, then=(int_(4),))),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(int_(8), int_(4), hbfp(4), mxfp(E4M3), int_(3, block=4)),
        s=OneOf(
            *(nm(2, 4), nm(1, 4), nm(3, 4), nm(2, 4, ties=high_index), nm(2, 4, ties=by_original)),
            *(nm(2, 4, ties=Adversarial(1)), nm(1, 2, ties=Adversarial(inf))),
        ),
        p=OneOf(1.0, 1.5, 2.0, 3.0, inf),
        then=OneOf((mxfp(E2M1),), (int_(3),), (hbfp(3, block=4),), (nvfp4(block=8),), (int_(4), int_(2)), ()),
    ),
    witness=Attained(Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4), then=(mxfp(E2M1),))),
    source=NEW,
    formal=("first_is_best", "first_is_best_largest"),
)
