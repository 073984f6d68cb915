"""A published work: where it is from, what is true of its order, and through which channels order matters."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.scores import Statistic
from sqtheory.execution.assignment import Assigner, Assignment, InputOperators
from sqtheory.files.statistics import Statistics
from sqtheory.methods.channel import OrderChannel
from sqtheory.methods.evidence import Evidence, OrderVerdict
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorem import Theorem


class PrunedOperand(Enum):
    """What a published work prunes."""

    weights = "the weights"
    activations = "the inputs of every layer, as they are computed"
    cache = "the keys and values of attention"
    none = "nothing that a mask and a format describe"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, kw_only=True)
class Work(Assigner):
    """What others have published, as far as it can be computed here."""

    name: str
    title: str
    source: Reference
    evidence: tuple[Evidence, ...]
    """What is true of it, and of its order."""
    rests_on: tuple[Theorem, ...] = ()
    """Theorems of its own that say nothing of the order."""
    needs: tuple[Statistic, ...] = ()
    """What must be known of the inputs of every tensor."""

    @property
    @abstractmethod
    def prunes(self) -> PrunedOperand:
        """What it prunes."""

    @property
    def says(self) -> str:
        """In a sentence more than the title, what it does; empty where the title is all."""
        return ""

    @property
    def spelled_variants(self) -> Mapping[str, str]:
        """What published code does otherwise, by how it is asked for."""
        return {}

    @abstractmethod
    def variant(self, name: str) -> "Work":
        """It with one of its variants. Raises ValueError naming those that there are."""

    @abstractmethod
    def assigned(
        self, inner: Assignment, statistics: Statistics | None, shapes: Mapping[str, Shape] | None = None
    ) -> Assignment:
        """Its operators for every tensor. Raises ValueError where it has none for weights or lacks statistics."""

    @abstractmethod
    def on_inputs(self, inner: Assignment, statistics: Statistics | None) -> InputOperators:
        """Its operators for the inputs of every layer. Raises ValueError where it has none."""

    @property
    def theorems(self) -> tuple[Theorem, ...]:
        """The theorems that it rests on."""
        spoken_of = (one.theorem for one in self.evidence if one.theorem is not None)
        return tuple({theorem.slug: theorem for theorem in (*spoken_of, *self.rests_on)}.values())

    @property
    def channels(self) -> tuple[OrderChannel, ...]:
        """Through which order matters where S→Q loses, as its evidence has them open."""
        open_on = {channel for one in self.evidence for channel in one.channels}
        return tuple(channel for channel in OrderChannel if channel in open_on)

    @property
    def verdict(self) -> OrderVerdict:
        """Whether to sparsify first: proved, refuted, both by assumptions, or no order to choose."""
        refuted = any(one.favours is OrderVerdict.fails for one in self.evidence)
        proved = any(one.proves and one.favours is OrderVerdict.holds for one in self.evidence)
        if not (refuted or proved):
            return OrderVerdict.none
        if proved and not refuted:
            return OrderVerdict.holds
        return OrderVerdict.depends if proved else OrderVerdict.fails
