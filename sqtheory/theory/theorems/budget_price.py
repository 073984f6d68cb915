"""Choices that are best at one price of a bit are best for what they cost."""

import itertools

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.arrays import Array
from sqtheory.exceptions import Undefined
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.samples import heavy, normal, one_signed, powers, ties
from sqtheory.theory.theorem import Theorem

CHOICES = 4
"""Choices of a tensor: entries of a row that follow each other."""
TRIED = CHOICES**6
"""As many choices of all tensors together are tried, no more."""
FINEST, MOST = 8.0, 2.0**40
"""Costs and losses are whole eighths up to so many, so that float64 adds them exactly."""


def _curves(case: Case) -> tuple[Array, Array]:
    """Losses and costs: rows × tensors × choices. Raises Undefined where a row is no whole number of tensors."""
    if case.x.shape[1] % CHOICES:
        raise Undefined(f"a row of {case.x.shape[1]} entries is no tensors of {CHOICES} choices")
    both = (np.floor(np.minimum(np.abs(rows), MOST) * FINEST) / FINEST for rows in (case.x, case.weight.x))
    losses, costs = (rows.reshape(len(case), -1, CHOICES) for rows in both)
    return losses, costs


def _priced(case: Case) -> tuple[Array, Array]:
    """Loss and cost of the choices of least loss plus cost, the cheaper of equal ones."""
    losses, costs = _curves(case)
    order = np.lexsort((costs, losses + costs), axis=-1)[..., :1]
    loss, cost = (np.take_along_axis(v, order, axis=-1).sum(axis=(1, 2)) for v in (losses, costs))
    return loss, cost


def _best(case: Case) -> Array:
    """The least loss of any choices that cost no more, all of them tried."""
    losses, costs = _curves(case)
    _, budget = _priced(case)
    if (count := CHOICES ** losses.shape[1]) > TRIED:
        raise Undefined(f"at most {TRIED} choices of all tensors are tried, {losses.shape[1]} tensors have {count}")
    least = np.full(len(case), np.inf)
    for places in itertools.product(range(CHOICES), repeat=losses.shape[1]):
        at = (slice(None), np.arange(losses.shape[1]), np.array(places))
        fits = costs[at].sum(axis=1) <= budget
        least = np.minimum(least, np.where(fits, losses[at].sum(axis=1), np.inf))
    return least


PRICED = Quantity(
    "priced",
    r"\sum_l D_l(c_l)",
    "the loss of the choices that each make D_l + R_l least, with four choices to a tensor, of losses D the eighths of "
    "|x| rounded down and costs R those of |w|",
    lambda case: _priced(case)[0],
    0,
)
BEST = Quantity(
    "best",
    r"\min\{\sum_l D_l:\sum_l R_l\le\sum_l R_l(c_l)\}",
    "the least loss of any choices, one for each tensor, that together cost no more",
    _best,
    0,
)

THEOREM = Theorem(
    slug="budget_price",
    title="Choices that are each best at one price of a bit lose the least of all that cost no more together",
    claims=(Claim(PRICED, "==", BEST),),
    where=(PRICED, BEST),
    domain=Domain(
        x=Arrays(12, kinds=(normal, ties, one_signed, heavy, powers)),
        w=Arrays(12, kinds=(normal, ties, one_signed, heavy, powers)),
        q=OneOf(int_(4)),
    ),
    witness=Attained(Case.of([3, 2, 1, 1], int_(4), w=[0, 1, 3, 4])),
    source=Reference("everett1963lagrange", "Main theorem"),
    unconditional=True,
)
