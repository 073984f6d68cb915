"""Several computations over one tensor in the same sweeps: each part is read once for all of them."""

from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import chain
from typing import TypeAlias, TypeVar

from sqtheory.arrays import Array
from sqtheory.orders.shared import Shared

T = TypeVar("T")
Sweeps: TypeAlias = Generator[None, Shared | None, T]
"""Is sent the parts of a tensor one after the other, then None, and all of that again as long as it goes on."""
Parts: TypeAlias = Callable[[], Iterator[Array]]
"""The parts of a tensor one after the other, as often as they are asked for."""


def swept(parts: Parts, walks: Sequence[Sweeps[T]]) -> list[T]:
    """What every walk returns; of those that look at the same part, the earlier look first."""
    found: dict[int, T] = {}
    for walk in walks:
        next(walk)
    while len(found) < len(walks):
        for shared in chain(map(Shared, parts()), (None,)):
            for place, walk in enumerate(walks):
                if place not in found:
                    try:
                        walk.send(shared)
                    except StopIteration as end:
                        found[place] = end.value
            if len(found) == len(walks):
                break
    return [found[place] for place in range(len(walks))]
