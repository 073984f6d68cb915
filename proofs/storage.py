"""Counting: a code for every survivor, a scale for every block, a number below C(m, n) for every group."""

from fractions import Fraction
from math import comb

import sympy

from sqtheory.alphabet.formats import E2M3
from sqtheory.alphabet.partition import Blocks
from sqtheory.alphabet.quantizers import hbfp, mxfp
from sqtheory.alphabet.scaling import AbsMax, PowerOfTwo, SharedExponent, TwoLevel
from sqtheory.alphabet.sparsifiers import TopSparsifier
from sqtheory.alphabet.storage import bits_per_entry
from sqtheory.theory.theorems.storage import COUNTED, FORMULA, THEOREM

from .atoms import Number
from .conclusions import OnlyTested
from .exact import ExactRow
from .proof import Proof
from .steps import Enumerated, Equal

b, n, m, e, block, index, groups = sympy.symbols("b n m e B index groups", positive=True)
FORMULA_OF = b * n / m + e / block + index / m
"""The published size of an entry."""


def width(patterns: int) -> int:
    """The least number of bits that tell so many patterns apart."""
    bits = 0
    while 2**bits < patterns:
        bits += 1
    return bits


SCALES = {AbsMax: 32, SharedExponent: 8, PowerOfTwo: 8, TwoLevel: 8}
"""e, the bits of a block's scale: a float32, an exponent of eight bits, or an FP8 number."""


def counted(a: ExactRow) -> Number:
    """Entry by entry, block by block, group by group."""
    side = a.case.q.partition.sides(a.case.x.shape)[-1]
    total = sum(a.case.q.format.bits for kept in a.m if kept)
    total += sum(SCALES[type(a.case.q.scaling)] for _ in range(0, len(a.x), side))
    total += 32 * isinstance(a.case.q.scaling, TwoLevel)
    total += sum(width(comb(len(group), sum(a.m[i] for i in group))) for group in a.groups)
    return Fraction(total, len(a.x))


def published(a: ExactRow) -> Number:
    """b n/m + e/B + ⌈log₂ C(m, n)⌉/m of the numbers in the names of the mask and the format."""
    s, q = a.case.s, a.case.q
    assert isinstance(s, TopSparsifier) and isinstance(s.keep, int)
    assert isinstance(s.groups, Blocks) and isinstance(q.partition, Blocks)
    numbers = {b: width(len(q.format.code_values)), e: SCALES[type(q.scaling)], block: q.partition.size}
    numbers |= {n: s.keep, m: s.groups.size}
    numbers |= {index: width(comb(s.groups.size, s.keep))}
    bits = FORMULA_OF.subs(numbers)
    return Fraction(int(bits.p), int(bits.q))


def wrong() -> list[str]:
    """Published sizes that the count misses."""
    sizes = {"hbfp4/64": (hbfp(4), "4.125"), "hbfp6/64": (hbfp(6), "6.125"), "mxfp6/32": (mxfp(E2M3), "6.25")}
    return [name for name, (q, bits) in sizes.items() if bits_per_entry(q, (8, 128)) != Fraction(bits)]


PROOF = Proof(
    theorem=THEOREM,
    model={COUNTED: counted, FORMULA: published},
    steps=(
        Equal(
            "over m·groups entries: n codes and one index a group, one scale for every B entries",
            (groups * n * b + groups * m / block * e + groups * index) / (groups * m),
            FORMULA_OF,
        ),
        OnlyTested("counts of bits for any sizes: the model counts code by code on random rows"),
        Enumerated("HBFP4/64 takes 4.125 bits, HBFP6/64 6.125, MXFP6/32 6.25", wrong),
    ),
)
