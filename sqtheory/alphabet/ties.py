"""Which of the entries whose scores tie at the cut survive."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, final

import numpy as np

from sqtheory.alphabet.gains import gains, unit_norms
from sqtheory.alphabet.norms import check_norm, spell_norm
from sqtheory.alphabet.partition import Partition, Whole
from sqtheory.alphabet.rationals import NotRational, Rationals
from sqtheory.arrays import Array
from sqtheory.exceptions import need_generator


class Sight(Enum):
    """What a tie rule looks at, besides the scores that tie."""

    places = "where entries lie"
    originals = "the magnitude of what the entries came from"
    both = "the entries, and what they came from"
    chance = "random numbers"


class Ties(ABC):
    """A secondary key: among entries of equal score the larger key survives, then the preferred index.

    >>> from sqtheory import int_, nm
    >>> (int_(4) >> nm(1, 2, ties=by_original))([1.75, 2, 0, 7])
    array([0., 2., 0., 7.])
    """

    low_index: ClassVar[bool] = True
    """Among equal keys the entry of lower index survives (else the higher)."""
    look_at: ClassVar[Sight]
    """What the keys depend on."""

    @property
    def deterministic(self) -> bool:
        return self.look_at is not Sight.chance

    @property
    def index_only(self) -> bool:
        """The rule looks at positions alone."""
        return self.look_at is Sight.places

    @property
    def foreseen(self) -> bool:
        """The keys are known before the originals are quantized: they look at positions or at the originals."""
        return self.look_at in (Sight.places, Sight.originals)

    @abstractmethod
    def key(self, x: Array, origin: Array) -> Array | None:
        """The keys of the tensor x being masked, which came from ``origin``; None where positions decide."""

    def exact(self, x: Rationals, origin: Rationals) -> Rationals | None:
        """``key`` in rational arithmetic. Raises NotRational where it is not computed so."""
        if self.look_at is Sight.places:
            return None
        if self.look_at is Sight.originals:
            return np.asarray(np.abs(origin))
        raise NotRational(f"ties by {self} are not computed in rational numbers")

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

    look_at = Sight.places

    def key(self, x: Array, origin: Array) -> None:
        return None

    def __str__(self) -> str:
        return "low_index"


@final
@dataclass(frozen=True)
class HighIndex(Ties):
    """The higher index survives."""

    low_index = False
    look_at = Sight.places

    def key(self, x: Array, origin: Array) -> None:
        return None

    def __str__(self) -> str:
        return "high_index"


@final
@dataclass(frozen=True)
class ByOriginal(Ties):
    """The entry of larger original magnitude survives: with it Q→S equals S→Q (theorem ``frozen_commutation``)."""

    look_at = Sight.originals

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
    look_at = Sight.both

    def __post_init__(self) -> None:
        check_norm(self.p)

    def key(self, x: Array, origin: Array) -> Array:
        return -gains(origin, x, self.p, Whole())

    def exact(self, x: Rationals, origin: Rationals) -> Rationals | None:
        if not float(self.p).is_integer():
            return super().exact(x, origin)
        return np.asarray(np.abs(origin - x) ** int(self.p) - np.abs(origin) ** int(self.p))

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
    look_at = Sight.chance

    def __post_init__(self) -> None:
        need_generator(self.rng, "random ties need")

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
