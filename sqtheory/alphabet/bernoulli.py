"""Unbiased random sparsification: what is kept makes up on average for what is not."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.traits import KEEPS_ZERO, Trait
from sqtheory.arrays import Array
from sqtheory.exceptions import NonFinite, first_at, need_generator, real


@final
@dataclass(frozen=True)
class Bernoulli(Operator):
    """S(x)_i = x_i/π with probability π, else +0: E S(x) = x, with variance x_i²(1 − π)/π, entry by entry.

    Coins are thrown by an explicit Generator, those of one call independent. Raises ValueError unless 0 < π ≤ 1,
    NonFinite for NaN or infinity in x and where x_i/π is beyond the floating-point numbers
    (`wangni2018sparsification`, with one probability for all entries).
    """

    keep: float
    rng: np.random.Generator

    def __post_init__(self) -> None:
        need_generator(self.rng, "bernoulli needs")
        if not 0 < real(self.keep, "a probability") <= 1:
            raise ValueError(f"a probability of being kept is above 0 and at most 1, got {self.keep}")

    @property
    def traits(self) -> frozenset[Trait]:
        return frozenset({KEEPS_ZERO})

    def apply(self, x: Array, origin: Array) -> Array:
        _require_finite(x, "x")
        with np.errstate(over="ignore"):
            grown = x / x.dtype.type(self.keep)
        _require_finite(grown, f"x/{float(self.keep)}")
        return np.asarray(np.where(self.rng.random(x.shape) < self.keep, grown, x.dtype.type(0)))

    def __str__(self) -> str:
        return f"bernoulli({float(self.keep)!r}, rng)"


def _require_finite(values: Array, what: str) -> None:
    if not np.isfinite(values).all():
        where = first_at(~np.isfinite(values))
        raise NonFinite(f"{what} = {values[where]} at {where}: bernoulli is for finite numbers")


def bernoulli(keep: float, rng: np.random.Generator) -> Bernoulli:
    """Keep every entry with probability ``keep`` and divide it by that, so that the mean is x.

    >>> bernoulli(0.5, np.random.default_rng(0))([1, 2, 3, 4])
    array([0., 4., 6., 8.])
    """
    return Bernoulli(keep, rng)
