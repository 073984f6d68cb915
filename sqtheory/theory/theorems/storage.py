"""Bits for every entry of a compressed tensor."""

from math import ceil, comb, log2

import numpy as np

from sqtheory.alphabet.formats import E2M1, E2M3, E4M3
from sqtheory.alphabet.partition import Partition, Shape, Tail
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp, mxint, nvfp4
from sqtheory.alphabet.sparsifiers import nm, threshold
from sqtheory.arrays import Array
from sqtheory.exceptions import Undefined
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import BUDGETED, of_pipeline
from sqtheory.theory.samples import normal, ties
from sqtheory.theory.theorem import Theorem


def _counted(case: Case) -> Array:
    """Bits of the codes of kept entries, of the scales, and of a number for the pattern of every group."""
    if not case.s.fixed_budget:
        raise Undefined(f"{case.s} keeps no number of entries of every group")
    kept = case.orders.mask.sum(axis=1) * case.q.format.bits
    block, shared = block_bits(case.q), case.q.scaling.bits()[1]
    scales = case.q.partition.count(case.x[:1].shape) * block + shared
    sizes = [rows.shape[1] for rows in case.s.groups.split(case.x[:1]) for _ in rows]
    index = sum(ceil(log2(comb(size, case.s.budget(size)))) for size in sizes)
    return np.asarray((kept + scales + index) / case.x.shape[1])


def _formula(case: Case) -> Array:
    if not case.s.fixed_budget:
        raise Undefined(f"{case.s} has no n and no m")
    boxes = (case.s.groups, case.q.partition)
    m, block = (max(rows.shape[1] for rows in b.split(case.x[:1])) for b in boxes)
    n = case.s.budget(m)
    bits = n / m * case.q.format.bits + block_bits(case.q) / block + ceil(log2(comb(m, n))) / m
    return np.full(len(case), bits)


def block_bits(q: Quantizer) -> int:
    """Bits of the scale of a block, and of its offset."""
    return q.scaling.bits()[0] + q.scaling.offset_bits(q.format)


def _divides(boxes: Partition, what: str, shape: Shape) -> Ruling:
    short = boxes.tails(shape)
    return Ruling(not short, f"short {what} of a tensor of shape {'×'.join(map(str, shape))}: {short or 'none'}")


def _of_tensor(q: Quantizer) -> Ruling:
    shared = q.scaling.bits()[1] > 0
    return Ruling(not shared, f"{q} {'has' if shared else 'has no'} scale of the tensor")


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

GROUPS_DIVIDE = of_pipeline(
    "groups_divide",
    "m divides the row: no mask group is short",
    lambda s, q, p, shape: _divides(s.groups, "mask groups", shape),
)
BLOCKS_DIVIDE = of_pipeline(
    "blocks_divide",
    "B divides the row: no scale block is short",
    lambda s, q, p, shape: _divides(q.partition, "scale blocks", shape),
)
NO_TENSOR_SCALE = of_pipeline(
    "no_tensor_scale",
    "all scales are those of blocks: none is stored for the tensor",
    lambda s, q, p, shape: _of_tensor(q),
)

THEOREM = Theorem(
    slug="storage",
    title="An n:m mask and a block format store b·n/m + e/B + ⌈log₂ C(m, n)⌉/m bits per entry",
    claims=(Claim(COUNTED, "==", FORMULA),),
    where=(COUNTED, FORMULA),
    given=(
        BUDGETED.shown(Case.of([7, 2, 1, 0], int_(4, block=4), threshold(1.5))),
        GROUPS_DIVIDE.shown(Case.of([7, 2, 1, 0, 3, 1], int_(4, block=6), nm(2, 4, tail=Tail.short))),
        BLOCKS_DIVIDE.shown(Case.of([7, 2, 1, 0, 3, 1, 2, 4], int_(4, block=5), nm(2, 4))),
        NO_TENSOR_SCALE.shown(Case.of([7, 2, 1, 0, 3, 1, 2, 4], nvfp4(block=4), nm(2, 4))),
    ),
    domain=Domain(
        x=Arrays(64, kinds=(normal, ties)),
        q=OneOf(hbfp(4), hbfp(6), mxfp(E2M3), mxfp(E2M1), mxfp(E4M3, block=16), mxint(8), int_(4, block=8)),
        s=OneOf(nm(4, 4), nm(2, 4), nm(1, 4), nm(4, 8), nm(8, 16)),
    ),
    witness=Attained(Case.of(np.linspace(-1, 1, 64), hbfp(4), nm(4, 4))),
    source=Reference("drumond2018hbfp", "§4, with the index of the mask"),
)
