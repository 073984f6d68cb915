"""What a rule for ties that looks at places costs on average over the places: for every such rule the same."""

from itertools import permutations
from math import factorial

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, mxint
from sqtheory.alphabet.rounding import floor
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import Introselect, Selected, all_survive, by_original, high_index
from sqtheory.arrays import Array
from sqtheory.exceptions import Undefined
from sqtheory.orders.errors import powers
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim, Norms, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import MAGNITUDE, NORM, of_pipeline
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.by_original_optimal import SIGNS, asking_originals

ARRANGEMENTS = 120
"""So many arrangements of a group are tried at most, those of five entries."""


def _arranged(case: Case) -> Array:
    """Every arrangement of the entries of a group, with their images, under s itself: the mean of the error."""
    largest = max(rows.shape[1] for rows in case.s.groups.split(case.x))
    if factorial(largest) > ARRANGEMENTS:
        raise Undefined(f"at most {ARRANGEMENTS} arrangements of a group are tried, {largest} entries have more")
    total = np.zeros(len(case))
    orders = list(permutations(range(largest)))
    for order in orders:
        x, image = (_moved(case, values, order) for values in (case.x, case.orders.image))
        mask = case.s.mask(image, x)
        total += powers(np.abs(x - np.where(mask, image, 0.0)), case.p).sum(axis=1)
    return np.asarray(total / len(orders))


def _moved(case: Case, values: Array, order: tuple[int, ...]) -> Array:
    """The entries of every group in another order; a short group in that of its places."""
    pieces = [rows[:, [i for i in order if i < rows.shape[1]]] for rows in case.s.groups.split(values)]
    return case.s.groups.join(pieces, values.shape)


def _blind(case: Case) -> Array:
    """Above the cut of its group an entry stays, at it with chance r/C, below it never."""
    s, parts = case.s, []
    lost, pruned = (powers(np.abs(e), case.p) for e in (case.x - case.orders.image, case.x))
    for level, kept, gone in zip(*map(s.groups.split, (np.abs(case.orders.image), lost, pruned)), strict=True):
        n = s.budget(level.shape[1])
        cut = -np.sort(-level, axis=1)[:, n - 1, None]
        above, tied = level > cut, level == cut
        share = (n - above.sum(axis=1, keepdims=True)) / tied.sum(axis=1, keepdims=True)
        chance = above + tied * share
        parts.append((chance * kept + (1 - chance) * gone).sum(axis=1).reshape(len(case), -1))
    return np.asarray(np.concatenate(parts, axis=1).sum(axis=1))


ARRANGED = Quantity(
    "arranged",
    r"\overline{\lVert\varepsilon_{s\circ q}\rVert_p^p}",
    "the p-th power of the error of Q→S under the tie rule of s, its mean over all arrangements of the entries of "
    "every group, each with its image",
    _arranged,
)
POWER_BY_ORIGINAL = Quantity(
    "E_original",
    r"\lVert\varepsilon_{s^*\circ q}\rVert_p^p",
    "the p-th power of the error of Q→S with ties of |q(x)| broken by |x|",
    lambda case: powers(np.abs(case.x - asking_originals(case)), case.p).sum(axis=1),
)
BLIND = Quantity(
    "blind",
    r"\sum_i\bigl(\pi_i|\varepsilon_q(x)_i|^p+(1-\pi_i)|x_i|^p\bigr)",
    "the sum of π_i |x_i − q(x)_i|^p + (1 − π_i)|x_i|^p: π_i is 1 where |q(x)_i| is above that of the last entry kept "
    "of its group, r/C where it is one of C that equal it and r of them are kept, else 0",
    _blind,
)
BY_PLACE = of_pipeline(
    "ties_by_place",
    "ties are broken by where entries lie, whatever the entries are",
    lambda s, q, p, shape: Ruling(s.ties.index_only, f"ties are broken by {s.ties}"),
)

THEOREM = Theorem(
    slug="index_ties",
    title="On average over arrangements every tie rule by index costs the same, as much as a blind choice, and never "
    "less than asking originals",
    claims=(Claim(ARRANGED, "==", BLIND, Norms.FINITE), Claim(POWER_BY_ORIGINAL, "<=", BLIND, Norms.FINITE)),
    where=(ARRANGED, BLIND, POWER_BY_ORIGINAL),
    given=(
        MAGNITUDE.shown(Case.of([7, 1.75, 2, 0], int_(4), nm(2, 4, ties=all_survive))),
        BY_PLACE.shown(Case.of([7, 1.75, 2, 0], int_(4), nm(2, 4, ties=by_original))),
        SIGNS.shown(Case.of([1, 1, 0.5, 0.25], bcq(1, rounding=floor), nm(1, 2), 2.0)),
        NORM.shown(Case.of([2, 2.375, 0, 7], int_(4), nm(2, 4), 0.5)),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(int_(4), int_(3, block=4), int_(4, rounding=floor), int_(2), hbfp(4, block=2)),
            *(mxint(4), mxfp(E2M1), mxfp(E4M3, block=4)),
        ),
        s=OneOf(
            *(nm(2, 4), nm(1, 4), nm(3, 4), nm(1, 2), nm(2, 4, ties=high_index)),
            *(nm(2, 4, ties=Introselect(side)) for side in Selected),
        ),
        p=OneOf(1.0, 1.5, 2.0, 3.0),
    ),
    witness=Attained(Case.of([7, 1.75, 2, 0], int_(4), nm(2, 4))),
    source=NEW,
)
