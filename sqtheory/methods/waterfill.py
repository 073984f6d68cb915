"""Reverse water-filling: bits of layers so that the squared error of all weights together is least.

A bit quarters the squared error, so b_l = b̄ + ½ log₂(σ_l²/geometric mean) where no b_l is below 0. Nothing is read of
other layers but their shapes: σ_l² is the variance 1/n_in that weights are initialised with, a model and no measurement
(``water_filled`` takes measured ones). Whole bits from 2 to 8 are then chosen under the budget of the format given.
"""

from dataclasses import replace
from math import prod

from sqtheory.alphabet.allocation.curves import Choice, allocated
from sqtheory.alphabet.formats import IntFormat
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, top
from sqtheory.methods.evidence import Fails, Holds
from sqtheory.methods.method import Facts, Method
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import budget_price, prune_first_dominates, water_filling

BITS = range(2, 9)


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    """s, and q with as many bits as this tensor is given. Raises ValueError for a format that is no integer of 2 to 8.

    Bits are those of codes: scales cost the same whatever the bits.
    """
    own = q.format
    if own not in (integers := {IntFormat(b): b for b in BITS}):
        raise ValueError(f"waterfill shares the bits of integer formats of 2 to 8 bits, got {own}")
    shapes = {name: shape for name, shape in known.shapes.items() if len(shape) > 1}
    if known.name not in shapes:
        raise ValueError(f"waterfill shares bits among the matrices of a checkpoint: {known.name!r} is none of them")
    curves = [
        [Choice(b * prod(shape), prod(shape) / prod(shape[1:]) * 4.0**-b) for b in BITS] for shape in shapes.values()
    ]
    found = allocated(curves, integers[own] * sum(map(prod, shapes.values())))
    bits = BITS[found.places[list(shapes).index(known.name)]]
    return Pair(s, replace(q, format=IntFormat(bits)))


METHOD = Method(
    name="waterfill",
    title="Water-filled bits: wider layers have fewer",
    source=Reference("cover2006elements", "Theorem 10.3.3"),
    needs=(),
    build=build,
    evidence=(
        Holds(
            "by magnitude within one scale block, whatever the bits of a layer are",
            prune_first_dominates.THEOREM,
            Case.of([7, 2.5, 1, 1], int_(4), nm(2, 4)),
        ),
        Fails(
            "where a group spans blocks of different scales",
            prune_first_dominates.THEOREM,
            Case.of([7, 0.5, 0.4375, 1], hbfp(4, block=2), top(3, per=Rows())),
        ),
    ),
    rests_on=(water_filling.THEOREM, budget_price.THEOREM),
)
