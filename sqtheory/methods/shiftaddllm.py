"""ShiftAddLLM: each block is a sum of sign vectors with fitted scales, rounded to sums of three powers of two.

The published method prunes nothing; its library of codes can give entries the weight 0 in the fit, which is how what a
mask prunes stays 0 here. Its scales go by columns (``acc``) or tiles of 8 columns and an eighth of the rows (``lat``),
elsewhere by the format's blocks; the format says how many bits. Its error feedback is left out.
"""

from dataclasses import replace

from sqtheory.alphabet.binary.powers import Nearness, PowerSums
from sqtheory.alphabet.partition import Columns, Tiles
from sqtheory.alphabet.procedures.binary_coding import BinaryCoding
from sqtheory.alphabet.quantizers import Quantizer, bcq
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import Fails, Holds, OnWeight, OrderVerdict
from sqtheory.methods.method import Build, Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import binary_code_optimal, binary_code_residual, prune_first_dominates

CODES = BinaryCoding(rounded=PowerSums(3))
UNMASKED = replace(CODES, masked=False)


def built(codes: BinaryCoding) -> Build:
    """s, and codes of as many bits as q's format has."""
    return lambda s, q, known: Pair(s, q, codes)


def by_tiles(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """The same with tiles of 8 columns and an eighth of the rows. Raises ValueError where no shape is known."""
    if known.name not in known.shapes:
        raise ValueError(f"shiftaddllm:lat divides the rows of {known.name!r} by 8, and its shape is not known")
    return Pair(s, q, replace(CODES, per=Tiles(max(1, known.shapes[known.name][-2] // 8), 8)))


METHOD = Method(
    name="shiftaddllm",
    title="ShiftAddLLM: binary codes with scales of powers of two",
    source=Reference("you2024shiftaddllm", "§4.1"),
    needs=(),
    build=built(CODES),
    evidence=(
        Fails(
            "0 is no level of a sum of signed scales: what is pruned first comes back",
            prune_first_dominates.THEOREM,
            Case.of([3, -1], bcq(2), nm(1, 2)),
        ),
        OnWeight(
            "where pruned entries are encoded like others, codes of a pruned weight spend themselves on zeros",
            OrderVerdict.fails,
            FixedArray([[8.0, 3, -3, 3]]),
            Pair(nm(2, 4), bcq(2), UNMASKED),
        ),
        OnWeight(
            "where pruned entries have weight 0, the survivors alone are fitted",
            OrderVerdict.holds,
            FixedArray([[-5.0, 5, -8, 1]]),
            Pair(nm(2, 4), bcq(2), CODES),
        ),
        Holds(
            "of one bit, no mask, scale and signs lose less than those of the survivors by magnitude",
            binary_code_optimal.THEOREM,
            Case.of([3, 1, 1, 0], bcq(1), nm(2, 4)),
        ),
        OnWeight(
            "with more bits the alternation stops short of the best code, and the dense one can stop nearer",
            OrderVerdict.fails,
            FixedArray([[-1.0, 5, 0, 1, -4, -6, -3, -3]]),
            Pair(nm(2, 4), bcq(2), replace(CODES, rounded=None)),
        ),
    ),
    rests_on=(binary_code_residual.THEOREM,),
    variants=(
        Variant("acc", "scales of whole columns", built(replace(CODES, per=Columns()))),
        Variant("lat", "scales of tiles of 8 columns and an eighth of the rows", by_tiles),
        Variant("unmasked", "what is pruned first is encoded like any other entry", built(UNMASKED)),
        Variant("greedy", "no alternation, real scales", built(BinaryCoding(rounds=0))),
        Variant("real", "real scales: no round raises the error", built(replace(CODES, rounded=None))),
        Variant(
            "value",
            "powers of two nearest in value, not in their logarithm",
            built(replace(CODES, rounded=PowerSums(3, Nearness.value))),
        ),
    ),
)
