"""Effective interplay: magnitude masks and formats with a scale of the maximum of each block, in either order."""

from dataclasses import replace

from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_
from sqtheory.alphabet.scaling import HalfRange
from sqtheory.alphabet.scores import magnitude
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.methods.evidence import Fails, Holds
from sqtheory.methods.method import Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import (
    dot_interaction,
    mask_dominates,
    prune_first_bound,
    prune_first_dominates,
    quantize_first_separation,
)

TIED = Case.of([7, 1.75, 2.25, 0], int_(4), nm(2, 4))


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The mask of s by magnitude, and q."""
    return Pair(s.with_score(magnitude), q)


def half_range(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The same, with half the codes of integers for a block that has no negative entry."""
    return Pair(s.with_score(magnitude), replace(q, format=q.format.full(), scaling=HalfRange()))


METHOD = Method(
    name="interplay",
    title="Effective interplay between sparsity and quantization: magnitude masks, block formats, S→Q",
    source=Reference("harma2025interplay", "§3; parsa-epfl/quantization-sparsity-interplay, which derives from GPTQ's"),
    build=build,
    evidence=(
        Holds("S→Q adds no error to those of s and q", prune_first_bound.THEOREM, TIED),
        Holds("S→Q errs no more than Q→S", prune_first_dominates.THEOREM, TIED),
        Fails(
            "where a group has two scales, S→Q can err more",
            prune_first_dominates.THEOREM,
            Case.of([7, 0.5, 0.4375, 1], hbfp(4, block=2), nm(3, 4), 2),
        ),
    ),
    rests_on=(quantize_first_separation.THEOREM, dot_interaction.THEOREM, mask_dominates.THEOREM),
    variants=(
        Variant(
            "half_range",
            "integers are symmetric only where a block has a negative entry, as in published code: a mask that prunes "
            "the last one halves the range of S→Q",
            half_range,
        ),
    ),
)
