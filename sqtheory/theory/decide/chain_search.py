"""Looking for a tensor that breaks a claim about the places of a mask in a chain."""

import itertools
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import final

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.partition import Rows, Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scaling import Reach
from sqtheory.alphabet.traits import DETERMINISTIC
from sqtheory.arrays import Array
from sqtheory.exceptions import NonFinite, Undefined
from sqtheory.orders.errors import box_norms
from sqtheory.orders.letters import Letters
from sqtheory.tables import number
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Assumption
from sqtheory.theory.decide.answers import Chance, Discharged, Effort, How
from sqtheory.theory.decide.chain_answers import ChainRefutation
from sqtheory.theory.decide.constructions import FAMILIES, Labels, family_rows, small_grid, survey
from sqtheory.theory.decide.draws import rows_mask, rows_partition
from sqtheory.theory.decide.flattened import flat_quantizer, flat_sparsifier
from sqtheory.theory.decide.shrinking import shrink
from sqtheory.theory.samples import SAMPLES
from sqtheory.theory.theorem import Theorem

BATCH = 256
"""Tensors tried at once, where that can be."""
FEW = 9
"""Values of an enumeration."""
KINDS = ("normal", "ties", "heavy", "one_signed", "zeros")
SHRINKING = 4096
"""Tensors tried for making a witness small."""


def rows_quantizer(q: Quantizer, shape: Shape) -> Quantizer | None:
    """The quantizer that does to every row of a matrix what q does to a tensor of one axis; None if none does."""
    boxes = rows_partition(q.partition, shape)
    placed = q.scaling.looks_at is Reach.nothing and q.scaling.constant is None
    return None if boxes is None or placed else replace(q, partition=boxes)


@final
@dataclass(eq=False)
class ChainSearch:
    """The rulings on a chain, and a hunt for a tensor that breaks the claim: counts what it tries."""

    theorem: Theorem
    letters: Letters
    p: float
    shape: Shape
    rng: Generator
    effort: Effort
    tried: int = 0
    best: float | None = None
    notes: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        [self.s], quantizers = self.letters.masks, self.letters.quantizers
        for q in quantizers:
            self.s.groups.check_tail(self.shape, getattr(self.s, "tail", q.tail), "groups")
            q.partition.check_tail(self.shape, q.tail, "blocks")
        self.size = math.prod(self.shape)

    @property
    def seconds(self) -> float:
        """Seconds since the search began."""
        return time.perf_counter() - self.started

    @property
    def chance(self) -> Chance:
        """A claim on operators that draw must hold for every draw."""
        fixed = all(DETERMINISTIC in f.traits for f in (self.s, *self.letters.quantizers))
        return "none" if fixed else "every draw"

    def discharged(self, assumption: Assumption) -> Discharged:
        """An assumption on every quantizer: as it is ruled of the first where it is open, else of the last."""
        for q in self.letters.quantizers:
            ruling = assumption.ruling(self.s, q, self.p, self.shape)
            if not ruling.closed:
                break
        how: How = "enumeration" if assumption.name.startswith("monotone") else "structure"
        return Discharged(assumption.name, ruling.closed, how, ruling.why)

    def witness(self) -> ChainRefutation | None:
        """A tensor that breaks the claim, made small; None where none was found or could be tried."""
        if self.chance != "none":
            self.notes.append("no tensor was tried: the chain draws random numbers")
            return None
        try:
            for rows, source in self._proposals():
                excess = self.excess(rows)
                worst = int(np.argmax(excess))
                if excess[worst] > 0:
                    return self._shown(
                        shrink(rows[worst], self.excess, lambda r: self.excess(r[None])[0] > 0, SHRINKING), source
                    )
        except Undefined as reason:
            self.notes.append(f"no tensor was tried: {reason}")
        return None

    def excess(self, rows: Array) -> Array:
        """By how much the claims fail on every row; −1 where a chain has no finite result."""
        self.tried += len(rows)
        try:
            found = (
                self.theorem.excess(self.case(rows)) if self._by_row is not None else np.array([*map(self._one, rows)])
            )
        except NonFinite:
            return np.array([self._one(row) for row in rows])
        sizes = box_norms(rows, self.p, Rows()).reshape(-1)
        most = float(np.max(found / np.where(sizes > 0, sizes, 1.0), initial=-np.inf))
        self.best = most if self.best is None else max(self.best, most)
        return np.asarray(found)

    def _one(self, row: Array) -> float:
        try:
            return float(self.theorem.excess(self.case(row))[0])
        except NonFinite:
            return -1.0

    @cached_property
    def _by_row(self) -> Case | None:
        """The operators that do to every row of a matrix what they do to a tensor, on no row; None if none do."""
        s, chain = rows_mask(self.s, self.shape), [rows_quantizer(q, self.shape) for q in self.letters.quantizers]
        if s is None or None in chain:
            return None
        first, *then = (q for q in chain if q is not None)
        return Case(np.zeros((1, self.size)), first, s, self.p, then=tuple(then))

    def case(self, x: Array) -> Case:
        """Tensors as rows under the chain, each an instance of its own."""
        if (wide := self._by_row) is not None:
            return Case(x, wide.q, wide.s, self.p, then=wide.then)
        s = flat_sparsifier(self.s, self.shape)
        first, *then = (flat_quantizer(q, self.shape) for q in self.letters.quantizers)
        return Case(x, first, s, self.p, then=tuple(then))

    @property
    def _spent(self) -> bool:
        return self.seconds > self.effort.seconds or self.tried > self.effort.instances

    def _proposals(self) -> Iterator[tuple[Array, str]]:
        """The constructions of ``decide`` at the levels of each quantizer, random tensors, few values."""
        count = BATCH if self._by_row is not None else BATCH // 16
        grounds = [survey(self.s, q, self.shape) for q in self.letters.quantizers]
        grids = [np.array_split(small_grid(g, self.rng), max(1, FEW**4 // count)) for g in grounds]
        for turn in itertools.count():
            for ground, grid in zip(grounds, grids, strict=True):
                some = [(family_rows(f, ground, self.rng, count // 4), f"construction: {f.__name__}") for f in FAMILIES]
                some += [(self._few_groups(kind, ground.groups, count), f"random: {kind}") for kind in KINDS]
                some += [(grid[turn], "enumeration")] if turn < len(grid) else []
                for rows, source in some:
                    if self._spent:
                        return
                    if len(rows):
                        yield rows, source

    def _few_groups(self, kind: str, groups: Labels, count: int) -> Array:
        """Random tensors, all but one or two groups of which are 0 in every second."""
        x = SAMPLES[kind](self.rng, (count, self.size), np.float64)
        chosen = self.rng.integers(int(groups.max()) + 1, size=(count, 2))
        kept = (groups == chosen[:, :1]) | (groups == chosen[:, 1:]) | (np.arange(count) % 2 == 0)[:, None]
        return np.where(kept, x, 0.0)

    def _shown(self, row: Array, source: str) -> ChainRefutation:
        case = self.case(row)
        said = ", ".join(f"{name} = {number(float(v.max()), 10)}" for name, v in self.theorem.values(case).items())
        words = [(False,) * k + (True,) + (False,) * (len(case.quantizers) - k) for k in range(len(case.images))]
        places = tuple(
            (self.letters.spelled(w), tuple(map(Fraction, case.placed(k)[0].tolist()))) for k, w in enumerate(words)
        )
        x = tuple(map(Fraction, row.tolist()))
        return ChainRefutation(self.shape, x, places, f"{said}, against the claim", source)
