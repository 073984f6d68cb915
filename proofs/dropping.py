"""A theorem less one of its assumptions: what still follows, and a tensor on which it fails."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.traits import DETERMINISTIC
from sqtheory.arrays import Array
from sqtheory.exceptions import Undefined
from sqtheory.tables import Table
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Assumption
from sqtheory.theory.decide.shrinking import shrink
from sqtheory.theory.theorem import Theorem

from .conclusions import Concludes
from .exact import ExactRow
from .proof import proof_of
from .standing import broken, by_how_much, fails_alone

ROWS = 24
"""Rows of one batch."""
BATCHES = 200
"""Batches tried before the case of the record is taken."""
SHRINKING = 1024
"""Tensors tried for making a counterexample small."""


@final
@dataclass(frozen=True)
class Dropped:
    """What became of a theorem when one assumption was taken away."""

    theorem: Theorem
    assumption: Assumption
    solved: tuple[tuple[str, str], ...]
    """For each derivation of its proof: the rows it speaks of, and what the solver says now."""
    case: Case
    """A row on which this assumption fails, all others hold, and a claim does not."""
    tried: int
    """Random rows until one was found; 0 where the case is the record's own."""

    def text(self) -> str:
        """The solver's answers, then the row under both orders, entry by entry."""
        lines = [f"{self.theorem.slug} without {self.assumption.name} ({self.assumption.statement}):"]
        lines += [f"    {shape}: {answer}" for shape, answer in self.solved]
        if not self.solved:
            lines.append("    no step of its proof is a derivation for a few entries")
        found = f"found among {self.tried} random rows, made small" if self.tried else "the record's own"
        lines += ["", f"counterexample ({found}): {self.case}"]
        lines.append(f"    {by_how_much(self.theorem, self.assumption, self.case)}")
        return "\n".join([*lines, "", drawn(self.case).text()])


def drop(theorem: Theorem, name: str, rng: Generator) -> Dropped:
    """Solve a theorem's derivations without one assumption, and look for a row that breaks it.

    Raises ValueError if the theorem makes no assumption of this name.
    """
    named = {a.name: a for a in theorem.given}
    if name not in named:
        made = ", ".join(named) or "nothing"
        raise ValueError(f"{theorem.slug} does not assume {name!r}: it assumes {made}")
    assumption = named[name]
    own = broken(theorem, assumption)
    assert own is not None, f"{name} of {theorem.slug} is not shown necessary"
    case, tried = own, 0
    if not assumption.defining:
        tried, case = found(theorem, assumption, own, rng)
    return Dropped(theorem, assumption, tuple(solved(theorem, assumption)), case, tried)


def solved(theorem: Theorem, assumption: Assumption) -> Iterator[tuple[str, str]]:
    """Each derivation on rows that read the assumption, and the solver's answer without it."""
    rest = tuple(a for a in theorem.given if a is not assumption)
    weaker = replace(theorem, given=rest, unconditional=theorem.domain is not None and not rest)
    proof = proof_of(theorem)
    for step in proof.steps:
        if isinstance(step, Concludes) and step.small:
            readings = {a: reading for a, reading in step.readings.items() if a is not assumption}
            line = replace(step, readings=readings).line(weaker, proof.model)
            yield step.says, "still follows" if line.discharged else _named(line.detail)


def _named(detail: str) -> str:
    """The solver's values of what a reader knows by name, in order."""
    said, bracket, model = " ".join(detail.split()).partition("[")
    named = sorted(part for part in re.split(r",\s(?=[^\s,]+ = )", model.rstrip("]")) if "⟨" not in part)
    return f"{said}{', '.join(named)}" if bracket else said


def found(theorem: Theorem, assumption: Assumption, own: Case, rng: Generator) -> tuple[int, Case]:
    """How many random rows were tried, and the row that breaks the theorem, made small; the record's own after all."""
    tried = 0
    for case in _cases(theorem, own, rng) if _steady(own) else ():
        tried += len(case)
        excess = _excess(theorem, assumption, case, case.x)
        worst = int(np.argmax(excess))
        one = replace(own, x=case.x[worst : worst + 1], w=None if case.w is None else case.w[worst : worst + 1])
        if excess[worst] > 0 and certain(theorem, one):
            return tried, _small(theorem, assumption, one)
    return 0, own


def _steady(case: Case) -> bool:
    """The same row gives the same again: it can be tried, made small and shown."""
    return DETERMINISTIC in case.q.traits and DETERMINISTIC in case.s.traits


def _cases(theorem: Theorem, own: Case, rng: Generator) -> Iterator[Case]:
    """Random rows as the domain draws them, under the pipeline that the record shows."""
    domain, size = theorem.domain, own.x.shape[1]
    if domain is None:
        return
    for _ in range(BATCHES):
        x = replace(domain.x, last_axis=size).sample(rng, ROWS)
        w = None if own.w is None or domain.w is None else replace(domain.w, last_axis=size).sample(rng, ROWS)
        try:
            yield replace(own, x=x, w=w)
        except ValueError:  # rows that the mask or the scale ties together are no instances of their own
            yield replace(own, x=x[:1], w=None if w is None else w[:1])


def _excess(theorem: Theorem, assumption: Assumption, like: Case, rows: Array) -> Array:
    """By how much a claim fails on rows where this assumption fails and all others hold; −1 elsewhere."""
    w = like.w if like.w is None or len(like.w) == len(rows) else np.tile(like.w[:1], (len(rows), 1))
    case = replace(like, x=rows, w=w)
    fails = fails_alone(theorem, assumption, case)
    if not fails.any():
        return np.full(len(rows), -1.0)
    try:
        return np.where(fails, theorem.excess(case), -1.0)
    except (Undefined, ValueError):  # a claim has no meaning there, or says nothing of this p
        return np.full(len(rows), -1.0)


def certain(theorem: Theorem, row: Case) -> bool:
    """A claim fails on one row in exact rationals; where p is no whole number, beyond the rounding of float64."""
    if not (row.p == np.inf or float(row.p).is_integer()):
        return True
    values = proof_of(theorem).values(ExactRow(row, 0))
    return not all(claim.exact({str(s): values[str(s)] for s in claim.symbols}) for claim in theorem.claims_for(row.p))


def _small(theorem: Theorem, assumption: Assumption, row: Case) -> Case:
    """The row with fewer and simpler entries that breaks the theorem too."""

    def violates(rows: Array) -> Array:
        try:
            return _excess(theorem, assumption, row, rows)
        except ValueError:  # rows that are tied together
            return np.concatenate([_excess(theorem, assumption, row, one[None]) for one in rows])

    x = shrink(row.x[0], violates, lambda x: certain(theorem, replace(row, x=x[None])), SHRINKING)
    return replace(row, x=x[None])


def drawn(case: Case) -> Table:
    """One line for each entry of a row: x, its image, what S→Q and Q→S make of it, σ before and after pruning."""
    case = case.row(0) if case.w is None else case.weight.row(0)
    two = case.orders
    scales = (case.dense_scale, case.spread(case.q.scales(two.sparse)))
    columns = (case.x, two.sparse, two.image, two.after_mask, two.masked_image, *scales)
    header = ("entry", "x", "s(x)", "q(x)", "q(s(x))", "s(q(x))", "σ(x)", "σ(s(x))")
    entries = zip(*(np.broadcast_to(column, case.x.shape)[0].tolist() for column in columns), strict=True)
    return Table(
        header,
        tuple(
            (str(i + 1), *(f"{v:.6g}" if math.isfinite(v) else str(v) for v in row)) for i, row in enumerate(entries)
        ),
    )
