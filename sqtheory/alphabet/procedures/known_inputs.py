"""Procedures that know the second moments of a layer's inputs."""

from dataclasses import dataclass
from typing import ClassVar

from sqtheory.alphabet.compensation.second_moments import SHARE, damped
from sqtheory.alphabet.procedures.procedure import Procedure
from sqtheory.arrays import Array, FixedArray
from sqtheory.exceptions import need


@dataclass(frozen=True)
class KnownInputs(Procedure):
    """A procedure with H = XᵀX + λ I, λ a ``share`` of the mean power of an input; ``moments`` XᵀX, inputs × inputs.

    Raises TypeError or ValueError for what are no moments, or no share.
    """

    moments: FixedArray
    share: float = SHARE
    name: ClassVar[str]
    """How messages call it."""
    on_grid = True

    def __post_init__(self) -> None:
        need(self.moments, FixedArray, f"{self.name}: moments=")
        damped(self.moments.values, self.share)

    @property
    def keeps_pattern(self) -> bool:
        return True

    @property
    def compensates(self) -> bool:
        return True

    def h(self, w: Array) -> Array:
        """H for a weight. Raises ValueError where the moments are those of other inputs."""
        inputs = self.moments.values.shape[0]
        if w.ndim != 2 or w.shape[1] != inputs:
            raise ValueError(f"{self.name} knows {inputs} inputs, a weight of shape {w.shape} has others")
        return damped(self.moments.values, self.share)
