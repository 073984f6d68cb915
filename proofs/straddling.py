"""What of a group lies in one block lies outside the other: m ≤ |G ∖ B| + |G ∖ C| ≤ 2 (k − 1).

Blocks B and C meet G and do not lie in it, so that the condition of ``overlap`` says |G ∖ B| < k and |G ∖ C| < k.
"""

from itertools import product
from typing import Any

from sqtheory.theory.theorems.straddling import ENTRIES, KEPT, THEOREM

from .atoms import Number
from .coq_claims import FormallyConcludes
from .exact import ExactRow
from .proof import Proof
from .steps import Enumerated, Smt


def groups_over_two(a: ExactRow) -> list[tuple[int, int]]:
    """m and k of every group with parts in two blocks that reach beyond it, entry by entry."""
    shape = a.case.x[:1].shape
    places = [(0, i) for i in range(shape[1])]
    block = {i: a.case.q.partition.box_of(i, shape) for i in places}
    group = {i: a.case.s.groups.box_of(i, shape) for i in places}
    found = []
    for g in sorted(set(group.values())):
        inside = [i for i in places if group[i] == g]
        beyond = {block[i] for i in places if group[i] != g}
        if len({block[i] for i in inside} & beyond) >= 2:
            found.append((len(inside), a.case.s.budget(len(inside))))
    return found


def least(a: ExactRow, place: int) -> Number:
    """Of the group of least 2k − m."""
    return min(groups_over_two(a), key=lambda mk: 2 * mk[1] - mk[0])[place]


def counting(z3: Any) -> tuple[list[Any], Any]:
    """Parts of G in two blocks, each with fewer than k entries of G outside it."""
    m, k, one, other = z3.Ints("m k one other")
    return [one >= 1, other >= 1, one + other <= m, m - one < k, m - other < k], m + 2 <= 2 * k


def impossible() -> list[tuple[int, int]]:
    """m and k up to 12 where 2k ≥ m + 2 and yet no two parts qualify, or where less is enough."""
    sizes = [(m, k) for m, k in product(range(2, 13), repeat=2) if k <= m]
    possible = {(m, k): any(m - c < k and c < k for c in range(1, m)) for m, k in sizes}
    return [(m, k) for m, k in sizes if possible[m, k] != (2 * k >= m + 2)]


PROOF = Proof(
    theorem=THEOREM,
    model={ENTRIES: lambda a: least(a, 0), KEPT: lambda a: least(a, 1)},
    steps=(
        Smt("two parts with more than m − k entries each: m + 2 ≤ 2k", counting),
        Enumerated("… and where m + 2 ≤ 2k there are two such parts: all m ≤ 12", impossible),
        FormallyConcludes("every pair of partitions and budgets", "straddling"),
    ),
)
