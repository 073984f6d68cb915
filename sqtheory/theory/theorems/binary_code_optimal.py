"""The one-bit code of the largest entries is the best code of an admissible support."""

import itertools
from math import comb, prod

import numpy as np

from sqtheory.alphabet.binary.fitting import errors, greedy
from sqtheory.alphabet.quantizers import bcq
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import high_index
from sqtheory.arrays import Array
from sqtheory.exceptions import Undefined
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import CHOICES, MAGNITUDE
from sqtheory.theory.theorem import Theorem


def _fitted(case: Case) -> Array:
    x, unit = _scaled(case)
    kept = case.orders.mask
    lost = errors(x, greedy(x, 1, kept)) + np.where(kept, 0.0, x**2).sum(axis=1)
    return np.asarray(lost * unit**2)


def _scaled(case: Case) -> tuple[Array, Array]:
    """Every row in a unit of its own, a power of two near its largest entry, and these units."""
    _, exponent = np.frexp(np.abs(case.x).max(axis=1))
    return np.ldexp(case.x, -exponent[:, None]), np.ldexp(1.0, exponent)


def _best(case: Case) -> Array:
    """min over supports K, all tried, of Σ_K(|x_i| − mean_K|x|)² + Σ_P x_i², no difference of large squares."""
    if not case.s.fixed_budget:
        raise Undefined(f"{case.s} has no budget for every group")
    x, unit = _scaled(case)
    places = case.groups.split(np.arange(x.shape[1])[None, :])
    groups = [rows for part in places for rows in part.tolist()]
    if (count := prod(comb(len(g), case.s.budget(len(g))) for g in groups)) > CHOICES:
        raise Undefined(f"at most {CHOICES} supports of a row are tried, {case.s} has {count}")
    size, least = np.abs(x), np.full(len(x), np.inf)
    for chosen in itertools.product(*(itertools.combinations(g, case.s.budget(len(g))) for g in groups)):
        kept = np.zeros(x.shape[1], bool)
        kept[list(itertools.chain(*chosen))] = True
        mean = size[:, kept].sum(axis=1, keepdims=True) / max(kept.sum(), 1)
        least = np.minimum(least, (np.where(kept, size - mean, size) ** 2).sum(axis=1))
    return np.asarray(least * unit**2)


FITTED = Quantity(
    "fitted",
    r"\lVert x-\bar\alpha\,m\odot\operatorname{sign}x\rVert_2^2",
    "the squared error of α m ⊙ sign(x), the mask m that of s, α the mean magnitude of the kept entries",
    _fitted,
)
BEST = Quantity(
    "best",
    r"\min_{m,\alpha,b}\lVert x-\alpha\,m\odot b\rVert_2^2",
    "the least squared error of α m ⊙ b over all masks m of the same budgets, all scales α and all signs b",
    _best,
)

THEOREM = Theorem(
    slug="binary_code_optimal",
    title="Pruned by magnitude first, the one-bit code of the survivors is the best of all masks, scales and signs",
    claims=(Claim(FITTED, "==", BEST),),
    where=(FITTED, BEST),
    given=(MAGNITUDE.shown(Case.of([3, 2, 1, 0], bcq(1), nm(2, 4, score=given([0, 1, 2, 3])))),),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(bcq(1)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 4), nm(1, 2), nm(4, 8), nm(4, 4), nm(2, 4, ties=high_index)),
    ),
    witness=Attained(Case.of([3, 1, 1, 0], bcq(1), nm(2, 4))),
    source=Reference("li2016ternary", "§2.2, for all masks of one budget"),
)
