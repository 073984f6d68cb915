"""A proof: a model of every quantity in exact rationals, and steps that a machine discharges."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import final

import numpy as np

from proofs.atoms import Atoms, Number
from proofs.machine_checked import ProofError
from proofs.steps import Line, Step
from sqtheory.case import Case
from sqtheory.theorem import CANCELLATION, TOLERANCE, Quantity, Separation, Theorem

MODELLED = 100
"""Rows on which each quantity is compared with its model each time a proof runs; the test suite tries more."""
NOT_PROOFS = frozenset(
    {"__init__", "__main__", "atoms", "blocks", "machine_checked", "models", "proof", "references", "steps"}
)


@final
@dataclass(frozen=True, eq=False)
class Proof:
    """How a theorem is proved.

    ``model`` gives each quantity of its claims from the atoms of one row, one entry at a time: what the steps
    reason about. That it agrees with what the package computes is tested, never assumed.
    """

    theorem: Theorem
    model: Mapping[Quantity, Callable[[Atoms], Number]]
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if set(self.model) != set(self.theorem.where):
            missing = {q.name for q in self.theorem.where} ^ {q.name for q in self.model}
            raise ProofError(f"{self.theorem}: the model and the claims differ in {', '.join(sorted(missing))}")

    def values(self, atoms: Atoms) -> dict[str, Number]:
        """Every quantity by its model."""
        return {quantity.name: number(atoms) for quantity, number in self.model.items()}

    def lines(self) -> Iterator[Line]:
        """Discharge the model, then every step."""
        started = time.perf_counter()
        rng = np.random.default_rng(1)
        for quantity in self.theorem.where:
            fault = next((f for case in self.cases(rng) if (f := self.model_fault(quantity, case))), "")
            seconds = time.perf_counter() - started
            yield Line(f"{quantity.name} is {quantity.meaning}", "model (tested)", not fault, seconds, fault)
            started = time.perf_counter()
        for step in self.steps:
            yield step.line(self.theorem)

    def cases(self, rng: np.random.Generator, rows: int = MODELLED) -> list[Case]:
        """Cases to compare the model on."""
        domain, witness = self.theorem.domain, self.theorem.witness
        if domain is None:
            return list(witness.cases) if isinstance(witness, Separation) else []
        return [domain.sample(rng, rows // 10) for _ in range(10)]

    def model_fault(self, quantity: Quantity, case: Case) -> str:
        """The first row in which a quantity differs from its model; empty if there is none."""
        computed = np.broadcast_to(np.asarray(quantity.of(case), np.float64), len(case))
        cancelled = CANCELLATION * case.products**quantity.degree
        for i, value in enumerate(computed.tolist()):
            expected = float(self.model[quantity](Atoms(case, i)))
            if not abs(value - expected) <= TOLERANCE * abs(expected) + cancelled[i] + quantity.noise + 1e-300:
                return f"{value} instead of {expected} at {case.row(i)}"
        return ""


def proof_files() -> list[str]:
    """The names of the proof files, in alphabetical order."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in NOT_PROOFS)


def proof_of(theorem: Theorem) -> Proof:
    """The proof in the file of the theorem's name. Raises ProofError if there is none, or it proves another."""
    if theorem.slug not in proof_files():
        raise ProofError(f"proofs/{theorem.slug}.py is missing")
    proof = import_module(f"proofs.{theorem.slug}").PROOF
    if not isinstance(proof, Proof) or proof.theorem is not theorem:
        raise ProofError(f"proofs/{theorem.slug}.py does not prove {theorem.slug}")
    return proof
