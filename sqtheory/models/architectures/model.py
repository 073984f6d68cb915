"""What every exported model offers: its block linears and its logits."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.models.architectures.linears import EXACT, Linear, Linears
from sqtheory.models.metrics import Scores, softmax_scores

Shapes = Mapping[str, tuple[int, ...]]
"""The shape of every tensor by name."""


@final
@dataclass(frozen=True)
class Source:
    """What a file says beside the entries of its tensors."""

    metadata: Mapping[str, Any]
    dtypes: Mapping[str, str]
    """By tensor, in the file's own words."""
    folder: Path = Path()
    """Where the file lies, and beside it what Hugging Face's layout keeps in files of their own."""


class Model(ABC):
    """A network of exported tensors, float32; logits follow from a batch of inputs and a policy for its linears."""

    family: ClassVar[str]
    """What it is called in messages."""
    metrics: ClassVar[tuple[str, ...]]
    """The names of its metrics, the one that its tables are about first."""
    batch: ClassVar[int]
    """Samples computed together: few enough that a layer's arrays stay in cache."""
    mark: ClassVar[str]
    """A tensor by which a checkpoint of this family is recognized."""
    tensors: Mapping[str, Array]
    heads: int

    @property
    def label(self) -> str:
        """What results of it are called."""
        return self.family

    @property
    def spelled(self) -> str:
        """What a forward pass depends on beside its tensors."""
        return f"{self.family} of {self.heads} heads"

    @classmethod
    @abstractmethod
    def of(cls, tensors: Mapping[str, Array], heads: int | None, source: Source) -> "Model":
        """The model of these tensors; ``heads`` None: what the file's metadata say, or the family's usual head size."""

    @abstractmethod
    def shapes(self) -> Shapes:
        """The shape that every tensor must have, given its width, depth and number of heads."""

    @property
    @abstractmethod
    def linears(self) -> tuple[Linear, ...]:
        """The linear layers of the blocks, first to last: what is sparsified and quantized."""

    @abstractmethod
    def logits(self, inputs: NDArray[Any], linears: Linears = EXACT) -> Array:
        """One row of scores for every prediction of a batch: (predictions, classes)."""

    def scored(self, inputs: NDArray[Any], targets: NDArray[np.integer[Any]], linears: Linears) -> Scores:
        """What a batch says of every sample; by default of one class for every prediction."""
        return softmax_scores(self.logits(inputs, linears), targets)

    def linear(self, prefix: str) -> Linear:
        """The layer whose weight is ``prefix.weight``."""
        name = f"{prefix}.weight"
        return Linear(name, self.tensors[name], self.tensors.get(f"{prefix}.bias"))


def depth_of(names: Mapping[str, object], prefix: str) -> int:
    """How many blocks ``prefix.0.…``, ``prefix.1.…``, … there are."""
    numbers = {name.removeprefix(f"{prefix}.").split(".")[0] for name in names if name.startswith(f"{prefix}.")}
    return len(numbers)


def heads_of(width: int, heads: int | None, size: int) -> int:
    """A number of heads that divides the width: the one given, or that of heads of the usual size."""
    count = max(1, width // size) if heads is None else heads
    if width % count or (width // count) % 2:
        raise ValueError(f"a width of {width} has no {count} heads of an even size: evaluate and layers take --heads N")
    return count
