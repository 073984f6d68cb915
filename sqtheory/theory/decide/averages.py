"""What both orders lose on average under unbiased rounding: claims on norms whose quantizer throws coins.

For whole p: there expectations of p-th powers are rational numbers.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar, final

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.norms import spell_norm
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.rationals import NotRational, Rationals, pick, rationals
from sqtheory.alphabet.rounding import ceil, floor
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.traits import DETERMINISTIC
from sqtheory.arrays import Array
from sqtheory.theory.claims import TOLERANCE
from sqtheory.theory.decide.conditions import KEEPS_MASK, conditions
from sqtheory.theory.decide.draws import Draw, row_pipeline
from sqtheory.theory.decide.evaluations import Certificate, Evaluation
from sqtheory.theory.decide.exact import image as level
from sqtheory.theory.decide.exact import mask, placed
from sqtheory.theory.decide.numbers import say_apart
from sqtheory.theory.decide.questions import Question
from sqtheory.theory.decide.rational import Shown
from sqtheory.theory.decide.routes import Route, by
from sqtheory.theory.expectations.coins import (
    expected_prune_first,
    expected_quantize_first,
    expected_rounding,
    places_in_groups,
)
from sqtheory.theory.quantities import SIGMA, Z
from sqtheory.theory.theorems import stochastic_rounding

MEANS = "every entry goes to a level next to it, up or down by a coin of its own; what is shown of q are means"


@final
@dataclass(frozen=True, eq=False)
class Thrown:
    """Expectations of one tensor in rational numbers: ‖·‖_p^p of what s, Q and both orders lose, and means."""

    prune: Fraction
    quantize: Fraction
    prune_first: Fraction
    quantize_first: Fraction
    shown: Shown


class OnAverage(Evaluation):
    """The p-th power of the error of S→Q, its mean over the coins of the rounding, is at most another number."""

    than: ClassVar[str]
    """How a reader writes that number, the norm left open."""

    @abstractmethod
    def most(self, x: Array, s: Sparsifier, q: Quantizer, p: float) -> Array:
        """That number, entry by entry."""

    @abstractmethod
    def exactly(self, thrown: Thrown) -> Fraction:
        """That number of one tensor."""

    def draws(self, s: Sparsifier, q: Quantizer, shape: Shape, rng: Generator) -> tuple[Draw, ...]:
        return (Draw(s, s, q, q, MEANS),)

    def excess(self, draw: Draw, x: Array, p: float, shape: Shape) -> Array:
        rows = row_pipeline(draw.first, draw.after, shape)
        if rows is not None:
            return self._beyond(x, *rows, p)
        each = [self._beyond(row.reshape(shape), draw.first, draw.after, p) for row in x]
        return np.array([one.sum() for one in each])

    def _beyond(self, x: Array, s: Sparsifier, q: Quantizer, p: float) -> Array:
        """Left − right, 0 within what float64 may add, of every row of a matrix or of the rows of one tensor."""
        left, right = (e.sum(axis=-1) for e in (expected_prune_first(x, s, q, p), self.most(x, s, q, p)))
        beyond = left - right
        return np.where(np.abs(beyond) <= TOLERANCE * (left + right), 0.0, beyond)

    def evaluate(self, draw: Draw, p: float, shape: Shape) -> None:
        places_in_groups(np.zeros(shape), draw.first)

    def certify(self, draw: Draw, row: Array, p: float, shape: Shape) -> Certificate | None:
        try:
            thrown = throw(draw.first, draw.after, rationals(row.reshape(shape)), int(p))
        except NotRational:
            return None
        other = self.exactly(thrown)
        if thrown.prune_first <= other:
            return None
        first, last = say_apart(thrown.prune_first, other)
        norm = "_1" if p == 1 else f"_{spell_norm(p)}^{spell_norm(p)}"
        said = f"E‖x − q(s(x))‖{norm} = {first} > {last} = {self.than.format(norm)}"
        return thrown.shown, said, "rational"


@final
@dataclass(frozen=True)
class AgainstQuantizeFirst(OnAverage):
    """At most the same of Q→S."""

    than = "E‖x − s(q(x))‖{0}"

    def most(self, x: Array, s: Sparsifier, q: Quantizer, p: float) -> Array:
        return expected_quantize_first(x, s, q, p)

    def exactly(self, thrown: Thrown) -> Fraction:
        return thrown.quantize_first


@final
@dataclass(frozen=True)
class AgainstSum(OnAverage):
    """At most the p-th powers of the errors of s and of Q alone together."""

    than = "‖x − s(x)‖{0} + E‖x − q(x)‖{0}"

    def most(self, x: Array, s: Sparsifier, q: Quantizer, p: float) -> Array:
        return np.asarray(np.where(s.mask(x), 0.0, np.abs(x) ** p) + expected_rounding(x, x, q, p))

    def exactly(self, thrown: Thrown) -> Fraction:
        return thrown.prune + thrown.quantize


def throw(s: Sparsifier, q: Quantizer, x: Rationals, p: int) -> Thrown:
    """Every outcome of the coins by its chance. Raises NotRational where the pipeline is not rational, Undefined."""
    places, most = places_in_groups(np.zeros(x.shape), s)
    sparse = pick(mask(s, x, x), x, Fraction(0))
    low, high, up = _coins(q, x)
    down_to, up_to, part = _coins(q, sparse)
    total, mean = x * 0, x * 0
    for outcome in range(1 << most):
        heads = (outcome >> places & 1).astype(bool)
        chance = s.groups.spread(s.groups.reduce(np.where(heads, up, 1 - up), _product), x.shape)
        if chance.any():
            image = np.where(heads, high, low)
            made = pick(mask(s, image, x), image, Fraction(0))
            total, mean = total + chance * np.abs(x - made) ** p, mean + chance * made

    def expected(lower: Rationals, upper: Rationals, raised: Rationals) -> Rationals:
        return np.asarray((1 - raised) * np.abs(x - lower) ** p + raised * np.abs(x - upper) ** p)

    losses = np.abs(x - sparse) ** p, expected(low, high, up), expected(down_to, up_to, part), total
    tensors = x, sparse, down_to + part * (up_to - down_to), low + up * (high - low), mean
    prune, quantize, first, last = (Fraction(e.sum()) for e in losses)
    return Thrown(prune, quantize, first, last, Shown(*(tuple(t.flatten().tolist()) for t in tensors)))


def _coins(q: Quantizer, x: Rationals) -> tuple[Rationals, Rationals, Rationals]:
    """The levels below and above every entry at the scales of x, and the chance of the upper one."""
    of_blocks = placed(q, x)
    low, high = (level(replace(q, rounding=rule), x, of_blocks) for rule in (floor, ceil))
    up: Rationals = np.empty(x.size, object)
    ends = zip(x.flat, low.flat, high.flat, strict=True)
    up[:] = [min(max((v - a) / (b - a), Fraction(0)), Fraction(1)) if b > a else Fraction(0) for v, a, b in ends]
    return low, high, up.reshape(x.shape)


def _product(rows: Rationals) -> Rationals:
    return np.asarray(np.multiply.reduce(rows, axis=1))


SAME_LAW = Route(None, (KEEPS_MASK, *conditions(SIGMA, Z)))
"""One mask and scales that stay: both orders throw the same coins for what they keep."""
QUESTIONS: Mapping[str, tuple[str, OnAverage]] = {
    "sq_never_worse": ("E‖x − q(s(x))‖_p^p ≤ E‖x − s(q(x))‖_p^p over the coins of q", AgainstQuantizeFirst()),
    "no_additional_error": ("E‖x − q(s(x))‖_p^p ≤ ‖x − s(x)‖_p^p + E‖x − q(x)‖_p^p over the coins of q", AgainstSum()),
}
"""The claims on norms that are asked on average, what they say then, and how they are evaluated."""


def averaged(claim: str, s: Sparsifier, q: Quantizer, p: float) -> bool:
    """A claim on norms is asked on average: q throws coins, s none, and p is whole."""
    whole = float(p).is_integer()
    return claim in QUESTIONS and whole and DETERMINISTIC in s.traits and not q.rounding.deterministic


def on_average(claim: str, p: float) -> Question:
    """The question of one of these claims."""
    sentence, evaluation = QUESTIONS[claim]
    additive = claim == "no_additional_error" and p in (1, 2)
    return Question(claim, sentence, (), (), evaluation, (by(stochastic_rounding.THEOREM) if additive else SAME_LAW,))
