"""No order does better than the best mask, scale and codes together; what each pays beyond that is its price."""

from itertools import combinations, product
from math import comb, prod

import numpy as np

from sqtheory.alphabet.formats import E2M1, IntFormat
from sqtheory.alphabet.norms import spell_norm
from sqtheory.alphabet.quantizers import Quantizer, bcq, hbfp, int_, mxfp, mxint, nvfp4, scaled
from sqtheory.alphabet.scaling import Numbers
from sqtheory.alphabet.selection import top
from sqtheory.alphabet.sparsifiers import nm, threshold
from sqtheory.alphabet.ties import high_index
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import Undefined
from sqtheory.orders.pair import Pair
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.price import LevelGrid, fit, searched
from sqtheory.theory.quantities import BUDGETED, ERROR_QS, ERROR_SQ, GRID_OPTIMUM, NORM, SYMMETRIC, Z, of_pipeline
from sqtheory.theory.samples import heavy, normal, one_signed, ties, zeros
from sqtheory.theory.theorem import Theorem

MASKS = 256
"""So many masks of a row are tried at most."""
BEST = Quantity(
    "e_best",
    r"\min_{m,\sigma,c}\lVert x-\sigma\,(m\odot c)\rVert_p",
    "the least p-norm of x − σ (m ⊙ c) over all admissible masks m, scales of the kind of q, and codes",
    lambda case: of_every_mask(case),
)
BEST_OF_LARGEST = Quantity(
    "e_largest",
    r"\min_{\sigma,c}\lVert x-\sigma\,(m\odot c)\rVert_p",
    "the least p-norm of x − σ (m ⊙ c) over scales of the kind of q and codes, where m keeps the largest magnitudes",
    lambda case: of_largest(case),
)


def of_largest(case: Case) -> Array:
    """The least error of every row if the mask keeps the largest magnitudes of every group."""
    mask = np.zeros(case.x.shape, bool)
    for group, k in budgets(case):
        mask[:, group] = top(np.abs(case.x[:, group]), k)
    return of_mask(case, mask)


def of_every_mask(case: Case) -> Array:
    """The least error of every row over all masks. Raises Undefined where there are more than ``MASKS``."""
    groups = budgets(case)
    if (count := prod(comb(len(group), k) for group, k in groups)) > MASKS:
        raise Undefined(f"e_best tries at most {MASKS} masks, rows of {case.x.shape[1]} under {case.s} have {count}")
    least: Array = np.full(len(case), np.inf)
    for chosen in product(*(combinations(group, k) for group, k in groups)):
        mask = np.isin(np.arange(case.x.shape[1]), np.concatenate(chosen))
        least = np.minimum(least, of_mask(case, mask))
    return least


def of_mask(case: Case, mask: Mask) -> Array:
    """The least error of every row over scales and codes for one mask, or one of each row."""
    if not (found := _known(case.q, case.p)).closed:
        raise Undefined(f"e_best: {found.why}")
    blocks, grid = case.q.partition, LevelGrid.of(case.q.format, case.p)
    kept = blocks.split(np.where(mask, case.x, 0.0))
    images = [fit(rows, grid, case.q.scaling)[1] for rows in kept]
    return case.norms(case.x - blocks.join(images, case.x.shape))


def budgets(case: Case) -> list[tuple[list[int], int]]:
    """The places of every mask group of a row, and how many of them s keeps. Raises Undefined for other masks."""
    if not case.s.fixed_budget:
        raise Undefined(f"{case.s} has no budget for every group")
    places = case.s.groups.split(np.arange(case.x.shape[1])[None])
    return [(group, case.s.budget(len(group))) for piece in places for group in piece.tolist()]


def _known(q: Quantizer, p: float) -> Ruling:
    """The best scale of the kind that q has is known."""
    numbers = searched(q.scaling)
    if numbers is Numbers.real:
        return Ruling(p <= 1 or p == 2, f"the scale is any real number, p = {spell_norm(p)}")
    if numbers is Numbers.dyadic:
        return Ruling(p < np.inf, f"the scale is any power of two, p = {spell_norm(p)}")
    return Ruling(False, f"scales of the kind of {q.scaling} have no known optimum")


KNOWN = of_pipeline(
    "optimum_known",
    "the scales are max|x|/max Γ, and p ≤ 1 or p = 2, or powers of two, and p < ∞",
    lambda s, q, p, shape: _known(q, p),
    defining=True,
)
NESTED = of_pipeline(
    "one_block_per_group",
    "every mask group lies in one scale block",
    lambda s, q, p, shape: Pair(s, q).on(shape).one_block,
)

THEOREM = Theorem(
    slug="price_of_order",
    title="The optimum over mask, scale and codes keeps the largest magnitudes; neither order, nor any mask, beats it",
    claims=(
        Claim(BEST_OF_LARGEST, "==", BEST),
        Claim(BEST, "<=", GRID_OPTIMUM),
        Claim(BEST, "<=", ERROR_SQ),
        Claim(BEST, "<=", ERROR_QS),
    ),
    where=(BEST, BEST_OF_LARGEST, GRID_OPTIMUM, ERROR_SQ, ERROR_QS),
    given=(
        BUDGETED.shown(Case.of([3, 2, 1, 0], int_(3), threshold(1.5))),
        KNOWN.shown(Case.of([6, 3, 2, 1], nvfp4(), nm(2, 4), 2.0)),
        Z.shown(Case.of([3, 1], bcq(2), nm(1, 2))),
        SYMMETRIC.shown(Case.of([1, 0, 2, -1.75], scaled(IntFormat(2, full_range=True)), nm(1, 2))),
        NESTED.shown(Case.of([4, 2, 0, 1], int_(2, block=2), nm(2, 4))),
        NORM.shown(Case.of([3, 1], hbfp(2), nm(1, 2), 0.5)),
    ),
    domain=Domain(
        x=Arrays(4, kinds=(normal, ties, one_signed, heavy, zeros)),
        q=OneOf(
            *(int_(3), int_(2), scaled(E2M1), hbfp(3), hbfp(4), mxint(3), mxfp(E2M1)),
            *(int_(3, block=2), hbfp(3, block=2)),
        ),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 4), nm(1, 2), nm(2, 4, ties=high_index)),
        p=OneOf(1.0, 2.0),
    ),
    witness=Attained(Case.of([7, 2, 1, 1], int_(4), nm(2, 4))),
    source=NEW,
)
