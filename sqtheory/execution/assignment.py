"""The operators of a tensor: which mask s and which format q the tensor of a name is given."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TypeAlias, final

import numpy as np

from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scores import Statistic
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array
from sqtheory.execution.fingerprints import generators, rebound, word
from sqtheory.files.statistics import Statistics
from sqtheory.orders.pair import Pair

Operators: TypeAlias = tuple[Sparsifier, Quantizer]
"""s and q."""


class Assignment(ABC):
    """A map name ↦ (s, q): a mask and a format for every tensor of a checkpoint.

    Every Generator in them is new for each tensor, made from ``seeds`` and its name: a tensor draws the same numbers
    whoever asks, in whatever order, whatever else is asked.
    """

    @property
    @abstractmethod
    def pattern(self) -> Operators:
        """s and q without what tensors add to them: their spelling, their boxes and budgets, their traits."""

    @property
    @abstractmethod
    def seeds(self) -> tuple[tuple[int, ...], ...]:
        """What the generators are made from besides the name, one tuple for each; empty where nothing is drawn."""

    @property
    @abstractmethod
    def uniform(self) -> bool:
        """All tensors have the same operators."""

    @abstractmethod
    def of(self, name: str) -> Pair:
        """The operators of the tensor of this name. Raises InputRefused, naming it, where something is not known."""

    def on(self, shapes: Mapping[str, Shape]) -> "Assignment":
        """The same for a checkpoint whose targets have these shapes."""
        return self

    @property
    def words(self) -> tuple[str, str]:
        """How the mask and the format are written."""
        s, q = self.pattern
        return str(s), str(q)


class Assigner(ABC):
    """What makes other operators of those of an assignment and of what is known of each tensor: a published method."""

    name: str
    needs: tuple[Statistic, ...]
    """What must be known of the inputs of every tensor."""

    @abstractmethod
    def assigned(
        self, inner: Assignment, statistics: Statistics | None, shapes: Mapping[str, Shape] | None = None
    ) -> Assignment:
        """The operators for every tensor; ``shapes`` are those of all targets."""


class InputOperators(ABC):
    """s and q for the inputs of every layer, which are pruned as they are computed, each row by its own budget."""

    mask: str
    """How it is written."""

    @abstractmethod
    def of(self, name: str, weight: Array) -> Pair:
        """s and q of the inputs of the layer of this name, which computes with this weight."""


@final
@dataclass(frozen=True)
class Bound(Assignment):
    """s and q as they are, but for their generators, of which ``seeds`` has one each."""

    s: Sparsifier
    q: Quantizer
    seeds: tuple[tuple[int, ...], ...] = ()

    @property
    def pattern(self) -> Operators:
        return self.s, self.q

    @property
    def uniform(self) -> bool:
        return not self.seeds

    def of(self, name: str) -> Pair:
        if not self.seeds:
            return Pair(self.s, self.q)
        own = generators((self.s, self.q))
        rngs = (np.random.default_rng([*seed, word(name)]) for seed in self.seeds)
        return Pair(*rebound((self.s, self.q), dict(zip(own, rngs, strict=True))))


@final
@dataclass(frozen=True)
class Spelled(Assignment):
    """s and q by their spelling; what it calls ``rng`` is a generator made from the seed and the name of the tensor.

    The texts become those that ``str`` prints. Raises SpellingError for words that are no mask and no format,
    ValueError for a negative seed.
    """

    mask: str
    format: str
    seed: int = 0
    _read: Bound = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        s = parse_as(Sparsifier, "mask", self.mask, {"rng": rng})
        q = parse_as(Quantizer, "format", self.format, {"rng": rng})
        drawn = bool(generators((s, q)))
        read = Bound(s, q, ((self.seed,),) if drawn else ())
        for name, value in {"mask": str(s), "format": str(q), "_read": read}.items():
            object.__setattr__(self, name, value)

    @property
    def pattern(self) -> Operators:
        return self._read.pattern

    @property
    def seeds(self) -> tuple[tuple[int, ...], ...]:
        return self._read.seeds

    @property
    def uniform(self) -> bool:
        return self._read.uniform

    def of(self, name: str) -> Pair:
        return self._read.of(name)


def awaited(s: Sparsifier) -> Statistic | None:
    """What a mask must be told of a tensor's inputs before it is one."""
    return None if s.score is None else s.score.awaits


def check_awaits_none(s: Sparsifier) -> None:
    """ValueError for a mask that awaits statistics of inputs, where none can be given."""
    if (statistic := awaited(s)) is not None:
        raise ValueError(
            f"{s} awaits {statistic} of each tensor: order, report, apply, pack, verify, evaluate take --statistics"
        )


def bound(masks: Sequence[Sparsifier], formats: Sequence[Quantizer]) -> tuple[Bound, ...]:
    """Every mask with every format; each Generator in them is asked once, for a seed."""
    seeds = {key: tuple(rng.integers(2**63, size=2).tolist()) for key, rng in generators((*masks, *formats)).items()}
    return tuple(Bound(s, q, tuple(seeds[key] for key in generators((s, q)))) for s, q in product(masks, formats))
