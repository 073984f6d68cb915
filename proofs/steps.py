"""The kinds of steps a proof is made of, each discharged by a machine or marked as taken from the literature."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, final

import numpy as np
import sympy

from proofs import machine_checked
from proofs.machine_checked import ProofError
from sqtheory.arrays import Mask
from sqtheory.case import Case
from sqtheory.exceptions import MissingExtra
from sqtheory.theorem import Reference, Theorem

SMT_LIMIT = 10.0
"""Seconds an SMT step may take."""
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
    def discharge(self, theorem: Theorem) -> None:
        """Return if the step holds. Raises ProofError saying why it does not."""

    def line(self, theorem: Theorem) -> Line:
        """Discharge the step and take its time."""
        started = time.perf_counter()
        try:
            self.discharge(theorem)
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

    def discharge(self, theorem: Theorem) -> None:
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

    def discharge(self, theorem: Theorem) -> None:
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

    def discharge(self, theorem: Theorem) -> None:
        for case in self.cases:
            try:
                case.discharge(theorem)
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

    def discharge(self, theorem: Theorem) -> None:
        try:
            import z3
        except ImportError:
            raise MissingExtra("z3", "prove", "SMT steps of proofs") from None
        hypotheses, goal = self.question(z3)
        solver = z3.Solver()
        solver.set("timeout", int(1000 * SMT_LIMIT))
        solver.add(*hypotheses, z3.Not(goal))
        answer = solver.check()
        if answer == z3.sat:
            raise ProofError(f"refuted: {solver.model()}")
        if answer != z3.unsat:
            raise ProofError(f"no answer in {SMT_LIMIT:g} s")


@final
@dataclass(frozen=True)
class Enumerated(Step):
    """A statement about finitely many things, all of them tried; ``holds`` returns what fails, or nothing."""

    says: str
    failures: Callable[[], Sequence[Any]]
    status = "enumeration"

    def discharge(self, theorem: Theorem) -> None:
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

    def discharge(self, theorem: Theorem) -> None:
        if theorem.domain is None:
            raise ProofError("a theorem without a domain has nothing to test on")
        rng = np.random.default_rng(0)
        for _ in range(20):
            case = theorem.domain.sample(rng, TRIED // 20)
            wrong = np.flatnonzero(theorem.admissible(case) & ~self.holds(case))
            if wrong.size:
                raise ProofError(f"fails for {case.row(int(wrong[0]))}")


@final
@dataclass(frozen=True)
class Formal(Step):
    """A theorem of ``proofs/formal``: stated there, checked by Coq where that is installed."""

    says: str
    name: str
    status = "formal"

    def discharge(self, theorem: Theorem) -> None:
        machine_checked.statement(self.name)


@final
@dataclass(frozen=True)
class Cited(Step):
    """A classical fact taken from the literature."""

    says: str
    source: Reference
    status = "cited"

    def discharge(self, theorem: Theorem) -> None:
        return
