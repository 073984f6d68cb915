"""Sparse iso-FLOP transformations: layers of density 1 − s that are larger by as much as they compute less."""

from enum import Enum
from math import ceil, floor
from typing import final

from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference


@final
class Transformation(Enum):
    """A family of them, for a layer of ``n`` inputs, ``m`` outputs and sparsity 0 ≤ s < 1."""

    wide = "sparse, and (1 − s)^(−½) times as wide"
    parallel = "1/(1 − s) sparse branches, added"
    factorized = "two sparse factors"
    doped = "two dense factors and a sparse matrix"

    def inner(self, n: float, m: float, s: float) -> float:
        """What grows: the factor of both widths, the number of branches, or the width between factors."""
        match self:
            case Transformation.wide:
                width: float = (1 - s) ** -0.5
                return width
            case Transformation.parallel:
                return 1 / (1 - s)
            case Transformation.factorized:
                return n * m / ((n + m) * (1 - s))
            case Transformation.doped:
                return s * n * m / (n + m)

    def macs(self, n: float, m: float, s: float, inner: float) -> float:
        """Multiplications by nonzero weights for one input, for any number that grows."""
        match self:
            case Transformation.wide:
                return (1 - s) * (inner * n) * (inner * m)
            case Transformation.parallel:
                return inner * (1 - s) * n * m
            case Transformation.factorized:
                return (1 - s) * inner * (n + m)
            case Transformation.doped:
                return inner * (n + m) + (1 - s) * n * m

    def rank(self, n: int, m: int, inner: float) -> float:
        """The largest rank that its map can have."""
        match self:
            case Transformation.wide:
                return inner * min(n, m)
            case Transformation.factorized:
                return min(n, m, inner)
            case Transformation.parallel | Transformation.doped:
                return min(n, m)


def iso_bit_width(s: float, bits: float, dense_bits: float, index_bits: float = 0.0) -> float:
    """k with k² ((1 − s) b + i) = b₀: the factor of widths at which a sparse layer of b bits, and i for every place
    whether it is kept or not, takes the bits of a dense one of b₀. Raises ValueError where it takes none.
    """
    if (per_place := (1 - s) * bits + index_bits) <= 0:
        raise ValueError(f"a layer of sparsity {s} with {bits} bits takes no bits, whatever its width")
    return float((dense_bits / per_place) ** 0.5)


def same_work() -> bool:
    """At s = 3/4 every family of a layer 12 × 4 multiplies 48 times."""
    return all(one.macs(12, 4, 0.75, one.inner(12, 4, 0.75)) == 48 for one in Transformation)


def rounding_costs() -> bool:
    """Of 3 × 5 at ½ a width of 3¾ rounded up makes 16 of 15, one of 15/16 rounded down leaves no factors."""
    up, down = (one.inner(3, 5, 0.5) for one in (Transformation.factorized, Transformation.doped))
    return Transformation.factorized.macs(3, 5, 0.5, ceil(up)) == 16 and floor(down) == 0


def places_cost() -> bool:
    """At 4 bits and s = ½ an iso-FLOP layer takes 6 bits for every 4, with a bit for every place."""
    wide = Transformation.wide.inner(1, 1, 0.5) ** 2
    return abs(wide * (0.5 * 4 + 1) - 6) < 1e-12 and iso_bit_width(0.5, 4, 4, 1) < wide**0.5


METHOD = Idea(
    name="sparse_ift",
    title="Sparse-IFT: sparse layers made larger until they compute as much as dense ones",
    source=Reference("thangarasa2024sparseift", "§3; CerebrasResearch/Sparse-IFT 487c284, models/cifar_resnet18.py"),
    computes="widths of equal work, the largest rank of each family, and widths of equal bits.",
    outside="training with dynamic masks.",
    evidence=(
        Runs("the four families compute as much as the dense layer", OrderVerdict.none, same_work),
        Runs("as published, widths rounded up or down do not", OrderVerdict.none, rounding_costs),
        Runs("of equal work is not of equal bits: places are stored for every weight", OrderVerdict.none, places_cost),
    ),
)
