"""What can be asked of a pipeline: the claims of a theorem or of a condition, without what is assumed."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from typing import TypeAlias, final

from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.theory.claims import Assumption, Claim, Quantity
from sqtheory.theory.decide import telling
from sqtheory.theory.decide.conditions import claim_of, conditions
from sqtheory.theory.decide.evaluations import ByCases, ByReadings, Evaluation
from sqtheory.theory.decide.rational import RationalRow
from sqtheory.theory.decide.routes import COMMUTE, Route, by, with_scores
from sqtheory.theory.quantities import SIGMA, Z
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import (
    BY_SLUG,
    fitted_bound,
    fitted_dominates,
    gain_dominates,
    nearly_monotone_dominates,
    overlap,
    prune_first_bound,
    prune_first_dominates,
    prune_first_identity,
    score_keeps_scale,
    single_survivor,
    ties_by_original,
)

Told: TypeAlias = Callable[[RationalRow], str]
ALSO: dict[Theorem, tuple[Route, ...]] = {
    prune_first_dominates.THEOREM: (
        *map(by, (fitted_dominates.THEOREM, nearly_monotone_dominates.THEOREM, gain_dominates.THEOREM)),
        *COMMUTE,
    ),
    ties_by_original.THEOREM: COMMUTE[:1],
}
"""Other ways to what a theorem claims."""
TOLD: dict[Theorem, Told] = {prune_first_dominates.THEOREM: telling.worse, ties_by_original.THEOREM: telling.apart}
"""What fails where a theorem's claims do, if more can be said than the values of its quantities."""


@final
@dataclass(frozen=True)
class Question:
    """Do these claims hold for every tensor of a shape under one pipeline?"""

    name: str
    sentence: str
    claims: tuple[Claim, ...]
    where: tuple[Quantity, ...]
    evaluation: Evaluation
    routes: tuple[Route, ...]
    """Ways to prove them, the usual one first."""
    defining: tuple[Assumption, ...] = ()
    """Without these the claims have no meaning."""

    def require(self, s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> None:
        """Return if the claims have a meaning for this pipeline. Raises ValueError saying why they have none."""
        for assumption in self.defining:
            if not (ruling := assumption.ruling(s, q, p, shape)).closed:
                raise ValueError(f"{self.name} says nothing of {s} with {q}: {ruling.why}")


def of_theorem(theorem: Theorem, p: float) -> Question:
    """The claims of a theorem for this p. Raises ValueError for theorems that do not speak of every single tensor."""
    if theorem.domain is None:
        raise ValueError(f"{theorem.slug} says that some tensors exist: nothing to decide for every tensor")
    if theorem.domain.w is not None:
        raise ValueError(f"{theorem.slug} speaks of two operands of a dot product, a pipeline here has one")
    if theorem.domain.x.independent:
        raise ValueError(f"{theorem.slug} speaks of the mean of many samples, not of every tensor")
    claims = theorem.claims_for(p)
    if not claims:
        raise ValueError(theorem.silence(p))
    where, defining = theorem.where, tuple(a for a in theorem.given if a.defining)
    told = TOLD.get(theorem, partial(telling.values, where=where))
    read = all(q.read is not None for q in where)
    evaluation = ByReadings(claims, where, told) if read else ByCases(theorem)
    said = "; ".join(f"{c.left} {c.relation} {c.right}" for c in claims)
    routes = (by(theorem), *ALSO.get(theorem, ()))
    return Question(theorem.slug, f"{theorem.title}: {said}", claims, where, evaluation, routes, defining)


def of_condition(assumption: Assumption, told: Told, *routes: Route) -> Question:
    """That a condition holds of every tensor, as a claim."""
    claims, where = claim_of(assumption.name)
    own = Route(None, conditions(assumption))
    return Question(assumption.name, "", claims, where, ByReadings(claims, where, told), (*routes, own))


def _additive(p: float) -> Question:
    """Of norms for p ≥ 1, by the bound; of p-th powers below, by the identity."""
    theorem, place = prune_first_bound.THEOREM, 0 if p >= 1 else 1
    claims = (theorem.claims[place],)
    where = tuple(q for q in theorem.where if q.symbol in claims[0].symbols)
    known = (
        tuple(map(by, (theorem, fitted_bound.THEOREM, single_survivor.THEOREM)))
        if p >= 1
        else (by(prune_first_identity.THEOREM),)
    )
    routes = (*known, with_scores(known[0]))
    return Question(theorem.slug, "", claims, where, ByReadings(claims, where, telling.more), routes)


def _commute(p: float) -> Question:
    return replace(of_theorem(ties_by_original.THEOREM, p), routes=COMMUTE)


@final
@dataclass(frozen=True)
class Alias:
    """A claim by a name of its own, and what is asked by it for every p."""

    sentence: str
    asked: Callable[[float], Question]


CLAIMS: dict[str, Alias] = {
    "sq_never_worse": Alias(
        "‖x − q(s(x))‖_p ≤ ‖x − s(q(x))‖_p", lambda p: of_theorem(prune_first_dominates.THEOREM, p)
    ),
    "no_additional_error": Alias("‖x − q(s(x))‖_p ≤ ‖x − s(x)‖_p + ‖x − q(x)‖_p (p-th powers for p < 1)", _additive),
    "orders_commute": Alias("q(s(x)) = s(q(x))", _commute),
    "scale_kept": Alias(
        "σ_B(s(x)) = σ_B(x) for every scale block B with a survivor",
        lambda p: of_condition(SIGMA, telling.shifted, by(overlap.THEOREM), by(score_keeps_scale.THEOREM)),
    ),
    "zero_kept": Alias("q(s(x))_i = 0 for every pruned entry i", lambda p: of_condition(Z, telling.returned)),
}
"""The claims with a name of their own."""


def usual_norm(claim: str) -> float:
    """The p that a claim is decided for by default: 2, or the one p that a theorem speaks of."""
    theorem = BY_SLUG.get(claim)
    if theorem is None or theorem.claims_for(2.0):
        return 2.0
    return next((p for p in (1.0, math.inf) if theorem.claims_for(p)), 2.0)


def question(claim: str, p: float) -> Question:
    """The claim of this name. Raises ValueError naming the closest if there is none."""
    if claim in CLAIMS:
        return replace(CLAIMS[claim].asked(p), name=claim, sentence=CLAIMS[claim].sentence)
    if claim in BY_SLUG:
        return of_theorem(BY_SLUG[claim], p)
    close = get_close_matches(claim, [*CLAIMS, *BY_SLUG], n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(CLAIMS)} and the names of theorems"
    raise ValueError(f"there is no claim {claim!r}: {hint}")
