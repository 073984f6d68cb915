"""Bits for every entry of a compressed tensor."""

from math import ceil, comb, log2

import numpy as np

from sqtheory.arrays import Array
from sqtheory.case import Case
from sqtheory.domain import Arrays, Domain, OneOf
from sqtheory.formats import E2M1, E2M3, E4M3
from sqtheory.partition import Blocks
from sqtheory.quantizers import hbfp, int_, mxfp, mxint
from sqtheory.samples import normal, ties
from sqtheory.sparsifiers import nm
from sqtheory.storage import scale_bits
from sqtheory.theorem import Attained, Claim, Quantity, Reference, Theorem


def _counted(case: Case) -> Array:
    """Bits of the codes of kept entries, of the scales, and of a number for the pattern of every group."""
    codes = case.q.quantize(case.orders.sparse).codes
    kept = case.orders.mask.sum(axis=1) * case.q.format.bits
    assert codes.shape == case.x.shape
    scales = case.q.scales(case.x).reshape(len(case), -1).shape[1] * scale_bits(case.q)[0]
    patterns = case.s.groups.split(case.orders.mask)
    index = 0
    for rows in patterns:
        size, chosen = rows.shape[1], case.s.budget(rows.shape[1])
        index += rows.shape[0] // len(case) * ceil(log2(comb(size, chosen)))
    return np.asarray((kept + scales + index) / case.x.shape[1])


def _formula(case: Case) -> Array:
    assert isinstance(case.q.partition, Blocks) and isinstance(case.s.groups, Blocks)
    n, m = case.s.budget(case.s.groups.size), case.s.groups.size
    block = min(case.q.partition.size, case.x.shape[1])
    bits = n / m * case.q.format.bits + scale_bits(case.q)[0] / block + ceil(log2(comb(m, n))) / m
    return np.full(len(case), bits)


COUNTED = Quantity(
    "counted",
    r"\mathrm{bits}(x)/|x|",
    "bits of kept codes, scales and patterns of the encoded row, per entry",
    _counted,
)
FORMULA = Quantity(
    "formula",
    r"b\frac{n}{m}+\frac{e}{B}+\frac{\lceil\log_2\binom{m}{n}\rceil}{m}",
    "b n/m + e/B + ⌈log₂ C(m, n)⌉/m for b bits a code and e bits a scale of B entries",
    _formula,
)

THEOREM = Theorem(
    slug="storage",
    title="An n:m mask and a block format store b·n/m + e/B + ⌈log₂ C(m, n)⌉/m bits per entry",
    claims=(Claim(COUNTED, "==", FORMULA),),
    where=(COUNTED, FORMULA),
    domain=Domain(
        x=Arrays(64, kinds=(normal, ties)),
        q=OneOf(hbfp(4), hbfp(6), mxfp(E2M3), mxfp(E2M1), mxfp(E4M3, block=16), mxint(8), int_(4, block=8)),
        s=OneOf(nm(4, 4), nm(2, 4), nm(1, 4), nm(4, 8), nm(8, 16)),
    ),
    witness=Attained(Case.of(np.linspace(-1, 1, 64), hbfp(4), nm(4, 4))),
    source=Reference("drumond2018hbfp", "§4, with the index of the mask"),
)
