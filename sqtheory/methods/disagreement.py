"""Published claims that a computation here refutes or qualifies, each with what shows it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, final

from sqtheory.methods import ecoflap, efficientnet, slim, sparse_bitnet, sparsejepa
from sqtheory.methods.work import Work
from sqtheory.tables import Table
from sqtheory.theory.claims import Reference, Separation
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import (
    error_in_three,
    finer_blocks,
    mask_dominates,
    prune_first_dominates,
    weaker_first_loses,
)


class Finding(Enum):
    """What becomes of a claim."""

    refuted = "refuted"
    qualified = "qualified"

    def __str__(self) -> str:
        return self.value


@final
@dataclass(frozen=True)
class Disagreement:
    """A claim in our words, where it is made, and what is so instead."""

    source: Reference
    claim: str
    finding: Finding
    instead: str
    check: str
    """The words after ``sqtheory`` that show it."""
    holds: Callable[[], bool]
    """Whether what is said instead is so, computed now."""


def separates(theorem: Theorem) -> bool:
    """On every case of the witness of a theorem all its claims hold."""
    assert isinstance(theorem.witness, Separation)
    checks = [theorem.check(case) for case in theorem.witness.cases]
    return all(bool(one.admissible.all()) and not one.violated.any() for one in checks)


def needs(theorem: Theorem) -> bool:
    """Every assumption of a theorem with a case against it is needed: there the claims fail."""
    cases = [given.fails_without for given in theorem.given if given.fails_without is not None and not given.defining]
    return bool(cases) and all(bool((theorem.check(case).excess > 0).any()) for case in cases)


def stands(work: Work) -> bool:
    """All evidence of a published work is so."""
    return all(one.stands for one in work.evidence)


def of_theorem(
    source: Reference, claim: str, finding: Finding, instead: str, theorem: Theorem, holds: Callable[[Theorem], bool]
) -> Disagreement:
    """A disagreement that a theorem of the registry settles."""
    return Disagreement(source, claim, finding, instead, f"show {theorem.slug}", lambda: holds(theorem))


def of_work(work: Work, claim: str, finding: Finding, instead: str) -> Disagreement:
    """A disagreement that the evidence of a published work settles."""
    return Disagreement(work.source, claim, finding, instead, f"methods {work.name}", lambda: stands(work))


ALL: tuple[Disagreement, ...] = (
    of_theorem(
        Reference("harma2025interplay", "§5"),
        "quantization error dominates that of sparsity",
        Finding.refuted,
        "not of tensors: at four bits and half of the entries pruned the mask errs more, in every norm",
        mask_dominates.THEOREM,
        separates,
    ),
    of_theorem(
        Reference("harma2025interplay", "§3"),
        "sparsity first is the better order of max-scaled block formats",
        Finding.qualified,
        "of magnitude masks whose groups lie in one scale each, under assumptions each of which is needed",
        prune_first_dominates.THEOREM,
        needs,
    ),
    of_theorem(
        Reference("kim2026order", "abstract"),
        "whichever of both harms less comes first, and the more so the further they are apart",
        Finding.refuted,
        "not of tensors: quantizing first can harm less and lose, and S→Q can gain more where quantizing harms less",
        weaker_first_loses.THEOREM,
        separates,
    ),
    of_theorem(
        Reference("li2026decomposing", "abstract"),
        "the error of MXFP4 is three components that add exactly",
        Finding.qualified,
        "they add as vectors; squared errors do not, by either sign",
        error_in_three.THEOREM,
        separates,
    ),
    of_theorem(
        Reference("schaefer2026finer", "abstract"),
        "finer blocks are better once scales are chosen well",
        Finding.qualified,
        "proved where every scale is one of least error of one set; with a maximum rounded to E4M3 it is false",
        finer_blocks.THEOREM,
        needs,
    ),
    of_work(
        slim.METHOD,
        "quantize first, then prune, as the official code does unless told otherwise",
        Finding.qualified,
        "with its correction either order is the better one on some weight",
    ),
    of_work(
        sparse_bitnet.METHOD,
        "mask before quantizing",
        Finding.qualified,
        "with mask and scale of the dense weight both orders are one; with a mean taken anew it can be the worse",
    ),
    of_work(
        sparsejepa.METHOD,
        "processing latents in groups lowers what they tell of each other",
        Finding.qualified,
        "maps of each variable do; a map that mixes two of them can raise it",
    ),
    of_work(
        efficientnet.METHOD,
        "a step of compound scaling costs about twice the products",
        Finding.qualified,
        "1.92 times with the published numbers: seven steps cost 0.75 of 2⁷",
    ),
    of_work(
        ecoflap.METHOD,
        "what layers keep sums exactly to the budget, says a comment in the official code",
        Finding.refuted,
        "where rounded shares exceed the budget, the code adds the excess again instead of removing it",
    ),
)
"""Every one; a new one is a line here."""


def disagreement_dict(one: Disagreement) -> dict[str, Any]:
    """The record, ready for JSON, and whether it stands, computed now."""
    return {
        "source": str(one.source),
        "claim": one.claim,
        "finding": one.finding.name,
        "instead": one.instead,
        "check": f"sqtheory {one.check}",
        "stands": one.holds(),
    }


def disagreements_table(told: Sequence[Mapping[str, Any]]) -> Table:
    """One line for each record: the claim, who makes it, what is so instead, and the command that shows it."""
    keys = ("source", "claim", "finding", "instead", "check")
    rows = tuple((*(str(one[key]) for key in keys), "yes" if one["stands"] else "no") for one in told)
    return Table(("source", "claim", "is", "instead", "check", "stands"), rows)
