"""A survey of hardware and software designed together: what is in common is bits for every weight."""

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import storage

GROUP = Case.of([7.0, -3, 2, 0, 1, 5, -6, 4], int_(4, block=8), nm(2, 4))


def counted() -> bool:
    """The bits of kept codes, of the scale and of the pattern are those of the formula, 4·½ + 32/8 + 3/4."""
    check = storage.THEOREM.check(GROUP)
    return bool(check.admissible.all() and not check.violated.any())


METHOD = Idea(
    name="codesign",
    title="Survey: hardware and software designed together for language models",
    source=Reference("guo2025codesign", "abstract; it has no operator of its own"),
    computes="bits for every weight of a sparse quantized tensor: codes, scales and the pattern (sqtheory storage).",
    outside="a survey of accelerators.",
    evidence=(
        Runs(
            "both orders store as many bits, b·n/m + e/B + ⌈log₂ C(m, n)⌉/m for every weight",
            OrderVerdict.none,
            counted,
            storage.THEOREM,
        ),
    ),
)
