"""The exchange of ``prune_first_dominates``, for pairs of errors: weakly majorized, so are all k largest.

If i is kept by S→Q alone and j by Q→S alone, a = |x_i| ≥ b = |x_j| have one image v. The errors (|a − v|, b) against
(a, |b − v|): the larger is no larger and the sum is no larger. Weak majorization survives joining vectors, so it holds
of each group and of the row, and by Ky Fan's principle in every symmetric gauge function of a group.
"""

from itertools import combinations
from typing import Any

import numpy as np

from sqtheory.alphabet.partition import Blocks, Rows
from sqtheory.arrays import FixedArray, Mask
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.gauges import Exponential, Gauge, KyFan, Nested, OrderedWeights, Weighted
from sqtheory.theory.theorems.weakly_majorized import EXCHANGED, THEOREM, TOTAL

from .atoms import Atoms, Number
from .conclusions import Concludes
from .proof import Proof
from .prune_first_dominates import balanced, gain_grows, largest, same_image, same_sign, tied
from .shapes import Groups
from .steps import Cited, Formal, Smt, Tested


def symmetric(case: Case) -> tuple[Gauge, ...]:
    """Norms of every kind, of those that the mask's groups leave alone."""
    entries = case.x.shape[1]
    steps = np.repeat(np.arange(entries // 4, 0, -1.0), 4)
    norms = (
        *(KyFan(k) for k in (1, 2, 3)),
        OrderedWeights(FixedArray(1 / np.arange(1.0, entries + 1))),
        Exponential(),
        *(Nested(2, 1, Blocks(4)), Nested(1, 2, Rows()), Weighted(FixedArray(steps)), Weighted(FixedArray(steps), 2)),
    )
    return tuple(norm for norm in norms if norm.symmetric(case.groups, entries))


def never_worse(case: Case) -> Mask:
    """S→Q is no worse in any of these norms."""
    ours, theirs = (case.x - made for made in (case.orders.after_mask, case.orders.masked_image))
    pairs = [norm.of(ours) <= norm.of(theirs) * (1 + 1e-12) for norm in symmetric(case)]
    return np.asarray(np.all(pairs, axis=0))


def top_sum(a: Atoms, errors: list[Number], k: int) -> Number:
    """The sum of the k largest of these magnitudes: the largest sum of k of them."""
    return a.largest(a.added(chosen) for chosen in combinations(errors, k))


def exchanged(a: Atoms) -> Number:
    """‖ε_{s∘q}‖_1 with the k largest of one group replaced, at the most."""
    ours, theirs = ([abs(e) for e in a.minus(a.x, made)] for made in (a.sq, a.qs))
    total = a.added(theirs)
    return a.largest(
        total - top_sum(a, [theirs[i] for i in group], k) + top_sum(a, [ours[i] for i in group], k)
        for group in a.groups
        for k in range(1, len(group) + 1)
    )


def joined(z3: Any) -> tuple[list[Any], Any]:
    """Two largest of three: what is weakly majorized stays so beside one more entry r."""
    a, b, c, d, r = z3.Reals("a b c d r")

    def top(*pairs: Any) -> Any:
        best = pairs[0]
        for other in pairs[1:]:
            best = z3.If(best >= other, best, other)
        return best

    ordered = [a >= b, b >= 0, c >= d, d >= 0, r >= 0, a <= c, a + b <= c + d]
    return ordered, z3.And(top(a, b, r) <= top(c, d, r), top(a + b, a + r, b + r) <= top(c + d, c + r, d + r))


PROOF = Proof(
    theorem=THEOREM,
    model={TOTAL: lambda a: a.added([abs(e) for e in a.minus(a.x, a.qs)]), EXCHANGED: exchanged},
    steps=(
        Tested(
            "with Z and Σ, q(s(x)) = m ⊙ q(x): both orders keep images of x, and differ in which",
            lambda case: case.every(case.orders.after_mask == case.orders.mask * case.orders.image),
        ),
        Tested("q reverses no sign, so |x_i − q(x)_i| is ||x_i| − |q(x)_i||: magnitudes are enough", same_sign),
        Tested("both masks keep equally many entries of every group", balanced),
        Smt("kept by S→Q alone and kept by Q→S alone: the images tie", same_image),
        Tested("all entries of a group on which the masks differ share one |q(x)|", tied),
        Smt("the larger of both errors: max(|a − v|, b) ≤ max(a, |b − v|) for a ≥ b ≥ 0 and v ≥ 0", largest),
        Smt("their sum: |a − v| + b ≤ a + |b − v|", gain_grows(1)),
        Smt("a pair that is weakly majorized stays so beside a third entry", joined),
        Formal(
            "every group size, budget and tie rule: what errors of a group exceed t by adds up to no more",
            "weakly_majorized",
        ),
        Cited(
            "… for all t ≥ 0 means that the sums of the k largest are at most as large (Hardy, Littlewood, Pólya)",
            Reference("marshall2011majorization", "chapter 4, on sums of positive parts"),
        ),
        Cited(
            "if all sums of the k largest are at most as large, so is every symmetric gauge function (Ky Fan)",
            Reference("marshall2011majorization", "chapter 4, on symmetric gauge functions"),
        ),
        Tested("never worse in sums of the largest, ordered weights, nested and exponential norms", never_worse),
        *(Concludes(Groups(n, m)) for n, m in ((1, 2), (1, 4), (2, 4))),
        Concludes(Groups(1, 2, 2)),
    ),
)
