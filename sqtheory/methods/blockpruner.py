"""BlockPruner: attention and feed-forward halves of layers leave one at a time, the least harmful first."""

from collections.abc import Callable, Sequence
from itertools import combinations

from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

Loss = Callable[[frozenset[int]], float]


def greedy(parts: Sequence[int], count: int, loss: Loss) -> frozenset[int]:
    """``count`` parts, each that of least cost beside those before it. Raises ValueError for too many."""
    if count > len(parts):
        raise ValueError(f"{count} of {len(parts)} parts cannot be left out")
    gone: frozenset[int] = frozenset()
    for _ in range(count):
        gone |= {min((part for part in parts if part not in gone), key=lambda part: loss(gone | {part}))}
    return gone


def cancelling(gone: frozenset[int]) -> float:
    """Parts that add 3, −3, 1 and 2 to a sum: what their absence changes, squared."""
    return float(sum((3, -3, 1, 2)[part] for part in gone) ** 2)


def misses() -> bool:
    """Leaving out two: greedily 1 and −3 go, for 4; 3 and −3 would be for nothing."""
    best = min(cancelling(frozenset(two)) for two in combinations(range(4), 2))
    return cancelling(greedy(range(4), 2, cancelling)) == 4 and best == 0


METHOD = Idea(
    name="blockpruner",
    title="BlockPruner: halves of layers leave one at a time",
    source=Reference("zhong2024blockpruner", "§3, the greedy search"),
    computes="the greedy search, against all sets.",
    outside="perplexity of a trained model, its loss.",
    evidence=(
        Runs(
            "the greedy set can lose where another loses nothing, since parts make up for each other",
            OrderVerdict.none,
            misses,
        ),
    ),
)
