"""Sparsifiers: score × selection × groups, s(x) = m ⊙ x with a mask m of zeros and ones."""

from fractions import Fraction
from numbers import Integral

from sqtheory.alphabet.budgets import Count
from sqtheory.alphabet.norms import check_norm
from sqtheory.alphabet.partition import Blocks, Partition, Tail, Whole
from sqtheory.alphabet.scores import Score, magnitude
from sqtheory.alphabet.selection import as_fraction
from sqtheory.alphabet.sparsifiers.entries import FixedMask, ThresholdSparsifier, TopSparsifier
from sqtheory.alphabet.sparsifiers.indexed import IndexedSparsifier, exactly
from sqtheory.alphabet.sparsifiers.ordered import PatternSparsifier, patterns
from sqtheory.alphabet.sparsifiers.sparsifier import Sparsifier
from sqtheory.alphabet.sparsifiers.transposable import TransposableSparsifier, transposable
from sqtheory.alphabet.sparsifiers.two_way import TileRule, TwoWaySparsifier, two_way
from sqtheory.alphabet.sparsifiers.units import BlockSparsifier
from sqtheory.alphabet.ties import Ties, low_index
from sqtheory.arrays import ArrayLike, FixedArray
from sqtheory.exceptions import real


def nm(
    n: int, m: int, *, axis: int = -1, score: Score = magnitude, ties: Ties = low_index, tail: Tail = Tail.error
) -> TopSparsifier:
    """n:m: keep n of every m consecutive entries along an axis; a length that m does not divide is refused.

    ``axis`` is the last one unless told, ``score`` ranks the entries, ``ties`` decides among equals; with
    ``tail=Tail.short`` a last group of r < m entries keeps its share, rounded up, with ``Tail.keep`` min(n, r), and
    with ``Tail.prune`` it loses min(m − n, r).

    >>> nm(2, 4)([1.75, 2, 0, 7])
    array([0., 2., 0., 7.])
    """
    return TopSparsifier(n, Blocks(m, axis), score, ties, tail)


def top(
    keep: float | Fraction | int,
    *,
    per: Partition | None = None,
    score: Score = magnitude,
    ties: Ties = low_index,
    tail: Tail = Tail.short,
    count: Count = Count.ceil_kept,
) -> TopSparsifier:
    """Keep ⌈f·|G|⌉ entries for a float or Fraction f, or min(k, |G|) for an integer, in every group.

    The default group ``per`` is the tensor. With ``per=Blocks(m)`` an integer makes the n:m mask. ``score`` ranks the
    entries, ``ties`` decides among equals, ``tail`` what becomes of a group shorter than the others, and ``count``
    how else f·|G| becomes a whole number.

    >>> top(0.5)([1, -2, 3, 0])
    array([ 0., -2.,  3.,  0.])
    """
    return TopSparsifier(
        keep if isinstance(keep, Integral) else as_fraction(keep),
        Whole() if per is None else per,
        *(score, ties, tail, count),
    )


def threshold(t: float, *, score: Score = magnitude) -> ThresholdSparsifier:
    """Keep the entries whose ``score``, the magnitude unless told, is at least t.

    >>> threshold(1.5)([1, -2])
    array([ 0., -2.])
    """
    return ThresholdSparsifier(real(t, "a threshold"), score)


def blockwise(
    keep: float | Fraction, *, per: Partition, norm: float = 2.0, score: Score = magnitude, ties: Ties = low_index
) -> BlockSparsifier:
    """Keep ⌈f·u⌉ of the u units (``per=Tiles(4, 4)``, ``per=Blocks(8)``), those of largest norm, for f = ``keep``.

    ``norm`` is the p of the norm of the ``score`` of their entries, ``ties`` decides among equals.

    >>> from sqtheory import Blocks
    >>> blockwise(0.5, per=Blocks(2))([1, 4, 3, 3])
    array([0., 0., 3., 3.])
    """
    return BlockSparsifier(as_fraction(keep), per, check_norm(norm), score, ties)


def sap(
    p: float = 0.5,
    q: float = 1.0,
    *,
    eta: float = 0.0,
    gamma: float | Fraction = 1.0,
    beta: float | Fraction = 0.9,
    per: Partition | None = None,
    score: Score = magnitude,
) -> IndexedSparsifier:
    """A step of sparsity-informed adaptive pruning: as many entries as the PQ index of the group ``per`` allows.

    ⌊min(γ (d − ⌈r⌉), β d)⌋ of d entries, the smallest first, fewer where there are ties: r is what no fewer entries
    are left than where the others' p-th powers sum to at most η times theirs.

    >>> sap()([8, 1, 1, 1, 1, 1, 1, 1])
    array([8., 1., 1., 1., 1., 1., 1., 1.])
    >>> sap()([8, 4, 2, 1, 0.5, 0.25])
    array([8. , 4. , 2. , 1. , 0.5, 0. ])
    """
    return IndexedSparsifier(
        p, q, eta, exactly(gamma, "gamma="), exactly(beta, "beta="), Whole() if per is None else per, score
    )


def fixed(mask: ArrayLike | FixedArray) -> FixedMask:
    """s(x) = m ⊙ x for a given boolean mask.

    >>> fixed([True, False])([1, 2])
    array([1., 0.])
    """
    return FixedMask(FixedArray(mask))


__all__ = [
    "BlockSparsifier",
    "FixedMask",
    "IndexedSparsifier",
    "PatternSparsifier",
    "Sparsifier",
    "ThresholdSparsifier",
    "TileRule",
    "TopSparsifier",
    "TransposableSparsifier",
    "TwoWaySparsifier",
    "blockwise",
    "fixed",
    "nm",
    "patterns",
    "sap",
    "threshold",
    "top",
    "transposable",
    "two_way",
]
