"""The kinds of steps a proof is made of, each discharged by a machine or marked as taken from the literature."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, final

import numpy as np
import sympy

from sqtheory.arrays import Mask
from sqtheory.exceptions import MissingExtra
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import ALL, find

from . import machine_checked
from .atoms import Model
from .machine_checked import ProofError
from .solver import load, refute

NO_MODEL: Model = {}
TRIED = 2_000
"""Rows on which a tested step is tried each time a proof runs; the test suite tries more."""


@final
@dataclass(frozen=True)
class Line:
    """What became of one step: its status, whether it was discharged, the seconds it took, and why not."""

    says: str
    status: str
    discharged: bool
    seconds: float
    detail: str = ""


class Step(ABC):
    """One sentence of a proof and what discharges it."""

    status: ClassVar[str]
    says: str

    @abstractmethod
    def discharge(self, theorem: Theorem, model: Model = NO_MODEL) -> None:
        """Return if the step holds of the theorem and the models of its quantities. Raises ProofError."""

    def line(self, theorem: Theorem, model: Model = NO_MODEL) -> Line:
        """Discharge the step and take its time."""
        started = time.perf_counter()
        try:
            self.discharge(theorem, model)
        except (ProofError, MissingExtra) as error:
            return Line(self.says, self.status, False, time.perf_counter() - started, str(error))
        return Line(self.says, self.status, True, time.perf_counter() - started)


@final
@dataclass(frozen=True)
class Equal(Step):
    """left = right for all values of their symbols, by algebra."""

    says: str
    left: sympy.Expr
    right: sympy.Expr
    status = "algebra"

    def discharge(self, theorem: Theorem, model: Model = NO_MODEL) -> None:
        rest = sympy.simplify(sympy.expand(sympy.piecewise_fold(sympy.sympify(self.left) - sympy.sympify(self.right))))
        if rest != 0:
            raise ProofError(f"left − right = {rest}, not 0")


@final
@dataclass(frozen=True)
class NonNegative(Step):
    """expression ≥ 0 for all values that the assumptions on its symbols allow, by algebra."""

    says: str
    expression: sympy.Expr
    status = "algebra"

    def discharge(self, theorem: Theorem, model: Model = NO_MODEL) -> None:
        given = sympy.sympify(self.expression)
        for form in (given, sympy.expand(given), sympy.factor(given), sympy.simplify(given)):
            if form.is_nonnegative:
                return
        raise ProofError(f"the sign of {given} does not follow from the signs of its symbols")


@final
@dataclass(frozen=True)
class Split(Step):
    """A finite case distinction: in every case another step."""

    says: str
    cases: tuple[Step, ...]
    status = "algebra"

    def discharge(self, theorem: Theorem, model: Model = NO_MODEL) -> None:
        for case in self.cases:
            try:
                case.discharge(theorem, model)
            except ProofError as error:
                raise ProofError(f"case “{case.says}”: {error}") from None


Question: TypeAlias = Callable[[Any], tuple[Sequence[Any], Any]]
"""Given the solver's module: the hypotheses and the goal."""


@final
@dataclass(frozen=True)
class Smt(Step):
    """The hypotheses imply the goal over all reals: their conjunction with its negation is unsatisfiable."""

    says: str
    question: Question
    status = "smt"

    def discharge(self, theorem: Theorem, model: Model = NO_MODEL) -> None:
        z3 = load()
        refute(z3, *self.question(z3))


@final
@dataclass(frozen=True)
class Enumerated(Step):
    """A statement about finitely many things, all of them tried; ``holds`` returns what fails, or nothing."""

    says: str
    failures: Callable[[], Sequence[Any]]
    status = "enumeration"

    def discharge(self, theorem: Theorem, model: Model = NO_MODEL) -> None:
        found = self.failures()
        if found:
            raise ProofError(f"fails for {found[0]}")


@final
@dataclass(frozen=True)
class Tested(Step):
    """A modelling step: ``holds(case)`` in every admissible row, tried on the theorem's own domain."""

    says: str
    holds: Callable[[Case], Mask]
    status = "model (tested)"

    def discharge(self, theorem: Theorem, model: Model = NO_MODEL) -> None:
        if theorem.domain is None:
            raise ProofError("a theorem without a domain has nothing to test on")
        rng = np.random.default_rng(0)
        for _ in range(20):
            case = theorem.domain.sample(rng, TRIED // 20)
            wrong = np.flatnonzero(theorem.admissible(case) & ~self.holds(case))
            if wrong.size:
                raise ProofError(f"fails for {case.row(int(wrong[0]))}")


def belongs(name: str, theorem: Theorem) -> None:
    """Return if a formal statement is one of this theorem and of no other. Raises ProofError naming whose it is."""
    machine_checked.statement(name)
    owners = [t.slug for t in ALL if name in t.formal and t.slug != theorem.slug]
    if owners or name not in theorem.formal:
        raise ProofError(f"{name} is a statement of {', '.join(owners) or 'no theorem'}, not of {theorem}")


@final
@dataclass(frozen=True)
class Formal(Step):
    """A theorem of ``proofs/formal``: stated there, checked by Coq where that is installed.

    ``of`` names the theorem of the registry whose statement it is, if that is another. It concludes no claim.
    """

    says: str
    name: str
    of: str = ""
    status = "formal"

    def discharge(self, theorem: Theorem, model: Model = NO_MODEL) -> None:
        belongs(self.name, find(self.of) if self.of else theorem)


@final
@dataclass(frozen=True)
class Cited(Step):
    """A classical fact taken from the literature."""

    says: str
    source: Reference
    status = "cited"

    def discharge(self, theorem: Theorem, model: Model = NO_MODEL) -> None:
        return
