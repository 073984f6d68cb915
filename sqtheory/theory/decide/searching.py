"""Looking for a tensor that violates a claim, and certifying the one that is found."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import final

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.partition import Rows, Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scaling import Reach
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array
from sqtheory.exceptions import NonFinite
from sqtheory.orders.errors import box_norms
from sqtheory.theory.decide.answers import Effort, Refutation, Spent
from sqtheory.theory.decide.constructions import FAMILIES, FINEST, Ground, family_rows, small_grid, survey
from sqtheory.theory.decide.draws import Draw
from sqtheory.theory.decide.evaluations import Certificate, Evaluation
from sqtheory.theory.decide.shrinking import shrink

CERTIFIED = 8
"""So many of the worst instances of a batch are checked exactly."""
CELLS = 1 << 17
"""Entries of one batch at most."""
SHRINKING = 1 << 14
"""Tensors tried for making a witness small: many times what has been seen to be needed, and no clock decides."""


@final
@dataclass(eq=False)
class Search:
    """A hunt on one pipeline: counts what it tries and keeps the largest excess it meets."""

    claim: Evaluation
    name: str
    s: Sparsifier
    q: Quantizer
    p: float
    shape: Shape
    rng: Generator
    effort: Effort
    instances: int = 0
    best: float | None = None
    best_row: Array | None = None
    last: float = 0.0
    """The excess of the batch tried last, over ‖x‖_p."""
    started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self.size = int(np.prod(self.shape))
        self.draws = self.claim.draws(self.s, self.q, self.shape, self.rng)

    @cached_property
    def ground(self) -> Ground:
        """Where blocks and groups lie: asked for by what looks for tensors, and by nothing else."""
        return survey(self.s, self.q, self.shape)

    @property
    def seconds(self) -> float:
        """Seconds since the search began."""
        return time.perf_counter() - self.started

    @property
    def spent(self) -> bool:
        """Nothing is left of the effort."""
        return self.seconds >= self.effort.seconds or self.instances >= self.effort.instances

    def given(self, tensors: Sequence[Sequence[float]]) -> Refutation | None:
        """Tensors by their leading entries; those that are longer than the shape are left out."""
        for entries in tensors:
            if len(entries) <= self.size:
                row = np.zeros((1, self.size))
                row[0, : len(entries)] = entries
                if (found := self.attempt(row, "given")) is not None:
                    return found
        return None

    def construct(self) -> Refutation | None:
        """The families of the theorems, a few members of each, then more."""
        for count in (64, 256, 1024):
            for family in FAMILIES:
                if self.spent:
                    return None
                rows = family_rows(family, self.ground, self.rng, max(1, min(count, CELLS // self.size)))
                if (found := self.attempt(rows, f"construction: {family.__name__}")) is not None:
                    return found
        return None

    def enumerate(self) -> Refutation | None:
        """All tensors of small supports over small sets of values."""
        for _ in range(3):
            if self.spent:
                return None
            rows = small_grid(self.ground, self.rng)
            for part in np.array_split(rows, max(1, rows.size // CELLS)):
                if (found := self.attempt(part, "enumeration")) is not None:
                    return found
        return None

    def climb(self, rounds: int = 40) -> Refutation | None:
        """Local search: change entries of the best tensor so far by a little, keep what is better."""
        for _ in range(rounds):
            if self.spent or self.best_row is None:
                return None
            base = np.tile(self.best_row, (max(1, min(256, CELLS // self.size)), 1))
            change = self.rng.random(base.shape) < self.rng.choice([1, 2, 4]) / max(1, np.count_nonzero(base[0]))
            step = 2.0 ** self.rng.integers(-6, 1, base.shape) * self.rng.choice([-1, 1], base.shape)
            moved = np.where(change, base * (1 + step * self.rng.random()) + (base == 0) * step, base)
            if (found := self.attempt(np.rint(moved * FINEST) / FINEST, "local search")) is not None:
                return found
        return None

    def attempt(self, rows: Array, source: str) -> Refutation | None:
        """Try every row under every draw; a certified violation, made small, ends the search."""
        if not len(rows):
            return None
        for draw in self.draws:
            for part, excess in self._outcomes(draw, rows):
                self._record(part, excess)
                for i in np.argsort(-excess)[:CERTIFIED]:
                    if excess[i] > 0 and self.claim.certify(draw, part[i], self.p, self.shape) is not None:
                        return self._witness(draw, part[i], source)
        return None

    def adopt(self, draw: Draw, model: tuple[Fraction, ...], source: str) -> Refutation | None:
        """A witness from rational entries found elsewhere, in units in which they are float64 numbers."""
        whole = math.lcm(*(v.denominator for v in model))
        fixed = self.q.scaling.looks_at is Reach.nothing
        unit = 1 if fixed or whole & (whole - 1) == 0 else whole
        row = np.array([float(v * unit) for v in model])
        self.instances += 1
        certain = self.claim.certify(draw, row, self.p, self.shape)
        return None if certain is None else self._witness(draw, row, source)

    def effort_spent(self, notes: tuple[str, ...]) -> Spent:
        """What the search has cost."""
        return Spent(self.instances, self.seconds, self.best, notes)

    def _witness(self, draw: Draw, row: Array, source: str) -> Refutation:
        def violates(rows: Array) -> Array:
            excess = np.full(len(rows), -1.0)
            for start in range(0, len(rows), max(1, CELLS // self.size)):
                part = slice(start, start + max(1, CELLS // self.size))
                excess[part] = self._excess_of(draw, rows[part])
            return excess

        def certain(row: Array) -> Certificate | None:
            return self.claim.certify(draw, row, self.p, self.shape)

        small = shrink(row, violates, lambda r: certain(r) is not None, SHRINKING)
        found = certain(small)
        if found is None:
            raise AssertionError(f"the witness {small.tolist()} of {self.name} was certified before")
        made, said, arithmetic = found
        tensors = made.x, made.sparse, made.prune_first, made.image, made.quantize_first
        return Refutation(self.shape, *tensors, said, arithmetic, source, draw.text)

    def _excess_of(self, draw: Draw, rows: Array) -> Array:
        out = np.full(len(rows), -1.0)
        try:
            return self.claim.excess(draw, rows, self.p, self.shape)
        except NonFinite:
            for i in range(len(rows)) if len(rows) > 1 else ():
                out[i] = self._excess_of(draw, rows[i : i + 1])[0]
        return out

    def _outcomes(self, draw: Draw, rows: Array) -> Iterator[tuple[Array, Array]]:
        """The rows and their excess; one by one, without those that have none, where some entry overflows."""
        self.instances += len(rows)
        try:
            yield rows, self.claim.excess(draw, rows, self.p, self.shape)
        except NonFinite:
            for row in rows if len(rows) > 1 else ():
                try:
                    yield row[None], self.claim.excess(draw, row[None], self.p, self.shape)
                except NonFinite:
                    continue

    def _record(self, rows: Array, excess: Array) -> None:
        sizes = box_norms(rows, self.p, Rows()).reshape(-1)
        shares = np.where(sizes > 0, excess / np.where(sizes > 0, sizes, 1.0), -np.inf)
        i = int(np.argmax(shares))
        self.last = float(shares[i]) if np.isfinite(shares[i]) else -1.0
        if np.isfinite(shares[i]) and (self.best is None or shares[i] > self.best):
            self.best, self.best_row = float(shares[i]), rows[i]
