"""What an accumulator adds to the outputs of a layer, emulated and bounded (theorems ``accumulator_bound``, …)."""

from dataclasses import dataclass
from typing import Any, final

from sqtheory.arithmetic import Accumulation, accumulated, accumulated_bound, accumulation, read
from sqtheory.arrays import ArrayLike
from sqtheory.orders.matrix_errors import as_matrix, frobenius, same_inputs


@final
@dataclass(frozen=True)
class AccumulationCertificate:
    """‖fl(X Wᵀ) − X Wᵀ‖_F of operands X and W as an instruction reads them, and what bounds it.

    Norms are of float64 products, whose own rounding is beside the point but for sums that are nearly exact.
    """

    accumulation: str
    measured: float
    """Of the emulated accumulator, which gives the bits of the device."""
    bound: float
    """‖B‖_F, B the bound of every output."""
    output: float
    """‖X Wᵀ‖_F of the operands."""
    operands: float
    """‖X Wᵀ − X₀ W₀ᵀ‖_F, X₀ and W₀ before they were read."""

    @property
    def tightness(self) -> float:
        """Measured over bound; 1 where both are 0."""
        return self.measured / self.bound if self.bound else 1.0

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        return {
            "accumulation": self.accumulation,
            "measured": self.measured,
            "bound": self.bound,
            "tightness": self.tightness,
            "output": self.output,
            "operands": self.operands,
        }


def certify_accumulation(x: ArrayLike, w: ArrayLike, by: str | Accumulation) -> AccumulationCertificate:
    """The certificate of inputs X (samples × inputs) and weights W (outputs × inputs) under an accumulation.

    Raises ValueError where shapes do not fit, what ``accumulation`` raises for its spelling, and what its operands
    refuse.

    >>> found = certify_accumulation([[1.0] * 64], [[1.0, 2**-6] * 32], "fp8_fast")
    >>> 0 < found.measured < found.bound < 0.02 * found.output
    True
    """
    samples, weight, one = as_matrix(x, "X"), as_matrix(w, "W"), accumulation(by)
    same_inputs(samples, weight, "X and W")
    a, b = read(samples, one.reads, "X"), read(weight, one.reads, "W")
    exact = a.values @ b.values.T
    return AccumulationCertificate(
        str(one),
        frobenius(accumulated(a, b, one) - exact),
        frobenius(accumulated_bound(a, b, one)),
        frobenius(exact),
        frobenius(exact - samples @ weight.T),
    )
