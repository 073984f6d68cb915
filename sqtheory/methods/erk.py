"""ERK: densities of layers in proportion to the sum of the sides of a layer over their product, none above 1.

The budget is what the mask given keeps of all targets together; each keeps its share of it, by that mask's score, in
one group: random masks, as published, are written ``top(0.5, score=random(rng))``. Published code draws every entry for
itself, so that its budget is met in expectation; here it is met exactly.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import prod

import numpy as np

from sqtheory.alphabet.allocation.densities import Densities, erdos_renyi, erdos_renyi_kernel, uniform
from sqtheory.alphabet.partition import Rows, Shape, Whole
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import given, magnitude
from sqtheory.alphabet.sparsifiers import Sparsifier, TopSparsifier, nm, top
from sqtheory.methods.evidence import Fails, Holds
from sqtheory.methods.method import Build, Facts, Method, Variant
from sqtheory.orders.pair import Pair
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import prune_first_dominates


def kept(s: Sparsifier, shape: Shape) -> int:
    """Entries that s keeps of every tensor of this shape. Raises ValueError where that depends on the tensor."""
    if not s.fixed_budget:
        raise ValueError(f"what a mask keeps is to be known before tensors are: {s} keeps no fixed number of entries")
    return sum(len(rows) * s.budget(rows.shape[1]) for rows in s.groups.split(np.zeros(shape, bool)))


def shared(split: Callable[[Sequence[Shape], Fraction], Densities]) -> Build:
    """The share of one tensor in what s keeps of all of them, by the score of s."""

    def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
        shapes = {name: shape for name, shape in known.shapes.items() if len(shape) > 1}
        if known.name not in shapes:
            raise ValueError(
                f"erk shares a budget among the matrices of a checkpoint, and {known.name!r} is none of them"
            )
        total = sum(kept(s, shape) for shape in shapes.values())
        found = split(list(shapes.values()), Fraction(total, sum(map(prod, shapes.values()))))
        share = found.kept[list(shapes).index(known.name)]
        if not share:
            raise ValueError(f"of {total} entries to keep erk gives {known.name!r} none: a mask keeps one or more")
        return Pair(TopSparsifier(share, Whole(), s.score or magnitude, s.ties), q)

    return build


METHOD = Method(
    name="erk",
    title="ERK: wider layers are sparser",
    source=Reference("evci2020rigl", "§3, (1)"),
    needs=(),
    build=shared(erdos_renyi_kernel),
    evidence=(
        Holds(
            "by magnitude within one scale block: the budget does not depend on the weights, nor on the order",
            prune_first_dominates.THEOREM,
            Case.of([7, 2.5, 1, 1], int_(4), top(2, per=Rows())),
        ),
        Fails(
            "by random scores, as published: a block can lose its maximum, and its scale moves",
            prune_first_dominates.THEOREM,
            Case.of([7, 3, 1, 0], int_(4), nm(2, 4, score=given([0, 1, 2, 0]))),
        ),
    ),
    variants=(
        Variant("er", "by the first two axes alone, without the sides of a kernel", shared(erdos_renyi)),
        Variant("uniform", "the same density everywhere", shared(uniform)),
    ),
)
