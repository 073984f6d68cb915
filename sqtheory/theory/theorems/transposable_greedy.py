"""Taking the largest entries of a tile one after the other keeps half of the best transposable sum or more."""

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers.transposable import best, patterns, taken
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import Undefined
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import KINDS, Arrays, Domain, OneOf
from sqtheory.theory.theorem import Theorem

N, M = 1, 2
"""Tiles are 1:2, read from four entries row by row."""


def _tiles(case: Case) -> Array:
    """Magnitudes of tiles, four entries a row. Raises Undefined where four does not divide a row."""
    if case.x.shape[1] % (M * M):
        raise Undefined(f"a row of {case.x.shape[1]} entries is no tiles of {M}×{M}")
    return np.abs(case.x).reshape(-1, M * M)


def _sum(case: Case, kept: Mask) -> Array:
    return np.asarray(np.where(kept, _tiles(case), 0.0).reshape(len(case), -1).sum(axis=1))


GREEDY = Quantity(
    "greedy",
    r"\sum_{\mathrm{greedy}}|x|",
    "the sum of magnitudes that are kept of 2×2 tiles, from the largest on while their row and column have none",
    lambda case: _sum(case, taken(_tiles(case), N, M)),
)
BEST = Quantity(
    "best",
    r"\max\sum|x|",
    "the largest sum with one entry, at most, of every row and column of a tile",
    lambda case: _sum(case, best(_tiles(case), patterns(N, M))),
)

THEOREM = Theorem(
    slug="transposable_greedy",
    title="A transposable mask taken greedily keeps no less than half of the best sum of magnitudes",
    claims=(Claim(BEST, "<=", 2 * GREEDY.symbol), Claim(GREEDY, "<=", BEST)),
    where=(GREEDY, BEST),
    domain=Domain(x=Arrays(8, kinds=KINDS), q=OneOf(int_(4))),
    witness=Attained(Case.of([1, 1, 1, 0], int_(4))),
    source=Reference("hubara2021nm", "§4, for the greedy algorithm"),
    unconditional=True,
)
