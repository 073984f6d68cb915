"""Both orders in rational arithmetic: scales, codes and masks from their definitions, nothing rounded but onto Γ."""

from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import Format, steps
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.rationals import NotRational, Rationals
from sqtheory.alphabet.sparsifiers import BlockSparsifier, Sparsifier
from sqtheory.alphabet.ties import Sight
from sqtheory.arrays import Mask

Placed: TypeAlias = tuple[Rationals, ...]
"""What the rule of the scales makes of the block of every entry, the scale first: arrays of the shape of the tensor."""


def placed(q: Quantizer, x: Rationals) -> Placed:
    """σ of every entry of x, and its offset if it has one. Raises NotRational for rules that are not computed here."""
    return tuple(q.partition.spread(one, x.shape) for one in q.scaling.exact_placed(x, q.partition, q.format))


def image(q: Quantizer, x: Rationals, of_blocks: Placed) -> Rationals:
    """σ ρ(x/σ) entry by entry. Raises NotRational where an entry overflows instead of saturating."""

    def level(fmt: Format, ratios: Rationals) -> Rationals:
        levels = steps(fmt, q.rounding)
        out: Rationals = np.empty(ratios.shape, object)
        for i, ratio in enumerate(ratios.flat):
            if not q.saturate and not Fraction(fmt.min) <= ratio <= Fraction(fmt.max):
                raise NotRational("this entry overflows")
            out.flat[i] = levels.level(ratio)
        return out

    return q.scaling.images(x, of_blocks, q.format, level)[1]


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
