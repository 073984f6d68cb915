"""Týr-the-Pruner: groups of channels leave in rounds, each at the least loss with the others refitted."""

from collections.abc import Sequence

import numpy as np

from sqtheory.alphabet.compensation.refit import refitted
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import refit_optimal

H = np.array([[4.0, 3, -1, -4, 0], [3, 14, -2, -12, 7], [-1, -2, 6, 2, 4], [-4, -12, 2, 13, -6], [0, 7, 4, -6, 11]])
W = np.array([2.0, -2, 1, 3, -2])


def group_loss(w: Array, inverse: Array, group: Sequence[int]) -> float:
    """½ w_g ([H⁻¹]_gg)⁻¹ w_gᵀ: the least ½ (w − v) H (w − v)ᵀ over all v that are 0 on the group."""
    part = w[list(group)]
    return float(part @ np.linalg.solve(inverse[np.ix_(group, group)], part) / 2)


def without(inverse: Array, group: Sequence[int]) -> Array:
    """H⁻¹ − H⁻¹_:g ([H⁻¹]_gg)⁻¹ H⁻¹_g:, whose other rows and columns are the inverse of H without the group."""
    columns = inverse[:, list(group)]
    return np.asarray(inverse - columns @ np.linalg.solve(inverse[np.ix_(group, group)], columns.T))


def in_rounds(w: Array, h: Array, groups: Sequence[Sequence[int]], count: int) -> tuple[int, ...]:
    """``count`` groups, in each round that of least loss beside those before. Raises ValueError for too many."""
    if count > len(groups):
        raise ValueError(f"{count} of {len(groups)} groups cannot be pruned")
    inverse = np.linalg.inv(h)
    gone: list[int] = []
    for _ in range(count):
        left = [g for g in range(len(groups)) if g not in gone]
        gone.append(min(left, key=lambda g: group_loss(w, inverse, [i for k in (*gone, g) for i in groups[k]])))
    return tuple(sorted(gone))


def rounds_can_lose() -> bool:
    """Three of five inputs: one round takes the first three, three rounds another set, which loses more."""
    inverse, single = np.linalg.inv(H), [[i] for i in range(5)]
    once = sorted(np.argsort([group_loss(W, inverse, g) for g in single])[:3].tolist())
    slowly = in_rounds(W, H, single, 3)
    return group_loss(W, inverse, slowly) > group_loss(W, inverse, once) + 1


def refit_leaves_the_grid() -> bool:
    """Rounded, pruned and refitted, what stays is no code; refitted first and rounded, it is."""
    q, row = int_(4, block=4), np.array([[7.0, -5, 3, 2]])
    h = np.eye(4) + np.ones((4, 4))
    late = refitted(q(row), nm(2, 4).mask(q(row)), h)
    early = q(refitted(row, nm(2, 4).mask(row), h))
    return not np.array_equal(q(late), late) and np.array_equal(q(early), early)


METHOD = Idea(
    name="tyr",
    title="Týr-the-Pruner: groups leave in rounds, the others are refitted",
    source=Reference("li2025tyr", "abstract; the loss of a group is that of optimal brain surgery"),
    computes="the loss of a group, the inverse without it, and rounds against one.",
    outside="the search over densities of layers, which runs the model.",
    rests_on=(refit_optimal.THEOREM,),
    evidence=(
        Runs("rounds can lose more than one round, though the first two never do", OrderVerdict.none, rounds_can_lose),
        Runs(
            "quantizing before the refit leaves the grid: prune, refit, then round",
            OrderVerdict.none,
            refit_leaves_the_grid,
        ),
    ),
)
