"""Pruning first adds no error at any entry, and so none in any monotone norm."""

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, nf4, nvfp4
from sqtheory.alphabet.rounding import floor, stochastic
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import nm, threshold, top
from sqtheory.arrays import Array
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import SIGMA, STEADY, Z
from sqtheory.theory.theorem import Theorem


def apart(case: Case) -> Array:
    """max(|ε_q(x)_i|, |ε_s(x)_i|) of every entry, the shape of x."""
    return np.maximum(np.abs(case.x - case.orders.image), np.abs(case.x - case.orders.sparse))


APART = Quantity(
    "apart",
    r"\sum_i\max(|\varepsilon_q|_i,|\varepsilon_s|_i)",
    "Σ_i max(|x − q(x)|_i, |x − s(x)|_i)",
    lambda case: apart(case).sum(axis=1),
)
JOINED = Quantity(
    "joined",
    r"\max_j\bigl(|\varepsilon_{q\circ s}|_j+\sum_{i\ne j}\max(|\varepsilon_q|_i,|\varepsilon_s|_i)\bigr)",
    "the same sum with one term replaced by |x − q(s(x))|_j, at the most over all entries j",
    lambda case: apart(case).sum(axis=1) + (np.abs(case.x - case.orders.after_mask) - apart(case)).max(axis=1),
)

THEOREM = Theorem(
    slug="entrywise_bound",
    title="S→Q errs at no entry more than s or q alone, |ε_{q∘s}|_i ≤ max(|ε_q|_i, |ε_s|_i): it adds no error in any "
    "monotone norm",
    claims=(Claim(JOINED, "<=", APART),),
    where=(JOINED, APART),
    given=(
        Z.shown(Case.of([3, -1], bcq(2), nm(1, 2))),
        SIGMA.shown(Case.of([7, 3, 1, 0], int_(4), nm(2, 4, score=given([0, 3, 2, 1])))),
        STEADY.shown(Case.of([7, 3.25, 0, 0] * 4, int_(4, rounding=stochastic(np.random.default_rng(2))), nm(2, 4))),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(int_(4), int_(3, block=4, rounding=floor), hbfp(4), mxfp(E2M1), mxfp(E4M3, block=4)),
            *(nvfp4(block=8), nf4(), bcq(2, zero=True)),
        ),
        s=OneOf(nm(2, 4), nm(1, 4), nm(4, 8), top(0.5, per=Rows()), threshold(0.5)),
    ),
    witness=Attained(Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4))),
    source=Reference("harma2025interplay", "after Theorem 3.5; its generality is that of all monotone norms"),
)
