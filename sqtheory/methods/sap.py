"""SAP: how much of each group is pruned follows from its PQ index, a measure of how sparse it already is.

The mask given says by its groups whose index it is, the rows' or the tensor's, and by its score what goes first; its
budget is not used, and n:m, whose groups are too small to have an index, stands for the tensor. One step of the
published iteration, without the training between steps.
"""

from sqtheory.alphabet.partition import Whole
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import magnitude
from sqtheory.alphabet.sparsifiers import IndexedSparsifier, Sparsifier, sap
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import OnWeight, OrderVerdict
from sqtheory.methods.method import Build, Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import index_retention


def stepped(p: float, q: float, eta: float = 0.0) -> Build:
    """A step of these exponents, by the score of s."""

    def build(s: Sparsifier, fmt: Quantizer, known: Facts) -> Pair:
        scope = s.groups if s.groups.run is None else Whole()
        return Pair(IndexedSparsifier(p, q, eta, groups=scope, score=s.score or magnitude), fmt)

    return build


METHOD = Method(
    name="sap",
    title="SAP: pruning as far as the PQ index allows",
    source=Reference("diao2023pqi", "Algorithm 1"),
    needs=(),
    build=stepped(0.5, 1),
    evidence=(
        OnWeight(
            "rounding ties the smallest entries of this weight, which then all stay, though its index rises",
            OrderVerdict.fails,
            FixedArray([[-1.25, -1.25, -7.75, 1.5, 1, -1.25]]),
            Pair(sap(), int_(4)),
        ),
        OnWeight(
            "rounding raises the index of this one, and more is pruned of its image",
            OrderVerdict.holds,
            FixedArray([[7.5, 1.5, 1.75, -2.25, -0.5, 1.5]]),
            Pair(sap(1, 2), int_(4)),
        ),
    ),
    rests_on=(index_retention.THEOREM,),
    variants=(
        Variant("1-2", "p = 1, q = 2: prunes more", stepped(1, 2)),
        Variant("eta", "η = 0.1: a tenth of the p-th powers may be lost", stepped(0.5, 1, 0.1)),
    ),
)
