"""How far tensors are from what a claim says: over the readings of its quantities, or over the cases of its theorem."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from decimal import localcontext
from typing import TypeAlias, final

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.kernels import engine
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.rationals import NotRational, rationals
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array
from sqtheory.tables import number
from sqtheory.theory.case import Case
from sqtheory.theory.claims import UNDERFLOW, Claim, Quantity
from sqtheory.theory.decide.answers import Arithmetic
from sqtheory.theory.decide.draws import Draw, draws, row_pipeline, run
from sqtheory.theory.decide.flattened import flat_quantizer, flat_sparsifier
from sqtheory.theory.decide.numbers import DIGITS, fails
from sqtheory.theory.decide.rational import RationalRow, Shown, implemented_orders, rational_orders
from sqtheory.theory.measured import readings
from sqtheory.theory.sides import sides
from sqtheory.theory.theorem import Theorem

Certificate: TypeAlias = tuple[Shown, str, Arithmetic]
"""A tensor that violates the claims, what fails on it, and in what arithmetic."""


class Evaluation(ABC):
    """Claims on tensors of a shape under one outcome of chance."""

    def draws(self, s: Sparsifier, q: Quantizer, shape: Shape, rng: Generator) -> tuple[Draw, ...]:
        """The outcomes of chance for which the claims are asked: those that an adversary would choose."""
        return draws(s, q, shape, rng)

    @abstractmethod
    def excess(self, draw: Draw, x: Array, p: float, shape: Shape) -> Array:
        """The largest left − right of a claim on every row of x, less what rounding may add: positive where it fails.

        Raises Undefined where a claim cannot be evaluated.
        """

    @abstractmethod
    def evaluate(self, draw: Draw, p: float, shape: Shape) -> None:
        """Raise Undefined where a claim has no value on tensors of this shape: nothing is proved of it there."""

    @abstractmethod
    def certify(self, draw: Draw, row: Array, p: float, shape: Shape) -> Certificate | None:
        """What fails on one row, as exactly as the pipeline allows; None if nothing does."""


@final
@dataclass(frozen=True)
class ByReadings(Evaluation):
    """Over quantities that are read from any numbers: float64 for many tensors, rationals for a certain answer."""

    claims: tuple[Claim, ...]
    where: tuple[Quantity, ...]
    tell: Callable[[RationalRow], str]
    """What fails, in numbers."""

    def excess(self, draw: Draw, x: Array, p: float, shape: Shape) -> Array:
        rows = run(draw, x, p, shape)
        values = {q.name: np.asarray(read(rows)) for q, read in readings(*self.where).items()}
        most = np.max([claim.excess(values) for claim in self.claims], axis=0)
        return np.where(np.abs(most) <= UNDERFLOW, 0.0, most)

    def evaluate(self, draw: Draw, p: float, shape: Shape) -> None:
        return

    def certify(self, draw: Draw, row: Array, p: float, shape: Shape) -> Certificate | None:
        arithmetic: Arithmetic = "rational"
        try:
            made = rational_orders(draw, rationals(row.reshape(shape)))
        except NotRational:
            made, arithmetic = implemented_orders(run(draw, row[None], p, shape), 0), "implementation"
        instance = RationalRow(made, p)
        return (instance.shown, self.tell(instance), arithmetic) if self.violated(instance) else None

    def violated(self, instance: RationalRow) -> bool:
        """Some claim certainly fails."""
        values = {q.name: read(instance) for q, read in readings(*self.where).items()}
        with localcontext(prec=DIGITS):
            both = ((sides(claim, values, max), claim.relation) for claim in self.claims)
            return any(fails(left, relation, right) for (left, right), relation in both)


@final
@dataclass(frozen=True)
class ByCases(Evaluation):
    """Over the cases of a theorem, in float64: its quantities are computed from the operators themselves."""

    theorem: Theorem

    def excess(self, draw: Draw, x: Array, p: float, shape: Shape) -> Array:
        rows = row_pipeline(draw.first, draw.after, shape)
        if rows is not None:
            return self.theorem.excess(Case(x, rows[1], rows[0], p))
        return np.array([self.excess_of(draw, row, p, shape) for row in x])

    def excess_of(self, draw: Draw, row: Array, p: float, shape: Shape) -> float:
        """The largest excess on one tensor."""
        with engine("definition"):
            return float(self.theorem.excess(case_of(draw, row, p, shape)).max())

    def evaluate(self, draw: Draw, p: float, shape: Shape) -> None:
        self.excess_of(draw, np.linspace(1.0, 2.0, math.prod(shape)), p, shape)

    def certify(self, draw: Draw, row: Array, p: float, shape: Shape) -> Certificate | None:
        if self.excess_of(draw, row, p, shape) <= 0:
            return None
        with engine("definition"):
            values = self.theorem.values(case_of(draw, row, p, shape))
        said = ", ".join(f"{name} = {number(float(v.max()), 10)}" for name, v in values.items())
        made = RationalRow(implemented_orders(run(draw, row[None], p, shape), 0), p)
        return made.shown, f"{said}, against the claim", "implementation"


def case_of(draw: Draw, row: Array, p: float, shape: Shape) -> Case:
    """A tensor as the one instance of a case: its flat row under the pipeline, which sees it in its shape."""
    return Case(row, flat_quantizer(draw.after, shape), flat_sparsifier(draw.first, shape), p)
