"""How many entries of a group stay when a share of them is asked for."""

import math
from enum import Enum
from fractions import Fraction


class Count(Enum):
    """The whole number that a share f of n entries becomes, 0 < f ≤ 1, in exact arithmetic.

    >>> [rule.kept(Fraction(1, 2), 5) for rule in Count]
    [3, 3, 2, 2, 2, 4]
    """

    ceil_kept = "⌈f n⌉ stay, so that no more than asked are pruned"
    even_pruned = "the nearest number to (1 − f) n is pruned, the even one of two (torch.nn.utils.prune)"
    even_kept = "the nearest number to f n stays, the even one of two, and at least one (tensorflow-model-optimization)"
    floor_rank = "⌊(n − 1)(1 − f)⌋ + 1 are pruned, those up to the entry of that rank (NNCF)"
    one_more = "⌊(1 − f) n⌋ + 1 are pruned, or all (SparseGPT, of every 128 columns)"
    one_fewer = "⌊(1 − f) n⌋ − 1 are pruned, or none (Mustafar)"

    def kept(self, share: Fraction, size: int) -> int:
        """How many of so many entries stay, ``size`` ≥ 0."""
        rest = 1 - share
        match self:
            case Count.ceil_kept:
                return math.ceil(share * size)
            case Count.even_pruned:
                return size - round(rest * size)
            case Count.even_kept:
                return min(size, max(1, round(share * size)))
            case Count.floor_rank:
                return max(0, size - math.floor((size - 1) * rest) - 1)
            case Count.one_more:
                return max(0, size - math.floor(rest * size) - 1)
            case Count.one_fewer:
                return min(size, size - math.floor(rest * size) + 1)

    def __str__(self) -> str:
        return self.name
