"""IST: in every step layers are drawn by the softmax of their importance, and only those are updated."""

import numpy as np

from sqtheory.arrays import Array
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

IMPORTANCE = np.array([2.0, 0, -1])
CURVATURE = np.array([1.0, 0.5, 2])


def chances(importance: Array, temperature: float = 1.0) -> Array:
    """softmax(I/T): the chance of each layer in one draw. Raises ValueError for T ≤ 0."""
    if temperature <= 0:
        raise ValueError(f"a temperature is positive: got {temperature}")
    made = np.exp((importance - importance.max()) / temperature)
    return np.asarray(made / made.sum())


def kept_error(chance: Array, curvature: Array, rate: float) -> Array:
    """1 − p(1 − (1 − ηh)²): by which one step, taken with chance p, multiplies E e² of ½ h e²."""
    return np.asarray(1 - chance * (1 - (1 - rate * curvature) ** 2))


def converges() -> bool:
    """Every layer with a chance converges below the rate 2/h, the slower the smaller its chance; above none does."""
    p = chances(IMPORTANCE)
    slow, fast = kept_error(p, CURVATURE, 0.5), kept_error(np.ones(3), CURVATURE, 0.5)
    return bool(((fast < slow) & (slow < 1)).all() and (kept_error(p, CURVATURE, 4.5) > 1).all())


def cold_starves() -> bool:
    """As T falls all draws go to the most important layer, and what the others err stays."""
    p = chances(IMPORTANCE, 0.01)
    return bool(p[0] > 1 - 1e-12 and (kept_error(p, CURVATURE, 0.5)[1:] > 1 - 1e-12).all())


METHOD = Idea(
    name="ist",
    title="IST: layers are tuned as often as they matter",
    source=Reference("yao2024ist", "Figure 3 and abstract; one layer a draw, on a diagonal quadratic"),
    computes="the chances, and the exact rate at which sampled steps converge.",
    outside="importance, which is estimated from responses while training.",
    evidence=(
        Runs(
            "all layers converge, and what a step takes off is in proportion to its chance",
            OrderVerdict.none,
            converges,
        ),
        Runs("a cold softmax leaves all layers but one as they are", OrderVerdict.none, cold_starves),
    ),
)
