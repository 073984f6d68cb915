"""Assignments that are made of another: equal tensors that draw alike, masks told what they await of inputs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

from sqtheory.execution.assignment import Assignment, Operators, awaited
from sqtheory.files.statistics import Statistics
from sqtheory.orders.pair import Pair


@dataclass(frozen=True)
class Derived(Assignment):
    """What is made of the operators of another assignment, ``inner``."""

    inner: Assignment

    @property
    def pattern(self) -> Operators:
        return self.inner.pattern

    @property
    def seeds(self) -> tuple[tuple[int, ...], ...]:
        return self.inner.seeds

    @property
    def uniform(self) -> bool:
        return self.inner.uniform


@final
@dataclass(frozen=True)
class Alike(Derived):
    """Another assignment in which a tensor draws what the ``first`` of those that are equal to it draws."""

    first: Mapping[str, str]

    def of(self, name: str) -> Pair:
        return self.inner.of(self.first.get(name, name))


@dataclass(frozen=True)
class Informed(Derived):
    """What is made of the operators of another assignment and of statistics of each tensor's inputs."""

    statistics: Statistics

    @property
    def uniform(self) -> bool:
        return False


@final
@dataclass(frozen=True)
class Calibrated(Informed):
    """The operators of another assignment, told what they await of the inputs of each tensor."""

    def of(self, name: str) -> Pair:
        pair = self.inner.of(name)
        score, statistic = pair.s.score, awaited(pair.s)
        if score is None or statistic is None:
            return pair
        return replace(pair, s=pair.s.with_score(score.told(self.statistics.of(name, statistic))))


def calibrated(assignment: Assignment, statistics: Statistics | None) -> Assignment:
    """The assignment, told what it awaits of the tensors' inputs. Raises ValueError where that is not there."""
    mask, _ = assignment.pattern
    if (statistic := awaited(mask)) is None:
        return assignment
    if statistics is None:
        raise ValueError(
            f"{mask} awaits {statistic} of each tensor: --statistics FILE, as sqtheory calibrate writes it"
        )
    return Calibrated(assignment, statistics)
