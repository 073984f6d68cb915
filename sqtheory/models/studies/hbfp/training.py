"""Training a perceptron in block floating point: stochastic gradient descent on a wide copy of the weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.operators import IDENTITY, Operator
from sqtheory.alphabet.quantizers import hbfp
from sqtheory.alphabet.rounding import Rounding, nearest_even, stochastic
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array
from sqtheory.models.evaluation.evaluating import single_threaded_products
from sqtheory.models.studies.hbfp.arithmetic import Arithmetic, Conversion
from sqtheory.models.studies.hbfp.images import Split
from sqtheory.models.studies.hbfp.network import Perceptron
from sqtheory.models.studies.hbfp.schedule import Schedule
from sqtheory.orders.applied import Order

WIDE = 16
"""Bits of the wide copy of the weights, where products are in block floating point."""


@final
@dataclass(frozen=True)
class Training:
    """How the products are computed, epoch by epoch and layer by layer."""

    name: str
    schedule: Schedule
    s: Sparsifier | None = None
    order: Order = Order.sq
    random: bool = False
    """Stochastic rounding, as the scripts of the published emulator have it; else to the nearest."""
    conversion: Conversion = Conversion.product

    def arithmetic(self, layers: int, epoch: int, epochs: int, block: int, rng: Generator) -> tuple[Arithmetic, ...]:
        """That of every layer in an epoch."""
        rounding: Rounding = stochastic(rng) if self.random else nearest_even
        every = []
        for layer in range(layers):
            bits = self.schedule.at(layer, layers, epoch, epochs)
            q: Operator = IDENTITY if bits is None else hbfp(bits, block=block, rounding=rounding)
            every.append(Arithmetic(q, self.s, self.order, self.conversion))
        return tuple(every)

    @property
    def wide(self) -> Operator:
        """What the copy of the weights that gradients are added to is stored in."""
        return IDENTITY if self.schedule.bits is None else hbfp(WIDE)


@final
@dataclass(frozen=True)
class Descent:
    """Stochastic gradient descent with momentum (Polyak's), the rate falling linearly to 0."""

    hidden: tuple[int, ...] = (128, 128, 128)
    epochs: int = 10
    batch: int = 200
    rate: float = 0.1
    momentum: float = 0.9
    block: int = 64
    """Entries that share an exponent."""


DESCENT = Descent()


@final
@dataclass(frozen=True)
class Run:
    """One training run: the mean loss of the training samples as they were seen, and the accuracy after each epoch."""

    losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    """On the samples held out, in the arithmetic of the epoch."""

    @property
    def accuracy(self) -> float:
        """After the last epoch."""
        return self.accuracies[-1]


def train(
    split: Split, training: Training, descent: Descent, seed: int, done: Callable[[int], None] = lambda epochs: None
) -> Run:
    """Train from weights and orders of samples that the seed alone decides, the same for every training.

    Raises NonFinite where an operand overflows.
    """
    start, order, rounding = (np.random.default_rng([seed, part]) for part in range(3))
    widths = (split.inputs, *descent.hidden, split.classes)
    network = Perceptron.drawn(widths, start)
    velocity = [np.zeros_like(w) for w in (*network.weights, *network.biases)]
    losses, accuracies = [], []
    count = len(split.train) // descent.batch
    with single_threaded_products():
        for epoch in range(descent.epochs):
            arithmetic = training.arithmetic(len(network.weights), epoch, descent.epochs, descent.block, rounding)
            permuted = order.permutation(len(split.train))
            total = 0.0
            for step in range(count):
                some = permuted[step * descent.batch : (step + 1) * descent.batch]
                loss, *gradients = network.gradients(split.train[some], split.train_classes[some], arithmetic)
                total += loss
                rate = descent.rate * (1 - (epoch * count + step) / (descent.epochs * count))
                network = _stepped(
                    network, velocity, (*gradients[0], *gradients[1]), rate, descent.momentum, training.wide
                )
            losses.append(total / count)
            predicted = network.logits(split.test, arithmetic).argmax(axis=1)
            accuracies.append(float(np.mean(predicted == split.test_classes)))
            done(1)
    return Run(tuple(losses), tuple(accuracies))


def _stepped(
    network: Perceptron,
    velocity: list[Array],
    gradients: Sequence[Array],
    rate: float,
    momentum: float,
    wide: Operator,
) -> Perceptron:
    """One step v ← μv + g, w ← wide(w − ηv); ``velocity`` is overwritten."""
    moved = []
    for place, (value, g) in enumerate(zip((*network.weights, *network.biases), gradients, strict=True)):
        velocity[place] = value.dtype.type(momentum) * velocity[place] + g
        moved.append(value - value.dtype.type(rate) * velocity[place])
    layers = len(network.weights)
    return Perceptron(tuple(wide(w) for w in moved[:layers]), tuple(moved[layers:]))
