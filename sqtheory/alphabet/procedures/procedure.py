"""What every way of putting a mask s and a format q to a weight offers."""

from abc import ABC, abstractmethod

from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array


class Procedure(ABC):
    """The maps W ↦ s alone, q alone, S→Q, Q→S and, if there is one, both at once, of a weight W, outputs × inputs.

    W is float32 or float64 with finite entries; results are new arrays of its shape and dtype. A procedure is a frozen
    dataclass, and what it knows of the inputs of the layer is in it (arrays as ``FixedArray``).
    """

    @property
    @abstractmethod
    def title(self) -> str:
        """In words: entry by entry, with error feedback, …"""

    @property
    @abstractmethod
    def keeps_pattern(self) -> bool:
        """What s prunes is 0 in every result of both."""

    @property
    @abstractmethod
    def on_grid(self) -> bool:
        """Every result of both has only values of q's format under scales of q's blocks."""

    @abstractmethod
    def sparse(self, w: Array, s: Sparsifier) -> Array:
        """The weight under s alone."""

    @abstractmethod
    def quantized(self, w: Array, q: Quantizer) -> Array:
        """The weight under q alone."""

    @abstractmethod
    def sparse_quantized(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        """S→Q: the weight that is pruned first."""

    @abstractmethod
    def quantized_sparse(self, w: Array, s: Sparsifier, q: Quantizer) -> Array:
        """Q→S: the weight that is quantized first."""

    @property
    def compensates(self) -> bool:
        """Entries that stay are changed to make up for others that are lost."""
        return False

    @property
    def changes_basis(self) -> bool:
        """The mask and the format act on other coordinates than those of the weight."""
        return False

    @property
    def has_joint(self) -> bool:
        """There is a pass that prunes and quantizes at once."""
        return False

    def joint(self, w: Array, s: Sparsifier, q: Quantizer) -> Array | None:
        """The weight after one pass that prunes and quantizes; None where there is no such pass."""
        return None
