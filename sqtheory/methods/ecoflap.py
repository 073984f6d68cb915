"""ECoFLaP: densities of layers by how much a loss changes both ways along random directions of one layer."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, floor

import numpy as np

from sqtheory.alphabet.allocation.densities import capped_proportional
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.methods.channel import OrderChannel
from sqtheory.methods.evidence import Holds, OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import prune_first_dominates

W, CURVED, AIMS = np.array([1.375, 3.0]), np.array([1.0, 0.25]), np.array([2.0, -0.25])
"""Two layers of a weight each, on a grid of whole numbers 1 and 3; curvatures and minima of their losses."""


def two_sided(loss: Callable[[Array], float], weight: Array, along: Array, eps: float) -> float:
    """|L(w + ε z) − L(w − ε z)|/2ε: |⟨z, ∇L⟩| of a quadratic loss for every ε, √(2/π) ‖∇L‖ on average over normal z.

    Raises ValueError unless ε > 0.
    """
    if not eps > 0:
        raise ValueError(f"a difference needs a step above 0, got {eps}")
    return abs(loss(weight + eps * along) - loss(weight - eps * along)) / (2 * eps)


def kept(scores: Sequence[Fraction], sizes: Sequence[int], budget: int, most: Fraction) -> tuple[int, ...]:
    """Entries that layers keep of a budget: ⌈(1 − most) n_l⌉ each, the rest in proportion to scores, none above n_l.

    ``most``: the largest sparsity of a layer. Their sum is the budget. Raises ValueError where it is less than what
    every layer keeps or more than all entries, or where layers of score 0 would have to keep more.
    """
    low = [ceil(n * (1 - most)) for n in sizes]
    rooms = [(at, n - least) for at, (n, least) in enumerate(zip(sizes, low, strict=True)) if n > least]
    rest, room = budget - sum(low), sum(size for _, size in rooms)
    if not 0 <= rest <= room:
        raise ValueError(f"a budget of {budget} is not from {sum(low)} to {sum(sizes)}, what layers can keep")
    if rest:
        weights = [Fraction(scores[at]) / size for at, size in rooms]
        more = capped_proportional([size for _, size in rooms], weights, Fraction(rest, room)).kept
        for (at, _), count in zip(rooms, more, strict=True):
            low[at] += count
    return tuple(low)


def kept_as_published(scores: Sequence[Fraction], sizes: Sequence[int], budget: int, most: Fraction) -> tuple[int, ...]:
    """As the official code counts: shares rounded up until the budget is reached, and what exceeds it is added again.

    Of a layer as many at most as it keeps above its least, from the fullest on, so that one can keep more than it has.
    Raises ValueError where layers of score 0 would have to keep more.
    """
    now, open_ = [ceil(n * (1 - most)) for n in sizes], [Fraction(s) for s in scores]
    while (rest := budget - sum(now)) > 0:
        if not (whole := sum(open_)):
            raise ValueError(f"layers of score 0 keep no more, and {rest} entries were to be kept")
        now = [count + ceil(score / whole * rest) for count, score in zip(now, open_, strict=True)]
        open_ = [Fraction(0) if c >= n else score for c, n, score in zip(now, sizes, open_, strict=True)]
        now = [min(c, n) for c, n in zip(now, sizes, strict=True)]
    excess = sum(now) - budget
    while excess > 0:
        for at in sorted(range(len(now)), key=lambda layer: -now[layer]):
            moved = min(excess, now[at] - floor(sizes[at] * (1 - most)))
            now[at], excess = now[at] + moved, excess - moved
    return tuple(now)


def loss(w: Array) -> float:
    return float(0.5 * np.sum(CURVED * (w - AIMS) ** 2))


def ranked_too_early() -> bool:
    """On dense weights the second layer leads, on whole numbers the first: keeping that one loses less."""
    unit, image = np.eye(2), np.round(W)
    lead = [int(np.argmax([two_sided(loss, w, z, 0.5) for z in unit])) for w in (W, image)]
    return lead == [1, 0] and loss(image * unit[1]) > loss(image * unit[0])


def adds_what_is_too_much() -> bool:
    """Of three equal layers of 10 and a budget of 10 it keeps 14."""
    layers = ([Fraction(1)] * 3, [10] * 3, 10, Fraction(1))
    return sum(kept_as_published(*layers)) == 14 and sum(kept(*layers)) == 10


METHOD = Idea(
    name="ecoflap",
    title="ECoFLaP: layers keep in proportion to how much the loss changes along them",
    source=Reference("sung2024ecoflap", "ylsung/ECoFLaP 59dac0a, CoOp/trainers/pruners/layer_single_base_pruner.py"),
    computes="the change both ways, exact for quadratic losses, and counts of one budget with a cap.",
    outside="losses of vision-language models; masks within layers are Wanda's or SparseGPT's.",
    evidence=(
        Runs(
            "layers ranked before they are rounded can be ranked wrong, and the one to keep is pruned",
            OrderVerdict.fails,
            ranked_too_early,
            through=(OrderChannel.selection,),
        ),
        Runs("as published what exceeds the budget is added, not removed", OrderVerdict.none, adds_what_is_too_much),
        Holds(
            "with counts given, by magnitude within one scale block",
            prune_first_dominates.THEOREM,
            Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4)),
        ),
    ),
)
