"""Conditions on a pipeline that are decided before any tensor is seen, and what some of them say as claims."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, final

from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.orders.pair import Pair
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.claims import Assumption, Claim, Quantity
from sqtheory.theory.decide.answers import Discharged, How
from sqtheory.theory.instance import Number, ScaledInstance
from sqtheory.theory.measured import measured
from sqtheory.theory.quantities import NEARLY_ORDERED, ORDERED, SIGMA, Z

Decider: TypeAlias = Callable[[Sparsifier, Quantizer, float, Shape], Ruling]
ENUMERATED = frozenset({ORDERED.name, NEARLY_ORDERED.name})
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


def conditions(*assumptions: Assumption) -> tuple[Condition, ...]:
    """The assumptions as conditions."""
    return tuple(Condition(a.name, a.ruling) for a in assumptions)


ANY = Condition("unconditional", lambda s, q, p, shape: Ruling(True, "the theorem holds for all arrays"))
"""What a theorem without assumptions asks of a pipeline."""
KEEPS_MASK = Condition("keeps_mask", lambda s, q, p, shape: Pair(s, q).on(shape).selection)
"""M: m(q(x)) = m(x) wherever q(x) is not 0."""


def _shift(o: ScaledInstance) -> Number:
    return o.most(o.kept(o.survivors, o.minus(o.moved, o.scale)))


SHIFT = measured(
    "shift",
    r"\max_B|\sigma_B(s(x))-\sigma_B(x)|",
    "by how much the scale of some block with a survivor changes",
    _shift,
)
RETURNED = measured(
    "returned",
    r"\lVert q(s(x))_P\rVert_\infty",
    "the largest pruned entry of q(s(x))",
    lambda o: o.most(o.dropped(o.m, o.sq)),
)
RESELECTED = measured(
    "reselected",
    r"\lVert m\odot q(x)-s(q(x))\rVert_\infty",
    "the largest entry of q(x) that one mask keeps and the other prunes",
    lambda o: o.most(o.minus(o.kept(o.m, o.q), o.qs)),
)
SAID: Mapping[str, Quantity] = {SIGMA.name: SHIFT, Z.name: RETURNED, KEEPS_MASK.name: RESELECTED}
"""What is 0 on every tensor if and only if the condition holds."""


def claim_of(name: str) -> tuple[tuple[Claim, ...], tuple[Quantity, ...]]:
    """A condition as a claim over its quantity."""
    return (Claim(SAID[name], "==", 0),), (SAID[name],)
