"""Which of the entries whose scores tie at the cut survive."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from sqtheory.alphabet.norms import check_norm, spell_norm
from sqtheory.alphabet.partition import Partition, Whole
from sqtheory.alphabet.scores import gains, unit_norms
from sqtheory.arrays import Array


class Ties(ABC):
    """A secondary key: among entries of equal score the larger key survives, then the preferred index.

    >>> from sqtheory import int_, nm
    >>> (int_(4) >> nm(1, 2, ties=by_original))([1.75, 2, 0, 7])
    array([0., 2., 0., 7.])
    """

    low_index: ClassVar[bool] = True
    """Among equal keys the entry of lower index survives (else the higher)."""
    deterministic: ClassVar[bool] = True
    index_only: ClassVar[bool] = False
    """The rule looks at positions alone."""

    @abstractmethod
    def key(self, x: Array, origin: Array) -> Array | None:
        """The keys of the tensor x being masked, which came from ``origin``; None where positions decide."""

    def unit_key(self, keys: Array, unit: Partition, p: float) -> Array:
        """The keys of whole units that are ranked by p-norm, from the keys of their entries."""
        return unit_norms(unit, np.abs(keys), p)

    @abstractmethod
    def __str__(self) -> str:
        """The canonical spelling."""


@final
@dataclass(frozen=True)
class LowIndex(Ties):
    """The lower index survives."""

    index_only = True

    def key(self, x: Array, origin: Array) -> None:
        return None

    def __str__(self) -> str:
        return "low_index"


@final
@dataclass(frozen=True)
class HighIndex(Ties):
    """The higher index survives."""

    low_index = False
    index_only = True

    def key(self, x: Array, origin: Array) -> None:
        return None

    def __str__(self) -> str:
        return "high_index"


@final
@dataclass(frozen=True)
class ByOriginal(Ties):
    """The entry of larger original magnitude survives: with it Q→S equals S→Q (theorem ``frozen_commutation``)."""

    def key(self, x: Array, origin: Array) -> Array:
        return np.abs(origin)

    def __str__(self) -> str:
        return "by_original"


@final
@dataclass(frozen=True)
class Adversarial(Ties):
    """The entry whose survival saves least of ‖origin − y‖_p survives: the worst choice for that norm.

    >>> from sqtheory import int_, nm
    >>> (int_(4) >> nm(1, 2, ties=Adversarial(1)))([1.75, 2.25, 0, 7])
    array([2., 0., 0., 7.])
    """

    p: float = 2.0

    def __post_init__(self) -> None:
        check_norm(self.p)

    def key(self, x: Array, origin: Array) -> Array:
        return -gains(origin, x, self.p, Whole())

    def unit_key(self, keys: Array, unit: Partition, p: float) -> Array:
        """Losses add up over a unit; for p = ∞ the largest of them decides."""
        if self.p < np.inf:
            return unit.reduce(keys, lambda rows: rows.sum(axis=1))
        high = unit.reduce(keys, lambda rows: rows.max(axis=1))
        low = unit.reduce(keys, lambda rows: rows.min(axis=1))
        return np.where(high > -low, high, low)

    def __str__(self) -> str:
        return "adversarial" if self.p == 2 else f"adversarial({spell_norm(self.p)})"


@final
@dataclass(frozen=True, eq=False)
class RandomTies(Ties):
    """A uniformly random one survives, drawn from an explicit Generator.

    >>> from sqtheory import nm
    >>> nm(1, 2, ties=RandomTies(np.random.default_rng(0)))([1, 1, 1, 1])
    array([1., 0., 1., 0.])
    """

    rng: np.random.Generator
    deterministic = False

    def __post_init__(self) -> None:
        if not isinstance(self.rng, np.random.Generator):
            raise TypeError(f"random ties need a numpy.random.Generator, got {type(self.rng).__name__}")

    def key(self, x: Array, origin: Array) -> Array:
        return self.rng.random(x.shape)

    def unit_key(self, keys: Array, unit: Partition, p: float) -> Array:
        """The key of the first entry: uniform whatever the size of the unit."""
        return unit.reduce(keys, lambda rows: rows[:, 0])

    def __str__(self) -> str:
        return "random(rng)"


low_index = LowIndex()
high_index = HighIndex()
by_original = ByOriginal()
adversarial = Adversarial()

TIES: dict[str, Ties] = {str(t): t for t in (low_index, high_index, by_original, adversarial)}
"""The rules that need no argument, by name."""
