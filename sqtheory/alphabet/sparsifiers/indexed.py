"""Masks whose budget follows from how sparse the tensor already is."""

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import final

import numpy as np

from sqtheory.alphabet.norms import spell_norm
from sqtheory.alphabet.partition import Partition, Shape, Whole
from sqtheory.alphabet.scores import Score, magnitude
from sqtheory.alphabet.selection import as_fraction, spell_amount
from sqtheory.alphabet.sparsifiers.sparsifier import Sparsifier, spell_choice
from sqtheory.alphabet.sparsity_index import NOISE, check_exponents, retained
from sqtheory.alphabet.ties import Ties, low_index
from sqtheory.alphabet.traits import IDEMPOTENT, SCALE_EQUIVARIANT, Trait
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import need, real


@final
@dataclass(frozen=True)
class IndexedSparsifier(Sparsifier):
    """One step of sparsity-informed adaptive pruning (SAP): of a group of d entries those below a pivot are pruned.

    The pivot is the (k + 1)-th smallest score for k = ⌊min(γ (d − ⌈r⌉), β d)⌋, r what the group's PQ index says must be
    kept (``retained``): what equals the pivot stays, so that ties prune fewer than k. `diao2023pqi`, Algorithm 1.
    """

    p: float = 0.5
    q: float = 1.0
    eta: float = 0.0
    gamma: Fraction = Fraction(1)
    beta: Fraction = Fraction(9, 10)
    groups: Partition = field(default_factory=Whole)
    score: Score = magnitude
    ties: Ties = field(default=low_index, init=False)

    def __post_init__(self) -> None:
        check_exponents(self.p, self.q)
        need(self.groups, Partition, "per=")
        need(self.score, Score, "score=")
        retained(np.zeros((1, 1)), self.p, self.q, self.eta)
        for name in ("gamma", "beta"):
            object.__setattr__(self, name, exactly(getattr(self, name), f"{name}="))
        if not (self.gamma >= 0 and 0 <= self.beta < 1):
            raise ValueError(f"a step prunes γ ≥ 0 times what it may and at most β < 1, got {self.gamma}, {self.beta}")

    def with_score(self, score: Score) -> "IndexedSparsifier":
        return replace(self, score=score)

    def keeps_all(self, shape: Shape) -> bool:
        if self.ignores_values:
            return False
        return not any(min(self.gamma * (size - 1), self.beta * size) >= 1 for size in self._sizes(shape))

    def _sizes(self, shape: Shape) -> list[int]:
        return [size for size, *_ in self.groups.overlaps(self.groups, shape).pairs]

    def budget(self, size: int) -> int:
        return size

    @property
    def ignores_values(self) -> bool:
        return False

    def _choose(self, scores: Array, key: Array | None, x: Array, ties: Ties) -> Mask:
        pieces = zip(self.groups.split(scores), self.groups.split(x), strict=True)
        return self.groups.join([self._kept(rows, values) for rows, values in pieces], x.shape)

    def _kept(self, scores: Array, values: Array) -> Mask:
        size = scores.shape[1]
        needed = np.ceil(retained(values, self.p, self.q, self.eta) * (1 - NOISE)).astype(int)
        most = int(self.beta * size)
        bounds, which = np.unique(needed, return_inverse=True)
        pruned = np.array([min(int(self.gamma * max(0, size - k)), most) for k in bounds.tolist()], int)
        pivot = np.take_along_axis(np.sort(scores, axis=1), pruned[which.reshape(-1), None], axis=1)
        return np.asarray(scores >= pivot)

    @property
    def traits(self) -> frozenset[Trait]:
        return super().traits - {IDEMPOTENT, SCALE_EQUIVARIANT}

    def __str__(self) -> str:
        named: dict[str, tuple[float | Fraction, float | Fraction]] = {
            "eta": (self.eta, 0.0),
            "gamma": (self.gamma, Fraction(1)),
            "beta": (self.beta, Fraction(9, 10)),
        }
        told = [f"{name}={_spelled(value)}" for name, (value, usual) in named.items() if value != usual]
        where = [str(self.groups)] if self.groups != Whole() else []
        exponents = [spell_norm(self.p), spell_norm(self.q)]
        return f"sap({', '.join([*exponents, *told, *where, *spell_choice(self.score, self.ties)])})"


def exactly(value: float | Fraction, what: str) -> Fraction:
    """The decimal that a finite number is written as. Raises TypeError or ValueError, naming ``what``, for others."""
    if not math.isfinite(real(value, what)):
        raise ValueError(f"{what} is a finite number, got {value}")
    return as_fraction(value)


def _spelled(value: float | Fraction) -> str:
    return spell_amount(value) if isinstance(value, Fraction) else repr(float(value))
