"""A view of a tensor: matrices [rows, reduced axis], a bijection between its entries and those of the matrices."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.exceptions import whole

Shape: TypeAlias = tuple[int, ...]

KERNEL: dict[int, tuple[str, ...]] = {1: ("k",), 2: ("kh", "kw"), 3: ("kd", "kh", "kw")}
"""What the axes of a kernel of one, two and three dimensions are called."""


@final
@dataclass(frozen=True)
class View:
    """x[…] as y[e, r, c]: c numbers the entries of the axes that a layer sums over, e those of matrices apart.

    ``reduced`` are the axes summed over, the slowest first; each index of the axes ``apart`` has a matrix of its own;
    all other axes, in their order, number the rows. Axes count from 0. Groups, blocks, rows and channels are those of
    the matrices. Raises ValueError for an axis that is named twice or negative, and where none is reduced.

    >>> View.convolution(4).shape((16, 8, 3, 3))
    (16, 72)
    """

    reduced: tuple[int, ...]
    apart: tuple[int, ...] = ()
    names: tuple[str, ...] = field(default=(), compare=False)
    """What the axes are called, one name for each; nothing else is known by them."""

    def __post_init__(self) -> None:
        axes = [whole(axis, "an axis") for axis in (*self.apart, *self.reduced)]
        if not self.reduced or len(set(axes)) != len(axes) or min(axes) < 0:
            raise ValueError(f"a view reduces one axis or more, each from 0 on and named once, got {self}")

    @classmethod
    def convolution(cls, axes: int, *, transposed: bool = False) -> "View":
        """A kernel [out, in, k…] as [out, k…·in], input channels fastest; [in, out, k…] where ``transposed``."""
        names = KERNEL.get(axes - 2, tuple(f"k{i}" for i in range(1, axes - 1)))
        channels = ("in", "out") if transposed else ("out", "in")
        return cls((*range(2, axes), channels.index("in")), names=(*channels, *names))

    @classmethod
    def experts(cls, *, inputs: int) -> "View":
        """Experts [E, out, in], or [E, in, out] where axis 1 has the ``inputs``, as E matrices [out, in]."""
        names = ("expert", "out", "in") if inputs == 2 else ("expert", "in", "out")
        return cls((inputs,), (0,), names)

    @classmethod
    def parse(cls, text: str) -> "View":
        """The view that ``str`` spells: ``1``; ``2+3+1``, the slowest first; ``0/2`` with axis 0 apart.

        Raises ValueError for anything else.
        """
        before, _, after = text.rpartition("/")
        try:
            reduced, apart = (tuple(map(_axis, part.split("+"))) if part else () for part in (after, before))
        except ValueError:
            raise ValueError(f"axes are numbers from 0 on, like 1, 2+3+1 or 0/2 (axis 0 apart), got {text!r}") from None
        return cls(reduced, apart)

    def __str__(self) -> str:
        apart = "+".join(map(str, self.apart))
        return (f"{apart}/" if apart else "") + "+".join(map(str, self.reduced))

    def check(self, shape: Shape) -> None:
        """Raise ValueError where a tensor of this shape has not all of the axes."""
        for axis in (*self.apart, *self.reduced):
            if axis >= len(shape):
                raise ValueError(f"axis {axis} does not exist in a tensor of shape {shape}")

    def channels(self, axes: int) -> tuple[int, ...]:
        """The axes that may be the input channels: of those of the matrices, all but those of a kernel."""
        slow = self.reduced[:-1]
        return tuple(axis for axis in range(axes) if axis not in self.apart and axis not in slow)

    def with_inputs(self, axis: int) -> "View":
        """The same with another axis of input channels, as the fastest of those reduced."""
        swapped = {self.reduced[-1]: axis, axis: self.reduced[-1]}
        names = tuple(self.names[swapped.get(i, i)].removesuffix("?") for i in range(len(self.names)))
        return replace(self, reduced=(*self.reduced[:-1], axis), names=names)

    def within(self, axis: int) -> "View":
        """That of the tensors of one index along an axis apart."""
        kept = [tuple(a - (a > axis) for a in part if a != axis) for part in (self.reduced, self.apart)]
        return View(kept[0], kept[1], self.names[:axis] + self.names[axis + 1 :])

    def rows(self, axes: int) -> tuple[int, ...]:
        """The axes of a tensor of so many that number the rows."""
        return tuple(axis for axis in range(axes) if axis not in self.reduced and axis not in self.apart)

    def is_plain(self, axes: int) -> bool:
        """A tensor of so many axes is a matrix already: its last axis is the reduced one."""
        return axes == 2 and not self.apart and self.reduced == (1,)

    def matrices(self, shape: Shape) -> tuple[int, int, int]:
        """How many matrices, rows of each and columns of each; ValueError as ``check``."""
        self.check(shape)
        parts = (self.apart, self.rows(len(shape)), self.reduced)
        count, rows, columns = (math.prod(shape[axis] for axis in part) for part in parts)
        return count, rows, columns

    def shape(self, shape: Shape) -> Shape:
        """Of what ``forward`` gives."""
        count, rows, columns = self.matrices(shape)
        return (count, rows, columns) if self.apart else (rows, columns)

    def indices(self, shape: Shape) -> Iterator[str]:
        """What tells the matrices apart, one text for each: ``[0]``, ``[1]``; nothing where there is one alone."""
        if not self.apart:
            yield ""
            return
        for index in product(*(range(shape[axis]) for axis in self.apart)):
            yield f"[{', '.join(map(str, index))}]"

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """The matrix [rows, reduced], or those of all indices apart [E, rows, reduced]: C order, the dtype of x.

        An array of its own, or x itself where that is the matrix. ValueError as ``check``.
        """
        shape = self.shape(x.shape)
        return np.ascontiguousarray(x.transpose(self._order(x.ndim))).reshape(shape)

    def back(self, y: NDArray[Any], shape: Shape) -> NDArray[Any]:
        """The tensor of this shape whose matrices these are: C order; ``back(forward(x), x.shape)`` is x."""
        order = self._order(len(shape))
        there = np.argsort(order)
        return np.ascontiguousarray(y.reshape([shape[axis] for axis in order]).transpose(there))

    def text(self, shape: Shape) -> str:
        """What is reduced and what comes of it, in words: ``axis 1 as [out, kh·kw·in] 512×1280``.

        The axis is the fastest of those reduced.
        """
        sizes = "×".join(map(str, self.shape(shape)))
        return f"axis {self.reduced[-1]} as {self._named(len(shape))}{sizes}"

    def _named(self, axes: int) -> str:
        if len(self.names) != axes:
            return ""
        parts = (self.apart, self.rows(axes), self.reduced)
        return f"[{', '.join('·'.join(self.names[axis] for axis in part) or '1' for part in parts if part)}] "

    def _order(self, axes: int) -> tuple[int, ...]:
        return (*self.apart, *self.rows(axes), *self.reduced)


def _axis(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(text)
    return int(text)
