"""The steps that conclude claims: their goal is built from the record, never typed."""

import math
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations
from typing import Any, ClassVar, TypeAlias, final

import sympy

from sqtheory.alphabet.norms import spell_norm
from sqtheory.theory.claims import Assumption, Claim, Separation
from sqtheory.theory.domain import DENSE
from sqtheory.theory.theorem import Theorem

from .atoms import Model
from .exact import ExactRow
from .machine_checked import ProofError
from .shapes import Groups, Places, Shape
from .solver import Translation, equal, load, refute, satisfiable
from .steps import NO_MODEL, Step
from .unknowns import LARGEST, ONE, READINGS, REAL, Facts, Reading, Root, Unknowns

SEPARATION_DIGITS = 50
"""Digits to which a separation is decided where p makes its powers irrational."""
RELATED: Mapping[str, Callable[[Any, Any], Any]] = {
    "<=": lambda a, b: sympy.Le(a, b, evaluate=False),
    "<": lambda a, b: sympy.Lt(a, b, evaluate=False),
    ">": lambda a, b: sympy.Gt(a, b, evaluate=False),
    "==": lambda a, b: sympy.Eq(a, b, evaluate=False),
}


class Conclusion(Step):
    """A step that concludes claims of the theorem, all of them or those of the given places."""

    claims: tuple[int, ...]
    extent: ClassVar[str]
    """For which rows the claims are concluded."""

    @abstractmethod
    def speaks_of(self, p: float) -> bool:
        """Claims are concluded for this p."""

    def of(self, theorem: Theorem) -> tuple[Claim, ...]:
        """The claims it concludes. Raises ProofError for a place at which there is none."""
        places = self.claims or range(len(theorem.claims))
        if not all(0 <= i < len(theorem.claims) for i in places):
            raise ProofError(f"{theorem} has no claim {max(places)}")
        return tuple(theorem.claims[i] for i in places)


Instances: TypeAlias = Callable[[Unknowns, Facts], Facts]
"""What a lemma says of the entries of a row, and of the goal on it."""


@final
@dataclass(frozen=True)
class Lemma:
    """A statement that steps of the proof discharge, as it is used on a row of unknowns."""

    says: str
    steps: tuple[Step, ...]
    instances: Instances = field(compare=False)
    least: float = 0.0
    """The p from which on it holds."""


STANDS_FOR: Mapping[sympy.Expr, float] = {ONE: 1.0, REAL: 1.5, LARGEST: math.inf}
"""A p of the kind that an exponent stands for."""


def exponents(e: sympy.Expr, least: float) -> str:
    """For which p an exponent stands, under lemmas that hold from some p on."""
    return {ONE: "p = 1", LARGEST: "p = ∞"}.get(e, f"every real p ≥ {least:g}" if least else "every real p > 0")


@final
@dataclass(frozen=True)
class Concludes(Conclusion):
    """The claims on every row of a shape: the models of their quantities in unknowns, under the assumptions read.

    Equations are expanded; what is left is a question to the solver, whether the assumptions and the lemmas leave room
    for the negation of the claim. They must leave room for a row that is not zero: a contradiction proves nothing.
    """

    shape: Shape
    exponent: sympy.Expr = ONE
    claims: tuple[int, ...] = ()
    lemmas: tuple[Lemma, ...] = ()
    readings: Mapping[Assumption, Reading] = field(default_factory=dict, compare=False)
    definitions: tuple[Reading, ...] = field(default=(), compare=False)
    """What the quantities' own definitions say of a row; they do not see what is assumed."""
    extent = "derived"
    status = "derived"

    @property
    def says(self) -> str:  # type: ignore[override]
        """The rows."""
        by = "".join(f", by: {lemma.says}" for lemma in self.lemmas)
        least = max((lemma.least for lemma in self.lemmas), default=0.0)
        return f"from the assumptions for {self.shape}, {exponents(self.exponent, least)}{by}"

    @property
    def small(self) -> bool:
        """The solver answers in about a second: groups of four at most, one or two of them."""
        shape = self.shape
        if isinstance(shape, Places):
            return shape.m <= 2
        return not isinstance(shape, Groups) or (shape.m <= 4 and shape.count <= (2 if shape.products else 1))

    def speaks_of(self, p: float) -> bool:
        """p = 1, p = ∞, or the finite p for which all lemmas hold."""
        if self.exponent == REAL:
            return p < math.inf and all(p >= lemma.least for lemma in self.lemmas)
        return bool(p == (1 if self.exponent == ONE else math.inf))

    def discharge(self, theorem: Theorem, model: Model = NO_MODEL) -> None:
        claims = [c for c in self.of(theorem) if c.norms.has(STANDS_FOR[self.exponent])]
        if not claims:
            raise ProofError("no claim speaks of this p")
        self._cover(theorem)
        possible = pruned = False
        for row in self.shape.rows(theorem.given, self.exponent):
            pruned |= not all((row.partner or row).first)
            goals = self.goals(row, claims, theorem, model)
            rest = [goal for goal in goals if not (isinstance(goal, sympy.Eq) and equal(*goal.args))]
            possible |= self._settle(row, theorem, rest, possible)
        if not possible:
            raise ProofError("the assumptions as they are read contradict each other: nothing follows from them")
        if not (pruned or self.shape.whole or theorem.domain is None or theorem.domain.s == DENSE):
            raise ProofError("nothing is pruned on these rows: they conclude nothing of masks that prune")

    def goals(self, row: Unknowns, claims: Iterable[Claim], theorem: Theorem, model: Model) -> Facts:
        """The claims with every quantity replaced by its model on this row."""
        quantities = {q.symbol: q for c in claims for q in theorem.where if q.symbol in c.symbols}
        values = {symbol: sympy.sympify(model[q](row)) for symbol, q in quantities.items()}
        return [RELATED[c.relation](c.left.xreplace(values), c.right.xreplace(values)) for c in claims]

    def read(self, row: Unknowns, theorem: Theorem) -> Facts:
        """What the assumptions and the definitions of the quantities say of this row."""
        readings = {**READINGS, **self.readings}
        facts = [fact for assumption in theorem.given if assumption in readings for fact in readings[assumption](row)]
        if self.shape.products:
            of_w = [reading for assumption, reading in READINGS.items() if assumption in row.weight.given]
            facts += [fact for reading in of_w for fact in reading(row.weight)]
        unassuming = row.unassuming()
        return facts + [fact for definition in self.definitions for fact in definition(unassuming)]

    def _cover(self, theorem: Theorem) -> None:
        foreign = [a.name for a in self.readings if a not in theorem.given]
        if foreign:
            raise ProofError(f"{theorem} does not assume {', '.join(foreign)}")

    def _settle(self, row: Unknowns, theorem: Theorem, goals: Sequence[Any], possible: bool) -> bool:
        """Settle the goals on one row; whether the row can be."""
        if not goals and possible:
            return True
        z3 = load()
        facts = self.read(row, theorem)
        facts += [fact for lemma in self.lemmas for fact in lemma.instances(row, list(goals))]
        translation = Translation(z3)
        hypotheses = [translation.truth(fact) for fact in facts]
        wanted = [translation.truth(goal) for goal in goals]
        hypotheses += translation.signs
        for goal in wanted:
            refute(z3, hypotheses, goal)
        if possible:
            return True
        return satisfiable(z3, [*hypotheses, z3.Or([translation.term(x) != 0 for x in row.x])])


@final
@dataclass(frozen=True)
class Witnessed(Conclusion):
    """Each separating case of the theorem satisfies the claims, in exact arithmetic, or to fifty digits."""

    says: str = "every listed case, decided in exact arithmetic (to fifty digits where powers are irrational)"
    claims: tuple[int, ...] = ()
    extent = "each case"
    status = "enumeration"

    def speaks_of(self, p: float) -> bool:
        """Every case has its p."""
        return True

    def discharge(self, theorem: Theorem, model: Model = NO_MODEL) -> None:
        if theorem.domain is not None or not isinstance(theorem.witness, Separation):
            raise ProofError("a theorem about all tensors is not proved by cases")
        for case in theorem.witness.cases:
            atoms = ExactRow(case, 0, SEPARATION_DIGITS)
            values = {q.name: number(atoms) for q, number in model.items()}
            if not all(claim.exact(values) for claim in self.of(theorem) if claim.norms.has(case.p)):
                raise ProofError(f"fails for {case}")


@final
@dataclass(frozen=True)
class OnlyTested(Conclusion):
    """No machine derives these claims from the assumptions; they are tried on random tensors, and a person argues."""

    because: str
    claims: tuple[int, ...] = ()
    norms: tuple[float, ...] = ()
    """The p concerned; none for every p."""
    extent = "tested only"
    status = "tested only"

    @property
    def says(self) -> str:  # type: ignore[override]
        """Why."""
        where = f"p = {', '.join(map(spell_norm, self.norms))}: " if self.norms else ""
        return f"{where}{self.because}"

    def speaks_of(self, p: float) -> bool:
        """One of the p concerned."""
        return not self.norms or p in self.norms

    def discharge(self, theorem: Theorem, model: Model = NO_MODEL) -> None:
        self.of(theorem)
        if len(self.because.split()) < 4:
            raise ProofError("it is not said why no machine derives the claim")


def powers_of(goals: Facts) -> list[sympy.Expr]:
    """What roots are taken of in the goals."""
    return sorted({root.args[0] for goal in goals for root in goal.atoms(Root)}, key=str)


def roots_grow(row: Unknowns, goals: Facts) -> Facts:
    """A ≤ B ⇒ A^{1/p} ≤ B^{1/p} for any two roots of the goal, and for the sum of any two."""
    powers = powers_of(goals)
    of = dict.fromkeys([*powers, *(a + b for a, b in combinations(powers, 2))])
    return [
        sympy.Implies(sympy.Le(a, b, evaluate=False), sympy.Le(Root(a), Root(b), evaluate=False))
        for a, b in permutations(of, 2)
    ]


def roots_add(row: Unknowns, goals: Facts) -> Facts:
    """(A + B)^{1/p} ≤ A^{1/p} + B^{1/p} for any two roots of the goal."""
    pairs = combinations(powers_of(goals), 2)
    return [sympy.Le(Root(a + b), Root(a) + Root(b), evaluate=False) for a, b in pairs]
