"""A published method: what it assigns to a tensor of whose inputs something is known, and what is true of its order."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, final

from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scores import Statistic
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array
from sqtheory.execution.assignment import Assignment, Informed, Operators
from sqtheory.files.statistics import Statistics
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorem import Theorem

Known: TypeAlias = Mapping[Statistic, Array]
"""What is known of the inputs of one tensor."""
Build: TypeAlias = Callable[[Sparsifier, Quantizer, Known], Operators]
"""From the boxes and budgets of a mask, a format and what is known: the operators of one tensor."""


class OrderVerdict(Enum):
    """Whether to sparsify first."""

    holds = "S→Q never loses"
    fails = "S→Q can lose"
    depends = "it depends on the norm or the pipeline"

    def __str__(self) -> str:
        return self.value


class Evidence(ABC):
    """Why the verdict is what it is: a sentence, the theorem that it is about, and a check that runs."""

    says: str
    theorem: Theorem

    @property
    @abstractmethod
    def favours(self) -> OrderVerdict:
        """What it speaks for alone."""

    @property
    @abstractmethod
    def stands(self) -> bool:
        """Whether it is so, computed now."""


@final
@dataclass(frozen=True)
class Holds(Evidence):
    """The claims of a theorem hold where its assumptions do, as on this case."""

    says: str
    theorem: Theorem
    case: Case

    @property
    def favours(self) -> OrderVerdict:
        return OrderVerdict.holds

    @property
    def stands(self) -> bool:
        check = self.theorem.check(self.case)
        return bool(check.admissible.all() and (check.excess <= 0).all())


@final
@dataclass(frozen=True)
class Fails(Evidence):
    """The claims of a theorem fail on this case, where an assumption of it does."""

    says: str
    theorem: Theorem
    case: Case

    @property
    def favours(self) -> OrderVerdict:
        return OrderVerdict.fails

    @property
    def stands(self) -> bool:
        check = self.theorem.check(self.case)
        return bool((~check.admissible).all() and (check.excess > 0).all())


@final
@dataclass(frozen=True)
class Method:
    """A way to choose the operators of a tensor that others have published."""

    name: str
    title: str
    source: Reference
    needs: tuple[Statistic, ...]
    """What must be known of the inputs of every tensor."""
    build: Build
    evidence: tuple[Evidence, ...]
    """What is true of its order."""

    @property
    def theorems(self) -> tuple[Theorem, ...]:
        """The theorems that it rests on."""
        return tuple(dict.fromkeys(one.theorem for one in self.evidence))

    @property
    def verdict(self) -> OrderVerdict:
        """Whether to sparsify first, by the evidence."""
        favoured = {one.favours for one in self.evidence}
        return favoured.pop() if len(favoured) == 1 else OrderVerdict.depends

    def assigned(self, inner: Assignment, statistics: Statistics) -> "Built":
        """The method's operators for every tensor, in the boxes and with the budgets and formats of an assignment."""
        return Built(inner, statistics, self.name, self.needs, self.build)


@final
@dataclass(frozen=True)
class Built(Informed):
    """What a method makes of the operators of another assignment and of what is known of each tensor's inputs."""

    name: str
    """Of the method."""
    needs: tuple[Statistic, ...]
    build: Build

    @property
    def words(self) -> tuple[str, str]:
        mask, fmt = self.inner.words
        return f"{mask} by {self.name}", fmt

    def of(self, name: str) -> Operators:
        s, q = self.inner.of(name)
        return self.build(s, q, {need: self.statistics.of(name, need) for need in self.needs})
