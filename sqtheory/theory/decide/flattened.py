"""A pipeline on the flat row of a tensor: theorems speak of rows, and a tensor of several axes is one instance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.partition import Overlap, Partition, Scalar, Shape, Tail
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scaling import Reach
from sqtheory.alphabet.scores import Given, Score
from sqtheory.alphabet.sparsifiers import BlockSparsifier, FixedMask, Sparsifier, TopSparsifier
from sqtheory.alphabet.traits import Trait
from sqtheory.arrays import Array, FixedArray
from sqtheory.exceptions import Undefined
from sqtheory.theory.decide.draws import rows_partition


@final
@dataclass(frozen=True)
class Flattened(Partition):
    """The boxes of a partition of tensors of one shape, in their flat row (1 × entries, C order)."""

    boxes: Partition
    shape: Shape

    @property
    def period(self) -> int | None:
        return self.boxes.period

    def sides(self, shape: Shape) -> Shape:
        raise Undefined(f"the boxes {self.boxes} of a tensor of shape {self.shape} are no runs of one row")

    def grid(self, shape: Shape) -> Shape:
        return self.boxes.grid(self.shape)

    def tails(self, shape: Shape) -> int:
        return self.boxes.tails(self.shape)

    def split(self, x: NDArray[Scalar]) -> list[NDArray[Scalar]]:
        return self.boxes.split(x.reshape(self.shape))

    def join(self, parts: Sequence[NDArray[Scalar]], shape: Shape) -> NDArray[Scalar]:
        return self.boxes.join(parts, self.shape).reshape(shape)

    def split_grid(self, per_box: NDArray[Scalar], shape: Shape) -> list[NDArray[Scalar]]:
        return self.boxes.split_grid(per_box, self.shape)

    def reduce(self, x: NDArray[Any], function: Callable[[NDArray[Any]], NDArray[Scalar]]) -> NDArray[Scalar]:
        return self.boxes.reduce(x.reshape(self.shape), function)

    def box_of(self, index: Sequence[int], shape: Shape) -> Shape:
        return self.boxes.box_of([int(i) for i in np.unravel_index(index[-1], self.shape)], self.shape)

    def check_tail(self, shape: Shape, tail: Tail, what: str) -> None:
        self.boxes.check_tail(self.shape, tail, what)

    def overlaps(self, groups: Partition, shape: Shape) -> Overlap:
        return self.boxes.overlaps(groups.boxes if isinstance(groups, Flattened) else groups, self.shape)

    def __str__(self) -> str:
        return str(self.boxes)


@final
@dataclass(frozen=True)
class FlattenedScore(Score):
    """A score of tensors of one shape, of their flat row."""

    score: Score
    shape: Shape

    def of(self, x: Array) -> Array:
        return self.score.of(x.reshape(self.shape)).reshape(x.shape)

    @property
    def traits(self) -> frozenset[Trait]:
        return self.score.traits

    @property
    def zero_is_least(self) -> bool:
        return self.score.zero_is_least

    def __str__(self) -> str:
        return str(self.score)


def flat(boxes: Partition, shape: Shape) -> Partition:
    """The boxes in the flat row: runs of it where the tensor is a row itself."""
    return rows_partition(boxes, shape) or Flattened(boxes, shape)


def flat_quantizer(q: Quantizer, shape: Shape) -> Quantizer:
    """q on the flat row of a tensor of this shape."""
    given = q.scaling.looks_at is Reach.nothing and q.scaling.constant is None
    return replace(q, partition=Flattened(q.partition, shape) if given else flat(q.partition, shape))


def flat_sparsifier(s: Sparsifier, shape: Shape) -> Sparsifier:
    """s on the flat row of a tensor of this shape."""
    if s.score is None:
        return FixedMask(FixedArray(s.mask(np.zeros(shape)).reshape(1, -1)))
    score = _score(s.score, shape)
    if s.cut is not None:
        return s.with_score(score)
    match s:
        case BlockSparsifier():
            return replace(s, unit=flat(s.unit, shape), score=score)
        case TopSparsifier():
            return replace(s.regrouped(flat(s.groups, shape)), score=score)
    raise Undefined(f"{s} is not known on a flat row")


def _score(score: Score, shape: Shape) -> Score:
    if score.is_magnitude:
        return score
    return (
        Given(FixedArray(score.of(np.zeros(shape)).reshape(1, -1)))
        if score.is_constant
        else FlattenedScore(score, shape)
    )
