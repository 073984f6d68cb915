"""RSQ: inputs rotated by a randomized Hadamard matrix and tokens weighed by their attention before rounding."""

import numpy as np

from sqtheory.alphabet.procedures import PLAIN, Conjugated
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import Statistic
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.alphabet.transforms import random_signs, randomized_hadamard
from sqtheory.arrays import FixedArray
from sqtheory.methods.evidence import OnWeight, OrderVerdict
from sqtheory.methods.method import Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import gram_error, incoherence

SEED = 0
"""Of the signs: tensors of as many inputs are rotated alike."""


def rotation(inputs: int) -> FixedArray:
    """The rotation of all tensors of so many inputs."""
    return FixedArray(randomized_hadamard(random_signs(inputs, np.random.default_rng(SEED))))


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """s and q on the weight in rotated inputs; XᵀRX is what ``calibrate --moments --tokens attention`` writes."""
    return Pair(s, q, Conjugated(PLAIN, rotation(len(known[Statistic.moments]))))


def unrotated(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """s and q on the weight as it is."""
    return Pair(s, q)


ROTATED = Pair(nm(2, 4), int_(4), Conjugated(PLAIN, rotation(4)))
METHOD = Method(
    name="rsq",
    title="RSQ: rotate, scale, then quantize",
    source=Reference("sung2025rsq", "§4"),
    needs=(Statistic.moments,),
    build=build,
    evidence=(
        OnWeight(
            "where two entries of the rotated weight round to one magnitude and the smaller is kept",
            OrderVerdict.holds,
            FixedArray([[-5.0, -1, -2, 2]]),
            ROTATED,
            FixedArray([[5.0, 3, 1, 0], [3, 3, 0, -1], [1, 0, 3, -1], [0, -1, -1, 2]]),
        ),
        OnWeight(
            "where the inputs are correlated: magnitude in the rotated basis is no longer what the output loses",
            OrderVerdict.fails,
            FixedArray([[-7.0, 6, -6, 2]]),
            ROTATED,
            FixedArray([[3.0, 0, 3, 3], [0, 2, -1, 1], [3, -1, 5, 1], [3, 1, 1, 9]]),
        ),
    ),
    rests_on=(incoherence.THEOREM, gram_error.THEOREM),
    variants=(
        Variant("unrotated", "without the rotation: what it takes from pruning and gives to rounding", unrotated),
    ),
)
