"""A proof: a model of every quantity, steps that a machine discharges, and what they conclude of every claim."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import final

import numpy as np

from sqtheory.alphabet.norms import spell_norm
from sqtheory.theory.claims import CANCELLATION, TOLERANCE, Claim, Quantity, Separation
from sqtheory.theory.measured import readings
from sqtheory.theory.render import claim_text
from sqtheory.theory.theorem import Theorem

from .atoms import Model, Number
from .conclusions import Concludes, Conclusion
from .exact import ExactRow
from .machine_checked import ProofError
from .steps import Line, Split, Step

MODELLED = 100
"""Rows on which each quantity is compared with its model each time a proof runs; the test suite tries more."""
NOT_PROOFS = frozenset(
    {
        *("__init__", "__main__", "accumulating", "atoms", "conclusions", "machine_checked", "proof", "references"),
        *("chains", "coq_claims", "dropping", "exact", "shapes", "showing", "standing", "solver", "steps", "unknowns"),
    }
)


@final
@dataclass(frozen=True)
class Concluded:
    """A claim, and what concludes it: for every p of the domain it speaks of, the steps that speak of that p."""

    claim: Claim
    by: dict[float, tuple[Conclusion, ...]]

    @property
    def missing(self) -> list[float]:
        """Where nothing concludes it."""
        return [p for p, steps in self.by.items() if not steps]

    @property
    def extents(self) -> dict[str, list[float]]:
        """For each p how far the best of its steps reaches, the p gathered."""
        found: dict[str, list[float]] = {}
        for p, steps in self.by.items():
            best = min((step.extent for step in steps), key=list(EXTENTS).index, default="not concluded")
            found.setdefault(best, []).append(p)
        return found

    def __str__(self) -> str:
        several = len(self.by) > 1 and len(self.extents) > 1
        parts = [f"{extent}{f' (p = {_spelled(ps)})' if several else ''}" for extent, ps in self.extents.items()]
        return f"{claim_text(self.claim)}: {', '.join(parts)}"


TESTED = "tested only"
EXTENTS: Mapping[str, str] = {"formal": "Coq", "derived": "derived", "each case": "each case", TESTED: TESTED}
"""How far a conclusion reaches, the farthest first: in Coq, for every size; by a machine, for the sizes stated; case by
case; not at all."""


def _spelled(ps: list[float]) -> str:
    return ", ".join("∞" if p == math.inf else spell_norm(p) for p in ps)


@final
@dataclass(frozen=True, eq=False)
class Proof:
    """How a theorem is proved.

    ``model`` gives each quantity of its claims from the atoms of one row, one entry at a time: what the steps
    reason about; a quantity with a reading is its own. That it agrees with what the package computes is tested, never
    assumed. Every claim must be concluded, for every p of the domain that it speaks of, by a step that is bound to it,
    or be marked as tested only.
    """

    theorem: Theorem
    model: Model = field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "model", {**readings(*self.theorem.where), **self.model})
        if set(self.model) != set(self.theorem.where):
            missing = {q.name for q in self.theorem.where} ^ {q.name for q in self.model}
            raise ProofError(f"{self.theorem}: the model and the claims differ in {', '.join(sorted(missing))}")

    def values(self, atoms: ExactRow) -> dict[str, Number]:
        """Every quantity by its model."""
        return {quantity.name: number(atoms) for quantity, number in self.model.items()}

    def conclusions(self) -> tuple[Concluded, ...]:
        """For every claim and every p what concludes it. Raises ProofError for a step about a claim there is not."""
        witness = self.theorem.witness
        domain = self.theorem.domain
        cases = witness.cases if isinstance(witness, Separation) else ()
        ps = sorted({case.p for case in cases} if domain is None else set(domain.p.values))
        steps = [(step, step.of(self.theorem)) for step in self.steps if isinstance(step, Conclusion)]
        return tuple(
            Concluded(
                claim,
                {
                    p: tuple(step for step, claims in steps if claim in claims and step.speaks_of(p))
                    for p in ps
                    if claim.norms.has(p)
                },
            )
            for claim in self.theorem.claims
        )

    @property
    def extent(self) -> str:
        """By what the claims are concluded, in few words: ``Coq, derived``, ``derived, in part tested only``."""
        reached = {extent for one in self.conclusions() for extent in one.extents}
        named = [EXTENTS[extent] for extent in EXTENTS if extent in reached]
        return ", ".join(f"in part {name}" if name == TESTED and len(named) > 1 else name for name in named)

    def lines(self) -> Iterator[Line]:
        """Discharge the model, every step, and that the steps conclude every claim."""
        started = time.perf_counter()
        rows = self.rows(np.random.default_rng(1))
        for quantity in self.theorem.where:
            fault = next((f for each in rows if (f := self.model_fault(quantity, each))), "")
            seconds = time.perf_counter() - started
            yield Line(f"{quantity.name} is {quantity.meaning}", "model (tested)", not fault, seconds, fault)
            started = time.perf_counter()
        for step in self.steps:
            yield step.line(self.theorem, self.model)
        yield from self.bindings()

    def bindings(self) -> Iterator[Line]:
        """One line for each claim, and one for each lemma that the proof uses and does not show."""
        try:
            concluded = self.conclusions()
        except ProofError as error:
            yield Line("the claims", "concluded", False, 0.0, str(error))
            return
        for one in concluded:
            detail = f"no step concludes it for p = {_spelled(one.missing)}" if one.missing else ""
            detail = detail if one.by else "it speaks of no p of the domain"
            yield Line(str(one), "concluded", not detail, 0.0, detail)
        shown = set(map(id, self.all_steps()))
        for step in self.steps:
            for lemma in step.lemmas if isinstance(step, Concludes) else ():
                if not all(id(part) in shown for part in lemma.steps):
                    yield Line(lemma.says, "concluded", False, 0.0, "a lemma that is used is no step of this proof")

    def all_steps(self) -> Iterator[Step]:
        for step in self.steps:
            yield step
            yield from step.cases if isinstance(step, Split) else ()

    def rows(self, rng: np.random.Generator, count: int = MODELLED) -> list[list[ExactRow]]:
        """Cases to compare the model on, row by row: so many rows of the domain together, or those of the witness."""
        domain, witness = self.theorem.domain, self.theorem.witness
        shown = witness.cases if isinstance(witness, Separation) else ()
        cases = shown if domain is None else [domain.sample(rng, count // 10) for _ in range(10)]
        return [[ExactRow(case, i) for i in range(len(case))] for case in cases]

    def model_fault(self, quantity: Quantity, rows: Sequence[ExactRow]) -> str:
        """The first row of a case in which a quantity differs from its model; empty if there is none."""
        case = rows[0].case
        computed = np.broadcast_to(np.asarray(quantity.of(case), np.float64), len(case))
        cancelled = CANCELLATION * case.products**quantity.degree
        for row, value in zip(rows, computed.tolist(), strict=True):
            expected = float(self.model[quantity](row))
            room = TOLERANCE * abs(expected) + cancelled[row.index] + quantity.noise + 1e-300
            if not abs(value - expected) <= room:
                return f"{value} instead of {expected} at {case.row(row.index)}"
        return ""


def proof_files() -> list[str]:
    """The names of the proof files, in alphabetical order."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in NOT_PROOFS)


def proof_of(theorem: Theorem) -> Proof:
    """The proof in the file of the theorem's name. Raises ProofError if there is none, or it proves another."""
    if theorem.slug not in proof_files():
        raise ProofError(f"proofs/{theorem.slug}.py is missing")
    proof = import_module(f".{theorem.slug}", __package__).PROOF
    if not isinstance(proof, Proof) or proof.theorem is not theorem:
        raise ProofError(f"proofs/{theorem.slug}.py does not prove {theorem.slug}")
    return proof
