"""A tensor of many entries in pieces, each counted by whoever has it: their sums add up to those of the whole."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, final

import numpy as np

from sqtheory.alphabet.kernels.maxima import largest
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.scaling import Reach
from sqtheory.arrays import Array
from sqtheory.orders.counts import Counts, sign
from sqtheory.orders.fused import FusedPass, FusedPlan, plan_for
from sqtheory.orders.pair import Pair
from sqtheory.orders.partial import Partial
from sqtheory.orders.shared import Shared
from sqtheory.orders.witnesses import Witnesses, exact_lead, joined

LEAST = 1 << 20
"""Entries of a piece at least, about: beside them what is done once for a piece is little."""
MOST = 1 << 22
"""Entries of a piece at most, unless one scale block has more; all are in memory at once."""
Cut: TypeAlias = tuple[int, int]
"""From which place in C order to which."""


@final
@dataclass(frozen=True)
class Pieces:
    """How a tensor of a shape is cut for some pairs: pieces of whole scale blocks of each, wherever they are counted.

    The borders depend on the shape, the pairs and what is wanted, never on who counts.
    """

    places: tuple[int, ...]
    """Which pairs these are among those that were asked for."""
    grid: tuple[Pair, ...]
    plans: tuple[FusedPlan, ...]
    widths: tuple[int, ...]
    """Entries that each plan takes as a row: a scale block, or a row of the tensor that ends with a short one."""
    step: int
    """Entries of every piece but the last: whole rows of every plan."""
    size: int
    p: float

    @classmethod
    def of(cls, grid: Sequence[Pair], shape: Shape, p: float, wanted: int) -> "Pieces | None":
        """The pieces for those pairs that can be counted so; None where none can, or where there would be one piece.

        ``wanted``: entries of a piece, about, if that is neither too few nor too many.
        Raises ValueError where a mask or a format fits no such tensor.
        """
        size = math.prod(shape)
        found = [
            (place, pair, plan)
            for place, pair in enumerate(grid)
            if pair.plain and (plan := plan_for(pair, shape, p)) is not None and plan.axis == len(shape) - 1
        ]
        if not found or size <= LEAST:
            return None
        places, pairs, plans = zip(*found, strict=True)
        widths = tuple(shape[-1] if shape[-1] % plan.block else plan.block for plan in plans)
        unit = math.lcm(*widths)
        step = -(-min(max(wanted, LEAST), MOST) // unit) * unit
        return cls(places, pairs, plans, widths, step, size, p) if step < size else None

    def cuts(self) -> list[Cut]:
        """All pieces."""
        return [(at, min(at + self.step, self.size)) for at in range(0, self.size, self.step)]

    @property
    def needs_top(self) -> bool:
        """Some scale looks at the largest magnitude of the whole tensor."""
        return any(pair.q.scaling.looks_at is Reach.tensor for pair in self.grid)

    def only(self, at: Sequence[int]) -> "Pieces":
        """The same pieces for some of the pairs, numbered among these."""
        places, widths = (tuple(of[i] for i in at) for of in (self.places, self.widths))
        grid, plans = tuple(self.grid[i] for i in at), tuple(self.plans[i] for i in at)
        return replace(self, places=places, grid=grid, plans=plans, widths=widths)

    def partials(self, chunks: Iterable[Array], top: float) -> tuple[Partial, ...] | None:
        """What the chunks of a piece add up to for every pair; None where some pair must see the whole tensor.

        ``top``: the largest magnitude of the tensor, finite, where ``needs_top``.
        """
        found = [Partial() for _ in self.grid]
        for i, over, shared, rows in self._each(chunks, top):
            part = over.partial((rows,), shared)
            if part is None:
                return None
            found[i] += part
        return tuple(found)

    def witnesses(self, chunks: Iterable[Array], top: float) -> tuple[Witnesses, ...] | None:
        """The entries of a piece on which the orders differ, for every pair; None where they are too many."""
        found: list[list[Witnesses]] = [[] for _ in self.grid]
        for i, over, _, rows in self._each(chunks, top):
            some = over.witnesses((rows,))
            if some is None:
                return None
            found[i].append(some)
        return tuple(map(joined, found))

    def counts(self, partials: Sequence[Partial], witnesses: Sequence[Witnesses]) -> list[Counts] | None:
        """All of the tensor from what its pieces add up to, and the witnesses of the pairs that are ``undecided``.

        None where powers were lost.
        """
        leads = [sign(one.lead) for one in partials]
        for i, some in zip(undecided(partials), witnesses, strict=True):
            leads[i] = exact_lead(some, self.p)
        counted = [one.counts(self.p, lead) for one, lead in zip(partials, leads, strict=True)]
        known = [one for one in counted if one is not None]
        return known if len(known) == len(counted) else None

    def _each(self, chunks: Iterable[Array], top: float) -> Iterator[tuple[int, FusedPass, Shared, Array]]:
        """Every pair by its number, with its pass, what is known of a chunk, and the rows that it takes this as."""
        passes: list[FusedPass] = []
        for chunk in chunks:
            passes = passes or self._passes(np.array([top], chunk.dtype))
            shared = Shared(chunk)
            for i, (over, width) in enumerate(zip(passes, self.widths, strict=True)):
                yield i, over, shared, chunk.reshape(-1, width)

    def _passes(self, top: Array) -> list[FusedPass]:
        passes = (FusedPass.of(*each, self.p, top, self.size) for each in zip(self.grid, self.plans, strict=True))
        return [one for one in passes if one is not None]


def undecided(partials: Sequence[Partial]) -> list[int]:
    """Of which pairs the entries on which the orders differ must be looked at again."""
    return [i for i, one in enumerate(partials) if not one.decided]


def added(found: Iterable[Sequence[Partial]]) -> list[Partial]:
    """What pieces add up to, pair by pair."""
    return [sum(of_pair, Partial()) for of_pair in zip(*found, strict=True)]


def top_of(chunks: Iterable[Array]) -> float:
    """The largest magnitude, NaN or infinite where some entry is."""
    return float(np.max([largest(chunk)[0] for chunk in chunks]))
