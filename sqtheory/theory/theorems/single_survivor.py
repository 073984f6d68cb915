"""Scales may move where one entry of the block is left: it is the maximum, which comes back as it is."""

from math import inf

import numpy as np
import sympy

from sqtheory.alphabet.formats import Codebook
from sqtheory.alphabet.partition import Partition, Rows, Shape
from sqtheory.alphabet.quantizers import Quantizer, bcq, hbfp, int_, scaled
from sqtheory.alphabet.rounding import floor, stochastic
from sqtheory.alphabet.scaling import Reach
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, threshold, top
from sqtheory.arrays import Mask
from sqtheory.orders.definition import replaced
from sqtheory.orders.pair import Pair
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Attained, Claim, Norms
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import (
    ERROR_Q,
    ERROR_S,
    ERROR_SQ,
    NORM,
    POWER_Q,
    POWER_S,
    POWER_SQ,
    STEADY,
    Z,
    of_pipeline,
)
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.score_keeps_scale import on_level

QUARTERS = Codebook("quarters", tuple(float(v) for v in range(-4, 5)))
"""Levels whose largest is a power of two: the scale of a maximum is exact."""


def _alone(case: Case) -> Mask:
    """No scale moves but of blocks of which at most one entry that is not 0 is kept."""
    kept = case.orders.mask & (case.x != 0)
    survivors = case.q.partition.reduce(kept, lambda rows: np.asarray(rows.sum(axis=1)))
    moved = replaced(case.q.placed(case.orders.sparse), case.q.placed(case.x))
    return np.asarray((~moved | (survivors <= 1)).reshape(len(case), -1).all(axis=1))


def _ruling_of_alone(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    known = Pair(s, q).on(shape)
    if known.scale.closed:
        return known.scale
    if not (s.by_magnitude and q.scaling.max_determined and q.scaling.looks_at is Reach.block):
        return known.scale
    most = left_at_most(s, q.partition, shape)
    why = f"a block whose maximum is pruned keeps at most {most} {'entry' if most == 1 else 'entries'} of other groups"
    return Ruling(most <= 1, why)


def left_at_most(s: Sparsifier, blocks: Partition, shape: Shape) -> int:
    r"""How many entries a block keeps at most whose scale moves under a magnitude mask.

    Its maximum lies in a group G with |G ∖ B| ≥ k_G, B ⊄ G, whose kept entries are as large and so lie outside B, and
    of any other group G′ at most min(k_{G′}, |G′ ∩ B|) entries of B are kept.
    """
    block, group = (
        boxes.spread(np.arange(boxes.count(shape)).reshape(boxes.grid(shape)), shape).ravel()
        for boxes in (blocks, s.groups)
    )
    pairs, common = np.unique(np.stack([block, group]), axis=1, return_counts=True)
    sizes, of_block = np.bincount(group), np.bincount(block)
    budgets = np.array([s.budget(int(n)) for n in sizes])[pairs[1]]
    held = np.minimum(budgets, common)
    others = np.bincount(pairs[0], weights=held).astype(np.intp)[pairs[0]] - held
    moves = (common < of_block[pairs[0]]) & (sizes[pairs[1]] - common >= budgets)
    return int(others[moves].max(initial=0))


def _exact(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    exact = on_level(q.format, q)
    return Ruling(exact, f"the maximum of a block {'is' if exact else 'need not be'} a level at the scale of {q}")


ALONE = Assumption(
    "alone_if_moved",
    "where the scale of a block changes, at most one entry of it that is not 0 is kept",
    _alone,
    _ruling_of_alone,
)
EXACT = of_pipeline(
    "exact_maximum", "max |x_B|/σ_B and its negative are levels, in real arithmetic: the maximum comes back", _exact
)

THEOREM = Theorem(
    slug="single_survivor",
    title="A scale that moves for one survivor adds no error where block maxima are levels: both errors bound S→Q",
    claims=(
        Claim(ERROR_SQ, "<=", ERROR_S + ERROR_Q),
        Claim(POWER_SQ, "<=", POWER_S + POWER_Q, Norms.FINITE),
        Claim(POWER_SQ, "<=", sympy.Max(POWER_S, POWER_Q), Norms.LARGEST),
    ),
    where=(ERROR_SQ, ERROR_S, ERROR_Q, POWER_SQ, POWER_S, POWER_Q),
    given=(
        Z.shown(Case.of([3, -1], bcq(2), nm(1, 2))),
        ALONE.shown(Case.of([7, 3, 1, 0], int_(4), nm(2, 4, score=given([0, 3, 2, 1])))),
        EXACT.shown(Case.of([0, 0, 3, 3, 1, 0], hbfp(4, block=3), nm(1, 2))),
        STEADY.shown(Case.of([7, 3.25, 0, 0] * 8, int_(4, rounding=stochastic(np.random.default_rng(3))), nm(2, 4))),
        NORM.shown(Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4), 0.5)),
    ),
    domain=Domain(
        x=Arrays(12, subnormal=False),
        q=OneOf(
            *(int_(2, block=3), int_(4, block=3), int_(4, block=2), scaled(QUARTERS, block=3)),
            *(scaled(QUARTERS, block=4), int_(3, block=6, rounding=floor)),
        ),
        s=OneOf(nm(1, 2), nm(1, 4), nm(2, 4), nm(1, 3), top(0.25, per=Rows()), threshold(0.5)),
        p=OneOf(1.0, 1.5, 2.0, 3.0, inf),
    ),
    witness=Attained(Case.of([0, 0, 4, 8, 4, 5], scaled(QUARTERS, block=3), nm(1, 2))),
    source=NEW,
)
