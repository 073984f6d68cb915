"""Which layer has how many mantissa bits in which epoch, and what share of the multiplications that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import final


@final
@dataclass(frozen=True)
class Schedule:
    """``bits`` everywhere but in the last ``epochs`` epochs and, with ``edges``, in the first and the last layer.

    There they are ``boosted``. None stands for float32. Bits count the sign (`harma2022accuracy`, Accuracy Boosters).
    """

    bits: int | None
    boosted: int | None = None
    epochs: int = 0
    edges: bool = False

    def at(self, layer: int, layers: int, epoch: int, epochs: int) -> int | None:
        """Bits of a layer of so many in an epoch of so many, both counted from 0."""
        edge = self.edges and layer in (0, layers - 1)
        return self.boosted if edge or epoch >= epochs - self.epochs else self.bits


@final
@dataclass(frozen=True)
class LayerCost:
    """A layer of a network, by name: the multiplications of one forward pass of one sample."""

    name: str
    multiplications: int


def training(layers: Sequence[LayerCost]) -> list[int]:
    """Multiplications of a step by layer: the output, the gradients by weight and by input; the first needs no last."""
    return [(3 if place else 2) * layer.multiplications for place, layer in enumerate(layers)]


def shares(schedule: Schedule, layers: Sequence[LayerCost], epochs: int) -> Mapping[int | None, Fraction]:
    """The share of all multiplications of a training run with each number of bits; the shares sum to 1."""
    steps = training(layers)
    found: dict[int | None, int] = {}
    for epoch in range(epochs):
        for place, count in enumerate(steps):
            bits = schedule.at(place, len(layers), epoch, epochs)
            found[bits] = found.get(bits, 0) + count
    return {bits: Fraction(count, epochs * sum(steps)) for bits, count in found.items()}
