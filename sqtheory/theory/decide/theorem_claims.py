"""The claims of a theorem asked of one pipeline, without its assumptions."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.kernels import engine
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array
from sqtheory.tables import number
from sqtheory.theory.case import Case
from sqtheory.theory.decide.answers import Arithmetic
from sqtheory.theory.decide.draws import Draw, DrawnOrders, row_pipeline, run
from sqtheory.theory.decide.exact import ExactOrders, implemented_orders
from sqtheory.theory.decide.flattened import flat_quantizer, flat_sparsifier
from sqtheory.theory.decide.routes import Route, by
from sqtheory.theory.decide.statements import Question
from sqtheory.theory.theorem import Theorem


@final
@dataclass(frozen=True)
class TheoremClaim(Question):
    """For every x of the shape all claims of the theorem hold."""

    theorem: Theorem
    name: str
    sentence: str

    @classmethod
    def of(cls, theorem: Theorem, p: float) -> "TheoremClaim":
        """The claims for this p. Raises ValueError for theorems that do not speak of every single tensor."""
        if theorem.domain is None:
            raise ValueError(f"{theorem.slug} says that some tensors exist: nothing to decide for every tensor")
        if theorem.domain.w is not None:
            raise ValueError(f"{theorem.slug} speaks of two operands of a dot product, a pipeline here has one")
        if theorem.domain.x.independent:
            raise ValueError(f"{theorem.slug} speaks of the mean of many samples, not of every tensor")
        claims = theorem.claims_for(p)
        if not claims:
            raise ValueError(theorem.silence(p))
        said = "; ".join(f"{c.left} {c.relation} {c.right}" for c in claims)
        return cls(theorem, theorem.slug, f"{theorem.title}: {said}")

    def require(self, s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> None:
        for assumption in (a for a in self.theorem.given if a.defining):
            if not (ruling := assumption.ruling(s, q, p, shape)).closed:
                raise ValueError(f"{self.name} says nothing of {s} with {q}: {ruling.why}")

    def evaluate(self, draw: Draw, p: float, shape: Shape) -> None:
        self.excess_of(draw, np.linspace(1.0, 2.0, math.prod(shape)), p, shape)

    def excess(self, o: DrawnOrders, p: float) -> Array:
        rows = row_pipeline(o.draw.first, o.draw.after, o.shape)
        if rows is not None:
            return self.theorem.excess(Case(o.x, rows[1], rows[0], p))
        return np.array([self.excess_of(o.draw, row, p, o.shape) for row in o.x])

    def excess_of(self, draw: Draw, row: Array, p: float, shape: Shape) -> float:
        """The largest excess on one tensor."""
        with engine("definition"):
            return float(self.theorem.excess(case_of(draw, row, p, shape)).max())

    def certify(self, draw: Draw, row: Array, p: float, shape: Shape) -> tuple[ExactOrders, str, Arithmetic] | None:
        if self.excess_of(draw, row, p, shape) <= 0:
            return None
        with engine("definition"):
            values = self.theorem.values(case_of(draw, row, p, shape))
        said = ", ".join(f"{name} = {number(float(v.max()), 10)}" for name, v in values.items())
        return implemented_orders(run(draw, row[None], shape), 0), f"{said}, against the claim", "implementation"

    def routes(self, p: float) -> tuple[Route, ...]:
        return (by(self.theorem),)


def case_of(draw: Draw, row: Array, p: float, shape: Shape) -> Case:
    """A tensor as the one instance of a case: its flat row under the pipeline, which sees it in its shape."""
    return Case(row, flat_quantizer(draw.after, shape), flat_sparsifier(draw.first, shape), p)
