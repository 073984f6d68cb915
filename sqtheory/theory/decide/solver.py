"""Claims over all reals as formulas of linear (p = 1, ∞) or polynomial real arithmetic, for an SMT solver."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias, final

import numpy as np

from sqtheory.alphabet.formats import steps
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.rationals import rationals
from sqtheory.alphabet.scaling import AbsMax, Frozen, FullRange, HalfRange, Midpoint, Unscaled
from sqtheory.alphabet.scores import Given, Magnitude, Partnered
from sqtheory.alphabet.sparsifiers import Sparsifier, ThresholdSparsifier, TopSparsifier
from sqtheory.alphabet.ties import Adversarial, ByOriginal, HighIndex, LowIndex
from sqtheory.alphabet.traits import KEEPS_ZERO
from sqtheory.theory.decide.constructions import labels
from sqtheory.theory.decide.draws import Draw

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


def ask(name: str, draw: Draw, shape: Shape, p: float, seconds: float) -> Reply:
    """Whether some real tensor of this shape violates the condition of this name under one draw."""
    try:
        import z3
    except ImportError:
        return Reply("unknown", "z3 is not installed (pip install 'sqtheory[prove]')")
    try:
        formula = _Formula(z3, draw, shape)
        negation = NEGATIONS[name](formula, p) if name in NEGATIONS else None
    except _Beyond as beyond:
        return Reply("unknown", str(beyond))
    if negation is None:
        return Reply("unknown", f"{name} for p = {p:g} is not written as a formula")
    engine = z3.Solver()
    engine.set("timeout", max(1, int(1000 * seconds)))
    engine.add(negation)
    result = engine.check()
    if result == z3.unsat:
        return Reply("unsat")
    if result == z3.sat:
        found = engine.model()
        return Reply("sat", model=tuple(_number(z3, found.eval(v, model_completion=True)) for v in formula.x))
    return Reply("unknown", f"no answer within {seconds:g} s")


def _number(z3: Any, value: Term) -> Fraction:
    exact = value if z3.is_rational_value(value) else value.approx(20)
    return Fraction(exact.numerator_as_long(), exact.denominator_as_long())


class _Formula:
    """Both orders of a pipeline as terms over the entries of x."""

    def __init__(self, z3: Any, draw: Draw, shape: Shape) -> None:
        self.z3, self.draw, self.shape = z3, draw, shape
        size = int(np.prod(shape))
        self.x: list[Term] = [z3.Real(f"x{i}") for i in range(size)]
        self.groups = labels(draw.first.groups, shape)
        self.kept = self.mask(draw.first, self.x)
        self.sparse = [self.choose(k, v, self.real(0)) for k, v in zip(self.kept, self.x, strict=True)]

    def real(self, v: Fraction | int) -> Term:
        return self.z3.RealVal(str(Fraction(v)))

    def choose(self, condition: Term, yes: Term, no: Term) -> Term:
        return self.z3.If(condition, yes, no)

    def size(self, v: Term) -> Term:
        return self.choose(v >= 0, v, -v)

    def most(self, values: Sequence[Term]) -> Term:
        top = values[0]
        for v in values[1:]:
            top = self.choose(v > top, v, top)
        return top

    @property
    def dense(self) -> list[Term]:
        return self.scales(self.draw.before, self.x)

    @property
    def moved(self) -> list[Term]:
        return self.scales(self.draw.after, self.sparse)

    @property
    def image(self) -> list[Term]:
        return self.images(self.draw.before, self.x, self.dense)

    @property
    def after(self) -> list[Term]:
        return self.images(self.draw.after, self.sparse, self.moved)

    @property
    def image_mask(self) -> list[Term]:
        return self.mask(self.draw.then, self.image)

    @property
    def then(self) -> list[Term]:
        return [self.choose(k, v, self.real(0)) for k, v in zip(self.image_mask, self.image, strict=True)]

    def scales(self, q: Quantizer, x: list[Term]) -> list[Term]:
        """σ of every entry."""
        if isinstance(q.scaling, Frozen | Unscaled):
            fixed = q.partition.split_grid(q.scales(np.zeros(self.shape)), self.shape)
            boxes = q.partition.split_grid(
                np.arange(q.partition.count(self.shape)).reshape(q.partition.grid(self.shape)), self.shape
            )
            of_box = {
                int(b): v for bs, vs in zip(boxes, fixed, strict=True) for b, v in zip(bs, rationals(vs), strict=True)
            }
            return [self.real(of_box[int(b)]) for b in labels(q.partition, self.shape)]
        blocks = labels(q.partition, self.shape)
        of_block = {
            b: self.scale(q, [v for v, c in zip(x, blocks, strict=True) if c == b]) for b in set(blocks.tolist())
        }
        return [of_block[int(b)] for b in blocks]

    def scale(self, q: Quantizer, entries: list[Term]) -> Term:
        amax = self.most([self.size(v) for v in entries])
        top, low = Fraction(q.format.max), Fraction(q.format.min)
        match q.scaling:
            case AbsMax():
                return amax * self.real(1 / top)
            case FullRange():
                return amax * self.real(-1 / low)
            case Midpoint():
                return amax * self.real(2 / (top - low))
            case HalfRange():
                signed = self.z3.Or([v < 0 for v in entries])
                step = self.choose(signed, amax * self.real(2), amax) * self.real(1 / (top - low))
                return self.choose(amax == 0, self.real(2 / (top - low)), step)
        raise _Beyond(f"scales by {q.scaling} are not linear")

    def images(self, q: Quantizer, x: list[Term], sigma: list[Term]) -> list[Term]:
        """σ ρ(x/σ), the cells written as x against multiples of σ."""
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
            return [self.z3.BoolVal(bool(k)) for k in s.mask(np.zeros(self.shape)).flat]
        scores = self.scores(s, values)
        if isinstance(s, ThresholdSparsifier):
            return [v >= self.real(Fraction(s.threshold)) for v in scores]
        if not isinstance(s, TopSparsifier):
            raise _Beyond(f"the mask {s} is not written as a formula")
        key = self.key(s, values)
        kept = []
        for i, group in enumerate(self.groups):
            rivals = [j for j in np.flatnonzero(self.groups == group).tolist() if j != i]
            k = s.budget(len(rivals) + 1)
            beaten = [self.beats(j, i, scores, key, s.ties.low_index) for j in rivals]
            kept.append(self.z3.BoolVal(True) if k > len(rivals) else self.z3.AtMost(*beaten, k - 1))
        return kept

    def beats(self, j: int, i: int, scores: list[Term], key: list[Term] | None, low: bool) -> Term:
        """Entry j ranks before entry i."""
        first = j < i if low else j > i
        last = self.z3.BoolVal(first)
        if key is not None:
            last = key[j] >= key[i] if first else key[j] > key[i]
        return self.z3.Or(scores[j] > scores[i], self.z3.And(scores[j] == scores[i], last))

    def scores(self, s: Sparsifier, values: list[Term]) -> list[Term]:
        match s.score:
            case Magnitude():
                return [self.size(v) for v in values]
            case Partnered() as score:
                weights = rationals(score.of(np.ones(self.shape))).ravel().tolist()
                return [self.size(v) * self.real(w) for v, w in zip(values, weights, strict=True)]
            case Given() as score:
                return [self.real(w) for w in rationals(score.of(np.zeros(self.shape))).ravel().tolist()]
        raise _Beyond(f"the score {s.score} is not linear")

    def key(self, s: Sparsifier, values: list[Term]) -> list[Term] | None:
        match s.ties:
            case LowIndex() | HighIndex():
                return None
            case ByOriginal():
                return [self.size(v) for v in self.x]
            case Adversarial(p=1.0):
                return [self.size(v - y) - self.size(v) for v, y in zip(self.x, values, strict=True)]
        raise _Beyond(f"ties by {s.ties} are not linear")

    def measure(self, errors: list[Term], p: float) -> Term:
        """Σ|e|^p for p = 1, 2, 3, …, max|e| for p = ∞."""
        if p == np.inf:
            return self.most([self.size(e) for e in errors])
        if p == 2:
            return self.z3.Sum([e * e for e in errors])
        if p == 1:
            return self.z3.Sum([self.size(e) for e in errors])
        raise _Beyond(f"the norm with p = {p:g} is not written as a formula")

    def error(self, image: list[Term]) -> list[Term]:
        return [v - y for v, y in zip(self.x, image, strict=True)]


def _never_worse(f: _Formula, p: float) -> Term:
    return f.measure(f.error(f.after), p) > f.measure(f.error(f.then), p)


def _additive(f: _Formula, p: float) -> Term:
    if p not in (1, np.inf):
        raise _Beyond("a sum of roots is not written as a formula")
    sq, s, q = (f.measure(f.error(image), p) for image in (f.after, f.sparse, f.image))
    return sq > s + q


def _commute(f: _Formula, p: float) -> Term:
    return f.z3.Or([a != b for a, b in zip(f.after, f.then, strict=True)])


def _scale(f: _Formula, p: float) -> Term:
    zero = KEEPS_ZERO in f.draw.after.traits
    counted = [f.z3.And(k, v != 0) if zero else k for k, v in zip(f.kept, f.x, strict=True)]
    return f.z3.Or([f.z3.And(c, a != b) for c, a, b in zip(counted, f.dense, f.moved, strict=True)])


def _zero(f: _Formula, p: float) -> Term:
    return f.z3.Or([f.z3.And(f.z3.Not(k), v != 0) for k, v in zip(f.kept, f.after, strict=True)])


def _magnitude(f: _Formula, p: float) -> Term:
    if not isinstance(f.draw.first, TopSparsifier):
        raise _Beyond("the budget of this mask is not fixed")
    pairs = [(i, j) for i, g in enumerate(f.groups) for j, h in enumerate(f.groups) if g == h and i != j]
    return f.z3.Or([f.z3.And(f.kept[i], f.z3.Not(f.kept[j]), f.size(f.x[j]) > f.size(f.x[i])) for i, j in pairs])


def _mask(f: _Formula, p: float) -> Term:
    sides = zip(f.kept, f.image_mask, f.image, strict=True)
    return f.z3.Or([f.z3.And(a != b, v != 0) for a, b, v in sides])


NEGATIONS: dict[str, Callable[[_Formula, float], Term]] = {
    "sq_never_worse": _never_worse,
    "no_additional_error": _additive,
    "orders_commute": _commute,
    "scale_kept": _scale,
    "zero_kept": _zero,
    "keeps_scale": _scale,
    "keeps_zero": _zero,
    "magnitude": _magnitude,
    "keeps_mask": _mask,
}
"""For each claim and assumption: that some tensor violates it."""
