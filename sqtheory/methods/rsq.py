"""RSQ: inputs rotated by a randomized Hadamard matrix, tokens weighed by their attention, rounded with feedback."""

from functools import cache

import numpy as np

from sqtheory.alphabet.procedures import PLAIN
from sqtheory.alphabet.procedures.conjugated import Conjugated
from sqtheory.alphabet.procedures.error_feedback import ErrorFeedback
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import Statistic
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.alphabet.transforms import random_signs, randomized_hadamard
from sqtheory.arrays import Array, FixedArray
from sqtheory.methods.evidence import OnWeight, OrderVerdict
from sqtheory.methods.method import Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import gram_error, incoherence, sweep_bound

SEED = 0
"""Of the signs: tensors of as many inputs are rotated alike."""


@cache
def rotation(inputs: int) -> FixedArray:
    """The rotation of all tensors of so many inputs."""
    return FixedArray(randomized_hadamard(random_signs(inputs, np.random.default_rng(SEED))))


def rotated(moments: Array) -> Conjugated:
    """The sweep of `frantar2023gptq` in rotated inputs, of second moments RᵀHR: powers that round below 0 are 0."""
    r = rotation(len(moments))
    turned = r.values.T @ moments @ r.values
    turned = (turned + turned.T) / 2
    np.fill_diagonal(turned, np.maximum(np.diag(turned), 0.0))
    return Conjugated(ErrorFeedback(FixedArray(turned)), r)


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """s and q in rotated inputs; the moments are XᵀRX where ``calibrate --moments --tokens attention`` wrote them."""
    return Pair(s, q, rotated(known[Statistic.moments]))


def nearest(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """s and q in rotated inputs, entry by entry."""
    return Pair(s, q, Conjugated(PLAIN, rotation(len(known[Statistic.moments]))))


def _on(says: str, favours: OrderVerdict, w: list[float], moments: list[list[float]]) -> OnWeight:
    known = FixedArray(np.array(moments))
    return OnWeight(says, favours, FixedArray([w]), Pair(nm(2, 4), int_(3), rotated(known.values)), known)


METHOD = Method(
    name="rsq",
    title="RSQ: rotate, scale, then quantize",
    source=Reference("sung2025rsq", "§4"),
    needs=(Statistic.moments,),
    build=build,
    evidence=(
        _on(
            "on this weight: rounding first turns round how its rotated entries rank",
            OrderVerdict.holds,
            [-5.0, -6, 7, 2],
            [[4.0, -2, 1, 2], [-2, 3, 1, -3], [1, 1, 4, -2], [2, -3, -2, 5]],
        ),
        _on(
            "on this one: inputs are correlated, and what the sweep makes of the whole weight makes up for more",
            OrderVerdict.fails,
            [-7.0, -6, -7, 0],
            [[3.0, -1, -1, -2], [-1, 3, -2, 2], [-1, -2, 3, 0], [-2, 2, 0, 3]],
        ),
    ),
    rests_on=(incoherence.THEOREM, gram_error.THEOREM, sweep_bound.THEOREM),
    variants=(Variant("nearest", "the rotation alone: entries are rounded to nearest without feedback", nearest),),
)
