"""Ways to prove a claim: a theorem (or none) and the conditions that suffice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, final

from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.orders.pair import Pair
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.claims import Assumption
from sqtheory.theory.decide.answers import Discharged, How
from sqtheory.theory.quantities import ORDERED, SIGMA, STEADY, Z
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import (
    frozen_commutation,
    overlap,
    prune_first_bound,
    prune_first_dominates,
    prune_first_identity,
    ties_by_original,
)

Decider: TypeAlias = Callable[[Sparsifier, Quantizer, float, Shape], Ruling]
ENUMERATED = frozenset({ORDERED.name})
"""Conditions on a format that are decided at every level, every cell boundary and their neighbours."""


@final
@dataclass(frozen=True)
class Condition:
    """A condition on a pipeline that is decided before any tensor is seen."""

    name: str
    ruling: Decider

    def discharge(self, s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Discharged:
        """Decide it by rulings."""
        found = self.ruling(s, q, p, shape)
        how: How = "enumeration" if self.name in ENUMERATED else "structure"
        return Discharged(self.name, found.closed, how, found.why)


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


def _conditions(assumptions: tuple[Assumption, ...]) -> tuple[Condition, ...]:
    return tuple(Condition(a.name, a.ruling) for a in assumptions)


ANY = Condition("unconditional", lambda s, q, p, shape: Ruling(True, "the theorem holds for all arrays"))
"""What a theorem without assumptions asks of a pipeline."""


def by(theorem: Theorem) -> Route:
    """The route through the assumptions of a theorem."""
    return Route(theorem.slug, (ANY,) if theorem.unconditional else _conditions(theorem.given))


KEEPS_MASK = Condition("keeps_mask", lambda s, q, p, shape: Pair(s, q).on(shape).selection)
"""M: m(q(x)) = m(x) wherever q(x) is not 0."""

COMMUTE = (
    Route(frozen_commutation.THEOREM.slug, (KEEPS_MASK, *_conditions((SIGMA, Z, STEADY)))),
    by(ties_by_original.THEOREM),
)
"""With one mask and scales that stay, both orders are one operator."""
NEVER_WORSE = (by(prune_first_dominates.THEOREM), *COMMUTE)
ADDITIVE = (by(prune_first_bound.THEOREM),)
ADDITIVE_POWERS = (by(prune_first_identity.THEOREM),)
"""For p < 1 the p-th powers add, by the identity."""
SCALE_KEPT = (by(overlap.THEOREM), Route(None, _conditions((SIGMA,))))
ZERO_KEPT = (Route(None, _conditions((Z,))),)
