"""Both orders in rational arithmetic: scales, codes and masks from their definitions, nothing rounded but onto Γ."""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import steps
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.rationals import NotRational, Rationals
from sqtheory.alphabet.sparsifiers import BlockSparsifier, Sparsifier
from sqtheory.alphabet.ties import Sight
from sqtheory.arrays import Mask


def scales(q: Quantizer, x: Rationals) -> Rationals:
    """σ of every entry of x, the shape of x. Raises NotRational for rules that are not computed here."""
    return q.partition.spread(q.scaling.exact(x, q.partition, q.format), x.shape)


def divisors(q: Quantizer, x: Rationals, sigma: Rationals) -> Rationals:
    """What every entry of x is divided by to make its code, where ``sigma`` are its scales. Raises as ``scales``."""
    if q.scaling.exact_codes:
        return sigma
    return q.partition.spread(q.scaling.exact_divisors(x, q.partition, q.format), x.shape)


def image(q: Quantizer, x: Rationals, sigma: Rationals, by: Rationals) -> Rationals:
    """σ ρ(x/d) entry by entry, d = ``by`` mostly σ. Raises NotRational where an entry overflows."""
    levels = steps(q.format, q.rounding)
    out: Rationals = np.empty(x.shape, object)
    for i, (v, scale, divisor) in enumerate(zip(x.flat, sigma.flat, by.flat, strict=True)):
        ratio = v / divisor if divisor else v
        if not q.saturate and not Fraction(q.format.min) <= ratio <= Fraction(q.format.max):
            raise NotRational("this entry overflows")
        out.flat[i] = scale * levels.level(ratio)
    return out


def mask(s: Sparsifier, x: Rationals, origin: Rationals) -> Mask:
    """m(x) by exact comparisons. Raises NotRational for scores that are not computed here."""
    if s.score is None or s.ignores_values:
        return s.mask(np.zeros(x.shape))
    scores = s.score.exact(x)
    if s.cut is not None:
        return np.asarray(scores >= Fraction(s.cut), bool)
    key = s.ties.exact(x, origin)
    if s.ranks and s.units is None:
        return _select(s, _ranks(scores), None if key is None else _ranks(key))
    if isinstance(s, BlockSparsifier) and s.ties.look_at is not Sight.both:
        strength = _ranks(_unit_norms(s, scores))
        keys = None if key is None else _ranks(_unit_norms(s, key)).reshape(1, -1)
        kept = s.ties.select(strength.reshape(1, -1), s.budget(strength.size), keys)
        return s.unit.spread(kept.reshape(strength.shape), x.shape)
    return s.exact_mask(scores)


def _select(s: Sparsifier, scores: NDArray[Any], keys: NDArray[Any] | None) -> Mask:
    pieces = s.groups.split(scores)
    split = [None] * len(pieces) if keys is None else s.groups.split(keys)
    chosen = [s.ties.select(rows, s.budget(rows.shape[1]), k) for rows, k in zip(pieces, split, strict=True)]
    return s.groups.join(chosen, scores.shape)


def _unit_norms(s: BlockSparsifier, sizes: Rationals) -> Rationals:
    if s.p == np.inf:
        return s.unit.reduce(np.abs(sizes), lambda rows: rows.max(axis=1))
    if float(s.p).is_integer():
        return s.unit.reduce(np.abs(sizes) ** int(s.p), lambda rows: rows.sum(axis=1))
    raise NotRational(f"norms of units in L{s.p} are not rational")


def _ranks(values: Rationals) -> NDArray[np.float64]:
    """The place of every value among the distinct ones: float64 numbers in the same order."""
    place = {v: float(i) for i, v in enumerate(sorted(set(values.flat)))}
    return np.array([place[v] for v in values.flat]).reshape(values.shape)
