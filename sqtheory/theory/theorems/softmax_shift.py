"""Attention weights move by at most twice the hyperbolic tangent of a quarter of the spread of the logits' errors.

What all logits share moves nothing: with |error| ≤ ε the spread is at most 2ε, and the bound 2 tanh(ε/2).
"""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.arrays import Array
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem

KINDS = (normal, ties, one_signed, heavy)


def softmax(z: Array) -> Array:
    """e^{z_i}/Σ e^{z_j} of every row."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def spread(z: Array, other: Array) -> Array:
    """max(z − z′) − min(z − z′) of every row."""
    return np.asarray(np.ptp(z - other, axis=1))


MOVED = Quantity(
    "moved",
    r"\lVert\operatorname{softmax}(z)-\operatorname{softmax}(z')\rVert_1",
    "the sum of |softmax(z)_i − softmax(z′)_i|, z the rows of x and z′ those of w",
    lambda case: np.abs(softmax(case.x) - softmax(case.weight.x)).sum(axis=1),
    0,
    noise=1e-13,
)
BY_SPREAD = Quantity(
    "by_spread",
    r"2\tanh\tfrac{\max(z-z')-\min(z-z')}4",
    "2 tanh(δ/4), δ = max(z − z′) − min(z − z′)",
    lambda case: 2 * np.tanh(spread(case.x, case.weight.x) / 4),
    0,
)
BY_LARGEST = Quantity(
    "by_largest",
    r"2\tanh\tfrac{\lVert z-z'\rVert_\infty}2",
    "2 tanh(ε/2), ε = max |z − z′|",
    lambda case: 2 * np.tanh(np.abs(case.x - case.weight.x).max(axis=1) / 2),
    0,
)

THEOREM = Theorem(
    slug="softmax_shift",
    title="Logits that err by at most ε move the weights of a softmax by at most 2 tanh(ε/2) in L1",
    claims=(Claim(MOVED, "<=", BY_SPREAD), Claim(BY_SPREAD, "<=", BY_LARGEST)),
    where=(MOVED, BY_SPREAD, BY_LARGEST),
    domain=Domain(
        x=Arrays(8, kinds=KINDS, subnormal=False), w=Arrays(8, kinds=KINDS, subnormal=False), q=OneOf(int_(4))
    ),
    witness=Attained(Case.of([1, 0], int_(4), w=[0, 1])),
    source=NEW,
    unconditional=True,
)
