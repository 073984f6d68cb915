"""Both orders in rational arithmetic: scales, codes and masks from their definitions, nothing rounded but onto Γ."""

from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.rounding import Rounding, nearest_even
from sqtheory.alphabet.scaling import (
    AbsMax,
    Frozen,
    FullRange,
    HalfRange,
    Midpoint,
    PowerOfTwo,
    SharedExponent,
    TwoLevel,
    Unscaled,
)
from sqtheory.alphabet.scaling.rule import FromMaximum
from sqtheory.alphabet.scores import Given, Magnitude, Partnered
from sqtheory.alphabet.selection import top as select_top
from sqtheory.alphabet.sparsifiers import BlockSparsifier, Sparsifier, ThresholdSparsifier, TopSparsifier
from sqtheory.alphabet.ties import Adversarial, ByOriginal, HighIndex, LowIndex, Ties
from sqtheory.arrays import Mask

Fractions: TypeAlias = NDArray[Any]
"""An array of Fractions."""


class NotRational(ArithmeticError):
    """This scale, score or norm is not computed in rational numbers here."""


def rationals(x: NDArray[Any]) -> Fractions:
    """The exact values of an array of floating-point numbers."""
    out: Fractions = np.empty(np.size(x), object)
    out[:] = [Fraction(float(v)) for v in np.ravel(x)]
    return out.reshape(np.shape(x))


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
def cells(fmt: Format, rounding: Rounding) -> StepFunction:
    """The steps of a deterministic rounding rule on Γ: each cell is cut at its lower end, middle or upper end."""
    lo, hi = fmt.values[:-1], fmt.values[1:]
    first, middle, last = (fmt.round(lo + part * (hi - lo), rounding) == hi for part in (0.25, 0.5, 0.75))
    levels = tuple(Fraction(float(v)) for v in fmt.values)
    cuts, up = [], []
    for i, (a, b) in enumerate(pairwise(levels)):
        cuts.append(a if first[i] else (a + b) / 2 if last[i] else b)
        up.append(not first[i] and (not last[i] or bool(middle[i])))
    return StepFunction(levels, tuple(cuts), tuple(up))


def scales(q: Quantizer, x: Fractions) -> Fractions:
    """σ of every entry of x, the shape of x. Raises NotRational for rules that are not computed here."""
    blocks, fmt, rule = q.partition, q.format, q.scaling
    amax = blocks.reduce(np.abs(x), lambda rows: rows.max(axis=1))
    most, least = Fraction(fmt.max), Fraction(fmt.min)
    match rule:
        case AbsMax():
            sigma = amax / most
        case FullRange():
            sigma = amax / -least
        case Midpoint():
            sigma = amax * 2 / (most - least)
        case HalfRange():
            one_signed = blocks.reduce(x, lambda rows: rows.min(axis=1)) >= 0
            wide = one_signed & (amax > 0)
            sigma = pick(amax == 0, Fraction(1), amax) / pick(wide, most - least, (most - least) / 2)
        case TwoLevel():
            sigma = _two_level(rule, amax, most)
        case Frozen() | Unscaled():
            sigma = rationals(q.scales(np.zeros(x.shape)))
        case PowerOfTwo() | SharedExponent():
            sigma = _dyadic(rule, amax, fmt)
        case _:
            raise NotRational(f"scales by {rule} are not rational functions of the block")
    return _spread(blocks, sigma, x)


def pick(where: NDArray[Any], yes: Any, no: Any) -> Fractions:
    """Entries of two arrays of Fractions (or one Fraction) by a condition."""
    return np.where(where, np.asarray(yes, object), np.asarray(no, object))


def _dyadic(rule: FromMaximum, amax: Fractions, fmt: Format) -> Fractions:
    held = amax.astype(np.float64)
    if any(Fraction(float(v)) != a for v, a in zip(held.flat, amax.flat, strict=True)):
        raise NotRational("a power of two is found from the bits of a float64 maximum")
    return rationals(rule.from_maximum(held, fmt))


def _two_level(rule: TwoLevel, amax: Fractions, most: Fraction) -> Fractions:
    steps = cells(rule.scale_format, nearest_even)
    g = amax.max() / (most * Fraction(rule.scale_format.max))
    out: Fractions = np.empty(amax.shape, object)
    for i, a in enumerate(amax.flat):
        code = steps.level(a / most / g) if g else Fraction(0)
        out.flat[i] = g * (Fraction(rule.scale_format.smallest) if code == 0 and a else code)
    return out


def _spread(blocks: Partition, per_box: Fractions, like: Fractions) -> Fractions:
    pieces = zip(blocks.split(like), blocks.split_grid(per_box, like.shape), strict=True)
    return blocks.join([np.broadcast_to(v[:, None], rows.shape) for rows, v in pieces], like.shape)


def image(q: Quantizer, x: Fractions, sigma: Fractions) -> Fractions:
    """σ ρ(x/σ) entry by entry. Raises NotRational where an entry overflows instead of saturating."""
    steps = cells(q.format, q.rounding)
    out: Fractions = np.empty(x.shape, object)
    for i, (v, scale) in enumerate(zip(x.flat, sigma.flat, strict=True)):
        ratio = v / scale if scale else v
        if not q.saturate and not Fraction(q.format.min) <= ratio <= Fraction(q.format.max):
            raise NotRational("this entry overflows")
        out.flat[i] = scale * steps.level(ratio)
    return out


def mask(s: Sparsifier, x: Fractions, origin: Fractions) -> Mask:
    """m(x) by exact comparisons. Raises NotRational for scores that are not computed here."""
    if s.ignores_values:
        return s.mask(np.zeros(x.shape))
    scores = _scores(s, x)
    if isinstance(s, ThresholdSparsifier):
        return np.asarray(scores >= Fraction(s.threshold), bool)
    key = _key(s.ties, x, origin)
    if isinstance(s, TopSparsifier):
        keys = None if key is None else _ranks(key)
        return _select(s, s.groups, _ranks(scores), keys)
    if isinstance(s, BlockSparsifier) and not isinstance(s.ties, Adversarial):
        strength = _ranks(_unit_norms(s, scores))
        keys = None if key is None else _ranks(_unit_norms(s, key))
        flat = None if keys is None else keys.reshape(1, -1)
        low = s.ties.low_index
        kept = select_top(strength.reshape(1, -1), s.budget(strength.size), flat, low_index=low)
        return np.asarray(_spread(s.unit, kept.reshape(strength.shape).astype(object), x), bool)
    raise NotRational(f"the mask {s} is not computed in rational numbers")


def _select(s: TopSparsifier, groups: Partition, scores: NDArray[Any], keys: NDArray[Any] | None) -> Mask:
    pieces = groups.split(scores)
    split = [None] * len(pieces) if keys is None else groups.split(keys)
    chosen = [
        select_top(rows, s.budget(rows.shape[1]), k, low_index=s.ties.low_index)
        for rows, k in zip(pieces, split, strict=True)
    ]
    return groups.join(chosen, scores.shape)


def _scores(s: Sparsifier, x: Fractions) -> Fractions:
    match s.score:
        case Magnitude():
            return np.asarray(np.abs(x))
        case Partnered() as score:
            return np.asarray(np.abs(x) * rationals(score.of(np.ones(x.shape))))
        case Given() as score:
            return rationals(score.of(np.zeros(x.shape)))
    raise NotRational(f"the score {s.score} is not computed in rational numbers")


def _key(ties: Ties, x: Fractions, origin: Fractions) -> Fractions | None:
    match ties:
        case LowIndex() | HighIndex():
            return None
        case ByOriginal():
            return np.asarray(np.abs(origin))
        case Adversarial(p=p) if float(p).is_integer():
            return np.asarray(np.abs(origin - x) ** int(p) - np.abs(origin) ** int(p))
    raise NotRational(f"ties by {ties} are not computed in rational numbers")


def _unit_norms(s: BlockSparsifier, sizes: Fractions) -> Fractions:
    if s.p == np.inf:
        return s.unit.reduce(np.abs(sizes), lambda rows: rows.max(axis=1))
    if float(s.p).is_integer():
        return s.unit.reduce(np.abs(sizes) ** int(s.p), lambda rows: rows.sum(axis=1))
    raise NotRational(f"norms of units in L{s.p} are not rational")


def _ranks(values: Fractions) -> NDArray[np.float64]:
    """The place of every value among the distinct ones: float64 numbers in the same order."""
    place = {v: float(i) for i, v in enumerate(sorted(set(values.flat)))}
    return np.array([place[v] for v in values.flat]).reshape(values.shape)
