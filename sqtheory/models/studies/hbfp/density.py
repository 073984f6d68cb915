"""Arithmetic density: what a multiplication costs in silicon, in block floating point and in float32.

The model is a dot product unit of B multipliers, an adder tree, one adder of exponents, one conversion of the sum to a
float and one accumulation of it, and converters of operands, each of which serves ``reuse`` dot products.
"""

import math
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Areas:
    """Areas in µm². The defaults are those of a public synthesis: jnbrq/hbfp_hardware_model, 1508fdb, eda/output.

    Multipliers, adders and conversions are lines and parabolas through its numbers; a test holds them against these.
    """

    multiply: float = 1.93
    """Of an integer multiplier, times m²."""
    add: float = 2.3085
    """Of an integer adder, times its width."""
    add_less: float = 1.701
    """What an adder takes less than that."""
    exponent: float = 21.384
    """The adder of two exponents of 10 bits."""
    to_float: float = 5.356
    """Of the conversion of a sum to bfloat16, times the width of a product."""
    to_float_more: float = 49.0
    """What it takes more."""
    accumulate: float = 864.837
    """Accumulation in float32."""
    convert: float = 23.88
    """The conversion of an entry from bfloat16 to a mantissa, beside its bits."""
    convert_bit: float = 2.979
    """What every bit of the mantissa adds to it."""
    convert_more: float = 143.2
    """The conversion of a block, beside its entries: the largest exponent."""
    float_multiply: float = 1009.0575
    """A float32 multiplier."""
    float_add: float = 485.271
    """A float32 adder."""


SYNTHESIS = Areas()
NARROW_SUMS = Areas(accumulate=365.5935)
"""The same with sums of blocks accumulated in bfloat16."""


@final
@dataclass(frozen=True)
class Unit:
    """A dot product unit of B mantissas of m bits (sign included) and one exponent for each operand."""

    bits: int
    block: int
    reuse: float = math.inf
    """Dot products that a converted operand takes part in: how far the converters are amortised."""
    areas: Areas = SYNTHESIS

    @property
    def parts(self) -> dict[str, float]:
        """The area of each part over the B multiplications."""
        a, m, blocks = self.areas, self.bits, 1 / self.block
        converters = a.convert_more + (a.convert + a.convert_bit * m) * self.block
        return {
            "multipliers": a.multiply * m**2,
            "adder tree": blocks * _tree(self.block, 2 * m, a),
            "exponent": blocks * a.exponent,
            "to float": blocks * (a.to_float * 2 * m + a.to_float_more),
            "accumulation": blocks * a.accumulate,
            "converters": blocks * converters / self.reuse,
        }

    @property
    def area(self) -> float:
        """Of one multiplication and its share of all else."""
        return sum(self.parts.values())

    @property
    def density(self) -> float:
        """Multiplications in an area over those of float32 units, a multiplier and an adder each, in the same area."""
        return (self.areas.float_multiply + self.areas.float_add) / self.area


def _tree(block: int, width: int, areas: Areas) -> float:
    """The adders that sum ``block`` products of this width exactly: one bit more from level to level."""
    total = 0.0
    while block > 1:
        width += 1
        total += (block // 2) * (areas.add * width - areas.add_less)
        block = (block + 1) // 2
    return total


def reuse_of(density: float, bits: int, block: int, areas: Areas = SYNTHESIS) -> float | None:
    """The reuse of converted operands at which a unit has this density; None where it has less without converters."""
    once, never = Unit(bits, block, 1, areas), Unit(bits, block, math.inf, areas)
    left = once.density * once.area / density - never.area
    return once.parts["converters"] / left if left > 0 else None


@final
@dataclass(frozen=True)
class Published:
    """A ratio to float32 that a version of the paper states in its abstract; the block size is not stated there."""

    version: str
    ratio: float
    says: str


PUBLISHED = (
    Published("v1, 2022", 16.98, "silicon provisioning of a training accelerator, less than FP32 by"),
    Published("v3, 2023", 21.3, "arithmetic density of an HBFP training accelerator, up to"),
    Published("v4, 2024", 25.0, "arithmetic density over FP32, up to (as a summary of the text has it)"),
)
"""`harma2022accuracy`, its versions."""
