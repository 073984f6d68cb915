"""FTP: tokens go round blocks of a residual network; what each skip costs grows with the blocks that follow."""

from collections.abc import Sequence
from math import prod

import numpy as np

from sqtheory.arrays import Array
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

GAINS = (0.5, 0.25, 1.0)


def run(x: Array, gains: Sequence[float], skipped: frozenset[int]) -> Array:
    """x ← x + g_l x, block after block, but not where it is skipped."""
    for block, gain in enumerate(gains):
        x = x if block in skipped else x + gain * x
    return x


def skip_bound(branch: float, later: Sequence[float]) -> float:
    """‖f(x)‖ Π(1 + L_l): how far the output moves where a block is skipped and the branches after are L_l-Lipschitz."""
    return branch * prod(1 + one for one in later)


def attained() -> bool:
    """By linear branches, whichever block is skipped."""
    x, whole = np.array([3.0, 4]), run(np.array([3.0, 4]), GAINS, frozenset())
    return all(
        float(np.linalg.norm(whole - run(x, GAINS, frozenset({i}))))
        == skip_bound(GAINS[i] * float(np.linalg.norm(run(x, GAINS[:i], frozenset()))), GAINS[i + 1 :])
        for i in range(len(GAINS))
    )


def early_costs_more() -> bool:
    """Of two branches of one length at their place the earlier moves the output more."""
    return skip_bound(1.0, GAINS[1:]) > skip_bound(1.0, GAINS[2:]) > skip_bound(1.0, ())


METHOD = Idea(
    name="ftp",
    title="FTP: every token takes the blocks that a router chooses for it",
    source=Reference("li2024ftp", "abstract; the bound is that of any residual network"),
    computes="how far a skipped block moves the output at most.",
    outside="the router and its four inputs, and the searched schedule.",
    evidence=(
        Runs("the bound is attained by linear branches", OrderVerdict.none, attained),
        Runs(
            "a skipped block and one of quantized output obey the same bound, with the branch or its rounding error: "
            "early blocks cost more of either",
            OrderVerdict.none,
            early_costs_more,
        ),
    ),
)
