"""How every theorem stands: what concludes it, what was tried against it, which assumptions are needed."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, final
from zlib import crc32

import numpy as np

from sqtheory.arrays import Mask
from sqtheory.exceptions import Undefined
from sqtheory.tables import Table
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Assumption, Claim, Separation
from sqtheory.theory.render import claim_text
from sqtheory.theory.theorem import Theorem

from .conclusions import OnlyTested
from .machine_checked import CLASSICAL_REALS
from .proof import proof_of

STEPS = ("derived", "smt", "algebra", "enumeration", "cited")
"""The statuses of steps that are counted."""
ROWS = 200
"""Random rows on which each theorem is tried when its standing is asked for; the test suite tries many times more."""


@final
@dataclass(frozen=True)
class Standing:
    """One theorem: by what its claims are concluded, its steps by kind, and what became of its claims on cases."""

    theorem: Theorem
    concluded: str
    """How far conclusions reach: Coq, derived, each case, tested only."""
    steps: Counter[str]
    rows: int
    """Random rows of its domain on which every assumption held; of a separation its cases."""
    violated: int
    """Those of them on which a claim failed."""
    needed: int
    """Assumptions without which a case breaks a claim, or leaves it without meaning."""

    @property
    def sound(self) -> bool:
        """No row violates it, and each of its assumptions is needed."""
        return not self.violated and self.needed == len(self.theorem.given)

    def cells(self) -> tuple[str, ...]:
        """Its line of the table."""
        t = self.theorem
        counts = (str(self.steps[kind]) if self.steps[kind] else "–" for kind in STEPS)
        needed = f"{self.needed} of {len(t.given)}" if t.given else "none made"
        coq = str(len(t.formal)) if t.formal else "–"
        return (
            t.slug,
            self.concluded,
            coq,
            *counts,
            f"{self.rows - self.violated}",
            str(self.violated),
            needed,
            t.witness.kind,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        return {
            "slug": self.theorem.slug,
            "concluded": self.concluded,
            "coq": list(self.theorem.formal),
            "steps": {kind: self.steps[kind] for kind in STEPS},
            "rows": self.rows,
            "violated": self.violated,
            "assumptions": len(self.theorem.given),
            "needed": self.needed,
            "tight": self.theorem.witness.kind,
        }


def standing(theorem: Theorem, rows: int = ROWS) -> Standing:
    """Count the steps of its proof, try it on so many random rows, and take each of its assumptions away once."""
    proof = proof_of(theorem)
    tried = violated = 0
    for case in cases(theorem, rows):
        check = theorem.check(case)
        tried += int(np.count_nonzero(check.admissible))
        violated += int(np.count_nonzero(check.violated))
    steps = Counter(step.status for step in proof.all_steps())
    return Standing(
        theorem, proof.extent, steps, tried, violated, sum(broken(theorem, a) is not None for a in theorem.given)
    )


def cases(theorem: Theorem, rows: int) -> Iterator[Case]:
    """The cases of a separation; else random ones of the domain until so many rows are drawn, the same each time."""
    if theorem.domain is None:
        yield from theorem.witness.cases if isinstance(theorem.witness, Separation) else ()
        return
    rng = np.random.default_rng(crc32(theorem.slug.encode()))
    while rows > 0:
        case = theorem.domain.sample(rng, min(rows, 20))
        yield case
        rows -= len(case)


def broken(theorem: Theorem, assumption: Assumption) -> Case | None:
    """The case of an assumption if it alone fails there and a claim with it, or has no meaning; else None."""
    case = assumption.fails_without
    if case is None:
        return None
    if assumption.defining:
        try:
            theorem.values(case)
        except Undefined:
            return None if assumption.holds(case).any() else case
        return None
    fails = fails_alone(theorem, assumption, case) & (theorem.excess(case) > 0)
    if not fails.any():
        return None
    return case if len(case) == 1 else case.row(int(np.flatnonzero(fails)[0]))


def fails_alone(theorem: Theorem, assumption: Assumption, case: Case) -> Mask:
    """Rows in which this assumption fails and all others hold."""
    fails = ~assumption.holds(case)
    for other in theorem.given:
        fails = fails & (other is assumption or other.holds(case))
    return fails


def status_table(standings: Iterable[Standing]) -> Table:
    """A line for each theorem: what concludes it, its steps, rows tried, assumptions needed, in which sense tight."""
    header = (
        *("theorem", "concluded by", "Coq", "derived", "solver", "algebra", "enumeration", "cited"),
        *("rows that hold", "violated", "assumptions needed", "tight"),
    )
    return Table(header, tuple(one.cells() for one in standings))


def only_tested(theorems: Iterable[Theorem]) -> Table:
    """Every claim that no machine derives, and why."""
    lines = []
    for theorem in theorems:
        for step in proof_of(theorem).steps:
            if isinstance(step, OnlyTested):
                lines += [(theorem.slug, claim_text(claim), step.says) for claim in step.of(theorem)]
    return Table(("theorem", "claim that is tested only", "why"), tuple(lines))


def killed_table(theorems: Iterable[Theorem]) -> Table:
    """Every statement that a counterexample killed: a theorem less one of its assumptions, and where it fails."""
    lines = []
    for theorem in theorems:
        for assumption in theorem.given:
            case = broken(theorem, assumption)
            if case is not None:
                lines.append((theorem.slug, assumption.name, str(case), by_how_much(theorem, assumption, case)))
    return Table(("theorem", "without", "is false at", "where"), tuple(lines))


def by_how_much(theorem: Theorem, assumption: Assumption, case: Case) -> str:
    """Both sides of the claim that fails by most; what the claims lack where they have no meaning."""
    if assumption.defining:
        return "the claims have no meaning"
    claim, left, right = failing(theorem, case)
    opposite = {"<=": ">", "<": "≥", ">": "≤", "==": "≠"}[claim.relation]
    return f"{claim_text(claim)}: {left:.6g} {opposite} {right:.6g}"


def failing(theorem: Theorem, case: Case) -> tuple[Claim, float, float]:
    """The claim that fails by most on one row, and its sides."""
    values = theorem.values(case)
    claim = max(theorem.claims_for(case.p), key=lambda claim: float(claim.excess(values)[0]))
    left, right = claim.sides(values)
    return claim, float(left[0]), float(right[0])


def axioms() -> str:
    """On which axioms Coq's statements may rest."""
    names = ", ".join(sorted(name.rsplit(".", 1)[-1] for name in CLASSICAL_REALS))
    return f"A statement in Coq rests on no axiom but those of its classical real numbers: {names}."


def summary(standings: list[Standing]) -> str:
    """How many theorems there are, and how many of them are concluded how."""
    by = Counter(one.concluded for one in standings)
    told = "; ".join(f"{count} {concluded}" for concluded, count in by.most_common())
    needed = sum(one.needed for one in standings)
    return f"{len(standings)} theorems: {told}. {needed} assumptions, without each of which a case breaks the theorem."
