"""Quantizing twice is quantizing once where the scale reproduces itself."""

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp, mxint
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Claim, NoneKnown, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import EXPONENTS, of_pipeline
from sqtheory.theory.samples import heavy, negative_zeros, normal, one_signed, powers, ties, zeros
from sqtheory.theory.theorem import Theorem

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


def _reproduced(q: Quantizer) -> Ruling:
    does = q.scaling.reproduces(q.format, q.rounding)
    return Ruling(does, f"{q.scaling} on {q.format} with {q.rounding} {'is' if does else 'is not'} such a rule")


REPRODUCED = of_pipeline(
    "scale_reproduced",
    "σ is fixed, or max|x|/max Γ or the least-squares share of it, the rounding nearest and −max Γ ∈ Γ; or σ is the "
    "power of two of an MX rule and Γ = −Γ holds 2^⌊log₂ max Γ⌋ and with each level, in range, twice that level",
    lambda s, q, p, shape: _reproduced(q),
)

THEOREM = Theorem(
    slug="idempotence",
    title="Under a scale rule that reproduces itself on its images, quantizing twice is quantizing once",
    claims=(Claim(DEFECT, "==", 0),),
    where=(DEFECT,),
    given=(
        REPRODUCED.shown(Case.of([0.515625, 0.3125, 0.125], hbfp(6))),
        EXPONENTS.shown(Case.of([25 * 2.0**-1074, 0], int_(4))),
    ),
    domain=Domain(
        x=Arrays(8, kinds=(normal, ties, powers, zeros, one_signed, heavy, negative_zeros)),
        q=OneOf(int_(4), int_(3, block=4), int_(8), mxint(4), mxint(8, block=4), mxfp(E2M1), mxfp(E4M3, block=4)),
    ),
    witness=NoneKnown("an identity has no slack to show tight"),
    source=NEW,
)
