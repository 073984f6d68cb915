"""Sparse-BitNet: an n:m mask by magnitude on ternary weights whose scale is the mean magnitude of the dense weight."""

from dataclasses import replace

from sqtheory.alphabet.partition import Whole
from sqtheory.alphabet.procedures.of_dense import OfDense
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scaling import AbsMean
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import Holds, OnWeight, OrderVerdict
from sqtheory.methods.method import Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import frozen_commutation

TERNARY = int_(2, per=Whole(), scaling=AbsMean())
"""Spelled ``ternary``."""


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """s and q by the mask and the scales of the dense weight."""
    return Pair(s, q, OfDense())


def held(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The same with a mean magnitude of at least 1e-5."""
    return Pair(s, replace(q, scaling=AbsMean(1e-5)) if q.scaling == AbsMean() else q, OfDense())


def recomputed(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """s and q as they are: S→Q takes the mean over the pruned weight, zeros included."""
    return Pair(s, q)


METHOD = Method(
    name="sparse_bitnet",
    title="Sparse-BitNet: n:m masks on ternary weights by the mean of the dense ones (--format ternary)",
    source=Reference("zhang2026sparsebitnet", "official code: llm/arch/model.py"),
    needs=(),
    build=build,
    evidence=(
        Holds(
            "with the mask and the scale of the dense weight there is no order: both give the same weights",
            frozen_commutation.THEOREM,
            Case.of([6, -2, -7, 3, -2, -2, -6, 5], TERNARY, nm(2, 4)),
        ),
        OnWeight(
            "a mean taken anew is smaller after the mask, and clips what stays: quantizing first is better",
            OrderVerdict.fails,
            FixedArray([[6.0, -2, -7, 3, -2, -2, -6, 5]]),
            Pair(nm(2, 4), TERNARY),
        ),
        OnWeight(
            "… unless codes that collide then keep the wrong weights",
            OrderVerdict.holds,
            FixedArray([[2.0, 3, -3, 7, 2, 2, 6, -5]]),
            Pair(nm(2, 4), TERNARY),
        ),
    ),
    variants=(
        Variant("held", "the mean magnitude is at least 1e-5, as in published code", held),
        Variant("recomputed", "the mean is that of the pruned weight", recomputed),
    ),
)
