"""The words of theorems on chains: errors of the mask at each place, all its outcomes under ties, assumptions."""

import itertools
from collections.abc import Iterator
from math import comb

import numpy as np

from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import Undefined
from sqtheory.orders import assumptions
from sqtheory.orders.applied import TwoOrders, both
from sqtheory.orders.assumptions import Premise
from sqtheory.orders.errors import powers
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Assumption, Quantity
from sqtheory.theory.quantities import CHOICES

Choices = tuple[Mask, Mask]
"""Every choice of as many entries as the budget of one group, and which of them are masks: groups × choices."""


def stages(case: Case) -> Iterator[tuple[int, TwoOrders]]:
    """Each quantizer of the chain, by its number, on what it is given under the mask of every place before it."""
    for k, q in enumerate(case.quantizers):
        for mask in case.masks[: k + 1]:
            yield k, both(case.images[k], case.s, q, mask=mask, image=case.images[k + 1])


def throughout(premise: Premise) -> Assumption:
    """The assumption that a premise holds of every quantizer of a chain; its ruling is of one quantizer at a time."""

    def holds(case: Case) -> Mask:
        found = np.ones(len(case), bool)
        if premise.holds is None:
            row = case.x[:1].shape
            return found & all(premise.ruling(Pair(case.s, q).on(row), case.p).closed for q in case.quantizers)
        for k, two in stages(case):
            found &= premise.holds(two, case.quantizers[k])
        return found

    return Assumption(
        f"{premise.name}_throughout",
        f"every quantizer of the chain, on what it is given: {premise.statement}",
        holds,
        lambda s, q, p, shape: premise.ruling(Pair(s, q).on(shape), p),
    )


Z_ALL = throughout(assumptions.Z)
SIGMA_ALL = throughout(assumptions.SIGMA)
ORDERED_ALL = throughout(assumptions.ORDERED)
ONE_SCALE_ALL = throughout(assumptions.ONE_SCALE)


def choices(case: Case, image: Array) -> Iterator[Choices]:
    """For groups of each size every choice, and which are on top of the scores of an image: what a tie rule can make.

    Raises Undefined where s keeps no number of entries of every group by a score, or a group has more than ``CHOICES``.
    """
    score = case.s.score
    if not case.s.fixed_budget or score is None or score.is_drawn:
        raise Undefined(f"{case.s} keeps no number of entries of every group by a score")
    for rank in case.s.groups.split(score.of(image)):
        size = rank.shape[1]
        budget = case.s.budget(size)
        if (count := comb(size, budget)) > CHOICES:
            raise Undefined(f"at most {CHOICES} choices of a group are tried, {case.s} has {count} of {size} entries")
        kept = np.array([np.isin(range(size), c) for c in itertools.combinations(range(size), budget)])
        low = np.where(kept, rank[:, None, :], np.inf).min(axis=2)
        high = np.where(kept, -np.inf, rank[:, None, :]).max(axis=2)
        yield kept, low >= high


def lost(case: Case) -> Array:
    """How many masks of a group, of one tensor of the chain, are none of the next; over all groups and places."""
    found = np.zeros(len(case))
    for one, other in itertools.pairwise(case.images):
        for (_, before), (_, after) in zip(choices(case, one), choices(case, other), strict=True):
            found += (before & ~after).reshape(len(case), -1).sum(axis=1)
    return found


def outcomes(case: Case, k: int) -> Array:
    """How many masks a tie rule can make of the tensor after k quantizers."""
    counts = [flags.sum(axis=1).reshape(len(case), -1) for _, flags in choices(case, case.images[k])]
    return np.asarray(np.concatenate(counts, axis=1).prod(axis=1, dtype=np.float64))


def worst(case: Case, k: int) -> Array:
    """max ‖x − m ⊙ x_r‖_p over the masks m that a tie rule can make of x_k."""
    groups = case.s.groups
    pieces = []
    for (kept, flags), x, y in zip(
        choices(case, case.images[k]), *map(groups.split, (case.x, case.images[-1])), strict=True
    ):
        size = np.abs(np.where(kept, (x - y)[:, None, :], x[:, None, :]))
        sums = size.max(axis=2) if case.p == np.inf else powers(size, case.p).sum(axis=2)
        pieces.append(np.where(flags, sums, 0.0).max(axis=1).reshape(len(case), -1))
    whole = np.concatenate(pieces, axis=1)
    total = whole.max(axis=1) if case.p == np.inf else whole.sum(axis=1)
    return np.asarray(total if case.p in (1, np.inf) else total ** (1 / case.p))


def error_at(case: Case, k: int) -> Array:
    """‖x − y‖_p for what the chain makes of x with the mask after k quantizers."""
    return case.norms(case.x - case.placed(k))


ERROR_FIRST = Quantity(
    "e_first",
    r"\lVert x-q_r\cdots q_1 s(x)\rVert_p",
    "the p-norm of the error of the chain with the mask before all its quantizers",
    lambda case: error_at(case, 0),
)
ERROR_LATER = Quantity(
    "e_later",
    r"\min_{k\ge1}\lVert x-q_r\cdots q_{k+1}\,s\,q_k\cdots q_1(x)\rVert_p",
    "the least p-norm of the error of the chain with the mask after one or more of its quantizers",
    lambda case: np.min([error_at(case, k) for k in range(1, len(case.images))], axis=0),
)
ERROR_BETWEEN = Quantity(
    "e_between",
    r"\lVert x-q_r\cdots q_2\,s\,q_1(x)\rVert_p",
    "the p-norm of the error of the chain with the mask after the first of its quantizers",
    lambda case: error_at(case, 1),
)
ERROR_LAST = Quantity(
    "e_last",
    r"\lVert x-s\,q_r\cdots q_1(x)\rVert_p",
    "the p-norm of the error of the chain with the mask after all of its quantizers",
    lambda case: error_at(case, len(case.then) + 1),
)
LOST = Quantity(
    "lost",
    r"\sum_k|M(x_k)\setminus M(x_{k+1})|",
    "how many choices of entries of a group, each a mask of the tensor after k quantizers under some tie rule, are no "
    "mask of the tensor after k + 1 under any: over all groups and k",
    lost,
)
OUTCOMES_FIRST = Quantity(
    "masks_first",
    "|M(x)|",
    "the number of masks that tie rules make of x",
    lambda case: outcomes(case, 0),
)
OUTCOMES_LAST = Quantity(
    "masks_last",
    "|M(x_r)|",
    "the number of masks that tie rules make of q_r(… q_1(x))",
    lambda case: outcomes(case, len(case.then) + 1),
)
WORST_FIRST = Quantity(
    "w_first",
    r"\max_{m\in M(x)}\lVert x-m\odot x_r\rVert_p",
    "the largest p-norm of x − m ⊙ q_r(… q_1(x)) over the masks m that tie rules make of x",
    lambda case: worst(case, 0),
)
WORST_BETWEEN = Quantity(
    "w_between",
    r"\max_{m\in M(x_1)}\lVert x-m\odot x_r\rVert_p",
    "the same over the masks that tie rules make of q_1(x)",
    lambda case: worst(case, 1),
)
WORST_LAST = Quantity(
    "w_last",
    r"\max_{m\in M(x_r)}\lVert x-m\odot x_r\rVert_p",
    "the same over the masks that tie rules make of q_r(… q_1(x))",
    lambda case: worst(case, len(case.then) + 1),
)
