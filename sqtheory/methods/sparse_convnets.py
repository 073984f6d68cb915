"""Fast sparse ConvNets: small blocks share a bit of the mask, which costs energy and saves indices."""

from fractions import Fraction
from math import ceil, log2

from sqtheory.alphabet.partition import Blocks
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import blockwise, top
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import OnWeight, OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.orders.pair import Pair
from sqtheory.theory.claims import Reference

ROW = FixedArray([[7, 0, 1.45, 1.45, 1.6, 1.28]])
PAIRS = blockwise(Fraction(2, 3), per=Blocks(2))


def index_bits(columns: int, density: Fraction, block: int) -> Fraction:
    """d⌈log₂(c/b)⌉/b: bits for every weight that say which blocks of b, of c/b in a row, are there.

    Raises ValueError where b does not divide c.
    """
    if columns % block:
        raise ValueError(f"blocks of {block} do not fill rows of {columns}")
    return density * ceil(log2(columns // block)) / block


def costs_and_saves() -> bool:
    """Four of six entries: pairs keep less energy than single entries and need half the indices or fewer."""
    x = ROW.values
    lost = [float(((x - s(x)) ** 2).sum()) for s in (top(Fraction(2, 3)), PAIRS)]
    bits = [index_bits(64, Fraction(1, 4), b) for b in (1, 2, 4)]
    return lost[0] < lost[1] and bits == [Fraction(6, 4), Fraction(5, 8), Fraction(4, 16)]


METHOD = Idea(
    name="sparse_convnets",
    title="Fast sparse ConvNets: masks of single entries and of small blocks",
    source=Reference("elsen2020fast", "abstract; of the kernels only what they index is computed"),
    computes="what blocks lose of the energy, the bits of their indices, and that rounding reorders them.",
    outside="the kernels and their speed.",
    evidence=(
        Runs(
            "at one sparsity blocks keep no more energy than single entries do, and each of b entries shares an index",
            OrderVerdict.none,
            costs_and_saves,
        ),
        OnWeight(
            "of two blocks of nearly one norm the smaller can round to the larger and fit the grid better",
            OrderVerdict.fails,
            ROW,
            Pair(PAIRS, int_(4)),
        ),
    ),
)
