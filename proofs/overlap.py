"""Counting: a pruned block maximum needs k_G entries at least as large in its group, and fewer fit outside the block.

Let the maximum of B lie at i ∈ G and be pruned. Then k_G entries of G are kept and none is smaller than |x_i|. If
|G ∖ B| < k_G one of them lies in B, and is as large as the maximum: the scale stays. If B ⊆ G, all of G's survivors
in B … a block with a survivor in G keeps the larger maximum. Otherwise ``straddle`` builds a tensor.
"""

from itertools import product
from math import lcm
from typing import Any

import numpy as np

from sqtheory.alphabet.partition import Blocks
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.theory.case import Case
from sqtheory.theory.theorems.overlap import MOVED, THEOREM, straddle

from .atoms import Number
from .coq_claims import FormallyConcludes
from .exact import ExactRow
from .proof import Proof
from .steps import Enumerated, Formal, Smt

SIZES = [(b, g, k) for b, g in product(range(1, 9), repeat=2) for k in range(1, g + 1)]
"""Every block size, group size and budget up to 8."""


def moved(a: ExactRow) -> Number:
    """Blocks with a non-zero survivor whose largest survivor, or whose other scale rule, gives another scale."""
    side = a.case.q.partition.sides(a.case.x.shape)[-1]
    before, after = (a.case.q.scales(t)[a.index].tolist() for t in (a.case.x, a.case.orders.sparse))
    count = 0
    for number, start in enumerate(range(0, len(a.x), side)):
        alive = any(m and x for x, m in zip(a.x[start : start + side], a.m[start : start + side], strict=True))
        count += alive and before[number] != after[number]
    return float(count)


def counting(z3: Any) -> tuple[list[Any], Any]:
    """k kept entries of G, fewer than k places outside B: at least one kept entry in B."""
    k, outside, kept_outside, kept_inside = z3.Ints("k outside kept_outside kept_inside")
    return [kept_outside + kept_inside == k, kept_outside <= outside, outside < k], kept_inside >= 1


def unbroken() -> list[tuple[int, int, int]]:
    """Sizes against the condition on which ``straddle`` moves no scale, or finds nothing."""
    wrong = []
    for b, g, k in SIZES:
        q, s, length = int_(8, block=b), nm(k, g), lcm(b, g)
        if not Blocks(b).overlaps(Blocks(g), (1, length)).keeps_scale(k):
            x = straddle(q, s, length)
            if x is None or MOVED.of(Case.of(x, q, s))[0] == 0:
                wrong.append((b, g, k))
    return wrong


def broken() -> list[tuple[int, int, int]]:
    """Sizes with the condition on which some row of 0, 1, 2 (all are tried, up to eight entries) loses a scale."""
    wrong = []
    for b, g, k in SIZES:
        length = lcm(b, g)
        if length <= 8 and Blocks(b).overlaps(Blocks(g), (1, length)).keeps_scale(k):
            rows = np.array(list(product(range(3), repeat=length)), np.float64)
            if MOVED.of(Case(rows, int_(8, block=b), nm(k, g))).any():
                wrong.append((b, g, k))
    return wrong


PROOF = Proof(
    theorem=THEOREM,
    model={MOVED: moved},
    steps=(
        Smt("(⇐) |G ∖ B| < k_G: some kept entry of G lies in B, and none kept is smaller than a pruned one", counting),
        Enumerated("(⇐) no row of 0, 1, 2 breaks it, all sizes with lcm up to 8, all such rows", broken),
        Enumerated("(⇒) where the condition fails, straddle moves a scale: all sizes and budgets up to 8", unbroken),
        FormallyConcludes("(⇐) where a scale is set by the maximum of its block", "overlap_keeps_scale"),
        Formal("every vector, pair of partitions and budgets, in both directions", "overlap"),
        Formal("what straddle builds", "straddle_breaks"),
        Formal("nested partitions always qualify", "nested_partitions"),
        Formal("so do groups inside blocks", "groups_inside_blocks"),
        Formal("scales that depend on the tensor's maximum too are kept", "by_maxima_keeps_scale"),
    ),
)
