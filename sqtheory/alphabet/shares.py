"""The share of entries that a mask is asked to prune beside the share that it prunes: kept counts are rounded up."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any, final

from sqtheory.alphabet.budgets import Count
from sqtheory.alphabet.partition import Partition, Shape
from sqtheory.alphabet.sparsifiers import BlockSparsifier, Sparsifier, TopSparsifier


@final
@dataclass(frozen=True)
class Pruned:
    """A share asked of a mask, and how many of so many entries it prunes: ⌈f·n⌉ of a group of n stay for f = 1 − asked.

    So the share reached is at most the share asked, and equal where every f·n is whole; not so under other counts.
    """

    asked: Fraction
    count: int
    entries: int
    rounded: str = "kept counts round up"
    """How shares became counts."""

    @property
    def reached(self) -> Fraction:
        """count/entries; what was asked where there is no entry."""
        return Fraction(self.count, self.entries) if self.entries else self.asked

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        return {"asked": float(self.asked), "reached": float(self.reached), "entries": self.count}

    def __str__(self) -> str:
        asked, reached = _percent(self.asked, 6), _percent(self.reached, 6)
        if asked == reached and self.asked != self.reached:
            asked, reached = _percent(self.asked, 12), _percent(self.reached, 12)
        return f"Pruned: asked {asked}, reached {reached} ({self.count} of {self.entries} entries; {self.rounded})."


def paired(mask: str, format: str) -> str:
    """A mask with a format, in words, by their spellings; a recipe without a mask has nm(1, 1), which keeps all.

    >>> paired("nm(1, 1)", "int(4)")
    'nm(1, 1), which prunes nothing, with int(4)'
    """
    return f"{mask}{', which prunes nothing,' if mask == 'nm(1, 1)' else ''} with {format}"


def pruned(s: Sparsifier, shapes: Iterable[Shape]) -> Pruned | None:
    """What a mask that is asked for a share prunes of tensors of these shapes.

    None where no share is asked (n:m, counts, thresholds, fixed masks), or where it depends on the values: units of
    unequal size.
    """
    sized, rounded = tuple(shapes), Pruned.rounded
    if isinstance(s, TopSparsifier) and isinstance(s.keep, Fraction) and s.fixed_budget:
        kept = sum(count * s.budget(size) for shape in sized for count, size in _boxes(s.groups, shape))
        rounded = rounded if s.count is Count.ceil_kept else f"count={s.count}"
    elif isinstance(s, BlockSparsifier) and not any(s.unit.tails(shape) for shape in sized):
        kept = sum(s.budget(count) * size for shape in sized for count, size in _boxes(s.unit, shape))
    else:
        return None
    entries = sum(map(math.prod, sized))
    return Pruned(1 - Fraction(s.keep), entries - kept, entries, rounded)


def _boxes(boxes: Partition, shape: Shape) -> Iterator[tuple[int, int]]:
    """How many boxes of which size there are, each shape of box by itself."""
    sides = zip(shape, boxes.sides(shape), strict=True)
    for choice in product(*([(n // c, c), (int(n % c > 0), n % c)] for n, c in sides)):
        count = math.prod(k for k, _ in choice)
        if count:
            yield count, math.prod(size for _, size in choice)


def _percent(share: Fraction, digits: int) -> str:
    return f"{float(100 * share):.{digits}g}%"
