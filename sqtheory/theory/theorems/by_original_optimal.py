"""Of all rules for ties of q(x), the one that asks |x| loses least."""

from math import inf

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer, bcq, hbfp, int_, mxfp, mxint
from sqtheory.alphabet.rounding import ceil, floor, toward_zero
from sqtheory.alphabet.scaling import Percentile
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.alphabet.ties import Adversarial, all_survive, by_original, high_index
from sqtheory.alphabet.traits import KEEPS_ZERO, MONOTONE
from sqtheory.arrays import Array, Mask
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import ERROR_QS, MAGNITUDE, NORM
from sqtheory.theory.theorem import Theorem


def asking_originals(case: Case) -> Array:
    """s(q(x)) with ties of q(x) broken by |x|, whatever rule s has."""
    image = case.orders.image
    mask = case.s.with_ties(by_original).mask(image, case.x)
    return np.where(mask, image, 0.0)


def _signs(case: Case) -> Mask:
    return case.every(np.sign(case.x) * np.sign(case.orders.image) >= 0)


def _ruling_of_signs(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    keeps = MONOTONE in q.traits or KEEPS_ZERO in q.traits
    why = "keeps zero or the order of magnitudes, and so every sign" if keeps else "may send x to a level beyond zero"
    return Ruling(keeps, f"{q} {why}")


ERROR_BY_ORIGINAL = Quantity(
    "e_original",
    r"\lVert\varepsilon_{s^*\circ q}\rVert_p",
    "the p-norm of the error of Q→S with ties of |q(x)| broken by |x|",
    lambda case: case.norms(case.x - asking_originals(case)),
)
SIGNS = Assumption(
    "keeps_signs", "no q(x)_i has the sign opposite to that of x_i: x_i q(x)_i ≥ 0", _signs, _ruling_of_signs
)

THEOREM = Theorem(
    slug="by_original_optimal",
    title="No rule for ties of q(x) loses less than the one that keeps the larger originals",
    claims=(Claim(ERROR_BY_ORIGINAL, "<=", ERROR_QS),),
    where=(ERROR_BY_ORIGINAL, ERROR_QS),
    given=(
        MAGNITUDE.shown(Case.of([7, 1.75, 2, 0], int_(4), nm(2, 4, ties=all_survive))),
        SIGNS.shown(Case.of([1, 0.25, 0.5, 0.25], bcq(1, rounding=floor), nm(2, 4), 2.0)),
        NORM.shown(Case.of([2, 2.375, 0, 7], int_(4), nm(2, 4), 0.5)),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(int_(4), int_(3, block=4), int_(4, rounding=floor), int_(3, rounding=ceil), int_(2), hbfp(4, block=2)),
            *(mxint(4), mxfp(E2M1, rounding=toward_zero), mxfp(E4M3, block=4), int_(4, scaling=Percentile(50))),
            bcq(2),
        ),
        s=OneOf(
            *(nm(2, 4), nm(1, 4), nm(3, 4), nm(2, 4, ties=high_index), nm(2, 4, ties=by_original)),
            *(nm(2, 4, ties=Adversarial(1)), nm(1, 2, ties=Adversarial(inf)), nm(4, 8)),
        ),
        p=OneOf(1.0, 1.5, 2.0, 3.0, inf),
    ),
    witness=Attained(Case.of([7, 1.75, 2, 0], int_(4), nm(2, 4, ties=high_index))),
    source=NEW,
)
