"""How many entries the PQ index of a tensor says must be kept."""

from math import inf

import numpy as np

from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm, sap, threshold, top
from sqtheory.alphabet.sparsity_index import pq_index
from sqtheory.arrays import Array
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Norms, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.theorem import Theorem

RATIOS = (1.25, 2.0, 4.0)
"""q over p."""


def _finite(p: float) -> float:
    return 1.0 if p == inf else p


def _needed(case: Case) -> Array:
    """The largest bound for any of the q; 0 where the kept entries are all 0, whatever η."""
    p, size = _finite(case.p), np.abs(case.x)
    largest = size.max(axis=1, keepdims=True)
    powers = np.divide(size, largest, out=np.zeros_like(size), where=largest > 0) ** p
    kept, every = np.where(case.orders.mask, powers, 0).sum(axis=1), powers.sum(axis=1)
    share = np.divide(kept, every, out=np.zeros(len(case)), where=every > 0)
    found = [
        case.x.shape[1] * share ** (r / (r - 1)) * (1 - pq_index(case.x, p, r * p)) ** (r * p / (r - 1)) for r in RATIOS
    ]
    return np.asarray(np.max(found, axis=0))


KEPT = Quantity(
    "kept",
    "r",
    "the number of entries that s keeps",
    lambda case: case.orders.mask.sum(axis=1).astype(np.float64),
)
NEEDED = Quantity(
    "needed",
    r"d\,(1+\eta)^{-\frac{q}{q-p}}(1-I_{p,q})^{\frac{pq}{q-p}}",
    "d (1 + η)^{−q/(q−p)} (1 − I)^{pq/(q−p)} for the PQ index I of x and the least η with Σ|pruned|^p ≤ η Σ|kept|^p; 0 "
    "where there is no such η; the largest for q = 5p/4, 2p and 4p",
    _needed,
)
INDEX = Quantity(
    "index",
    r"I_{p,2p}",
    "1 − d^{1/(2p) − 1/p} ‖x‖_p/‖x‖_{2p}, the PQ index for q = 2p; 0 of zeros",
    lambda case: pq_index(case.x, _finite(case.p), 2 * _finite(case.p)),
    noise=1e-12,
)
LIMIT = Quantity(
    "limit",
    r"1-d^{-1/(2p)}",
    "1 − d^{1/(2p) − 1/p} for d entries",
    lambda case: np.full(len(case), 1 - case.x.shape[1] ** (-1 / (2 * _finite(case.p)))),
)

THEOREM = Theorem(
    slug="index_retention",
    title="A mask that loses η of the p-th powers keeps as many entries as the PQ index asks for, or more",
    claims=(
        Claim(NEEDED, "<=", KEPT, Norms.FINITE),
        Claim(0, "<=", INDEX, Norms.FINITE),
        Claim(INDEX, "<=", LIMIT, Norms.FINITE),
    ),
    where=(KEPT, NEEDED, INDEX, LIMIT),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(int_(4)),
        s=OneOf(
            nm(2, 4), nm(1, 4), nm(4, 8), top(3, per=Rows()), threshold(0.5), sap(per=Rows()), sap(1, 2, per=Rows())
        ),
        p=OneOf(0.5, 1.0, 1.5, 2.0),
    ),
    witness=Attained(Case.of([2, 2, 0, 0], int_(4), nm(2, 4))),
    source=Reference("diao2023pqi", "Theorem 2"),
    unconditional=True,
)
