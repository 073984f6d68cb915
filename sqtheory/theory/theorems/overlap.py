"""Which partitions let a magnitude mask move a scale, and a tensor on which it does."""

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.partition import Rows, Shape
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp, nvfp4
from sqtheory.alphabet.scaling import Percentile
from sqtheory.alphabet.scores import given
from sqtheory.alphabet.sparsifiers import Sparsifier, TopSparsifier, nm, top
from sqtheory.alphabet.traits import MAX_DETERMINED
from sqtheory.arrays import Array
from sqtheory.orders.definition import replaced
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Claim, NoneKnown, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import MAGNITUDE, having, of_pipeline
from sqtheory.theory.theorem import Theorem


def straddle(q: Quantizer, s: TopSparsifier, length: int) -> Array | None:
    """A row of this length in which s prunes the maximum of a scale block that survives; None if none exists.

    For the first pair (G, B) with B ⊄ G and |G ∖ B| ≥ k_G: k_G entries 4 in G ∖ B, the block's maximum 2 in G ∩ B,
    a smaller survivor 1 in B ∖ G. Partitions along the last axis. Theorem ``overlap``, necessity.
    """
    shape = (1, length)
    found = q.partition.overlaps(s.groups, shape).offender(s.budget)
    if found is None:
        return None
    block, group = (
        set(range(box[-1] * side, min((box[-1] + 1) * side, length)))
        for box, side in zip(found, (q.partition.sides(shape)[-1], s.groups.sides(shape)[-1]), strict=True)
    )
    x = np.zeros(length)
    x[sorted(group - block)[: s.budget(len(group))]] = 4
    x[min(group & block)] = 2
    x[min(block - group)] = 1
    return x


def _moved(case: Case) -> Array:
    alive = case.q.partition.reduce(case.orders.mask & (case.x != 0), lambda rows: np.asarray(rows.any(axis=1)))
    moved = alive & replaced(case.q.placed(case.orders.sparse), case.q.placed(case.x))
    return np.asarray(moved.reshape(len(case), -1).sum(axis=1), np.float64)


def _keeps(s: Sparsifier, q: Quantizer, shape: Shape) -> Ruling:
    closed = q.partition.overlaps(s.groups, shape).keeps_scale(s.budget)
    return Ruling(closed, f"groups {s.groups} {'cannot' if closed else 'can'} displace the maximum of {q.partition}")


MOVED = Quantity(
    "moved",
    r"\#\{B:\sigma_B(s(x))\neq\sigma_B(x)\}",
    "the number of scale blocks that keep a non-zero entry and change their scale",
    _moved,
)
COVERED = of_pipeline(
    "overlap",
    "B ⊆ G or |G ∖ B| < k_G for every scale block B and mask group G that meet",
    lambda s, q, p, shape: _keeps(s, q, shape),
)

THEOREM = Theorem(
    slug="overlap",
    title="A magnitude mask moves no scale, whatever the tensor, if B ⊆ G or |G ∖ B| < k_G wherever B meets G",
    claims=(Claim(MOVED, "==", 0),),
    where=(MOVED,),
    given=(
        COVERED.shown(Case.of([0, 0, 0, 0, 4, 4, 2, 0, 1, 0, 0, 0], int_(4, block=6), nm(2, 4))),
        MAGNITUDE.shown(Case.of([7, 3, 1, 0], int_(4), nm(2, 4, score=given([0, 3, 2, 1])))),
        having("max_determined", MAX_DETERMINED).shown(
            Case.of([0, 1, 1, 1], int_(4, scaling=Percentile(50)), nm(2, 4))
        ),
    ),
    domain=Domain(
        x=Arrays(24),
        q=OneOf(
            int_(4, block=4),
            int_(3, block=2),
            hbfp(4, block=8),
            hbfp(4, block=24),
            mxfp(E2M1, block=6),
            nvfp4(block=12),
        ),
        s=OneOf(nm(2, 4), nm(3, 4), nm(1, 2), nm(5, 6), nm(11, 12), top(0.9, per=Rows())),
    ),
    witness=NoneKnown("an equivalence: the other direction builds the tensor that breaks it"),
    source=NEW,
    formal=(
        *("overlap", "overlap_keeps_scale", "straddle_breaks", "nested_partitions", "groups_inside_blocks"),
        "by_maxima_keeps_scale",
    ),
)
