"""Ties of q(x) broken by |x| make both orders one operator."""

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, mxint, nvfp4
from sqtheory.alphabet.rounding import floor
from sqtheory.alphabet.scaling import Percentile
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, top
from sqtheory.alphabet.ties import Sight, by_original
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Claim, NoneKnown
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.measured import measured
from sqtheory.theory.quantities import MAGNITUDE, ONE_SCALE, ORDERED, SIGMA, Z, of_pipeline
from sqtheory.theory.theorem import Theorem

DEFECT = measured(
    "d",
    r"\lVert s(q(x))-q(s(x))\rVert_\infty",
    "the largest entry of s(q(x)) − q(s(x))",
    lambda o: o.most(o.minus(o.qs, o.sq)),
)


def _by_original(s: Sparsifier) -> Ruling:
    return Ruling(s.ties.look_at is Sight.originals, f"ties of q(x) are broken by {s.ties}")


BY_ORIGINAL = of_pipeline(
    "ties_by_original",
    "ties of q(x) at the cut go to the entry of larger |x|",
    lambda s, q, p, shape: _by_original(s),
)

THEOREM = Theorem(
    slug="ties_by_original",
    title="With ties of q(x) broken by |x|, quantizing first equals pruning first",
    claims=(Claim(DEFECT, "==", 0),),
    where=(DEFECT,),
    given=(
        Z.shown(Case.of([3, -1], bcq(2), nm(1, 2, ties=by_original))),
        SIGMA.shown(Case.of([0, 1, 1, 1], int_(4, scaling=Percentile(50)), nm(2, 4, ties=by_original))),
        ORDERED.shown(Case.of([7, 2.875, -2.8125, 0], int_(4, rounding=floor), nm(2, 4, ties=by_original))),
        MAGNITUDE.shown(
            Case.of(
                [7, 2.375, 2.625, 0],
                int_(4),
                nm(2, 4, score=wanda(np.diag([8, 1.375, 1.0, 1.0])), ties=by_original),
            ),
        ),
        ONE_SCALE.shown(Case.of([7, 0.5, 0.4375, 1], hbfp(4, block=2), top(3, per=Rows(), ties=by_original))),
        BY_ORIGINAL.shown(Case.of([7, 1.75, 2.25, 0], int_(4), nm(2, 4))),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(int_(4), int_(3, block=4), hbfp(4), mxint(4), mxfp(E2M1), mxfp(E4M3, block=4)),
            *(nvfp4(block=8), bcq(2, zero=True)),
        ),
        s=OneOf(*(nm(n, m, ties=by_original) for n, m in ((2, 4), (1, 4), (3, 4), (1, 2)))),
    ),
    witness=NoneKnown("an identity has no slack to show tight"),
    source=NEW,
    formal=("frozen_commutation_orders", "by_original_is_magnitude", "frozen_commutation_ties"),
)
