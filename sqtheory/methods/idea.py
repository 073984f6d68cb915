"""A published work that assigns no operators to tensors: an identity, a schedule, a bound, an allocation, a metric."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Never, final

from sqtheory.alphabet.partition import Shape
from sqtheory.execution.assignment import Assignment
from sqtheory.files.statistics import Statistics
from sqtheory.methods.work import PrunedOperand, Work


@final
@dataclass(frozen=True, kw_only=True)
class Idea(Work):
    """What of it can be computed, and what lies outside numerics."""

    computes: str
    """The one thing, or things, that are computed here, in a sentence."""
    outside: str = ""
    """What of the work is none of numerics: searched architectures, trained routers, speed; empty where nothing is."""

    @property
    def prunes(self) -> PrunedOperand:
        return PrunedOperand.none

    @property
    def says(self) -> str:
        left = f" Outside numerics: {self.outside}" if self.outside else ""
        return f"Computed here: {self.computes}{left}"

    def variant(self, name: str) -> Never:
        raise ValueError(f"{self.name} has no variant {name!r}: it assigns no operators")

    def assigned(
        self, inner: Assignment, statistics: Statistics | None, shapes: Mapping[str, Shape] | None = None
    ) -> Never:
        raise ValueError(self._refused)

    def on_inputs(self, inner: Assignment, statistics: Statistics | None) -> Never:
        raise ValueError(self._refused)

    @property
    def _refused(self) -> str:
        return f"method {self.name} prunes {self.prunes}: sqtheory methods {self.name} says what it computes"
