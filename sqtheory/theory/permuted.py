"""Mask groups of channels in another order: n:m after a channel permutation, scale blocks in place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.partition import Partition, Scalar, Shape, Tail


@final
@dataclass(frozen=True)
class Permuted(Partition):
    """The boxes of a partition of the last axis taken in another order: entry ``order[j]`` stands at place j of them.

    Boxes and rows are those of vectors and of matrices of independent rows. Raises ValueError for an order that is no
    permutation, and for tensors of another last axis.
    """

    boxes: Partition
    order: tuple[int, ...]
    straight: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if sorted(self.order) != list(range(len(self.order))):
            raise ValueError(f"{self.order} is no permutation of {len(self.order)} channels")

    def sides(self, shape: Shape) -> Shape:
        return self.boxes.sides(shape)

    def last_run(self, shape: Shape) -> None:
        return None

    def split(self, x: NDArray[Scalar]) -> list[NDArray[Scalar]]:
        return self.boxes.split(self._taken(x))

    def join(self, parts: Sequence[NDArray[Scalar]], shape: Shape) -> NDArray[Scalar]:
        return self.boxes.join(parts, shape)[..., np.argsort(self.order)]

    def split_grid(self, per_box: NDArray[Scalar], shape: Shape) -> list[NDArray[Scalar]]:
        return self.boxes.split_grid(per_box, shape)

    def reduce(self, x: NDArray[Any], function: Callable[[NDArray[Any]], NDArray[Scalar]]) -> NDArray[Scalar]:
        return self.boxes.reduce(self._taken(x), function)

    def box_of(self, index: Sequence[int], shape: Shape) -> Shape:
        return self.boxes.box_of((*index[:-1], self.order.index(int(index[-1]))), shape)

    def check_tail(self, shape: Shape, tail: Tail, what: str) -> None:
        self.boxes.check_tail(shape, tail, what)

    def _taken(self, x: NDArray[Any]) -> NDArray[Any]:
        if x.shape[-1] != len(self.order):
            raise ValueError(f"an order of {len(self.order)} channels does not fit a tensor of shape {x.shape}")
        return x[..., list(self.order)]

    def __str__(self) -> str:
        return f"{self.boxes} of channels {' '.join(map(str, self.order))}"
