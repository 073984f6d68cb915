"""SR-STE: n:m masks by magnitude, chosen anew in every step of training; what is left in the end is such a mask.

The gradient of training is ``straight_through.srste_gradient``. Published code takes groups of the flattened weight,
which cross rows whose length m does not divide; here such a weight is refused, as ``nm`` refuses it.
"""

from fractions import Fraction

from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_
from sqtheory.alphabet.scores import magnitude
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, top, transposable
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import Fails, Holds, OnWeight, OrderVerdict
from sqtheory.methods.method import Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import nm_projection, prune_first_dominates, transposable_greedy


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The mask of s by magnitude, and q."""
    return Pair(s.with_score(magnitude), q)


def along_both_axes(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The best mask that is n:m for the weight and its transpose, for the n:m of s. Raises ValueError for another s."""
    m = s.groups.run
    if m is None or not s.fixed_budget:
        raise ValueError(f"srste:transposable is for n:m masks, got {s}")
    return Pair(transposable(s.budget(m), m), q)


METHOD = Method(
    name="srste",
    title="SR-STE: n:m masks by magnitude from training",
    source=Reference("zhou2021nm", "§3.2"),
    needs=(),
    build=build,
    evidence=(
        Holds(
            "where every group lies in one scale block: by magnitude S→Q is optimal there",
            prune_first_dominates.THEOREM,
            Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4)),
        ),
        Fails(
            "where a group spans blocks of different scales, as groups along inputs do with scales along outputs",
            prune_first_dominates.THEOREM,
            Case.of([7, 0.5, 0.4375, 1], hbfp(4, block=2), top(Fraction(3, 4), per=Rows())),
        ),
        OnWeight(
            "along both axes patterns compete by sums of squares, and what saturates can turn round which is largest",
            OrderVerdict.fails,
            FixedArray([[8.0, 6], [6, 3]]),
            Pair(transposable(1, 2), hbfp(3)),
        ),
    ),
    rests_on=(nm_projection.THEOREM, transposable_greedy.THEOREM),
    variants=(Variant("transposable", "n:m along both axes, the best pattern of every m×m tile", along_both_axes),),
)
