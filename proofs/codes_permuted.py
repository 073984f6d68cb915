"""Where the masks differ the images tie (``prune_first_dominates``): what comes in is what goes out.

The k-th largest of a group is the largest of the minima of its subsets of k entries.
"""

from collections import Counter
from fractions import Fraction
from itertools import combinations
from math import fsum, log2

from sqtheory.theory.theorems.codes_permuted import APART, CODES_QS, CODES_SQ, ENTROPY_QS, ENTROPY_SQ, THEOREM

from .atoms import Atoms, Number, Row
from .conclusions import Concludes, OnlyTested
from .proof import Proof
from .prune_first_dominates import balanced, same_image, tied
from .shapes import Groups
from .steps import Smt, Tested


def kth_largest(a: Atoms, values: Row, k: int) -> Number:
    """The largest of the minima of k of these numbers, none of which is negative."""
    return a.largest(a.least(chosen) for chosen in combinations(values, k))


def apart(a: Atoms) -> Number:
    """Group by group and rank by rank."""
    total = a.added([])
    for group in a.groups:
        one, other = ([abs(made[i]) for i in group] for made in (a.sq, a.qs))
        ranks = range(1, len(group) + 1)
        total += sum(abs(kth_largest(a, one, k) - kth_largest(a, other, k)) for k in ranks)
    return total


def codes(a: Atoms, made: Row) -> Number:
    """Σ |y_i| over the scale of the first entry of the group, which has one."""
    return a.added([sum(abs(made[i]) for i in group) / (a.scale[group[0]] or 1) for group in a.groups])


def entropy(made: Row) -> float:
    """−Σ f_v log₂ f_v, value by value."""
    counts = Counter(map(abs, made)).values()
    return -fsum(float(Fraction(n, len(made))) * log2(n / len(made)) for n in counts)


PROOF = Proof(
    theorem=THEOREM,
    model={
        APART: apart,
        CODES_SQ: lambda a: codes(a, a.sq),
        CODES_QS: lambda a: codes(a, a.qs),
        ENTROPY_SQ: lambda a: entropy(a.sq),
        ENTROPY_QS: lambda a: entropy(a.qs),
    },
    steps=(
        Tested(
            "with Z and Σ, q(s(x)) = m ⊙ q(x): both orders keep images of x, and differ in which",
            lambda case: case.every(case.orders.after_mask == case.orders.mask * case.orders.image),
        ),
        Tested("both masks keep equally many entries of every group", balanced),
        Smt("kept by S→Q alone and kept by Q→S alone: the images tie", same_image),
        Tested("all entries of a group on which the masks differ share one |q(x)|", tied),
        *(Concludes(Groups(n, m), claims=(0, 1)) for n, m in ((1, 2), (1, 4), (2, 4), (3, 4))),
        OnlyTested("a function of magnitudes whatever their places, and those the first claim settles", claims=(2,)),
    ),
)
