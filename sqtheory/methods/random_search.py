"""Random search for sparse networks: masks are drawn, the best of n is kept."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import fixed
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import OnWeight, OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.orders.pair import Pair
from sqtheory.theory.claims import Reference

ENERGIES = (9, 4, 4, 1, 1, 1)


def best_of(energies: Sequence[int], kept: int, draws: int) -> Fraction:
    """E max of n draws with replacement of Σ energies over uniform subsets: Σ_i v₍ᵢ₎((i/C)ⁿ − ((i − 1)/C)ⁿ).

    Raises ValueError for no draw.
    """
    if draws < 1:
        raise ValueError(f"a search draws at least once: got {draws}")
    values = sorted(sum(some) for some in combinations(energies, kept))
    steps = [Fraction(i, len(values)) ** draws for i in range(len(values) + 1)]
    return sum((v * (steps[i + 1] - steps[i]) for i, v in enumerate(values)), Fraction(0))


def rises_to_magnitude() -> bool:
    """More draws keep more, by ever less than the k largest, which one sort finds."""
    most = sum(sorted(ENERGIES)[-3:])
    found = [best_of(ENERGIES, 3, n) for n in (1, 2, 4, 8, 64)]
    return found == sorted(set(found)) and found[0] == Fraction(sum(ENERGIES), 2) and found[-1] < most


def rarely_the_best() -> bool:
    """8 of 16: below 8920 draws the best of C(16, 8) = 12870 masks is found less often than not."""
    missed = (1 - 1 / comb(16, 8)) ** np.array([8920, 8921])
    return bool(missed[0] > 0.5 > missed[1])


METHOD = Idea(
    name="random_search",
    title="Random search as a baseline for sparse architectures",
    source=Reference("farahani2024random", "abstract; of a linear layer, where energy kept is the score"),
    computes="what the best of n random masks keeps on average, exactly.",
    outside="the short training that scores a mask there.",
    evidence=(
        Runs("it rises with n towards what magnitude keeps at once", OrderVerdict.none, rises_to_magnitude),
        Runs("the best mask takes about 0.69 C(n, k) draws", OrderVerdict.none, rarely_the_best),
        OnWeight(
            "a mask that looks at no weight can take away the largest: the finer scale then is not always the better",
            OrderVerdict.fails,
            FixedArray([[7.0, 3, 2, 1]]),
            Pair(fixed([[False, True, True, True]]), int_(4)),
        ),
    ),
)
