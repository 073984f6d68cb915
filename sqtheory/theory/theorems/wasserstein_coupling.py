"""The Wasserstein distance of a block from its image is the norm of its error."""

from itertools import permutations
from math import inf

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer, bcq, hbfp, int_, mxfp, mxint, nf4
from sqtheory.alphabet.rounding import stochastic, toward_zero
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array
from sqtheory.exceptions import Undefined
from sqtheory.orders import rulings
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Assumption, Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import NORM, ORDERED, POWER_Q
from sqtheory.theory.theorem import Theorem

ORDERS = 5
"""Of so many entries all orders are tried where p < 1."""


def _transported(case: Case) -> Array:
    """By ascending order for p ≥ 1, where that is the best; else by all orders of a few entries."""
    image = case.orders.image
    if case.p >= 1:
        return case.powers(np.sort(case.x, axis=1) - np.sort(image, axis=1))
    if (count := case.x.shape[1]) > ORDERS:
        raise Undefined(f"for p < 1 all orders of at most {ORDERS} entries are tried, a row has {count}")
    return np.asarray(np.min([case.powers(case.x - image[:, order]) for order in permutations(range(count))], axis=0))


def _single(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    count = q.partition.count(shape)
    block = Ruling(count <= 1, f"a tensor of shape {'×'.join(map(str, shape))} has {count} scale block(s)")
    return rulings.one_scale_per_group(q, shape, block)


DISTANCE = Quantity(
    "W",
    r"n\,W_p^p(x,q(x))",
    "n times the p-th power of the Wasserstein distance W_p of the n entries of x from those of q(x) (W_∞ itself for "
    "p = ∞): the least Σ|x_i − q(x)_π(i)|^p over all orders π",
    _transported,
)
ROW_SCALE = Assumption(
    "one_scale",
    "all entries share one scale",
    lambda case: case.every(case.dense_scale == case.dense_scale[:, :1]),
    _single,
)

THEOREM = Theorem(
    slug="wasserstein_coupling",
    title="Under one scale the Wasserstein distance of a tensor from its image is the norm of the error, over n^(1/p)",
    claims=(Claim(DISTANCE, "==", POWER_Q),),
    where=(DISTANCE, POWER_Q),
    given=(
        ORDERED.shown(Case.of([7, 3.4375, 3.5625] * 8, int_(4, rounding=stochastic(np.random.default_rng(0))))),
        ROW_SCALE.shown(Case.of([2, 0.5, 0.75, 6.25], int_(3, block=2))),
        NORM.shown(Case.of([7, 1.9375, 2.875], int_(4, rounding=toward_zero), p=0.5)),
    ),
    domain=Domain(
        x=Arrays(4),
        q=OneOf(
            *(int_(4), int_(3), int_(4, rounding=toward_zero), hbfp(3), hbfp(4), mxint(4)),
            *(mxfp(E2M1), mxfp(E4M3), nf4(), bcq(2)),
        ),
        p=OneOf(1.0, 2.0, 3.0, inf),
    ),
    witness=Attained(Case.of([7, 2.5, 1, 1], int_(4))),
    source=Reference("villani2003", "§2.2, with q as the map"),
)
