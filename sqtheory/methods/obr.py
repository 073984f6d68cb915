"""OBR: Wanda's mask, survivors that make up for pruned weights, and halves that make up for rounding."""

import numpy as np

from sqtheory.alphabet.compensation.halves import HalfByHalf
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import Statistic, awaiting_wanda
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import OnWeight, OrderVerdict
from sqtheory.methods.method import Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import gram_error


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """Wanda's mask, q at the scales of the dense weight, the second half rounded with feedback."""
    return _halves(s, q, known, feedback=True)


def rounded(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The same with every entry rounded to nearest."""
    return _halves(s, q, known, feedback=False)


def _halves(s: Sparsifier, q: Quantizer, known: Facts, *, feedback: bool) -> Pair:
    moments = known[Statistic.moments]
    norms = np.sqrt(np.diag(moments))
    return Pair(s.with_score(awaiting_wanda.told(norms)), q, HalfByHalf(FixedArray(moments), feedback=feedback))


HELPED = FixedArray([[19.0, 2, -7, 10], [2, 17, -14, -2], [-7, -14, 19, -3], [10, -2, -3, 13]])
HARMED = FixedArray([[13.0, -1, -1, 0], [-1, 22, 6, 4], [-1, 6, 19, -10], [0, 4, -10, 12]])

METHOD = Method(
    name="obr",
    title="OBR: pruned by Wanda, restored, and rounded half by half",
    source=Reference("guo2025obr", "official code: obr_utils.py; the basis it is put in is another method's"),
    needs=(Statistic.moments,),
    build=build,
    evidence=(
        OnWeight(
            "as the method does it, since survivors make up for what is pruned before they are rounded",
            OrderVerdict.holds,
            FixedArray([[-6.0, 3, 2, -5]]),
            Pair(nm(2, 4), int_(3), HalfByHalf(HELPED, feedback=True)),
            HELPED,
        ),
        OnWeight(
            "where the mask of the quantized weight is the luckier one",
            OrderVerdict.fails,
            FixedArray([[-8.0, 4, 2, 5]]),
            Pair(nm(2, 4), int_(3), HalfByHalf(HARMED, feedback=True)),
            HARMED,
        ),
    ),
    rests_on=(gram_error.THEOREM,),
    variants=(Variant("rounded", "the second half is rounded to nearest too (published as --obr_rtn)", rounded),),
)
