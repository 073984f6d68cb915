"""The order in which a claim is attacked: structure, constructions, enumeration, SMT, targeted and local search."""

from collections.abc import Sequence
from dataclasses import replace
from typing import overload

from numpy.random import Generator

from sqtheory.alphabet.norms import check_norm, spell_norm
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.traits import DETERMINISTIC
from sqtheory.exceptions import Undefined
from sqtheory.theory.decide.answers import Chance, Decision, Discharged, Effort, Refutation, Spent, Verdict
from sqtheory.theory.decide.averages import averaged, on_average
from sqtheory.theory.decide.chain_answers import ChainDecision
from sqtheory.theory.decide.chains import decide_chain
from sqtheory.theory.decide.draws import Draw
from sqtheory.theory.decide.questions import Question, question, usual_norm
from sqtheory.theory.decide.routes import Route
from sqtheory.theory.decide.searching import Search
from sqtheory.theory.decide.shapes import default_shape
from sqtheory.theory.decide.solver import Negation, Reply, ask, negation
from sqtheory.theory.decide.targeted import target

USUAL = Effort()


@overload
def decide(
    claim: str,
    s: Sparsifier,
    q: Quantizer,
    *,
    p: float | None = None,
    shape: Shape | None = None,
    rng: Generator,
    effort: Effort = USUAL,
    first: Sequence[Sequence[float]] = (),
) -> Decision: ...


@overload
def decide(
    claim: str, s: Operator | str, *, p: float | None = None, shape: Shape | None = None, rng: Generator
) -> ChainDecision: ...


def decide(
    claim: str,
    s: Operator | str,
    q: Quantizer | None = None,
    *,
    p: float | None = None,
    shape: Shape | None = None,
    rng: Generator,
    effort: Effort = USUAL,
    first: Sequence[Sequence[float]] = (),
) -> Decision | ChainDecision:
    """∀x: claim(x), for every tensor x of a shape under s, q and ‖·‖_p: proved, refuted or open.

    ``claim`` is a name of ``CLAIMS`` or of a theorem, whose claims are then asked for without its assumptions.
    ``first``: the leading entries of tensors that are tried before others, with 0 after them.
    ``p`` defaults to ``usual_norm``, ``shape`` to ``default_shape``. The answer speaks of all real x on which both
    orders are defined, a tensor of several axes being one instance. Where q rounds by chance and p is whole, the claims
    on norms are about expectations of p-th powers; every other claim must hold for every draw: ``Decision.chance``
    says which. Without q, s is a chain of quantizers and a mask: ``decide_chain``. Raises ValueError for an unknown
    claim or one that says nothing of p or of the pipeline, TypeError for operators that are no mask and quantizer, and
    what s and q raise.

    >>> import numpy as np
    >>> from sqtheory import int_, nm
    >>> decide("sq_never_worse", nm(2, 4), int_(4), rng=np.random.default_rng(0)).theorem
    'prune_first_dominates'
    """
    if q is None:
        return decide_chain(claim, s, p=p, shape=shape, rng=rng)
    if not isinstance(s, Sparsifier) or not isinstance(q, Quantizer):
        raise TypeError(f"needed a mask and a quantizer, got {s!s} and {q!s}: see sqtheory.parse")
    p = usual_norm(claim) if p is None else p
    check_norm(p)
    found = on_average(claim, p) if (mean := averaged(claim, s, q, p)) else question(claim, p)
    chance: Chance = "expectation" if mean else "none" if fixed(s, q) else "every draw"
    where = default_shape(s, q) if shape is None else shape
    if not where or min(where) < 1:
        raise ValueError(f"a claim is decided for tensors that have entries, got shape {where}")
    s.groups.check_tail(where, getattr(s, "tail", q.tail), "groups")
    q.partition.check_tail(where, q.tail, "blocks")
    found.require(s, q, p, where)
    return replace(_Attack(found, s, q, p, where, rng, effort, first).decide(), chance=chance)


def fixed(s: Sparsifier, q: Quantizer) -> bool:
    """Neither draws random numbers."""
    return DETERMINISTIC in s.traits and q.rounding.deterministic


class _Attack:
    """One decision in the making."""

    def __init__(
        self,
        claim: Question,
        s: Sparsifier,
        q: Quantizer,
        p: float,
        shape: Shape,
        rng: Generator,
        effort: Effort,
        first: Sequence[Sequence[float]],
    ) -> None:
        self.claim, self.s, self.q, self.p, self.shape = claim, s, q, p, shape
        self.rng, self.effort, self.first = rng, effort, first
        self.notes: list[str] = []

    def decide(self) -> Decision:
        routes = self.claim.routes
        rulings = [route.discharge(self.s, self.q, self.p, self.shape) for route in routes]
        search = Search(
            self.claim.evaluation, self.claim.name, self.s, self.q, self.p, self.shape, self.rng, self.effort
        )
        try:
            for route, ruled in zip(routes, rulings, strict=True):
                if all(d.closed for d in ruled):
                    self.claim.evaluation.evaluate(search.draws[0], self.p, self.shape)
                    return self._answer("proved", ruled, theorem=route.theorem)
            found = self._look(routes, rulings, search)
        except Undefined as reason:
            self.notes.append(f"no tensor was tried: {reason}")
            found = None
        if isinstance(found, Decision):
            return found
        verdict: Verdict = "open" if found is None else "refuted"
        return self._answer(verdict, rulings[0], witness=found, search=search)

    def _look(
        self, routes: tuple[Route, ...], rulings: list[tuple[Discharged, ...]], search: Search
    ) -> Decision | Refutation | None:
        """A proof by SMT, which is not asked about means, or a witness, whichever comes first."""
        return (
            search.given(self.first)
            or search.construct()
            or search.enumerate()
            or self._by_smt(routes, rulings, search)
            or target(search, self.notes)
            or search.climb()
        )

    def _by_smt(
        self, routes: tuple[Route, ...], rulings: list[tuple[Discharged, ...]], search: Search
    ) -> Decision | Refutation | None:
        """Discharge what structure left open, else decide the claim itself, over all reals."""
        if not self.claim.claims:
            return None
        for route, ruled in zip(routes, rulings, strict=True):
            shown = self._discharge(ruled, search)
            if shown is not None:
                return self._answer("proved", shown, theorem=route.theorem, search=search)
        for draw in search.draws:
            reply = self._ask(self.claim.name, lambda f: f.violates(self.claim.claims, self.claim.where), search, draw)
            if reply.result == "unsat" and len(search.draws) == 1:
                why = f"no {search.size} real numbers violate it: the negation is unsatisfiable"
                return self._answer("proved", (Discharged("claim", True, "smt", why),), search=search)
            if reply.result == "sat" and (found := search.adopt(draw, reply.model, "SMT")) is not None:
                return found
        return None

    def _discharge(self, ruled: tuple[Discharged, ...], search: Search) -> tuple[Discharged, ...] | None:
        """All assumptions, the open ones by SMT; None if one of them stays open."""
        denied = {d.name: negation(d.name) for d in ruled if not d.closed}
        if None in denied.values() or len(search.draws) > 1:
            return None
        shown = []
        for d in ruled:
            if (denial := denied.get(d.name)) is not None:
                if self._ask(d.name, denial, search, search.draws[0]).result != "unsat":
                    return None
                why = f"the negation over {search.size} real numbers is unsatisfiable"
                d = Discharged(d.name, True, "smt", why)
            shown.append(d)
        return tuple(shown)

    def _ask(self, name: str, negation: Negation, search: Search, draw: Draw) -> Reply:
        if search.size > self.effort.smt_entries:
            reply = Reply("unknown", f"{search.size} entries are more than {self.effort.smt_entries}")
        else:
            reply = ask(negation, draw, self.shape, self.p, self.effort.smt_steps)
        if reply.result == "unknown":
            note = f"SMT on {name}: {reply.note}"
            if note not in self.notes:
                self.notes.append(note)
        return reply

    def _answer(
        self,
        verdict: Verdict,
        assumptions: tuple[Discharged, ...],
        *,
        theorem: str | None = None,
        witness: Refutation | None = None,
        search: Search | None = None,
    ) -> Decision:
        notes = () if verdict == "refuted" else tuple(self.notes)
        spent = Spent(0, 0.0, None) if search is None else search.effort_spent(notes)
        only = "" if self.p == 2 or usual_norm(self.claim.name) != self.p else f", the p of {self.claim.name}"
        pipeline = f"{self.s} with {self.q}, p = {spell_norm(self.p)}{only}"
        named, said = self.claim.name, self.claim.sentence
        return Decision(verdict, named, said, pipeline, self.shape, theorem, assumptions, witness, spent)
