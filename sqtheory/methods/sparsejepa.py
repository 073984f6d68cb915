"""SparseJEPA: groups of latent variables, and what maps of each or of several do to what they tell of each other."""

from collections.abc import Callable
from math import log2

from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference

Joint = dict[tuple[int, int], float]
PAIRS: Joint = {(0, 0): 0.25, (1, 1): 0.25, (2, 3): 0.25, (3, 2): 0.25}
APART: Joint = {(a, b): 0.25 for a in (0, 1) for b in (0, 1)}


def multi_information(joint: Joint) -> float:
    """Σ p log₂ p/(p_x p_y), in bits, of two variables: what they tell of each other."""
    left, right = ({v: sum(p for k, p in joint.items() if k[i] == v) for v in {k[i] for k in joint}} for i in (0, 1))
    return sum(p * log2(p / (left[a] * right[b])) for (a, b), p in joint.items())


def mapped(joint: Joint, f: Callable[[int, int], tuple[int, int]]) -> Joint:
    """The distribution of f(x, y)."""
    image: Joint = {}
    for (a, b), p in joint.items():
        image[f(a, b)] = image.get(f(a, b), 0.0) + p
    return image


def coarser_tells_less() -> bool:
    """Rounding each to even numbers alone leaves 1 of 2 bits."""
    image = mapped(PAIRS, lambda a, b: (2 * (a // 2), 2 * (b // 2)))
    return multi_information(PAIRS) == 2 and multi_information(image) == 1


def mixing_tells_more() -> bool:
    """Of two independent bits a, b the map to (a, a ∧ b) makes dependent ones."""
    return multi_information(APART) == 0 and multi_information(mapped(APART, lambda a, b: (a, a & b))) > 0.3


METHOD = Idea(
    name="sparsejepa",
    title="SparseJEPA: grouped latents that tell less of each other",
    source=Reference("hartman2025sparsejepa", "abstract and the appendix on multi-information"),
    computes="multi-information of discrete variables before and after maps of each, and of both.",
    outside="the embeddings, which are trained.",
    evidence=(
        Runs(
            "a map of each variable alone, as quantizing is, never makes them tell more: here 1 bit instead of 2",
            OrderVerdict.none,
            coarser_tells_less,
        ),
        Runs(
            "a map that mixes variables can, from 0 to 0.31 bits: grouping must keep to its group",
            OrderVerdict.none,
            mixing_tells_more,
        ),
    ),
)
