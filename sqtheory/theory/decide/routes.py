"""Ways to prove a claim: a theorem (or none) and the conditions that suffice."""

from dataclasses import dataclass
from typing import final

from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.theory.decide.answers import Discharged
from sqtheory.theory.decide.conditions import ANY, KEEPS_MASK, Condition, conditions
from sqtheory.theory.quantities import SIGMA, STEADY, Z
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import frozen_commutation, ties_by_original
from sqtheory.theory.theorems.gain_dominates import SIGMA_BY_SCORE


@final
@dataclass(frozen=True)
class Route:
    """Conditions from which a claim follows, by a theorem or by themselves."""

    theorem: str | None
    conditions: tuple[Condition, ...]

    def __post_init__(self) -> None:
        if not self.conditions:
            raise ValueError(f"a route by {self.theorem} without conditions would prove everything")

    def discharge(self, s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> tuple[Discharged, ...]:
        """Decide every condition by rulings."""
        return tuple(c.discharge(s, q, p, shape) for c in self.conditions)


def by(theorem: Theorem) -> Route:
    """The route through the assumptions of a theorem."""
    return Route(theorem.slug, (ANY,) if theorem.unconditional else conditions(*theorem.given))


def with_scores(route: Route) -> Route:
    """The same, Σ also where another score than the magnitude keeps the scales."""
    wider = conditions(SIGMA_BY_SCORE)[0]
    return Route(route.theorem, tuple(wider if c.name == wider.name else c for c in route.conditions))


COMMUTE = (
    Route(frozen_commutation.THEOREM.slug, (KEEPS_MASK, *conditions(SIGMA, Z, STEADY))),
    by(ties_by_original.THEOREM),
)
"""With one mask and scales that stay, both orders are one operator."""
