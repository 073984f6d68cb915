"""Shape-preserving maps of real arrays and their composition in the order of the arrow."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.kernels.runs import strips
from sqtheory.alphabet.outputs import apart, check_output
from sqtheory.alphabet.partition import Partition, Shape, Tail
from sqtheory.alphabet.traits import TRAITS, Trait
from sqtheory.arrays import Array, ArrayLike, as_real, same_memory
from sqtheory.tables import Table

STRIP = 1 << 18
"""So many entries go through a whole chain before the next, where its operators act on runs of the last axis."""


class Operator(ABC):
    """A map of real arrays to real arrays of the same shape; ``(f >> g)(x) == g(f(x))``.

    Operators are frozen, compare by value, and are spelled by ``str`` so that ``parse`` reads them
    back. float32 and float64 are computed in their own precision, float16 and bfloat16 in float32.

    >>> from sqtheory import int_, nm
    >>> s, q = nm(2, 4), int_(4)
    >>> (s >> q)([1.75, 2, 0.25, 7]), isinstance(s >> q, Operator)
    (array([0., 2., 0., 7.]), True)
    """

    @property
    @abstractmethod
    def traits(self) -> frozenset[Trait]:
        """The properties this operator is known to have on every one-block array."""

    @abstractmethod
    def apply(self, x: Array, origin: Array) -> Array:
        """The image of x (float32 or float64), where ``origin`` is what the whole chain started from."""

    @abstractmethod
    def __str__(self) -> str:
        """The canonical spelling."""

    def __call__(self, x: ArrayLike, *, out: Array | None = None) -> Array:
        """f(x), a new array or ``out``: a plain writable array of the result's shape and dtype (``check_output``).

        ``out`` may be x itself or share memory with it in any way: the result is that of a new array.
        """
        given = as_real(x)
        if out is None:
            image = self.apply(given, given)
            return image.copy() if np.may_share_memory(image, given) else image
        check_output(out, given.shape, given.dtype)
        if apart(out, given) or same_memory(given, out):
            return self.into(out, given, given)
        out[...] = self(given)
        return out

    def into(self, out: Array, x: Array, origin: Array) -> Array:
        """``apply`` with its result in ``out``, which is x itself or shares no memory with it; spoiled by a refusal."""
        out[...] = self.apply(x, origin)
        return out

    @property
    def boxes(self) -> tuple[tuple[Partition, Tail, str], ...]:
        """The boxes into which tensors must divide, what becomes of short ones, and what they are called."""
        return ()

    @property
    def by_row(self) -> bool:
        """No entry's image depends on another row, of any tensor."""
        return False

    def own_run(self, shape: Shape) -> int | None:
        """The length of runs of the last axis that each have an image of their own, in tensors of this shape."""
        return None

    def check(self, shape: Shape) -> None:
        """Raise what every tensor of this shape is refused for: Indivisible, or ValueError for an axis it lacks."""
        for boxes, tail, what in self.boxes:
            boxes.grid(shape)
            boxes.check_tail(shape, tail, what)

    def is_idle(self, shape: Shape) -> bool:
        """No tensor of this shape is changed, because every block has one entry and its scale gives that back."""
        return False

    def properties(self) -> Table:
        """One line for each trait: whether this operator is known to have it, and what it says."""
        rows = tuple((str(t), "yes" if t in self.traits else "–", t.statement) for t in TRAITS)
        return Table(("trait", "has it", "says"), rows, str(self))

    def _repr_html_(self) -> str:
        return self.properties().html()

    def _repr_latex_(self) -> str:
        return self.properties().latex()

    def __rshift__(self, after: "Operator") -> "Operator":
        """The chain f → g: first this operator, then ``after``."""
        if not isinstance(after, Operator):
            return NotImplemented
        return chained((self, after))


def chained(operators: Iterable["Operator"]) -> "Operator":
    """f₁ >> f₂ >> …, the identity when there is none."""
    parts = tuple(part for f in operators for part in parts_of(f))
    return parts[0] if len(parts) == 1 else Chain(parts) if parts else IDENTITY


def parts_of(f: Operator) -> tuple["Operator", ...]:
    """The operators that f composes, first to last; none for the identity, f itself when it is no chain."""
    if isinstance(f, Chain):
        return f.parts
    return () if isinstance(f, Identity) else (f,)


@final
@dataclass(frozen=True)
class Identity(Operator):
    """f(x) = x.

    >>> Identity()([1, 2])
    array([1., 2.])
    """

    @property
    def traits(self) -> frozenset[Trait]:
        return frozenset(TRAITS)

    @property
    def by_row(self) -> bool:
        return True

    def own_run(self, shape: Shape) -> int | None:
        return 1 if shape and all(shape) else None

    def apply(self, x: Array, origin: Array) -> Array:
        return x

    def __str__(self) -> str:
        return "identity()"


IDENTITY = Identity()


@final
@dataclass(frozen=True)
class Chain(Operator):
    """(f₁ >> f₂ >> … >> f_r)(x) = f_r(… f₂(f₁(x))): two or more operators, none of them a chain or the identity.

    >>> from sqtheory import int_, nm
    >>> (nm(2, 4) >> int_(4)) == Chain((nm(2, 4), int_(4)))
    True
    """

    parts: tuple[Operator, ...]

    def __post_init__(self) -> None:
        simple = [isinstance(f, Operator) and not isinstance(f, Chain | Identity) for f in self.parts]
        if len(simple) < 2 or not all(simple):
            raise ValueError("a chain needs two or more operators that are neither chains nor the identity: use >>")

    @property
    def boxes(self) -> tuple[tuple[Partition, Tail, str], ...]:
        return tuple(boxes for f in self.parts for boxes in f.boxes)

    @property
    def traits(self) -> frozenset[Trait]:
        common = frozenset.intersection(*(f.traits for f in self.parts))
        return frozenset(t for t in common if t.survives)

    @property
    def by_row(self) -> bool:
        return all(f.by_row for f in self.parts)

    def own_run(self, shape: Shape) -> int | None:
        units = [f.own_run(shape) for f in self.parts]
        known = [unit for unit in units if unit is not None]
        return math.lcm(*known) if len(known) == len(units) else None

    def apply(self, x: Array, origin: Array) -> Array:
        if self._unit(x) is not None:
            return self.into(np.empty(x.shape, x.dtype), x, origin)
        for f in self.parts:
            x = f.apply(x, origin)
        return x

    def into(self, out: Array, x: Array, origin: Array) -> Array:
        if np.may_share_memory(out, origin):
            return super().into(out, x, origin)
        unit = None if np.may_share_memory(out, x) else self._unit(x)
        if unit is not None:
            try:
                for strip in strips((out, x, origin), unit, STRIP):
                    self._whole(*strip)
                return out
            except ValueError:  # said of the whole tensor below, which names the place in it
                pass
        return self._whole(out, x, origin)

    def _unit(self, x: Array) -> int | None:
        return None if x.size <= STRIP else self.own_run(x.shape)

    def _whole(self, out: Array, x: Array, origin: Array) -> Array:
        for f in self.parts:
            x = f.into(out, x, origin)
        return out

    def __str__(self) -> str:
        return " >> ".join(str(f) for f in self.parts)
