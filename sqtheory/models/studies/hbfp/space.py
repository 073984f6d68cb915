"""The design space of block floating point: what mantissas, blocks and rounding make of tensors."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import final

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.partition import Blocks, Partition, Tiles
from sqtheory.alphabet.quantizers import Quantizer, hbfp
from sqtheory.alphabet.rounding import Rounding, nearest_even, stochastic
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, top
from sqtheory.alphabet.storage import bits_per_entry
from sqtheory.arrays import Array
from sqtheory.orders.applied import both
from sqtheory.orders.transport import wasserstein

BITS = tuple(range(2, 9))
BLOCKS = (4, 16, 64, 256, 1024)
TILES = (8, 32)
SHAPE = (64, 1024)
MASKS: tuple[Sparsifier, ...] = (nm(2, 4), top(0.5))
BOXES: tuple[Partition, ...] = (*map(Blocks, BLOCKS), *(Tiles(side, side) for side in TILES))
"""Runs of one axis and square tiles; a tile of 8 × 8 has the entries of a run of 64."""
DISTRIBUTIONS: Mapping[str, Callable[[Generator], Array]] = MappingProxyType(
    {
        "normal": lambda rng: rng.standard_normal(SHAPE),
        "Laplace": lambda rng: rng.laplace(size=SHAPE),
        "Student t, 3": lambda rng: rng.standard_t(3, SHAPE),
        "± lognormal": lambda rng: rng.choice((-1.0, 1.0), SHAPE) * rng.lognormal(size=SHAPE),
    }
)
"""Samples of laws symmetric about 0, (64, 1024), float64."""


@final
@dataclass(frozen=True)
class Cell:
    """One format on a tensor, or on several as one: sums over all entries."""

    bits: int
    boxes: Partition
    squares: float
    """Σ x²."""
    lost: float
    """Σ (x − q(x))²."""
    lost_random: float
    """The same under stochastic rounding."""
    first: float
    """Σ over tensors of n W₁(x, q(x)), the distance of the entries as a distribution from those of the image."""
    second: float
    """The same of W₂²."""
    half_steps: float
    """Σ σ/2 over the entries: what n W₁ is at most where nothing saturates."""
    squared_half_steps: float
    """Σ (σ/2)²: the same of n W₂²."""
    clipped: int
    """Entries beyond the last level by more than half a step."""
    entries: int
    stored: float
    """Bits of codes and exponents."""
    orders: tuple[tuple[float, float], ...]
    """For each of the masks Σ (x − q(s(x)))² and Σ (x − s(q(x)))²."""

    @property
    def sqnr(self) -> float:
        """10 log₁₀(Σx²/Σ(x − q(x))²), in decibels."""
        return decibels(self.squares, self.lost)

    @property
    def gaps(self) -> tuple[float, ...]:
        """What Q→S loses beyond S→Q for each mask, as a share of what S→Q loses, in squared error."""
        return tuple(qs / sq - 1 if sq else math.nan for sq, qs in self.orders)

    def __add__(self, other: "Cell") -> "Cell":
        """Both tensors as one."""
        names = ("squares", "lost", "lost_random", "first", "second", "half_steps", "squared_half_steps", "clipped")
        sums = {name: getattr(self, name) + getattr(other, name) for name in (*names, "entries", "stored")}
        orders = zip(self.orders, other.orders, strict=True)
        return replace(self, **sums, orders=tuple((a + c, b + d) for (a, b), (c, d) in orders))


def decibels(signal: float, noise: float) -> float:
    """10 log₁₀(signal/noise); ∞ where there is no noise."""
    return 10 * math.log10(signal / noise) if noise else math.inf


def cell(x: Array, bits: int, boxes: Partition, rng: Generator) -> Cell:
    """HBFP of so many bits in these boxes on a matrix; what stochastic rounding loses is of one draw."""
    q, random = _format(bits, boxes), _format(bits, boxes, stochastic(rng))
    image = q(x)
    sigma = boxes.spread(q.scales(x), x.shape)
    beyond = np.abs(x) > (q.format.max + 0.5) * sigma
    losses = []
    for s in MASKS:
        two = both(x, s, q, image=image)
        losses.append((_square(x - two.after_mask), _square(x - two.masked_image)))
    return Cell(
        bits,
        boxes,
        squares=_square(x),
        lost=_square(x - image),
        lost_random=_square(x - random(x)),
        first=x.size * wasserstein(x, image, 1),
        second=x.size * wasserstein(x, image, 2) ** 2,
        half_steps=float(np.sum(sigma / 2, dtype=np.float64)),
        squared_half_steps=_square(sigma / 2),
        clipped=int(np.count_nonzero(beyond)),
        entries=x.size,
        stored=float(bits_per_entry(q, x.shape) * x.size),
        orders=tuple(losses),
    )


def cells(
    tensors: Iterable[Array], rng: Generator, bits: Sequence[int] = BITS, boxes: Sequence[Partition] = BOXES
) -> tuple[Cell, ...]:
    """Every width in all boxes over tensors as one, by box and then by width. Raises ValueError for no tensor."""
    found: dict[tuple[int, int], Cell] = {}
    for x in tensors:
        for i, each in enumerate(boxes):
            for k in bits:
                one = cell(x, k, each, rng)
                found[i, k] = found[i, k] + one if (i, k) in found else one
    if not found:
        raise ValueError("the design space is one of tensors, got none")
    return tuple(found[i, k] for i in range(len(boxes)) for k in bits)


def _format(bits: int, boxes: Partition, rounding: Rounding = nearest_even) -> Quantizer:
    return hbfp(bits, per=boxes, rounding=rounding)


def _square(values: Array) -> float:
    return float(np.sum(np.square(values, dtype=np.float64)))
