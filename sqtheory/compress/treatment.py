"""What is done to each target of a checkpoint, the same of all or by rules."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqtheory.alphabet.partition import Shape
from sqtheory.exceptions import InputRefused
from sqtheory.execution.assignment import Assigner
from sqtheory.files.checkpoints import TensorInfo
from sqtheory.files.statistics import Statistics
from sqtheory.files.views.view import View

if TYPE_CHECKING:
    from sqtheory.compress.recipe import Recipe


class Treatment(ABC):
    """What is done to each target of a checkpoint."""

    norm: float
    """The p of all errors."""
    known: Statistics | None
    """Statistics of the inputs, where a mask was told them."""
    views: Mapping[str, View]
    """As which matrices tensors are compressed, by name; the others as they are."""
    alike: Mapping[str, str]
    """Tensors that draw what another of this name draws, because they are equal to it."""

    @abstractmethod
    def of(self, name: str) -> "Recipe":
        """What is done to the target of this name. Raises ValueError for a tensor that is none."""

    @abstractmethod
    def on(self, taken: Sequence[TensorInfo]) -> "Treatment":
        """The same of these targets of a checkpoint."""

    @property
    def method(self) -> str:
        """The name of the published method that chooses operators, empty where none does."""
        return ""

    def by(self, assigner: Assigner) -> "Treatment":
        """The same by the method whose name is recorded."""
        raise ValueError(f"no method is recorded, got {assigner.name}")

    def among(self, shapes: Mapping[str, Shape]) -> "Treatment":
        """The same for a checkpoint whose targets have these shapes."""
        return self

    @abstractmethod
    def seeing(self, views: Mapping[str, View]) -> "Treatment":
        """The same for tensors with these views."""

    @property
    @abstractmethod
    def draws(self) -> bool:
        """A mask or a format draws random numbers."""

    @abstractmethod
    def drawing(self, alike: Mapping[str, str]) -> "Treatment":
        """The same in which tensors draw what others draw, whose names these are."""

    @abstractmethod
    def told(self, known: Statistics | None) -> "Treatment":
        """The same with the statistics that masks await.

        Raises ValueError where none does, InputRefused for others than those whose hash is recorded.
        """

    @abstractmethod
    def check_known(self, tensors: Iterable[TensorInfo]) -> None:
        """Raise ValueError where statistics are awaited and not known, CheckpointError where they are of others."""

    @property
    @abstractmethod
    def said_of_axes(self) -> tuple[str, ...]:
        """What is said of the axes that layers sum over, as ``Axes.parse`` reads it."""

    @property
    @abstractmethod
    def order_word(self) -> str:
        """The name of the order, in the metadata of a file."""

    @property
    @abstractmethod
    def ties(self) -> str | None:
        """The tie rule of the mask, if it ranks."""

    @abstractmethod
    def groups(self, names: Iterable[str]) -> tuple[tuple[str, "Recipe", frozenset[str]], ...]:
        """The targets of these names by what is done to them: a title, the recipe, its names."""

    @abstractmethod
    def reason_to_skip(self, info: TensorInfo, reasons: Collection[str]) -> str | None:
        """Why a tensor is no target, where ``reasons`` are those of all that were left alone; None for a target."""

    def faults(self, tensors: Iterable[TensorInfo]) -> Iterator[tuple[str, str]]:
        """Tensors of the source that rules choose otherwise than is recorded, by name, in words."""
        return iter(())

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain words and numbers, ready for JSON."""


def check_recorded(known: Statistics, sha256: str | None) -> None:
    """InputRefused for other statistics than those whose hash is recorded, if one is."""
    if sha256 not in (None, known.sha256):
        raise InputRefused(f"{known}: its SHA-256 is {known.sha256}, the recipe has statistics of {sha256}")
