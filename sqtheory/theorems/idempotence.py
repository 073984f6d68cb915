"""Quantizing twice is quantizing once where the scale reproduces itself."""

import numpy as np

from sqtheory.case import Case
from sqtheory.domain import Arrays, Domain, OneOf
from sqtheory.formats import E2M1, E4M3
from sqtheory.quantizers import hbfp, int_, mxfp, mxint
from sqtheory.samples import heavy, negative_zeros, normal, one_signed, powers, ties, zeros
from sqtheory.theorem import NEW, Claim, NoneKnown, Quantity, Theorem
from sqtheory.theorems.vocabulary import having
from sqtheory.traits import IDEMPOTENT

DEFECT = Quantity(
    "d",
    r"\lVert q(q(x))-q(x)\rVert_\infty/\lVert x\rVert_\infty",
    "the largest entry of q(q(x)) − q(x) relative to that of x, beyond the rounding of real scales",
    lambda case: _defect(case),
)


def _defect(case: Case) -> np.ndarray:
    again = case.q.apply(case.orders.image, case.orders.image)
    size = np.abs(case.x).max(axis=1)
    change = np.abs(again - case.orders.image).max(axis=1)
    share = np.divide(change, size, out=np.zeros_like(size), where=size > 0)
    return np.asarray(np.where(share < 1e-14, 0.0, share))


THEOREM = Theorem(
    slug="idempotence",
    title="INT with real scales and MX are idempotent; a shared exponent ⌈log₂ max⌉ is not",
    claims=(Claim(DEFECT, "==", 0),),
    where=(DEFECT,),
    given=(having("idempotent", IDEMPOTENT).shown(Case.of([0.515625, 0.3125, 0.125], hbfp(6))),),
    domain=Domain(
        x=Arrays(8, kinds=(normal, ties, powers, zeros, one_signed, heavy, negative_zeros)),
        q=OneOf(int_(4), int_(3, block=4), int_(8), mxint(4), mxint(8, block=4), mxfp(E2M1), mxfp(E4M3, block=4)),
    ),
    witness=NoneKnown("an identity has no slack to show tight"),
    source=NEW,
)
