"""Rounding onto a grid as a step function of rational numbers."""

from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import final

from sqtheory.alphabet.formats.format import Format
from sqtheory.alphabet.rounding import Rounding


@final
@dataclass(frozen=True, eq=False)
class StepFunction:
    """ρ as a step function: value v has level i where cut_{i−1} < v < cut_i; at a cut ``up`` decides."""

    levels: tuple[Fraction, ...]
    cuts: tuple[Fraction, ...]
    up: tuple[bool, ...]

    def level(self, v: Fraction) -> Fraction:
        """ρ(v), saturating."""
        i = bisect_left(self.cuts, v)
        return self.levels[i + (i < len(self.cuts) and self.cuts[i] == v and self.up[i])]


@lru_cache(maxsize=64)
def steps(fmt: Format, rounding: Rounding) -> StepFunction:
    """The steps of a deterministic rounding rule on Γ: each cell is cut at its lower end, middle or upper end."""
    lo, hi = fmt.values[:-1], fmt.values[1:]
    first, middle, last = (fmt.round(lo + part * (hi - lo), rounding) == hi for part in (0.25, 0.5, 0.75))
    levels = tuple(Fraction(float(v)) for v in fmt.values)
    cuts, up = [], []
    for i, (a, b) in enumerate(pairwise(levels)):
        cuts.append(a if first[i] else (a + b) / 2 if last[i] else b)
        up.append(not first[i] and (not last[i] or bool(middle[i])))
    return StepFunction(levels, tuple(cuts), tuple(up))
