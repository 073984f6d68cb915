"""Scales that are integers of few bits under one float16 number for many blocks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.formats import FLOAT16, Format
from sqtheory.alphabet.partition import Blocks, Partition
from sqtheory.alphabet.rationals import Rationals
from sqtheory.alphabet.rounding import nearest_even
from sqtheory.alphabet.scaling.affine import clipped, finite, integers
from sqtheory.alphabet.scaling.derived import DerivedScaling
from sqtheory.alphabet.scaling.maximum import AbsMax
from sqtheory.alphabet.scaling.rule import Reach, Scaling, check_rule
from sqtheory.alphabet.scaling.running import Numbers
from sqtheory.alphabet.scaling.search import peaks
from sqtheory.arrays import Array
from sqtheory.exceptions import whole

ABSMAX = AbsMax()
WIDEST = 16
"""Bits of a scale of a block at most."""


@final
@dataclass(frozen=True)
class SuperBlock(DerivedScaling):
    """σ_B = d s_B, s_B = clip(ρ(σ'_B/τ)) of ``bits`` bits and d = ρ_float16(τ), τ = −σ'_j/2^{bits−1}.

    σ' are the scales of another rule and σ'_j is the first of largest magnitude in a super-block of ``count`` blocks
    that follow each other along the last axis: it becomes s_j = −2^{bits−1}. Codes are made by σ_B. GGUF's Q6_K (8
    bits over ``search``) and Q3_K (6 over ``descent``; source code of llama.cpp). The upper scale saturates where
    that of llama.cpp is infinite.
    """

    bits_of_scale: int
    rule: Scaling = ABSMAX
    count: int = 16
    max_determined = False
    exact_codes = True

    def __post_init__(self) -> None:
        check_rule(self.rule, "the rule of the scales in super-blocks")
        check_super(self.bits_of_scale, self.count, least=2)
        if self.rule.looks_at is not Reach.block:
            raise ValueError(f"scales by {self.rule} are not made of their block alone and stored in super-blocks")

    @property
    def looks_at(self) -> Reach:
        return Reach.tensor

    @property
    def sign_odd(self) -> bool:
        return self.rule.sign_odd

    def bits(self, real: int = 32) -> tuple[int, int]:
        """Those of s_B and a block's part of the float16 number, rounded up."""
        return self.bits_of_scale + -(-FLOAT16.bits // self.count), 0

    def scales(self, x: Array, blocks: Partition, fmt: Format) -> Array:
        return in_super_blocks(self.rule.scales(x, blocks, fmt), self.count, self._stored)

    def exact(self, x: Rationals, blocks: Partition, fmt: Format) -> Rationals:
        return in_super_blocks(self.rule.exact(x, blocks, fmt), self.count, self._stored)

    def _stored(self, rows: Numbers) -> Numbers:
        """σ of super-blocks, one a row."""
        half = 1 << (self.bits_of_scale - 1)
        peak = peaks(rows)
        with np.errstate(over="ignore"):
            inverse = -half / np.where(peak == 0, peak + 1, peak)
            inverse = finite(inverse)
            levels = clipped(integers(inverse[:, None] * rows, nearest_even), -half, half - 1)
            upper = held(np.where(peak == 0, 0 * peak, 1 / inverse))
        return levels * upper[:, None] + 0

    def __str__(self) -> str:
        rule = [] if self.rule == ABSMAX else [str(self.rule)]
        count = [] if self.count == 16 else [f"count={self.count}"]
        return f"superblock({', '.join([str(self.bits_of_scale), *rule, *count])})"


def in_super_blocks(made: Numbers, count: int, stored: Callable[[Numbers], Numbers]) -> Numbers:
    """``stored`` of rows of ``count`` numbers that follow each other along the last axis; the last may be shorter."""
    grid = np.atleast_1d(made)
    super_blocks = Blocks(count)
    return super_blocks.join([stored(rows) for rows in super_blocks.split(grid)], grid.shape).reshape(made.shape)


def held(upper: Numbers) -> Numbers:
    """The nearest numbers of float16, ties to even; its largest beyond its range."""
    if upper.dtype != object:
        return FLOAT16.round(upper)
    out: Numbers = np.empty(upper.shape, object)
    out[:] = [FLOAT16.round_exactly(one, nearest_even) for one in upper]
    return out


def check_super(bits: int, count: int, least: int) -> None:
    """Raise ValueError for super-blocks of less than two blocks, and for scales of too few or too many bits."""
    if not least <= whole(bits, "the bits of a scale in a super-block") <= WIDEST:
        raise ValueError(f"a scale in a super-block has {least} to {WIDEST} bits, got {bits}")
    if whole(count, "the blocks of a super-block") < 2:
        raise ValueError(f"a super-block has two blocks or more, got {count}")
