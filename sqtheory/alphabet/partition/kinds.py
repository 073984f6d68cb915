"""The boxes that can be written: blocks, rows, columns, channels, heads, tiles, the whole tensor."""

from dataclasses import dataclass
from typing import final

from sqtheory.alphabet.partition.partition import Partition, Shape
from sqtheory.exceptions import Indivisible, whole


def _axis(axis: int, shape: Shape) -> int:
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"axis {axis} does not exist in a tensor of shape {shape}")
    return int(axis) % len(shape)


def _positive(what: str, *sizes: int) -> None:
    if any(isinstance(size, bool) or whole(size, f"the size of {what}") < 1 for size in sizes):
        raise ValueError(f"{what} needs sizes of at least 1, got {sizes}")


@final
@dataclass(frozen=True)
class Blocks(Partition):
    """Runs of ``size`` consecutive entries along one axis (scale blocks of B, groups of m).

    >>> Blocks(4).grid((2, 10))
    (2, 3)
    """

    size: int
    axis: int = -1

    def __post_init__(self) -> None:
        _positive("a block", self.size)
        whole(self.axis, "axis=")

    @property
    def run(self) -> int:
        return self.size

    @property
    def along_rows(self) -> bool:
        return self.axis == -1

    def bounded(self, axes: int) -> tuple[tuple[int, int], ...]:
        return ((self.axis, self.size),)

    def sides(self, shape: Shape) -> Shape:
        axis = _axis(self.axis, shape)
        return tuple(self.size if a == axis else 1 for a in range(len(shape)))

    def __str__(self) -> str:
        return f"block={self.size}" + (f", axis={self.axis}" if self.axis != -1 else "")


@final
@dataclass(frozen=True)
class Rows(Partition):
    """One box for each index of all axes but the last: the rows W[i, :] of a matrix.

    >>> Rows().count((3, 4))
    3
    """

    @property
    def along_rows(self) -> bool:
        return True

    def bounded(self, axes: int) -> tuple[tuple[int, int], ...]:
        return tuple((axis, 1) for axis in range(axes - 1))

    def sides(self, shape: Shape) -> Shape:
        return tuple(max(n, 1) if a == len(shape) - 1 else 1 for a, n in enumerate(shape))

    def __str__(self) -> str:
        return "per=row"


@final
@dataclass(frozen=True)
class Columns(Partition):
    """One box for each index of all axes but the last but one: the columns W[:, j] of a matrix.

    >>> Columns().count((3, 4))
    4
    """

    def bounded(self, axes: int) -> tuple[tuple[int, int], ...]:
        return ((-1, 1),)

    def sides(self, shape: Shape) -> Shape:
        if len(shape) < 2:
            raise ValueError(f"per=column needs a tensor of two or more axes, got shape {shape}")
        return tuple(max(n, 1) if a == len(shape) - 2 else 1 for a, n in enumerate(shape))

    def __str__(self) -> str:
        return "per=column"


@final
@dataclass(frozen=True)
class Channels(Partition):
    """One box for each index of one axis: the slices x[i, …], output channels when ``axis=0``.

    >>> Channels(0).count((3, 4, 5))
    3
    """

    axis: int = 0

    def __post_init__(self) -> None:
        whole(self.axis, "axis=")

    def bounded(self, axes: int) -> tuple[tuple[int, int], ...]:
        return ((self.axis, 1),)

    def sides(self, shape: Shape) -> Shape:
        axis = _axis(self.axis, shape)
        return tuple(1 if a == axis else max(n, 1) for a, n in enumerate(shape))

    def __str__(self) -> str:
        return "per=channel" + (f", axis={self.axis}" if self.axis else "")


@final
@dataclass(frozen=True)
class Heads(Partition):
    """One axis cut into so many equal runs, each with all the rest of the tensor: attention heads.

    >>> Heads(2).grid((8, 4))
    (2, 1)
    """

    heads: int
    axis: int = 0

    def __post_init__(self) -> None:
        _positive("heads", self.heads)
        whole(self.axis, "axis=")

    def bounded(self, axes: int) -> tuple[tuple[int, int], ...]:
        return ((self.axis, self.heads),)

    def sides(self, shape: Shape) -> Shape:
        axis = _axis(self.axis, shape)
        if shape[axis] % self.heads:
            raise Indivisible(f"axis {axis} of length {shape[axis]} does not divide into {self.heads} heads")
        return tuple(max(n // self.heads if a == axis else n, 1) for a, n in enumerate(shape))

    def __str__(self) -> str:
        return f"heads={self.heads}" + (f", axis={self.axis}" if self.axis else "")


@final
@dataclass(frozen=True)
class Tiles(Partition):
    """Boxes of ``rows`` × ``columns`` over the last two axes.

    >>> Tiles(2, 2).grid((4, 6))
    (2, 3)
    """

    rows: int
    columns: int

    def __post_init__(self) -> None:
        _positive("a tile", self.rows, self.columns)

    def bounded(self, axes: int) -> tuple[tuple[int, int], ...]:
        return ((-2, self.rows), (-1, self.columns))

    def sides(self, shape: Shape) -> Shape:
        if len(shape) < 2:
            raise ValueError(f"a tile needs a tensor of two or more axes, got shape {shape}")
        return (1,) * (len(shape) - 2) + (self.rows, self.columns)

    def __str__(self) -> str:
        return f"tile=({self.rows}, {self.columns})"


@final
@dataclass(frozen=True)
class Whole(Partition):
    """The whole tensor as one box.

    >>> Whole().count((4, 6))
    1
    """

    def sides(self, shape: Shape) -> Shape:
        return tuple(max(n, 1) for n in shape)

    def __str__(self) -> str:
        return "per=tensor"
