"""Pruning first is never worse in any norm that permutations within the groups of the mask leave as it is."""

from math import inf

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, mxint, nvfp4
from sqtheory.alphabet.rounding import floor, toward_zero
from sqtheory.alphabet.scaling import Percentile
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.alphabet.ties import Adversarial, by_original, high_index
from sqtheory.arrays import Array
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.gauges import descending
from sqtheory.theory.quantities import MAGNITUDE, ONE_SCALE, ORDERED, SIGMA, Z
from sqtheory.theory.theorem import Theorem


def surplus(case: Case) -> Array:
    """The most, over groups and k, by which the k largest errors of S→Q add up to more than those of Q→S."""
    found: Array = np.full(len(case), -np.inf)
    ours, theirs = (case.x - made for made in (case.orders.after_mask, case.orders.masked_image))
    for first, second in zip(case.groups.split(ours), case.groups.split(theirs), strict=True):
        more = (np.cumsum(descending(first), axis=1) - np.cumsum(descending(second), axis=1)).max(axis=1)
        found = np.maximum(found, more.reshape(len(case), -1).max(axis=1))
    return found


TOTAL = Quantity(
    "total",
    r"\lVert\varepsilon_{s\circ q}\rVert_1",
    "Σ|x − s(q(x))|",
    lambda case: np.abs(case.x - case.orders.masked_image).sum(axis=1),
)
EXCHANGED = Quantity(
    "exchanged",
    r"\lVert\varepsilon_{s\circ q}\rVert_1"
    r"+\max_{G,k}\bigl(T_k(\varepsilon_{q\circ s,G})-T_k(\varepsilon_{s\circ q,G})\bigr)",
    "the same sum with the k largest errors of one group replaced by T_k, the sum of the k largest that S→Q has in it, "
    "at the most over all groups and k",
    lambda case: TOTAL.of(case) + surplus(case),
)

THEOREM = Theorem(
    slug="weakly_majorized",
    title="In every group the k largest errors of S→Q add up to no more than those of Q→S, for every k: S→Q is never "
    "worse in any norm that is symmetric in the entries of a group",
    claims=(Claim(EXCHANGED, "<=", TOTAL),),
    where=(EXCHANGED, TOTAL),
    given=(
        Z.shown(Case.of([3, -1], bcq(2), nm(1, 2))),
        SIGMA.shown(Case.of([0, 1, 1, 1], int_(4, scaling=Percentile(50)), nm(2, 4))),
        ORDERED.shown(Case.of([7, 2.875, -2.8125, 0], int_(4, rounding=floor), nm(2, 4))),
        MAGNITUDE.shown(Case.of([7, 2.375, 2.625, 0], int_(4), nm(2, 4, score=wanda(np.diag([8, 1.375, 1.0, 1.0]))))),
        ONE_SCALE.shown(Case.of([7, 0.5, 0.4375, 1], hbfp(4, block=2), top(3, per=Rows()))),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(int_(4), int_(3, block=4), int_(2), int_(4, rounding=toward_zero), hbfp(4), hbfp(3, block=4)),
            *(mxint(4), mxfp(E2M1), mxfp(E4M3, block=4), nvfp4(block=8), bcq(2, zero=True)),
        ),
        s=OneOf(
            *(nm(2, 4), nm(1, 4), nm(3, 4), nm(2, 4, ties=high_index), nm(2, 4, ties=by_original)),
            *(nm(2, 4, ties=Adversarial(2)), nm(1, 2, ties=Adversarial(inf)), top(0.5, per=Rows())),
        ),
    ),
    witness=Attained(Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4))),
    source=Reference("harma2025interplay", "after Theorems 3.5 and 3.6, in its norms: every symmetric gauge function"),
    formal=("weakly_majorized",),
)
