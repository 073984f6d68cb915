"""A pipeline with chance taken out of it, and what both orders make of many tensors at once."""

import math
from dataclasses import dataclass, replace
from itertools import product
from typing import final

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.partition import Partition, Rows, Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.rounding import ceil, floor, half_away, toward_zero
from sqtheory.alphabet.scaling import Reach
from sqtheory.alphabet.scores import Given
from sqtheory.alphabet.sparsifiers import Sparsifier, TopSparsifier
from sqtheory.alphabet.ties import Sight, high_index, low_index
from sqtheory.arrays import Array, FixedArray
from sqtheory.orders.applied import TwoOrders, both
from sqtheory.theory.instance import FloatRows, coding_scales


@final
@dataclass(frozen=True)
class Draw:
    """One outcome of chance: the masks of x and of q(x), and the quantizers of S→Q and of Q→S.

    Without chance both masks are s and both quantizers q. The two orders draw independently, and so each of
    these outcomes has positive probability.
    """

    first: Sparsifier
    """Masks x in S→Q."""
    then: Sparsifier
    """Masks q(x) in Q→S."""
    after: Quantizer
    """Quantizes s(x) in S→Q."""
    before: Quantizer
    """Quantizes x in Q→S."""
    text: str = ""


def draws(s: Sparsifier, q: Quantizer, shape: Shape, rng: Generator) -> tuple[Draw, ...]:
    """The pipeline itself if it leaves nothing to chance, else a few outcomes that an adversary would choose."""
    masks, images = _masks(s, shape, rng), _images(q)
    return tuple(
        Draw(m1, m2, q1, q2, "; ".join(filter(None, (m, r)))) for (m1, m2, m), (q1, q2, r) in product(masks, images)
    )


def _images(q: Quantizer) -> list[tuple[Quantizer, Quantizer, str]]:
    if q.rounding.deterministic:
        return [(q, q, "")]
    pairs = ((floor, ceil), (ceil, floor), (half_away, toward_zero), (toward_zero, half_away))
    return [
        (replace(q, rounding=a), replace(q, rounding=b), f"S→Q happens to round every entry like {a}, Q→S like {b}")
        for a, b in pairs
    ]


def _masks(s: Sparsifier, shape: Shape, rng: Generator) -> list[tuple[Sparsifier, Sparsifier, str]]:
    if s.ranks and s.score is not None and s.score.is_drawn:

        def drawn() -> Sparsifier:
            return s.with_score(Given(FixedArray(rng.permutation(math.prod(shape)).reshape(shape))))

        pairs = [(drawn(), drawn()) for _ in range(4)]
        return [(a, b, "the random scores happen to choose these masks") for a, b in pairs]
    if s.ranks and s.ties.look_at is Sight.chance:
        rules = ((low_index, high_index), (high_index, low_index))
        text = "ties on x happen to go to {}, on q(x) to {}"
        return [(s.with_ties(a), s.with_ties(b), text.format(a, b)) for a, b in rules]
    return [(s, s, "")]


def run(draw: Draw, x: Array, p: float, shape: Shape) -> FloatRows:
    """Both orders on every row of x (instances, entries), each row a tensor of this shape, under one draw."""
    stacked = _as_rows(draw, shape)
    if stacked is not None:
        image = stacked.before.apply(x, x)
        made = both(x, stacked.then, stacked.after, mask=stacked.first.mask(x), image=image)
    else:
        each = [
            both(row, draw.then, draw.after, mask=draw.first.mask(row), image=draw.before.apply(row, row))
            for row in x.reshape(-1, *shape)
        ]
        parts = zip(*((o.mask, o.image, o.image_mask, o.after_mask) for o in each), strict=True)
        made = TwoOrders(x, draw.then, draw.after, *(np.stack(part).reshape(len(x), -1) for part in parts))

    def scales() -> tuple[Array, Array]:
        return entry_scales(draw.before, x, shape), entry_scales(draw.after, made.sparse, shape)

    def frozen() -> Array:
        if stacked is not None:
            return stacked.after.frozen(x).apply(made.sparse, x)
        pairs = zip(made.sparse.reshape(-1, *shape), x.reshape(-1, *shape), strict=True)
        return np.stack([draw.after.frozen(row).apply(kept, row).ravel() for kept, row in pairs])

    return FloatRows(made, p, scales, frozen)


def entry_scales(q: Quantizer, x: Array, shape: Shape) -> Array:
    """σ of every entry of every instance, or what makes its code."""
    if (wide := _rows_quantizer(q, shape)) is not None:
        return coding_scales(wide, x)
    return np.stack([coding_scales(q, row).ravel() for row in x.reshape(-1, *shape)])


def row_pipeline(s: Sparsifier, q: Quantizer, shape: Shape) -> tuple[Sparsifier, Quantizer] | None:
    """The pipeline that does to every row of (instances, entries) what this one does to a tensor; None if none does."""
    wide, narrow = _rows_quantizer(q, shape), rows_mask(s, shape)
    return None if wide is None or narrow is None else (narrow, wide)


def _as_rows(draw: Draw, shape: Shape) -> Draw | None:
    first, then = rows_mask(draw.first, shape), rows_mask(draw.then, shape)
    after, before = _rows_quantizer(draw.after, shape), _rows_quantizer(draw.before, shape)
    if first is None or then is None or after is None or before is None:
        return None
    return Draw(first, then, after, before, draw.text)


def rows_partition(partition: Partition, shape: Shape) -> Partition | None:
    """The same boxes in every row of a stack of tensors of one row each."""
    size = math.prod(shape)
    if size != shape[-1]:
        return None
    if partition.sides(shape)[-1] == size:
        return Rows()
    return partition if partition.sides((2, size)) == (1, partition.sides(shape)[-1]) else None


def _rows_quantizer(q: Quantizer, shape: Shape) -> Quantizer | None:
    boxes = rows_partition(q.partition, shape)
    looks_at = q.scaling.looks_at
    of_tensor = looks_at is Reach.tensor or (looks_at is Reach.nothing and q.scaling.constant is None)
    return None if boxes is None or of_tensor else replace(q, partition=boxes)


def rows_mask(s: Sparsifier, shape: Shape) -> Sparsifier | None:
    if s.units is not None:
        return None
    if not isinstance(s, TopSparsifier):
        return s if math.prod(shape) == shape[-1] else None
    boxes = rows_partition(s.groups, shape)
    return None if boxes is None else s.regrouped(boxes)
