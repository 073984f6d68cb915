"""Temporal sparsity: activations in time are rounded to multiples of a step, and what changes of them is sent.

Sequences x are (times, channels); the step θ is one number or one for every channel.
"""

import numpy as np

from sqtheory.arrays import Array
from sqtheory.methods.channel import OrderChannel
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import delta_coding

Step = float | Array


def sent(x: Array, step: Step) -> Array:
    """Δ_t = x̂_t − x̂_{t−1} for x̂ = θ·rint(x/θ), x̂ before the first time 0: zero where x stays in its cell."""
    return np.diff(_rounded(x, step), axis=0, prepend=0.0)


def received(sums: Array) -> Array:
    """Σ_{s ≤ t} Δ_s."""
    return np.cumsum(sums, axis=0)


def sent_without_first(x: Array, step: Step) -> Array:
    """What published code sends where the first frame is not: x̂_{t−1} − x̂_t, of opposite sign, the first one twice."""
    changes = -np.diff(_rounded(x, step), axis=0)
    return np.concatenate([changes[:1], changes])


def pruned_first(x: Array, step: Step) -> Array:
    """Differences of x, those below half a step pruned, then rounded: S→Q."""
    changes = np.diff(x, axis=0, prepend=0.0)
    return _rounded(np.where(2 * np.abs(changes) < step, 0.0, changes), step)


def unchanged(speed: float, step: float) -> float:
    """The share of starting points from which x, moved by ``speed``, stays in its cell: max(0, 1 − |speed|/θ)."""
    return max(0.0, 1 - abs(speed) / step)


def _rounded(x: Array, step: Step) -> Array:
    return np.asarray(np.rint(x / step) * step)


RAMP = np.arange(33.0)[:, None] * 0.25
"""A quarter of a step a time, 8 steps in all."""


def quantized_first_is_close() -> bool:
    """Of RAMP what is received is within half a step at every time, and three of four differences are 0."""
    changes = sent(RAMP, 1.0)
    close = np.abs(received(changes) - RAMP).max() <= 0.5
    return bool(close and np.count_nonzero(changes) == 8)


def pruned_first_is_lost() -> bool:
    """Of RAMP no difference is left, and the last time errs by 8 steps."""
    return bool(np.abs(received(pruned_first(RAMP, 1.0)) - RAMP)[-1, 0] == 8)


METHOD = Idea(
    name="temporal_sparsity",
    title="Temporal sparsity: what changes of rounded activations is sent (delta activation layer)",
    source=Reference("yousefzadeh2021training", "abstract; formulas as its authors' layer for Keras has them"),
    computes="what is sent and received, how often nothing is, and how far S→Q drifts.",
    outside="steps that are trained, with the L1 norm of what is sent as a penalty.",
    rests_on=(delta_coding.THEOREM,),
    evidence=(
        Runs(
            "rounded first, what is received errs by half a step at any time, and most differences are 0",
            OrderVerdict.none,
            quantized_first_is_close,
        ),
        Runs(
            "pruned first, differences in time below half a step are lost one by one, and the error grows without end",
            OrderVerdict.fails,
            pruned_first_is_lost,
            through=(OrderChannel.transform,),
        ),
    ),
)
