"""What a device may have computed: an accumulator's chain, split along K, or below float32's normal numbers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias, final

import numpy as np

from sqtheory.alphabet.casts import DeviceCast, Overflow
from sqtheory.alphabet.formats import E4M3, E5M2, E8M0
from sqtheory.alphabet.quantized import NanRule
from sqtheory.arithmetic import Accumulation, Accumulator, TwoHalves, mma_sync
from sqtheory.arrays import Array
from tests.devices.kernels import Shape

Law: TypeAlias = Callable[[Array, Array], Array]
"""(a, b) ↦ a bᵀ, float32."""
LEAST = 2.0**-149
"""The smallest positive number of float32."""


def law(one: Accumulation) -> Law:
    """Results of an accumulation as float32."""
    return lambda a, b: one.matmul(a, b).astype(np.float32)


@final
@dataclass(frozen=True)
class Split:
    """Places along K dealt to ``parts``, in runs of ``run``: one run each, or in turns; their chains are added up."""

    one: Accumulator
    parts: int
    run: int
    turns: bool
    pairs: bool = False
    """Neighbours are added first, else one after the other; float32, to nearest."""

    def __call__(self, a: Array, b: Array) -> Array:
        sums = [self.one.matmul(a[:, k], b[:, k]).astype(np.float32) for k in self.places(a.shape[1])]
        while self.pairs and len(sums) > 1:
            sums = [sum(sums[i : i + 2], start=np.float32(0)) for i in range(0, len(sums), 2)]
        return np.asarray(sum(sums, start=np.float32(0)))

    def places(self, length: int) -> list[Array]:
        """Of each part that has any."""
        k = np.arange(length)
        each = -(-length // (self.parts * self.run)) * self.run
        owner = k // self.run % self.parts if self.turns else k // each
        return [k[owner == part] for part in range(self.parts) if (owner == part).any()]

    def told(self, length: int) -> str:
        """In words, of so many places."""
        first = self.places(length)
        dealt = f"{self.parts} parts in turns of {self.run}" if self.turns else f"{len(first)} runs of {len(first[0])}"
        return f"{dealt}, {'neighbours first' if self.pairs else 'in order'}"


def splits(one: Accumulator, length: int) -> Iterator[tuple[str, Law]]:
    """One chain, then every split that is tried; those that deal alike come once."""
    yield "one chain", law(one)
    seen = set()
    for parts in (2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32):
        for run in (8, 16, 32, 64, 128):
            for turns in (False, True) if parts <= 4 else (False,):
                for pairs in (False, True) if parts > 3 else (False,):
                    split = Split(one, parts, run, turns, pairs)
                    dealt = tuple((int(k[0]), int(k[-1]), len(k)) for k in split.places(length)), pairs
                    if len(dealt[0]) > 1 and dealt not in seen:
                        seen.add(dealt)
                        yield split.told(length), split


def of_shape(shape: Shape) -> Mapping[str, Law]:
    """What an instruction of k products may do: the groups of the reference data, or groups of its own k."""
    known = mma_sync(shape.operand)
    found = {"groups of the reference": law(known)}
    if shape.k == known.span:
        return found
    found[f"groups of {shape.k}"] = law(replace(known, group=shape.k, span=shape.k))
    if isinstance(known.chain, TwoHalves):
        eighths = replace(known, group=shape.k, span=shape.k, chain=TwoHalves(known.chain.period))
        found[f"groups of {shape.k}, no halves"] = law(replace(eighths, chain=mma_sync("bf16").chain))
    return found


def below_normal(one: Accumulator, k: int) -> Mapping[str, Law]:
    """What becomes of exact sums below 2^−126 after every instruction of k products: ours, and each rule."""

    def ruled(rule: Callable[[Array], Array]) -> Law:
        def made(a: Array, b: Array) -> Array:
            total = np.zeros((len(a), len(b)))
            for first in range(0, a.shape[1], k):
                x, w = (v[:, first : first + k].astype(np.float64) for v in (a, b))
                total = rule(total + x @ w.T).astype(np.float64)
            return total.astype(np.float32)

        return made

    return {
        "the package's": law(one),
        "to nearest": ruled(lambda y: y.astype(np.float32)),
        "cut towards zero": ruled(lambda y: np.trunc(y / LEAST) * LEAST),
        "made 0": ruled(lambda y: np.where(np.abs(y) < 2.0**-126, 0, y)),
    }


Image: TypeAlias = Callable[[Array], Array]
"""x ↦ its numbers in another type, float32."""


def of_cast(name: str) -> Mapping[str, Image]:
    """What becomes of float32 numbers in a type of 8 bits: each rule for what overflows that the type has."""
    fmt = {"float8_e4m3fn": E4M3, "float8_e5m2": E5M2, "float8_e8m0fnu": E8M0}[name]
    code = Overflow.inf if fmt.overflow == np.inf else Overflow.nan
    found = {str(one): one for one in (DeviceCast(fmt, o, nan=NanRule.propagate) for o in (code, Overflow.saturate))}
    if fmt != E8M0:
        return found
    one = found[f"cast(e8m0, overflow={code}, nan=propagate)"]
    return {**found, f"{one} of magnitudes, 0 for 2^−127": lambda x: one(np.maximum(np.abs(x), np.float32(2.0**-127)))}


def share_equal(found: Array, expected: Array) -> float:
    """Of results, bit for bit; +0 and −0 differ, all NaN are one."""
    one, other = (np.ascontiguousarray(v, np.float32) for v in (found, expected))
    return float(np.mean((one.view(np.uint32) == other.view(np.uint32)) | (np.isnan(one) & np.isnan(other))))
