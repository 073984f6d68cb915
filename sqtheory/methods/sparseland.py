"""Ten lessons in the new Sparseland: words for masks, of which static against dynamic decides the order."""

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.methods.evidence import Fails, Holds
from sqtheory.methods.idea import Idea
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import frozen_commutation, margin

TIED = Case.of([7, 1.75, 2.25, 0], int_(4), nm(2, 4))
"""Two entries round to one code at the cut."""

METHOD = Idea(
    name="sparseland",
    title="Ten lessons in the new Sparseland: static and dynamic, structured and unstructured",
    source=Reference("liu2023sparseland", "abstract; a handbook, it has no operator of its own"),
    computes="that a static mask commutes with quantizing at fixed scales, and a dynamic one need not.",
    outside="lessons, advice, open problems.",
    evidence=(
        Holds("a static mask and fixed scales commute", frozen_commutation.THEOREM, TIED),
        Fails(
            "a dynamic one is chosen anew: where two entries round to one magnitude at the cut, another stays",
            margin.THEOREM,
            TIED,
        ),
    ),
)
