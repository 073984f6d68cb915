"""HBFP with Accuracy Boosters: 4-bit mantissas under shared exponents, 6 bits in the edge layers and the last epoch."""

import re
from dataclasses import replace

from sqtheory.alphabet.formats import IntFormat
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import Quantizer, hbfp
from sqtheory.alphabet.scaling import SharedExponent
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, top
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import Fails, Holds, OnWeight, OrderVerdict
from sqtheory.methods.method import Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import dyadic_equivariance, hbfp_power_of_two, prune_first_dominates

BITS, BOOSTED, EMULATED = 4, 6, SharedExponent(1e-8)


def edges(names: list[str]) -> tuple[str, ...]:
    """The first and the last of the names, numbers in them read as numbers; none of no names."""
    ordered = sorted(names, key=lambda name: [(int(n or 0), text) for n, text in re.findall(r"(\d+)|(\D+)", name)])
    return (ordered[0], ordered[-1]) if ordered else ()


def _pair(s: Sparsifier, q: Quantizer, bits: int, scaling: SharedExponent) -> Pair:
    """The boxes and the rounding of q with mantissas of so many bits, sign included, under a shared exponent."""
    return Pair(s, replace(q, format=IntFormat(bits), scaling=scaling))


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """HBFP4, HBFP6 for the first and the last target by name: what the products see before the last epoch."""
    return _pair(s, q, BOOSTED if known.name in edges(list(known.shapes)) else BITS, SharedExponent())


METHOD = Method(
    name="hbfp",
    title="HBFP with Accuracy Boosters: block floating point of 4 bits, 6 in edge layers and in the last epoch",
    source=Reference("harma2022accuracy", "abstract; drumond2018hbfp, §4, for the format"),
    needs=(),
    build=build,
    evidence=(
        Holds(
            "in every norm where a group lies in one block, 3 magnitude bits or more: no scale moves under a magnitude "
            "mask, nor would it unless the block maximum changed its binade",
            prune_first_dominates.THEOREM,
            Case.of([7, 2.5, 2.25, 1], hbfp(BITS), nm(2, 4)),
        ),
        Fails(
            "where a group reaches over blocks, whose exponents differ: the finer block keeps what it rounds better",
            prune_first_dominates.THEOREM,
            Case.of([7, 0.5, 0.4375, 1], hbfp(BITS, block=2), top(3, per=Rows())),
        ),
        OnWeight(
            "at 3 magnitude bits 1.75 and 2.25 share a level, and the mask of the image cannot tell them apart: M is "
            "what Q→S loses by",
            OrderVerdict.holds,
            FixedArray([[7, 1.75, 2.25, 0]]),
            Pair(nm(2, 4), hbfp(BITS)),
        ),
    ),
    rests_on=(hbfp_power_of_two.THEOREM, dyadic_equivariance.THEOREM),
    variants=(
        Variant(
            "last",
            "6 bits everywhere, as in the last epoch of training and so where the trained network is used",
            lambda s, q, known: _pair(s, q, BOOSTED, SharedExponent()),
        ),
        Variant(
            "emulator",
            "the exponent ⌈log₂(max + 1e-8)⌉ in float32 of parsa-epfl/HBFPEmulator and simlaharma/HBFPEmulator_AB: a "
            "maximum that is a power of two from 2⁻²⁶ to 1/8 has the next exponent and is kept, from 1/4 on it is "
            "clamped as without; no exponent is below -26, in blocks of zeros neither",
            lambda s, q, known: _pair(s, q, build(s, q, known).q.format.bits, EMULATED),
        ),
    ),
)
