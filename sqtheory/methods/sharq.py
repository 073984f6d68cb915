"""SharQ: a sparse quantized backbone, and the dense residual of that, quantized and added."""

from sqtheory.alphabet.compensation.residual import Residual
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import OnWeight, OrderVerdict
from sqtheory.methods.method import Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import residual_backbone


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """s and q, and the residual of the quantized backbone."""
    return Pair(s, q, Residual())


def of_sparse(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """s and q, and the residual of the backbone before it is quantized."""
    return Pair(s, q, Residual(of_sparse=True))


METHOD = Method(
    name="sharq",
    title="SharQ: a sparse quantized backbone and its dense residual, quantized",
    source=Reference("meng2026sharq", "abstract, for activations; the formula is read from its words alone"),
    needs=(),
    build=build,
    evidence=(
        OnWeight(
            "the error is r − q(r) for the residual r of the backbone, whichever came first in that; here that of "
            "q(s(x)) is rounded better",
            OrderVerdict.holds,
            FixedArray([[-4.0, -8, 4, 5]]),
            Pair(nm(2, 4), int_(4), Residual()),
        ),
        OnWeight(
            "… and here that of s(q(x)) is",
            OrderVerdict.fails,
            FixedArray([[-4.0, -5, -5, -8]]),
            Pair(nm(2, 4), int_(4), Residual()),
        ),
    ),
    rests_on=(residual_backbone.THEOREM,),
    variants=(Variant("of_sparse", "the residual of s(x): what q loses of the backbone stays lost", of_sparse),),
)
