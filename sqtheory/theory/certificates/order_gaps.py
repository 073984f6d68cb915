"""What the order costs in the output of a linear layer: measured, and predicted from the weights and second moments."""

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, ArrayLike, as_real
from sqtheory.orders.applied import both
from sqtheory.orders.matrix_errors import as_matrix, gram_norm
from sqtheory.theory.expectations.predict import block_gaps, blocks_of


@final
@dataclass(frozen=True)
class OutputGap:
    """The squared output error of Q→S less that of S→Q, for one input on average: measured and predicted."""

    measured: float
    """tr(E Σ_x Eᵀ) of Q→S less that of S→Q (theorem ``gram_error``): exact for these weights and moments."""
    predicted: float
    """Σ_B gap_B Σ_{i ∈ B} (Σ_x)_ii/|B|, gap_B the order-gap law in squared L2 of each scale block."""
    deviation: float
    """The standard deviation of the gap when inputs of a block change places and weights their signs at random."""

    @property
    def score(self) -> float:
        """(measured − predicted)/deviation; 0 where both agree, ±∞ where inputs have equal power and they do not."""
        difference = self.measured - self.predicted
        return (
            difference / self.deviation
            if self.deviation
            else math.copysign(math.inf, difference)
            if difference
            else 0.0
        )

    @property
    def decided(self) -> bool:
        """The predicted gap exceeds two deviations: its sign is that of the law, not of the accidents of this layer."""
        return self.predicted > 2 * self.deviation

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        return {"measured": self.measured, "predicted": self.predicted, "deviation": self.deviation}


def output_gap(q: Quantizer, s: Sparsifier, w: ArrayLike, moments: ArrayLike) -> OutputGap:
    """The gap in the output of a layer of weights W (outputs × inputs) and second moments Σ_x, or their diagonal.

    The prediction is for arrangements that tell nothing: where an entry lies in its block does not depend on the
    power of its input, and errors on two inputs have no common sign. Powers that differ within a group make every
    swap a gain or a loss of the first order, v²(c_i − c_j), while the law's own 2v(a − b)c is smaller by the step:
    ``deviation`` says how large these accidents are, and those of correlated inputs. It leaves out how ties fall.
    Raises NotCovered as ``predict_order_gap`` does, ValueError where shapes differ.
    """
    weight, sigma = as_matrix(w, "W"), as_real(moments).astype(np.float64)
    orders = both(weight, s, q)
    pruned_last, pruned_first = weight - orders.masked_image, weight - orders.after_mask
    measured = gram_norm(pruned_last, sigma) ** 2 - gram_norm(pruned_first, sigma) ** 2
    power = np.diagonal(sigma) if sigma.ndim == 2 else sigma
    pieces = blocks_of(q).split(np.broadcast_to(power, weight.shape))
    gaps = block_gaps(q, s, weight, 2)
    predicted = float(sum((gap * rows.mean(axis=1)).sum() for gap, rows in zip(gaps, pieces, strict=True)))
    places = _places((pruned_last**2 - pruned_first**2).sum(axis=0), power, blocks_of(q).sides(weight.shape)[-1])
    signs = _signs(pruned_last, pruned_first, sigma) if sigma.ndim == 2 else 0.0
    return OutputGap(measured, predicted, math.sqrt(places + signs))


def _places(costs: Array, power: Array, side: int) -> float:
    """The variance of Σ c_i t_i when the c_i of each run of ``side`` inputs are arranged at random."""
    total = 0.0
    for start in range(0, len(power), side):
        c, t = power[start : start + side], costs[start : start + side]
        if len(c) > 1:
            total += float(c.var(ddof=1)) * float(((t - t.mean()) ** 2).sum())
    return total


def _signs(a: Array, b: Array, moments: Array) -> float:
    """The variance of Σ_{i ≠ j} Σ_ij (a_i a_j − b_i b_j), rows added, when each input of a row has a random sign."""
    squares = moments**2 * (1 - np.eye(len(moments)))
    forms = (float(((v @ squares) * v).sum()) for v in (a**2, a * b, b**2))
    both_last, mixed, both_first = forms
    return 2 * max(both_last - 2 * mixed + both_first, 0.0)
