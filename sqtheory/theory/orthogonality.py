"""The orthogonality threshold of a metric: what sparsity and quantization would cost if they did not interact."""

import math
from dataclasses import dataclass
from typing import Any, final


def orthogonality_threshold(dense: float, quantized: float, sparse: float) -> float:
    """EM(dense) + (EM(q) − EM(dense)) + (EM(s) − EM(dense)) (`harma2025interplay`, Eq. 12).

    A definition on one metric, and not the same on another: see theorem ``orthogonality_threshold``.
    """
    return quantized + (sparse - dense)


@final
@dataclass(frozen=True)
class Orthogonality:
    """One metric of four models: dense, quantized alone, sparse alone, and both combined.

    ``larger_is_worse``: true for perplexity, cross-entropy and bits per byte, false for accuracy.
    Raises ValueError for values that are not finite.
    """

    dense: float
    quantized: float
    sparse: float
    combined: float
    larger_is_worse: bool = True

    def __post_init__(self) -> None:
        for name in ("dense", "quantized", "sparse", "combined"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"the metric of the {name} model is {getattr(self, name)}, not a finite number")

    @property
    def threshold(self) -> float:
        """The metric of the combination without interaction."""
        return orthogonality_threshold(self.dense, self.quantized, self.sparse)

    @property
    def excess(self) -> float:
        """How much worse than the threshold the combination is, in units of the metric; negative where better."""
        beyond = self.combined - self.threshold
        return beyond if self.larger_is_worse else -beyond

    def exceeded(self, uncertainty: float = 0.0) -> bool:
        """Non-orthogonal: the excess is above 0 by more than its ``uncertainty`` (say two standard errors)."""
        if not uncertainty >= 0:
            raise ValueError(f"an uncertainty is a number of at least 0, got {uncertainty}")
        return self.excess > uncertainty

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        return {"threshold": self.threshold, "combined": self.combined, "excess": self.excess}
