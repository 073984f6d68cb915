"""How the sums of groups of products become one sum."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.exceptions import whole

Places: TypeAlias = NDArray[np.intp] | slice
Step: TypeAlias = Callable[[Array, Places], Array]
"""(accumulator, places of a group along K) ↦ the accumulator after that group."""


class Chaining(ABC):
    """An order in which groups of ``span`` places are added up; ``start`` is the float32 accumulator before."""

    added: ClassVar[bool] = True
    """Every part is a chain from 0 whose sum is added to the total in float32; else one chain goes on through all."""

    @abstractmethod
    def parts(self, length: int, span: int) -> Iterator[Iterable[Places]]:
        """The groups of every chain along K, in their order."""

    def total(self, start: Array, length: int, span: int, step: Step) -> Array:
        """The sum of all products, float64 that float32 holds."""
        total = start
        for part in self.parts(length, span):
            chain = np.zeros_like(start) if self.added else total
            for places in part:
                chain = step(chain, places)
            total = rounded(total + chain) if self.added else chain
        return total

    def every(self, span: int) -> int | None:
        """Places after which a run of groups from 0 is added to the total, 0 for never; None where that says it not."""
        return None


@final
@dataclass(frozen=True)
class OneChain(Chaining):
    """C ← group(C, products) for one group after the other."""

    added = False

    def parts(self, length: int, span: int) -> Iterator[Iterable[Places]]:
        yield runs(length, span)

    def every(self, span: int) -> int:
        return 0

    def __str__(self) -> str:
        return "one_chain"


@final
@dataclass(frozen=True)
class Promoted(Chaining):
    """C ← fl32(C + chain of ``places`` products from 0), as kernels do that add to float32 now and then."""

    places: int = 128

    def __post_init__(self) -> None:
        if whole(self.places, "products between promotions") < 1:
            raise ValueError(f"promoted after at least one product, got {self.places}")

    def parts(self, length: int, span: int) -> Iterator[Iterable[Places]]:
        for first in range(0, length, self.places):
            yield runs(min(self.places, length - first), span, first)

    def every(self, span: int) -> int | None:
        return self.places if self.places % span == 0 else None

    def __str__(self) -> str:
        return f"promoted({self.places})"


@final
@dataclass(frozen=True)
class TwoHalves(Chaining):
    """C ← fl32(C + group(group(0, places k with k mod ``period`` < ``period``/2), the others)), ``span`` by span."""

    period: int

    def __post_init__(self) -> None:
        if whole(self.period, "the period of halves") < 2 or self.period % 2:
            raise ValueError(f"halves have an even period, got {self.period}")

    def parts(self, length: int, span: int) -> Iterator[Iterable[Places]]:
        for first in range(0, length, span):
            places = np.arange(first, min(first + span, length))
            early = places % self.period < self.period // 2
            yield places[early], places[~early]

    def __str__(self) -> str:
        return f"halves({self.period})"


ONE_CHAIN = OneChain()


def runs(length: int, span: int, first: int = 0) -> Iterator[slice]:
    """Cuts of [first, first + length) into runs of ``span``, the last perhaps shorter."""
    for at in range(first, first + length, span):
        yield slice(at, min(at + span, first + length))


def rounded(total: Array) -> Array:
    """To float32, nearest even, held in float64."""
    return np.asarray(total.astype(np.float32).astype(np.float64))
