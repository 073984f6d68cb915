"""BDWP: N:M along the inputs for the forward pass, along the outputs for the backward, both of the current weight."""

from fractions import Fraction
from math import comb, factorial

import numpy as np

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm, transposable
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import Holds, OnWeight, OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import prune_first_dominates, transposable_greedy

W = np.array([[7.0, 3, 2, 1], [14, 0, 0, 0]])
BACKWARD, BLOCKS = nm(1, 2, axis=0), int_(4, block=4)


def expected_overlap(n: int, m: int) -> Fraction:
    """The share of entries that both masks keep, of independent entries with one continuous distribution of |w|.

    ∫ p(u)² du for the chance p(u) = Σ_{j<n} C(m−1, j) (1−u)^j u^{m−1−j} that an entry of rank u is kept along one
    axis: its m − 1 neighbours along the other are others. Raises ValueError unless 1 ≤ n ≤ m.
    """
    if not 1 <= n <= m:
        raise ValueError(f"n:m needs 1 ≤ n ≤ m, got {n}:{m}")
    whole = 2 * m - 2
    terms = (
        comb(m - 1, i) * comb(m - 1, j) * Fraction(factorial(i + j) * factorial(whole - i - j), factorial(whole + 1))
        for i in range(n)
        for j in range(n)
    )
    return sum(terms, Fraction(0))


def more_than_by_chance() -> bool:
    """Of 2:4 the masks share 13/35 of all entries, not ¼: both like large ones."""
    return expected_overlap(2, 4) == Fraction(13, 35)


def transposable_is_both() -> bool:
    """What a transposable mask keeps either mask keeps of it, so that both passes see one weight."""
    kept = transposable(1, 2)(W)
    return all(np.array_equal(s(kept), kept) for s in (nm(1, 2), BACKWARD))


METHOD = Idea(
    name="bdwp",
    title="BDWP: one N:M mask for the forward pass and another for the backward",
    source=Reference("fang2023bdwp", "abstract; the axes as zhang2023bimask has them, abstract"),
    computes="both masks, what they share, and the order of either where scale blocks lie along the inputs.",
    outside="training by them, and the accelerator.",
    evidence=(
        Holds(
            "of the forward mask, if scale blocks lie along the inputs too and hold whole groups",
            prune_first_dominates.THEOREM,
            Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4)),
        ),
        OnWeight(
            "of the backward mask, which takes the maximum out of a block along the inputs",
            OrderVerdict.fails,
            FixedArray(W),
            Pair(BACKWARD, BLOCKS),
        ),
        OnWeight("… as a transposable mask does", OrderVerdict.fails, FixedArray(W), Pair(transposable(1, 2), BLOCKS)),
        Runs("the two masks share more than independent ones would", OrderVerdict.none, more_than_by_chance),
        Runs("a transposable mask is both", OrderVerdict.none, transposable_is_both),
    ),
    rests_on=(transposable_greedy.THEOREM,),
)
