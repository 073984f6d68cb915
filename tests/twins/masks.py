"""Boxes, ranks, masks, gains and the overlap condition by definition: enumerated indices, sets and sorted lists."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Index = tuple[int, ...]
Label = Callable[[Index, Index], Index]
"""(index, shape) ↦ coordinates of the box."""


def blocks(size: int, axis: int) -> Label:
    return lambda i, shape: tuple(j // size if a == axis % len(shape) else j for a, j in enumerate(i))


def rows(i: Index, shape: Index) -> Index:
    return (*i[:-1], 0) if i else ()


def columns(i: Index, shape: Index) -> Index:
    return (*i[:-2], 0, i[-1])


def channels(axis: int) -> Label:
    return lambda i, shape: tuple(j if a == axis % len(shape) else 0 for a, j in enumerate(i))


def heads(count: int, axis: int) -> Label:
    def label(i: Index, shape: Index) -> Index:
        length = shape[axis] // count
        return tuple(j // length if a == axis % len(shape) else 0 for a, j in enumerate(i))

    return label


def tiles(height: int, width: int) -> Label:
    return lambda i, shape: (*i[:-2], i[-2] // height, i[-1] // width)


def whole(i: Index, shape: Index) -> Index:
    return (0,) * len(i)


def boxes(shape: Index, label: Label) -> dict[Index, list[Index]]:
    """The indices in every box, both in the order of the indices."""
    found: dict[Index, list[Index]] = {}
    for i in product(*map(range, shape)):
        found.setdefault(label(i, shape), []).append(i)
    return dict(sorted(found.items()))


def keeps_scale(blocks_: Sequence[set[Index]], groups: Sequence[set[Index]], budget: Callable[[int], int]) -> bool:
    """B ⊆ G or |G − B| < k_G whenever B meets G."""
    return all(b <= g or len(g - b) < budget(len(g)) for b in blocks_ for g in groups if b & g)


def order(scores: Sequence[Any], keys: Sequence[Any] | None = None, low: bool = True) -> list[int]:
    """Positions from best to worst: larger score, larger key, then lower (or higher) position."""
    key = [0] * len(scores) if keys is None else keys
    return sorted(range(len(scores)), key=lambda i: (-scores[i], -key[i], i if low else -i))


def top(scores: Sequence[Any], k: int, keys: Sequence[Any] | None = None, low: bool = True) -> list[bool]:
    best = set(order(scores, keys, low)[:k])
    return [i in best for i in range(len(scores))]


def tied_at_cut(scores: Sequence[Any], k: int) -> bool:
    ordered = sorted(scores, reverse=True)
    return 0 < k < len(scores) and ordered[k - 1] == ordered[k]


def choices(scores: Sequence[Any], k: int) -> Iterator[list[bool]]:
    """Every mask of k entries none of which has a smaller score than a pruned one."""
    every = range(len(scores))
    for kept in combinations(every, k):
        pruned = [i for i in every if i not in kept]
        if not pruned or not kept or min(scores[i] for i in kept) >= max(scores[i] for i in pruned):
            yield [i in kept for i in every]


def mask(
    scores: NDArray[Any],
    label: Label,
    budget: Callable[[int], int],
    keys: NDArray[Any] | None = None,
    low: bool = True,
) -> NDArray[np.bool_]:
    """The best entries of every box."""
    kept = np.zeros(scores.shape, bool)
    for box in boxes(scores.shape, label).values():
        chosen = top([scores[i] for i in box], budget(len(box)), keys if keys is None else [keys[i] for i in box], low)
        for i, keep in zip(box, chosen, strict=True):
            kept[i] = keep
    return kept


def ceil(share: Fraction, size: int) -> int:
    """⌈f·n⌉, by counting."""
    return next(k for k in range(size + 1) if k >= share * size)


def power(v: Fraction, p: float) -> Any:
    """|v|^p, exact for whole p."""
    return abs(v) ** int(p) if p == int(p) else float(abs(v)) ** p


def gain(x: float, y: float, p: float) -> Any:
    """|x|^p − |x − y|^p in rationals, floats for fractional p; for p = ∞ the larger of the two, signed."""
    size, error = abs(Fraction(x)), abs(Fraction(x) - Fraction(y))
    if p == np.inf:
        return size if size > error else -error if error > size else Fraction(0)
    return power(size, p) - power(error, p)


def total(errors: Sequence[Fraction], p: float) -> Any:
    """Σ |e|^p, or the maximum for p = ∞: ranks like the p-norm."""
    return max(map(abs, errors)) if p == np.inf else sum(power(e, p) for e in errors)


def loss(x: Sequence[float], y: Sequence[float], kept: Sequence[bool], p: float) -> Any:
    """The error of keeping some of y in place of x, as ``total``."""
    return total([Fraction(a) - (Fraction(b) if k else 0) for a, b, k in zip(x, y, kept, strict=True)], p)
