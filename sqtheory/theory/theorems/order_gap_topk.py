"""What the order costs under one top-k mask: quantizing first chooses blindly in the cell of the cut."""

from functools import cache
from math import comb

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import bcq, hbfp, int_, mxfp, mxint
from sqtheory.alphabet.rounding import floor, toward_zero
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import Undefined
from sqtheory.orders.errors import powers
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim, Norms, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import CHOICES, FROZEN_Z, MAGNITUDE, ORDERED, of_pipeline
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.order_gap_law import ONE_SCALE_PER_ROW, frozen_zero, groups_of


@cache
def masks_of(size: int, kept: int) -> Mask:
    """Every mask of so many entries: C(N, n) × N."""
    chosen = groups_of(size, kept)
    masks = np.zeros((len(chosen), size), bool)
    np.put_along_axis(masks, chosen, True, axis=1)
    return masks


def kept_of(case: Case) -> int:
    """k, how many entries of every row are kept. Raises Undefined for masks that keep no number of them."""
    if not case.s.fixed_budget:
        raise Undefined(f"{case.s} keeps no number of entries of a row")
    return int(np.count_nonzero(case.orders.mask[0]))


def _before_mask(case: Case) -> Array:
    """Σ over kept |x − q|^p, over pruned |x|^p, the mean over every mask that keeps no smaller image for a larger."""
    count, k = case.x.shape[1], kept_of(case)
    if comb(count, k) > CHOICES:
        raise Undefined(f"at most {CHOICES} masks of a row are tried, {case.s} has {comb(count, k)}")
    masks = masks_of(count, k)
    rank = case.s.score.of(case.orders.image) if case.s.score else case.orders.image
    least = np.where(masks, rank[:, None, :], np.inf).min(axis=2)
    most = np.where(masks, -np.inf, rank[:, None, :]).max(axis=2)
    valid = least >= most
    chance = valid.astype(np.float64) @ masks / valid.sum(axis=1, keepdims=True)
    kept, pruned = _losses(case)
    return np.asarray((kept * chance + pruned * (1 - chance)).sum(axis=1))


def _after_mask(case: Case) -> Array:
    kept, pruned = (powers(np.abs(case.x - y), case.p) for y in (case.orders.image, frozen_zero(case)))
    return np.asarray(np.where(case.orders.mask, kept, pruned).sum(axis=1))


def boundary(case: Case) -> tuple[Mask, Array, Array]:
    """The entries whose image is that of the k-th largest |x|, how many they are, and how many of them S→Q keeps."""
    n = kept_of(case)
    order = np.argsort(-np.abs(case.x), axis=1, kind="stable")
    level = np.abs(case.orders.image)
    cell = level == np.take_along_axis(level, order[:, n - 1 : n], axis=1)
    return cell, cell.sum(axis=1), (cell & case.orders.mask).sum(axis=1)


def _best_in_cell(case: Case) -> Array:
    """Σ over the cell of the cut of what S→Q loses there."""
    cell, _, _ = boundary(case)
    return np.asarray(np.where(cell, np.where(case.orders.mask, *_losses(case)), 0.0).sum(axis=1))


def _blind_in_cell(case: Case) -> Array:
    """Σ over the cell of the cut of (r/C)|x − q|^p + (1 − r/C)|x|^p."""
    cell, inside, kept = boundary(case)
    good, bad = (np.where(cell, loss, 0.0).sum(axis=1) for loss in _losses(case))
    return np.asarray((kept * good + (inside - kept) * bad) / inside)


def _losses(case: Case) -> tuple[Array, Array]:
    """|x − q|^p and |x|^p: what an entry costs when it is kept, and when it is pruned."""
    return powers(np.abs(case.x - case.orders.image), case.p), powers(np.abs(case.x), case.p)


AFTER = Quantity(
    "E_sq",
    r"\lVert\varepsilon_{q\circ s}\rVert_p^p",
    "the p-th power of the error of S→Q at the scales of x",
    _after_mask,
)
BEFORE = Quantity(
    "E_qs",
    r"\mathbb{E}\lVert\varepsilon_{s\circ q}\rVert_p^p",
    "the mean of the p-th power of the error of Q→S over all masks that keep the k largest |q(x)_i| of the row",
    _before_mask,
)
BEST = Quantity(
    "best",
    r"\sum_{\mathrm{kept\ in\ cell}}|\varepsilon_q(x)_i|^p+\sum_{\mathrm{pruned\ in\ cell}}|x_i|^p",
    "over the entries whose image is that of the k-th largest: |x − q|^p of those that S→Q keeps and |x|^p of the rest",
    _best_in_cell,
)
BLIND = Quantity(
    "blind",
    r"\sum_{\mathrm{cell}}\bigl(\tfrac rC|\varepsilon_q(x)_i|^p+(1-\tfrac rC)|x_i|^p\bigr)",
    "over the same C entries, of which S→Q keeps r: the sum of (r/C)|x − q|^p + (1 − r/C)|x|^p",
    _blind_in_cell,
)
ONE_GROUP = of_pipeline(
    "one_group",
    "the row is one mask group",
    lambda s, q, p, shape: Ruling(
        s.groups.count(shape) == 1, f"{s.groups} makes {s.groups.count(shape)} groups of shape {shape}"
    ),
)

THEOREM = Theorem(
    slug="order_gap_topk",
    title="Under one top-k mask the order costs what a blind choice in the cell of the cut loses against the best one",
    claims=(Claim(BEFORE + BEST, "==", AFTER + BLIND, Norms.FINITE),),
    where=(AFTER, BEFORE, BEST, BLIND),
    given=(
        FROZEN_Z.shown(Case.of([3, 3, -1], bcq(2), top(2, per=Rows()))),
        ORDERED.shown(Case.of([7, 2.875, -2.8125, 0], int_(4, rounding=floor), top(2, per=Rows()))),
        MAGNITUDE.shown(
            Case.of([7, 2.375, 2.625, 0], int_(4), top(2, per=Rows(), score=wanda(np.diag([8, 1.375, 1.0, 1.0])))),
        ),
        ONE_SCALE_PER_ROW.shown(Case.of([7, 0.5, 0.4375, 1], hbfp(4, block=2), top(3, per=Rows()))),
        ONE_GROUP.shown(Case.of([3, 2, 1, 0], int_(3), nm(1, 2))),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(int_(4), int_(3), int_(2), int_(4, rounding=toward_zero), hbfp(4), mxint(4), mxfp(E2M1), mxfp(E4M3)),
        s=OneOf(*(top(k, per=Rows()) for k in (2, 3, 4, 6))),
        p=OneOf(1.0, 1.5, 2.0),
    ),
    witness=Attained(Case.of([7, 1.75, 2, 0], int_(4), top(2, per=Rows()))),
    source=NEW,
)
