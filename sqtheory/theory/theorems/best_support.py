"""The exact step on a group: the best support with its least squares values loses no more than any pattern does.

It is what moves one group of a sparse core between wrappers (`liu2025armor`): all other entries fixed, the loss of the
group's values v is ‖r − X v‖², r and X made of the rest and of the wrappers. A step to the best support from wherever
the group is never loses.
"""

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.arrays import Array
from sqtheory.theory import samples
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import Z, of_weight
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.gram_error import LAYER_QS, LAYER_SQ, matrix
from sqtheory.theory.theorems.partner_optimal import WITHIN, masks

DEPENDENT = 1e-12
"""Share of the largest singular value of unit columns below which they count as dependent."""
NOISE = 64 * float(np.finfo(np.float64).eps)
"""Share of what is fitted that rounding may leave of an exact fit."""


def _best(case: Case) -> Array:
    x, w = matrix(case.x), matrix(case.weight.x)
    y, least = x @ w.swapaxes(1, 2), np.full(w.shape[:2], np.inf)
    sizes = np.linalg.norm(x, axis=1, keepdims=True)
    units = np.divide(x, sizes, out=np.zeros_like(x), where=sizes > 0)
    for support in masks(case.s):
        some = units * support
        left = y - some @ (np.linalg.pinv(some, rcond=DEPENDENT) @ y)
        lost = (left**2).sum(axis=1)
        least = np.minimum(least, np.where(lost <= NOISE**2 * (y**2).sum(axis=1), 0.0, lost))
    return np.asarray(least.sum(axis=1))


BEST = Quantity(
    "Y_best",
    r"\sum_o\min_{v}\lVert X(w_o-v)\rVert_2^2",
    "the sum over outputs of the least squared norm of X (w − v) over all v whose support s could choose",
    _best,
    2,
)

THEOREM = Theorem(
    slug="best_support",
    title="The best support with least squares values loses no more of a layer's output than either order",
    claims=(Claim(BEST, "<=", LAYER_SQ), Claim(BEST, "<=", LAYER_QS)),
    where=(BEST, LAYER_SQ, LAYER_QS),
    given=(
        of_weight(Z).shown(Case.of(np.eye(4).ravel(), bcq(2), nm(1, 2), w=[3, 1] * 8)),
        WITHIN.shown(Case.of(np.eye(4).ravel(), int_(4), top(0.5, per=Rows()), w=[7] * 4 + [1] * 12)),
    ),
    domain=Domain(
        x=Arrays(16, kinds=(samples.normal, samples.ties, samples.one_signed), subnormal=False),
        w=Arrays(16, kinds=(samples.normal, samples.ties, samples.zeros, samples.heavy), subnormal=False),
        q=OneOf(int_(4), int_(2), int_(3, block=4), hbfp(4, block=4), mxfp(E2M1), bcq(2, zero=True)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(1, 2), nm(3, 4)),
    ),
    witness=Attained(Case.of(np.eye(4).ravel(), int_(4), nm(2, 4), w=[7, 3, 2, 1] * 4)),
    source=Reference("liu2025armor", "§3.2, the discrete step; stated for both orders here"),
)
