"""Claims over all reals as formulas of linear (p = 1, ∞) or polynomial real arithmetic, for an SMT solver."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, reduce
from typing import Any, Literal, TypeAlias, final

import numpy as np

from sqtheory.alphabet.formats import steps
from sqtheory.alphabet.partition import Shape, Whole
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.rationals import rationals
from sqtheory.alphabet.scaling import Reach
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.ties import Adversarial, Sight
from sqtheory.alphabet.traits import KEEPS_ZERO
from sqtheory.theory.claims import RELATIONS, Claim, Quantity
from sqtheory.theory.decide.conditions import SAID, claim_of
from sqtheory.theory.decide.constructions import labels
from sqtheory.theory.decide.draws import Draw
from sqtheory.theory.decide.numbers import Radical, comparable
from sqtheory.theory.instance import ScaledInstance
from sqtheory.theory.measured import readings
from sqtheory.theory.quantities import MAGNITUDE
from sqtheory.theory.sides import sides

Term: TypeAlias = Any
"""A term of the solver."""
LEVELS = 64
"""Grids with more levels are not written down as formulas."""


@final
@dataclass(frozen=True)
class Reply:
    """What the solver says of the negation: unsatisfiable, a model, or why it does not know."""

    result: Literal["unsat", "sat", "unknown"]
    note: str = ""
    model: tuple[Fraction, ...] = ()


class _Beyond(Exception):
    """This pipeline or claim is not written as a formula here."""


@final
@dataclass(frozen=True)
class Largest:
    """max |e| of some terms: 0 if and only if each is."""

    terms: tuple[Term, ...]


Negation: TypeAlias = Callable[["Formula"], Term]
"""That some tensor violates a claim or a condition."""


def ask(negation: Negation, draw: Draw, shape: Shape, p: float, steps: int) -> Reply:
    """Whether some real tensor of this shape violates what is claimed, under one draw."""
    try:
        import z3
    except ImportError:
        return Reply("unknown", "z3 is not installed (pip install 'sqtheory[prove]')")
    formula = Formula(z3, draw, shape, p)
    try:
        violated = negation(formula)
    except _Beyond as beyond:
        return Reply("unknown", str(beyond))
    engine = z3.Solver(ctx=formula.context)
    engine.set("rlimit", steps)
    engine.add(violated)
    result = engine.check()
    if result == z3.unsat:
        return Reply("unsat")
    if result == z3.sat:
        found = engine.model()
        return Reply("sat", model=tuple(_number(z3, found.eval(v, model_completion=True)) for v in formula.x))
    return Reply("unknown", f"no answer within {steps} steps")


def _number(z3: Any, value: Term) -> Fraction:
    exact = value if z3.is_rational_value(value) else value.approx(20)
    return Fraction(exact.numerator_as_long(), exact.denominator_as_long())


@final
class Formula(ScaledInstance):
    """Both orders of a pipeline as terms over the entries of x; a truth value is a term too.

    Its context is its own, so that no earlier question changes the answer.
    """

    def __init__(self, z3: Any, draw: Draw, shape: Shape, p: float) -> None:
        self.z3, self.draw, self.shape, self.p = z3, draw, shape, p
        self.context = z3.Context()
        self.groups = labels(draw.first.groups, shape)

    def real(self, v: Fraction | int) -> Term:
        return self.z3.RealVal(str(Fraction(v)), self.context)

    def choose(self, flag: Term, yes: Term, no: Term) -> Term:
        return self.z3.If(flag, yes, no)

    def size(self, v: Term) -> Term:
        return self.choose(v >= 0, v, -v)

    def larger(self, a: Term, b: Term) -> Term:
        one, two = self.value(a), self.value(b)
        return self.choose(two > one, two, one)

    @cached_property
    def x(self) -> list[Term]:
        return [self.z3.Real(f"x{i}", self.context) for i in range(math.prod(self.shape))]

    @cached_property
    def m(self) -> list[Term]:
        return self.mask(self.draw.first, self.x)

    @cached_property
    def sparse(self) -> list[Term]:
        return [self.choose(k, v, self.real(0)) for k, v in zip(self.m, self.x, strict=True)]

    @cached_property
    def scale(self) -> list[Term]:
        return self.scales(self.draw.before, self.x)

    @cached_property
    def moved(self) -> list[Term]:
        return self.scales(self.draw.after, self.sparse)

    @cached_property
    def survivors(self) -> list[Term]:
        zero = KEEPS_ZERO in self.draw.after.traits
        return [self.z3.And(k, v != 0) if zero else k for k, v in zip(self.m, self.x, strict=True)]

    @cached_property
    def q(self) -> list[Term]:
        return self.images(self.draw.before, self.x, self.scale)

    @cached_property
    def sq(self) -> list[Term]:
        return self.images(self.draw.after, self.sparse, self.moved)

    @cached_property
    def frozen(self) -> list[Term]:
        return self.images(self.draw.after, self.sparse, self.scale)

    @cached_property
    def m2(self) -> list[Term]:
        return self.mask(self.draw.then, self.q)

    def power(self, errors: Sequence[Term]) -> Term:
        """Σ|e|^p for p = 1, 2, max|e| for p = ∞."""
        if self.p == np.inf:
            return self.value(self.most(errors))
        if self.p == 2:
            return self.z3.Sum([e * e for e in errors])
        if self.p == 1:
            return self.z3.Sum([self.size(e) for e in errors])
        raise _Beyond(f"the norm with p = {self.p:g} is not written as a formula")

    def root(self, power: Term) -> Term:
        return power if self.p in (1, np.inf) else Radical(power, self._no_root)

    def most(self, errors: Sequence[Term]) -> "Largest":
        return Largest(tuple(errors))

    def value(self, number: Term) -> Term:
        """A number as one term."""
        if isinstance(number, Largest):
            return reduce(self.larger, map(self.size, number.terms))
        return self.real(number) if isinstance(number, Fraction) else number

    def violates(self, claims: Sequence[Claim], where: Sequence[Quantity]) -> Term:
        """Some claim fails. Raises _Beyond for quantities without a reading."""
        silent = [q.name for q in where if q.read is None]
        if silent:
            raise _Beyond(f"{', '.join(silent)}: not written as a formula")
        values = {q.name: read(self) for q, read in readings(*where).items()}
        return self.z3.Or([self.fails(*sides(c, values, self.larger), c.relation) for c in claims])

    def fails(self, left: Term, right: Term, relation: str) -> Term:
        """Left ⋈ right does not hold. Raises _Beyond for sums of roots."""
        if isinstance(left, Largest) and relation in ("==", "<=") and isinstance(right, Fraction) and right == 0:
            return self.z3.Or([e != 0 for e in left.terms])
        one, two = (self.value(side) for side in comparable(left, right))
        return self.z3.Not(RELATIONS[relation][1](one, two))

    def outranked(self) -> Term:
        """Some kept entry of a group is smaller than one that is pruned: the mask does not rank by magnitude."""
        if not self.draw.first.fixed_budget:
            raise _Beyond("the budget of this mask is not fixed")
        pairs = [(i, j) for i, g in enumerate(self.groups) for j, h in enumerate(self.groups) if g == h and i != j]
        kept, x = self.m, [self.size(v) for v in self.x]
        smaller = [self.z3.And(kept[i], self.z3.Not(kept[j]), x[j] > x[i]) for i, j in pairs]
        return self.z3.Or([self.z3.BoolVal(False, self.context), *smaller])

    def _no_root(self) -> Term:
        raise _Beyond("a sum of roots is not written as a formula")

    def scales(self, q: Quantizer, x: list[Term]) -> list[Term]:
        """σ of every entry."""
        if q.scaling.looks_at is Reach.nothing:
            fixed = q.partition.spread(q.scales(np.zeros(self.shape)), self.shape)
            return [self.real(v) for v in rationals(fixed).flat]
        blocks = labels(q.partition, self.shape)
        of_block = {
            b: self.box_scale(q, [v for v, c in zip(x, blocks, strict=True) if c == b]) for b in set(blocks.tolist())
        }
        return [of_block[int(b)] for b in blocks]

    def box_scale(self, q: Quantizer, entries: list[Term]) -> Term:
        rule, fmt = q.scaling, q.format
        plus, minus = (rule.share(fmt, negative) for negative in (False, True))
        if plus is None or minus is None:
            raise _Beyond(f"scales by {rule} are not linear")
        amax = self.value(self.most(entries))
        sigma = amax * self.real(plus)
        if plus != minus:
            sigma = self.choose(self.z3.Or([v < 0 for v in entries]), amax * self.real(minus), sigma)
        if rule.zero_block_is_zero:
            return sigma
        of_zeros = rule.exact(rationals(np.zeros(1)), Whole(), fmt).item()
        return self.choose(amax == 0, self.real(of_zeros), sigma)

    def images(self, q: Quantizer, x: list[Term], sigma: list[Term]) -> list[Term]:
        """σ ρ(x/σ), the cells written as x against multiples of σ."""
        if q.scaling.shifts or q.scaling.second_format is not None:
            raise _Beyond(f"the levels of {q} are not written as a formula")
        if q.format.values.size > LEVELS or not q.saturate:
            raise _Beyond(f"the grid {q.format} is not written as a formula")
        cells = steps(q.format, q.rounding)
        out = []
        for v, scale in zip(x, sigma, strict=True):
            value = scale * self.real(cells.levels[-1])
            for level, cut, up in reversed(list(zip(cells.levels, cells.cuts, cells.up, strict=False))):
                edge = scale * self.real(cut)
                value = self.choose(v < edge if up else v <= edge, scale * self.real(level), value)
            out.append(value)
        return out

    def mask(self, s: Sparsifier, values: list[Term]) -> list[Term]:
        """m(values), ties seeing x."""
        if s.ignores_values:
            return [self.z3.BoolVal(bool(k), self.context) for k in s.mask(np.zeros(self.shape)).flat]
        scores = self.scores(s, values)
        if s.cut is not None:
            return [v >= self.real(Fraction(s.cut)) for v in scores]
        if not s.fixed_budget or not s.ties.ordered:
            raise _Beyond(f"the mask {s} is not written as a formula")
        key = self.key(s, values)
        kept = []
        for i, group in enumerate(self.groups):
            rivals = [j for j in np.flatnonzero(self.groups == group).tolist() if j != i]
            k = s.budget(len(rivals) + 1)
            beaten = [self.beats(j, i, scores, key, s.ties.low_index) for j in rivals]
            kept.append(self.z3.BoolVal(True, self.context) if k > len(rivals) else self.z3.AtMost(*beaten, k - 1))
        return kept

    def beats(self, j: int, i: int, scores: list[Term], key: list[Term] | None, low: bool) -> Term:
        """Entry j ranks before entry i."""
        first = j < i if low else j > i
        last = self.z3.BoolVal(first, self.context)
        if key is not None:
            last = key[j] >= key[i] if first else key[j] > key[i]
        return self.z3.Or(scores[j] > scores[i], self.z3.And(scores[j] == scores[i], last))

    def scores(self, s: Sparsifier, values: list[Term]) -> list[Term]:
        if s.score is not None and s.score.is_constant:
            return [self.real(v) for v in rationals(s.score.of(np.zeros(self.shape))).flat]
        weights = None if s.score is None else s.score.linear(self.shape)
        if weights is None:
            raise _Beyond(f"the score {s.score} is not linear")
        pairs = zip(values, rationals(weights).flat, strict=True)
        return [self.size(v) if w == 1 else self.size(v) * self.real(w) for v, w in pairs]

    def key(self, s: Sparsifier, values: list[Term]) -> list[Term] | None:
        if s.ties.look_at is Sight.places:
            return None
        if s.ties.look_at is Sight.originals:
            return [self.size(v) for v in self.x]
        if s.ties == Adversarial(1.0):
            return [self.size(v - y) - self.size(v) for v, y in zip(self.x, values, strict=True)]
        raise _Beyond(f"ties by {s.ties} are not linear")


def negation(name: str) -> Negation | None:
    """That a condition of this name fails, where that is written as a formula."""
    if name in SAID:
        return lambda formula: formula.violates(*claim_of(name))
    return Formula.outranked if name == MAGNITUDE.name else None
