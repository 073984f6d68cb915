"""Sparse linear recurrent networks: magnitude masks shared among layers as by ERK, a diagonal state in fixed point."""

import numpy as np

from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.rounding import Rounding, floor, nearest_even
from sqtheory.alphabet.sparsifiers import top
from sqtheory.arrays import Array
from sqtheory.methods.evidence import Holds, OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import prune_first_dominates


def states(decay: Array, inputs: Array, step: float = 0.0, rounding: Rounding = nearest_even) -> Array:
    """h_t = λ h_{t−1} + u_t from h_0 = u_0, every state rounded to multiples of a step if it is > 0.

    decay: (state,), real or complex; inputs: (times, state). A complex state is rounded in both parts.
    """
    h, found = np.zeros_like(inputs[0]), []
    for u in inputs:
        h = decay * h + u
        if step:
            h = _rounded(h, step, rounding)
        found.append(h)
    return np.asarray(found)


def reach(decay: Array, times: int) -> Array:
    """Σ_{t < T} |λ|^t, (state,): a state errs by as many of the largest error of one rounding, at most."""
    return np.asarray((np.abs(decay)[None, :] ** np.arange(times)[:, None]).sum(axis=0))


def _rounded(h: Array, step: float, rounding: Rounding) -> Array:
    if np.iscomplexobj(h):
        return np.asarray(_rounded(h.real, step, rounding) + 1j * _rounded(h.imag, step, rounding))
    return np.asarray(rounding.integer(h / step) * step)


SLOW, START = np.array([15 / 16]), np.array([[8.0], *[[0.0]] * 40])
"""A decay of a sixteenth a time, and one input."""


def stands_still() -> bool:
    """The state of START, rounded to integers, stays 8, and errs by all that half a step a time can make."""
    lost = states(SLOW, START, 1.0) - states(SLOW, START)
    bounds = [reach(SLOW, t)[0] / 2 for t in range(len(START))]
    return bool(np.allclose(lost[:, 0], bounds, rtol=1e-12))


def floored_stands_twice_as_far() -> bool:
    """Floored, a state without input comes to rest at −15 from below; rounded to nearest, at −8."""
    start = np.concatenate([[[-40.0]], np.zeros((200, 1))])
    return [float(states(SLOW, start, 1.0, way)[-1, 0]) for way in (floor, nearest_even)] == [-15, -8]


METHOD = Idea(
    name="sparse_rnn",
    title="Sparse linear recurrent networks in fixed point",
    source=Reference(
        "pierro2025accelerating", "abstract; stevenabreu7/SparseRNNs a012826, sparseRNNs/fxparray_np.py, which floors"
    ),
    computes="how far rounding a diagonal state carries; masks of weights are those of ``erk``, by magnitude.",
    outside="training, and speed on a neuromorphic chip.",
    evidence=(
        Holds(
            "of the weights, by magnitude under one scale: what ERK gives a layer depends on neither",
            prune_first_dominates.THEOREM,
            Case.of([7, 2.5, 1, 1], int_(4), top(2, per=Rows())),
        ),
        Runs(
            "a state errs by half a step times Σ|λ|^t at most, and can: what decays slowly stands still",
            OrderVerdict.none,
            stands_still,
        ),
        Runs(
            "floored, as published code does by default, it comes to rest about twice as far from 0",
            OrderVerdict.none,
            floored_stands_twice_as_far,
        ),
    ),
)
