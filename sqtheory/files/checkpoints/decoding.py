"""What a checkpoint of quantized weights loses when it is written as values."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from sqtheory.tables import counted, one_line

_FEW = 3


@final
@dataclass(frozen=True)
class Decoding:
    """The weights that are codes in the source and values in what is made of it, and what is not carried over."""

    weights: Mapping[str, str]
    """The scheme of each in the source, by its name."""
    dropped: tuple[str, ...]
    """The tensors of the source that are not there any more: companions of codes, scales of activations."""
    configurations: tuple[str, ...]
    """The files beside the source that state a quantization, which is not stated any more."""

    @property
    def schemes(self) -> str:
        """How many weights there are of each scheme."""
        return ", ".join(f"{n} of {scheme}" for scheme, n in Counter(self.weights.values()).items())

    @property
    def companions(self) -> str:
        """How many tensors are not there any more, and the names of a few."""
        names = ", ".join(map(one_line, self.dropped[:_FEW])) + (", …" if len(self.dropped) > _FEW else "")
        mean = "means" if len(self.dropped) == 1 else "mean"
        return f"{counted(len(self.dropped), 'tensor')} that only {mean} something beside codes: {names}"

    def __str__(self) -> str:
        said = [f"Quantized in the source and decoded to F32: {len(self.weights)} weights ({self.schemes})."]
        if self.dropped:
            said.append(f"Left out, {self.companions}.")
        if self.configurations:
            said.append(f"No quantization is stated any more, as it is in {' and '.join(self.configurations)}.")
        return " ".join(said)
