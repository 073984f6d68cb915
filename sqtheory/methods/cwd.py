"""Channel-wise distillation: T² KL(softmax(t/T) ‖ softmax(s/T)) over the places of every channel."""

import numpy as np

from sqtheory.arrays import Array
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

TEACHER, STUDENT = np.array([[2.0, 0, -1, 3]]), np.array([[1.0, 0.5, -2, 2]])


def distance(teacher: Array, student: Array, temperature: float) -> float:
    """T²/C Σ_c KL of the softmax over places; both (channels, places). ValueError for T ≤ 0."""
    if temperature <= 0:
        raise ValueError(f"a temperature is positive: got {temperature}")
    log_p, log_q = (_log_softmax(x / temperature) for x in (teacher, student))
    return float(temperature**2 * np.sum(np.exp(log_p) * (log_p - log_q)) / len(teacher))


def _log_softmax(x: Array) -> Array:
    down = x - x.max(axis=1, keepdims=True)
    return np.asarray(down - np.log(np.exp(down).sum(axis=1, keepdims=True)))


def offsets_are_free() -> bool:
    """A number added to a channel, as a zero point adds it, changes nothing."""
    plain, moved = (distance(TEACHER, STUDENT + d, 2.0) for d in (0.0, 4.0))
    return abs(plain - moved) <= 1e-12


def warm_is_squares() -> bool:
    """As T grows it tends to half the variance of t − s over places."""
    return bool(abs(distance(TEACHER, STUDENT, 1e4) - 0.5 * np.var(TEACHER - STUDENT)) <= 1e-3)


METHOD = Idea(
    name="cwd",
    title="Channel-wise distillation of activation maps",
    source=Reference("shu2021cwd", "§3.2, (4) and (5)"),
    computes="the loss, and what of a quantized channel it does not see.",
    outside="the training by it.",
    evidence=(
        Runs("an offset of a channel is free: it sees no zero point", OrderVerdict.none, offsets_are_free),
        Runs(
            "at high temperatures it is half the variance of the difference over places",
            OrderVerdict.none,
            warm_is_squares,
        ),
    ),
)
