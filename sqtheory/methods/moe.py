"""Mixtures of experts: a gate keeps the k largest router logits of a token, a mask on its activations."""

from itertools import product

import numpy as np

from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import margin

LOGITS = np.array([3.0, 2.0, 1.0, -1.0])


def experts(logits: np.ndarray[tuple[int], np.dtype[np.float64]], k: int) -> frozenset[int]:
    """The k largest, of equal ones those of least index."""
    return frozenset(np.argsort(-logits, kind="stable")[:k].tolist())


def gap_decides() -> bool:
    """Logits moved by less than half the gap at the cut keep their experts, by half of it they need not."""
    moves = [np.array(m) for m in product((-1.0, 0.0, 1.0), repeat=4)]
    below = all(experts(LOGITS + 0.499 * m, 2) == {0, 1} for m in moves)
    return below and any(experts((LOGITS + 0.501 * m), 2) != {0, 1} for m in moves)


METHOD = Idea(
    name="moe",
    title="Mixtures of experts: a gate that keeps k",
    source=Reference("shazeer2017moe", "§2.1, (3) to (5), without the noise"),
    computes="how far router logits may be off before other experts answer.",
    outside="balancing loads, which is trained.",
    rests_on=(margin.THEOREM,),
    evidence=(
        Runs(
            "the experts of a token stay where quantizing moves no logit by half the gap at the cut, which is sharp",
            OrderVerdict.none,
            gap_decides,
        ),
    ),
)
