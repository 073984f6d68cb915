"""The sparse frontier: pages of keys are chosen by a bound on their logits, which must be rounded outwards."""

import numpy as np

from sqtheory.arrays import Array
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

QUERY = np.array([2.0, -1])
PAGE = np.array([[0.3, 0.7], [0.45, -0.3], [-0.2, 0.1]])


def page_bound(query: Array, low: Array, high: Array) -> float:
    """Σ_i max(q_i low_i, q_i high_i) ≥ q·k for every key k in the box from low to high. ValueError where low > high."""
    if (low > high).any():
        raise ValueError("a page's low is above its high")
    return float(np.maximum(query * low, query * high).sum())


def outwards(low: Array, high: Array, step: float) -> tuple[Array, Array]:
    """The box on a grid of this step: down and up."""
    return np.floor(low / step) * step, np.ceil(high / step) * step


def holds() -> bool:
    """The bound is above the largest logit, exactly and on an outward grid of step ½."""
    low, high = PAGE.min(axis=0), PAGE.max(axis=0)
    largest = float((PAGE @ QUERY).max())
    return largest <= page_bound(QUERY, low, high) <= page_bound(QUERY, *outwards(low, high, 0.5))


def nearest_fails() -> bool:
    """A page of one key (0.7, 0): rounded to the nearest half its bound is 1, its logit 1.4."""
    key = np.array([0.7, 0.0])
    near = np.round(key / 0.5) * 0.5
    return page_bound(QUERY, near, near) == 1.0 < float(key @ QUERY)


METHOD = Idea(
    name="sparse_frontier",
    title="The sparse frontier: patterns of attention, of which Quest's has a bound",
    source=Reference("tang2024quest", "Figure 5, stage 1; one of the patterns that nawrot2025frontier compares"),
    computes="Quest's bound on the logits of a page, and how its ends may be rounded.",
    outside="which pattern suits which task, measured on models.",
    evidence=(
        Runs("it is a bound, and stays one where ends are rounded outwards", OrderVerdict.none, holds),
        Runs("rounded to nearest it can miss the key that it is there to find", OrderVerdict.none, nearest_fails),
    ),
)
