"""Groups that lie over two scale blocks, as after a permutation of channels, keep scales only if they keep the most."""

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.partition import Blocks, Shape
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp, nvfp4
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, top
from sqtheory.arrays import Array
from sqtheory.exceptions import Undefined
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.permuted import Permuted
from sqtheory.theory.quantities import of_pipeline
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.overlap import COVERED

CROSSED = (0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11)
"""Twelve channels so that every four of them lie two and two over blocks of six."""
TWICE = (*CROSSED, *(12 + i for i in CROSSED))
"""The same of twenty-four."""


def over_two(s: Sparsifier, q: Quantizer, shape: Shape) -> tuple[int, int] | None:
    """m and k of the group of least 2k − m that meets two blocks, neither of which lies in it; None if none does."""
    block, group = (
        boxes.spread(np.arange(boxes.count(shape)).reshape(boxes.grid(shape)), shape).ravel()
        for boxes in (q.partition, s.groups)
    )
    pairs, common = np.unique(np.stack([block, group]), axis=1, return_counts=True)
    parts = np.bincount(pairs[1], weights=common < np.bincount(block)[pairs[0]])
    sizes = np.bincount(group)[parts >= 2].tolist()
    return min(((m, s.budget(m)) for m in sizes), key=lambda mk: 2 * mk[1] - mk[0], default=None)


def _of_group(case: Case, place: int) -> Array:
    found = over_two(case.s, case.q, case.x[:1].shape)
    if found is None:
        raise Undefined(f"no group of {case.s} lies over two blocks of {case.q}")
    return np.full(len(case), float(found[place]))


def _straddles(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    over = s.fixed_budget and over_two(s, q, shape) is not None
    return Ruling(over, f"{'some' if over else 'no'} group of {s} lies over two blocks of {q.partition}")


LEAST = "of the group of least 2k − m that meets two blocks, neither of which lies in it"
ENTRIES = Quantity("m", "m", f"the number of entries {LEAST}", lambda case: _of_group(case, 0))
KEPT = Quantity("k", "k", f"how many entries are kept {LEAST}", lambda case: _of_group(case, 1))
STRADDLES = of_pipeline(
    "straddles", "some mask group meets two scale blocks, neither of which lies in it", _straddles, defining=True
)

THEOREM = Theorem(
    slug="straddling",
    title="A magnitude mask with a group over two blocks keeps scales for every tensor only if 2k ≥ m + 2 there: 1:2, "
    "2:4 and 4:8 never",
    claims=(Claim(ENTRIES + 2, "<=", 2 * KEPT),),
    where=(ENTRIES, KEPT),
    given=(
        COVERED.shown(Case.of([0, 0, 0, 0, 4, 4, 2, 0, 1, 0, 0, 0], int_(4, block=6), nm(2, 4))),
        STRADDLES.shown(Case.of([7, 3, 1, 0], int_(4, block=4), nm(2, 4))),
    ),
    domain=Domain(
        x=Arrays(24),
        q=OneOf(int_(4, block=6), hbfp(4, block=6), mxfp(E2M1, block=6), nvfp4(block=6)),
        s=OneOf(nm(3, 4), nm(7, 8), top(3, per=Permuted(Blocks(4), TWICE))),
    ),
    witness=Attained(Case.of(np.arange(12.0), int_(4, block=6), top(3, per=Permuted(Blocks(4), CROSSED)))),
    source=NEW,
    formal=("straddling",),
)
