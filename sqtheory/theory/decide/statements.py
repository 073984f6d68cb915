"""The claims that can be decided: how far instances are from them, in float64 and exactly, and what proves them."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TypeAlias, final

import numpy as np

from sqtheory.alphabet.norms import spell_norm
from sqtheory.alphabet.partition import Rows, Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.rationals import NotRational, rationals
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array
from sqtheory.orders.errors import box_norms
from sqtheory.theory.decide.answers import Arithmetic
from sqtheory.theory.decide.draws import Draw, DrawnOrders, run
from sqtheory.theory.decide.exact import ExactOrders, implemented_orders, rational_orders
from sqtheory.theory.decide.routes import ADDITIVE, ADDITIVE_POWERS, COMMUTE, NEVER_WORSE, SCALE_KEPT, ZERO_KEPT, Route

TOLERANCE = 1e-9
"""Share of the quantities compared that the rounding of float64 may add to one side."""
DIGITS = 60
"""Decimal digits of roots and of powers that are not rational."""
Size: TypeAlias = Fraction | Decimal


class Question(ABC):
    """A claim about every tensor of a shape under one pipeline."""

    name: str
    sentence: str

    def require(self, s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> None:
        """Return if the claim has a meaning for this pipeline. Raises ValueError saying why it has none."""
        return

    @abstractmethod
    def excess(self, o: DrawnOrders, p: float) -> Array:
        """Left minus right in every instance, less what rounding may add: positive where the claim fails.

        Raises Undefined where the claim cannot be evaluated.
        """

    def evaluate(self, draw: Draw, p: float, shape: Shape) -> None:
        """Raise Undefined where the claim has no value on tensors of this shape: nothing is proved of it there."""
        return

    @abstractmethod
    def routes(self, p: float) -> tuple[Route, ...]:
        """Ways to prove it, the usual one first."""

    @abstractmethod
    def certify(self, draw: Draw, row: Array, p: float, shape: Shape) -> tuple[ExactOrders, str, Arithmetic] | None:
        """What fails on one row, as exactly as the pipeline allows; None if nothing does."""


class OrderQuestion(Question):
    """A claim about what both orders make of a tensor, decided in rational arithmetic where the pipeline has one."""

    @abstractmethod
    def violation(self, o: ExactOrders, p: float) -> str | None:
        """What fails on one tensor, decided exactly; None if nothing does."""

    def certify(self, draw: Draw, row: Array, p: float, shape: Shape) -> tuple[ExactOrders, str, Arithmetic] | None:
        arithmetic: Arithmetic = "rational"
        try:
            made = rational_orders(draw, rationals(row.reshape(shape)))
        except NotRational:
            made, arithmetic = implemented_orders(run(draw, row[None], shape), 0), "implementation"
        said = self.violation(made, p)
        return None if said is None else (made, said, arithmetic)


def norms(e: Array, p: float) -> Array:
    """‖e‖_p of every row."""
    return box_norms(e, p, Rows()).reshape(-1)


def power(e: list[Fraction], p: float) -> Size:
    """Σ|e_i|^p, or max|e_i| for p = ∞; a Decimal of ``DIGITS`` digits unless p is an integer or ∞."""
    if p == math.inf:
        return max(map(abs, e))
    if float(p).is_integer():
        return sum((abs(v) ** int(p) for v in e), Fraction(0))
    with localcontext(prec=DIGITS):
        return sum((_decimal(abs(v)) ** Decimal(p) for v in e if v), Decimal(0))


def root(total: Size, p: float) -> Size:
    """t^{1/p}: exact for p = 1 and ∞, else a Decimal."""
    if p in (1, math.inf) or not total:
        return total
    with localcontext(prec=DIGITS):
        return _decimal(total) ** (Decimal(1) / Decimal(p))


def _decimal(v: Size) -> Decimal:
    return v if isinstance(v, Decimal) else Decimal(v.numerator) / Decimal(v.denominator)


def exceeds(left: Size, *right: Size) -> bool:
    """Left > Σ right: exactly, or by more than the last digits of the Decimals can be wrong."""
    exact = [r for r in right if isinstance(r, Fraction)]
    if isinstance(left, Fraction) and len(exact) == len(right):
        return left > sum(exact, Fraction(0))
    with localcontext(prec=DIGITS):
        total = sum(map(_decimal, right), Decimal(0))
        return bool(_decimal(left) - total > (_decimal(left) + total).scaleb(20 - DIGITS))


def say(v: Size) -> str:
    """A rational number as itself if it is short, else six digits."""
    return str(v) if isinstance(v, Fraction) and v.denominator < 10**6 else f"{float(v):.6g}…"


def _gap(a: tuple[Fraction, ...], b: tuple[Fraction, ...]) -> list[Fraction]:
    return [u - v for u, v in zip(a, b, strict=True)]


def _index(p: float) -> str:
    return "∞" if p == math.inf else spell_norm(p)


def _measure(name: str, p: float) -> str:
    """The p-th power of a norm (or the norm, for p = 1 and ∞) as a reader writes it."""
    return f"‖{name}‖_{_index(p)}" + ("" if p in (1, math.inf) else f"^{_index(p)}")


@final
@dataclass(frozen=True)
class NeverWorse(OrderQuestion):
    """‖ε_{S→Q}‖_p ≤ ‖ε_{Q→S}‖_p."""

    name: str = "sq_never_worse"
    sentence: str = "‖x − q(s(x))‖_p ≤ ‖x − s(q(x))‖_p"

    def excess(self, o: DrawnOrders, p: float) -> Array:
        first, last = norms(o.x - o.after, p), norms(o.x - o.then, p)
        return np.asarray(first - last - TOLERANCE * (first + last))

    def violation(self, o: ExactOrders, p: float) -> str | None:
        first, last = power(_gap(o.x, o.after), p), power(_gap(o.x, o.then), p)
        if not exceeds(first, last):
            return None
        return f"{_measure('x − q(s(x))', p)} = {say(first)} > {say(last)} = {_measure('x − s(q(x))', p)}"

    def routes(self, p: float) -> tuple[Route, ...]:
        return NEVER_WORSE


@final
@dataclass(frozen=True)
class Additive(OrderQuestion):
    """‖ε_{S→Q}‖_p ≤ ‖ε_s‖_p + ‖ε_q‖_p; for p < 1 of the p-th powers."""

    name: str = "no_additional_error"
    sentence: str = "‖x − q(s(x))‖_p ≤ ‖x − s(x)‖_p + ‖x − q(x)‖_p (p-th powers for p < 1)"

    def excess(self, o: DrawnOrders, p: float) -> Array:
        made, s, q = (norms(e, p) for e in (o.x - o.after, o.pruned, o.x - o.image))
        most = s + q if p >= 1 else (s**p + q**p) ** (1 / p)
        return np.asarray(made - most - TOLERANCE * (made + most))

    def violation(self, o: ExactOrders, p: float) -> str | None:
        pruned = [Fraction(0) if kept else v for v, kept in zip(o.x, o.kept, strict=True)]
        sizes = [power(e, p) for e in (_gap(o.x, o.after), pruned, _gap(o.x, o.image))]
        if not exceeds(*(sizes if p < 1 else [root(size, p) for size in sizes])):
            return None
        names = [_measure(e, p) for e in ("x − q(s(x))", "x − s(x)", "x − q(x)")]
        values = ", ".join(f"{name} = {say(size)}" for name, size in zip(names, sizes, strict=True))
        roots = "" if p <= 1 or p == math.inf else "; the first root exceeds the sum of the others"
        return f"{values}: more than the sum" if not roots else values + roots

    def routes(self, p: float) -> tuple[Route, ...]:
        return ADDITIVE if p >= 1 else ADDITIVE_POWERS


@final
@dataclass(frozen=True)
class Commute(OrderQuestion):
    """q(s(x)) = s(q(x))."""

    name: str = "orders_commute"
    sentence: str = "q(s(x)) = s(q(x))"

    def excess(self, o: DrawnOrders, p: float) -> Array:
        size = np.maximum(np.abs(o.x), np.abs(o.image)).max(axis=1)
        return np.asarray(np.abs(o.after - o.then).max(axis=1) - TOLERANCE * size)

    def violation(self, o: ExactOrders, p: float) -> str | None:
        for i, (a, b) in enumerate(zip(o.after, o.then, strict=True)):
            if a != b:
                return f"entry {i}: q(s(x)) = {say(a)}, s(q(x)) = {say(b)}"
        return None

    def routes(self, p: float) -> tuple[Route, ...]:
        return COMMUTE


@final
@dataclass(frozen=True)
class ScaleKept(OrderQuestion):
    """σ_B(s(x)) = σ_B(x) for every block B with a survivor."""

    name: str = "scale_kept"
    sentence: str = "σ_B(s(x)) = σ_B(x) for every scale block B with a survivor"

    def excess(self, o: DrawnOrders, p: float) -> Array:
        dense, moved = o.scales
        return np.asarray(np.where(o.counted, np.abs(moved - dense) - TOLERANCE * dense, -1.0).max(axis=1))

    def violation(self, o: ExactOrders, p: float) -> str | None:
        for i, (kept, old, new) in enumerate(zip(o.counted, o.dense, o.moved, strict=True)):
            if kept and old != new:
                return f"entry {i} survives; the scale of its block was {say(old)} and becomes {say(new)}"
        return None

    def routes(self, p: float) -> tuple[Route, ...]:
        return SCALE_KEPT


@final
@dataclass(frozen=True)
class ZeroKept(OrderQuestion):
    """q(s(x))_i = 0 for every pruned i."""

    name: str = "zero_kept"
    sentence: str = "q(s(x))_i = 0 for every pruned entry i"

    def excess(self, o: DrawnOrders, p: float) -> Array:
        return np.asarray(np.where(o.mask, 0.0, np.abs(o.after)).max(axis=1))

    def violation(self, o: ExactOrders, p: float) -> str | None:
        for i, (kept, value) in enumerate(zip(o.kept, o.after, strict=True)):
            if not kept and value:
                return f"entry {i} is pruned and comes back as {say(value)}"
        return None

    def routes(self, p: float) -> tuple[Route, ...]:
        return ZERO_KEPT


CLAIMS: dict[str, Question] = {c.name: c for c in (NeverWorse(), Additive(), Commute(), ScaleKept(), ZeroKept())}
"""The claims with a name of their own."""
