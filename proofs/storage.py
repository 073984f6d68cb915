"""Counting: a code for every survivor, a scale for every block, a number below C(m, n) for every group."""

from fractions import Fraction
from math import comb

import sympy

from proofs.atoms import Atoms, Number
from proofs.proof import Proof
from proofs.steps import Enumerated, Equal
from sqtheory.formats import E2M3
from sqtheory.quantizers import hbfp, mxfp
from sqtheory.storage import bits_per_entry, scale_bits
from sqtheory.theorems.storage import COUNTED, FORMULA, THEOREM

b, n, m, e, block, index, groups = sympy.symbols("b n m e B index groups", positive=True)


def width(patterns: int) -> int:
    """The least number of bits that tell so many patterns apart."""
    bits = 0
    while 2**bits < patterns:
        bits += 1
    return bits


def counted(a: Atoms) -> Number:
    """Entry by entry, block by block, group by group."""
    side = a.case.q.partition.sides(a.case.x.shape)[-1]
    total = sum(a.case.q.format.bits for kept in a.m if kept)
    total += sum(scale_bits(a.case.q)[0] for _ in range(0, len(a.x), side))
    total += sum(width(comb(len(group), a.case.s.budget(len(group)))) for group in a.groups)
    return Fraction(total, len(a.x))


def wrong() -> list[str]:
    """Published sizes that the count misses."""
    sizes = {"hbfp4/64": (hbfp(4), "4.125"), "hbfp6/64": (hbfp(6), "6.125"), "mxfp6/32": (mxfp(E2M3), "6.25")}
    return [name for name, (q, bits) in sizes.items() if bits_per_entry(q, (8, 128)) != Fraction(bits)]


PROOF = Proof(
    theorem=THEOREM,
    model={COUNTED: counted, FORMULA: counted},
    steps=(
        Equal(
            "over m·groups entries: n codes and one index a group, one scale for every B entries",
            (groups * n * b + groups * m / block * e + groups * index) / (groups * m),
            b * n / m + e / block + index / m,
        ),
        Enumerated("HBFP4/64 takes 4.125 bits, HBFP6/64 6.125, MXFP6/32 6.25", wrong),
    ),
)
