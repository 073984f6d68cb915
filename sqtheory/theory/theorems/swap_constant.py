"""By how much quantizing first can exceed the sum of both errors in L1: half a step for every swap, and no less."""

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3, Codebook
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, mxint, nvfp4, scaled
from sqtheory.alphabet.rounding import toward_zero
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.alphabet.ties import adversarial, by_original, high_index
from sqtheory.arrays import Array
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Approached, Claim, Norms, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import ERROR_Q, ERROR_QS, ERROR_S, MAGNITUDE, ONE_SCALE, ORDERED
from sqtheory.theory.theorem import Theorem


def lower_halves(case: Case) -> Array:
    """σ h⁻(v) for the image v of every entry: v less the lower end of its cell, 0 at v = 0; the shape of x.

    The cell of the smallest level begins at 0: without a zero that is all of v below it, whatever the rounding.
    Where another number d than σ makes the codes, cells are those of d, and v may lie below its own: 0 there.
    """
    fmt, image, sigma = case.q.format, np.abs(case.orders.image), np.abs(case.dense_scale)
    levels = np.unique(np.abs(fmt.values))
    reach = np.diff(levels, prepend=0.0) * (0.5 if case.q.rounding.nearest else 0.0)
    reach[0] = levels[0]
    ratio = np.divide(image, sigma, out=np.zeros_like(image), where=sigma > 0)
    nearest = np.abs(levels[np.clip(np.searchsorted(levels, ratio), 1, levels.size - 1)] - ratio)
    below = np.abs(levels[np.clip(np.searchsorted(levels, ratio) - 1, 0, levels.size - 1)] - ratio)
    index = np.clip(np.searchsorted(levels, ratio) - (below < nearest), 0, levels.size - 1)
    halves = np.where(image > 0, sigma * reach[index], 0.0)
    if case.q.scaling.exact_codes:
        return halves
    by = np.abs(case.spread(case.q.divisors(case.x, case.q.scales(case.x))))
    return np.where(image > 0, np.maximum(image - by * (levels[index] - reach[index]), 0), 0.0)


def _swapped_out(case: Case) -> Array:
    """1 where S→Q keeps and Q→S prunes, else 0."""
    return (case.orders.mask & ~case.orders.image_mask).astype(np.float64)


def _swapped_in(case: Case) -> Array:
    """1 where Q→S keeps and S→Q prunes, else 0."""
    return (case.orders.image_mask & ~case.orders.mask).astype(np.float64)


def _excess(case: Case) -> Array:
    size, error = np.abs(case.x), np.abs(case.x - case.orders.image)
    lost = _swapped_out(case) * (size - error) - _swapped_in(case) * size
    return np.asarray(lost.sum(axis=1))


def _budget(case: Case) -> Array:
    groups = case.groups
    halves = np.where(case.orders.image != 0, lower_halves(case), 0)
    most = groups.reduce(halves, lambda rows: rows.max(axis=1))
    swaps = groups.reduce(case.x, lambda rows: np.full(len(rows), _most_swaps(case, rows.shape[1])))
    return np.asarray((most * swaps).reshape(len(case), -1).sum(axis=1))


def _most_swaps(case: Case, size: int) -> float:
    kept = case.s.budget(size)
    return float(min(kept, size - kept))


EXCESS = Quantity(
    "swaps",
    r"\sum_{\mathrm{swaps}}\bigl(a-b-|a-v|\bigr)",
    "the sum of |x_i| − |x_i − q(x)_i| over entries kept by S→Q alone, less |x_j| over those kept by Q→S alone",
    _excess,
)
BOTH = Quantity(
    "both",
    r"\sum_{\mathrm{pruned\ twice}}|\varepsilon_q(x)_i|",
    "the sum of |x_i − q(x)_i| over entries that both orders prune",
    lambda case: np.where(case.orders.mask | case.orders.image_mask, 0.0, np.abs(case.x - case.orders.image)).sum(
        axis=1
    ),
)
HALVES = Quantity(
    "halves",
    r"\sum_{\mathrm{swaps}}h^-(v)",
    "the sum of h⁻(v) = v − (lower end of the cell of v) over the images v of entries kept by S→Q alone",
    lambda case: (_swapped_out(case) * lower_halves(case)).sum(axis=1),
)
BUDGET = Quantity(
    "budget",
    r"\sum_G\min(k_G,|G|-k_G)\max_{G}h^-",
    "the sum over groups of min(k, |G| − k) times the largest h⁻ of an image in the group",
    _budget,
)


def lower_end(epsilon: float) -> Case:
    """(7, 3/2 + ε, 2, 0): 3/2 + ε rounds to 2 and stays, 2 goes."""
    return Case.of([7, 1.5 + epsilon, 2, 0], int_(4), nm(2, 4))


LOPSIDED = scaled(Codebook("lopsided", (-6.0, -1.0, 0.0, 4.0, 5.0)))
"""A grid whose magnitudes differ so much between the signs that −3.625 goes to −6 and 5 stays."""

THEOREM = Theorem(
    slug="swap_constant",
    title="In L1, quantizing first exceeds the sum of both errors by at most h⁻(v) for every swap",
    claims=(
        Claim(ERROR_QS - ERROR_S - ERROR_Q, "<=", HALVES, Norms.ONE),
        Claim(ERROR_QS - ERROR_S - ERROR_Q, "==", EXCESS - BOTH, Norms.ONE),
        Claim(HALVES, "<=", BUDGET, Norms.ONE),
    ),
    where=(ERROR_QS, ERROR_S, ERROR_Q, HALVES, EXCESS, BOTH, BUDGET),
    given=(
        MAGNITUDE.shown(
            Case.of([7, 6.375, 0.625, 0], int_(4), nm(2, 4, score=wanda(np.diag([16.0, 1.0, 9.0, 1.0])))),
        ),
        ORDERED.shown(Case.of([5, -3.625], LOPSIDED, nm(1, 2))),
        ONE_SCALE.shown(Case.of([3, 6, 0, 4], int_(3, block=2), nm(2, 4))),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(int_(4), int_(3, block=4), int_(2), int_(4, rounding=toward_zero), hbfp(4), mxint(4)),
            *(mxfp(E2M1), mxfp(E4M3, block=4), nvfp4(block=8), bcq(2, zero=True), bcq(1), bcq(3, block=4)),
        ),
        s=OneOf(
            *(nm(2, 4), nm(1, 4), nm(3, 4), nm(2, 4, ties=high_index), nm(2, 4, ties=by_original)),
            nm(2, 4, ties=adversarial),
        ),
    ),
    witness=Approached(lower_end),
    source=NEW,
    formal=("swap_constant", "swap_excess", "swap_constant_uniform", "swap_constant_attained", "swap_constant_sharp"),
)
