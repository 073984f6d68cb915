"""Masks by magnitude are metric projections onto the vectors of admissible support."""

import itertools
from math import comb, inf

import numpy as np

from sqtheory.alphabet.norms import units
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import high_index
from sqtheory.arrays import Array
from sqtheory.exceptions import Undefined
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import CHOICES, ERROR_S, MAGNITUDE
from sqtheory.theory.theorem import Theorem


def _least(case: Case) -> Array:
    """min over supports of ‖x − y‖_p, where y is x on the support: all supports of every group tried."""
    if not case.s.fixed_budget:
        raise Undefined(f"{case.s} has no budget for every group")
    size = np.abs(case.x)
    unit = units(size.max(axis=1), case.p)
    found = []
    for rows in case.s.groups.split(size / unit[:, None]):
        kept = case.s.budget(rows.shape[1])
        if (count := comb(rows.shape[1], kept)) > CHOICES:
            raise Undefined(f"at most {CHOICES} choices of a group are tried, {case.s} has {count}")
        least: Array = np.full(len(rows), inf)
        for pruned in itertools.combinations(range(rows.shape[1]), rows.shape[1] - kept):
            part = rows[:, list(pruned)]
            lost = part.max(axis=1, initial=0.0) if case.p == inf else (part**case.p).sum(axis=1)
            least = np.minimum(least, lost)
        found.append(least.reshape(len(case), -1))
    every = np.concatenate(found, axis=1)
    total = every.max(axis=1) if case.p == inf else every.sum(axis=1) ** (1 / case.p)
    return np.asarray(total * unit)


LEAST = Quantity(
    "e_near",
    r"\min_y\lVert x-y\rVert_p",
    "the least p-norm of x − y over all y with as many entries of every group not 0 as s keeps, or fewer",
    _least,
)

THEOREM = Theorem(
    slug="nm_projection",
    title="An n:m mask by magnitude is a nearest vector of admissible support, in every p-norm",
    claims=(Claim(ERROR_S, "==", LEAST),),
    where=(ERROR_S, LEAST),
    given=(MAGNITUDE.shown(Case.of([3, 2, 1, 0], int_(4), nm(2, 4, score=given([0, 1, 2, 3])))),),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(int_(4)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 4), nm(1, 2), nm(4, 8), nm(2, 4, ties=high_index)),
        p=OneOf(0.5, 1.0, 1.5, 2.0, 3.0, inf),
    ),
    witness=Attained(Case.of([3, 2, 1, 0], int_(4), nm(2, 4))),
    source=Reference("zhou2021nm", "§3.1, as a projection"),
)
