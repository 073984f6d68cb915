"""What a theorem is written with: claims over named quantities, assumptions that run, witnesses, sources."""

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import Any, ClassVar, TypeAlias, final

import numpy as np
import sympy
from sympy.utilities.lambdify import lambdify

from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, Mask
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case

Expression: TypeAlias = "sympy.Expr | Quantity | int"
TOLERANCE = 1e-9
"""Share of the quantities' magnitudes that the rounding of float64 may add to one side of a claim."""
CANCELLATION = 1e-13
"""Share of the products behind a dot product that the rounding of float64 may add to it."""
UNDERFLOW = 1024 * float(np.finfo(np.float64).smallest_subnormal)
"""What the rounding of float64 may add to numbers next to 0: half of the smallest one in each of 2048 operations."""


@final
@dataclass(frozen=True)
class Quantity:
    """A named number of a case: ``of(case)`` gives it for every row. In a claim it stands for its symbol.

    ``degree``: in how many products of both operands it is measured, 1 for ⟨x, w⟩, 2 for its square. ``noise``: by how
    much float64 may miss it. ``read``: its definition over any kind of numbers, if it has one (``measured``).
    """

    name: str
    latex: str
    meaning: str
    of: Callable[[Case], Array] = field(compare=False, repr=False)
    degree: int = 1
    noise: float = 0.0
    read: Callable[[Any], Any] | None = field(default=None, compare=False, repr=False)

    @property
    def symbol(self) -> sympy.Symbol:
        """The real symbol of this name."""
        return sympy.Symbol(self.name, real=True)

    def _sympy_(self) -> sympy.Symbol:
        return self.symbol

    def __add__(self, other: Expression) -> sympy.Expr:
        return self.symbol + other

    __radd__ = __add__

    def __sub__(self, other: Expression) -> sympy.Expr:
        return self.symbol - other

    def __rsub__(self, other: Expression) -> sympy.Expr:
        return other - self.symbol

    def __mul__(self, other: Expression) -> sympy.Expr:
        return self.symbol * other

    __rmul__ = __mul__

    def __neg__(self) -> sympy.Expr:
        return -self.symbol

    def __pow__(self, other: Expression) -> sympy.Expr:
        return self.symbol**other


class Norms(Enum):
    """For which p a claim speaks."""

    ALL = "every p"
    ONE = "p = 1"
    FINITE = "p < ∞"
    LARGEST = "p = ∞"

    def has(self, p: float) -> bool:
        """The claim speaks of this p."""
        if self is Norms.ONE:
            return p == 1
        return self is Norms.ALL or (p == np.inf) == (self is Norms.LARGEST)


RELATIONS: Mapping[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "<=": (r"\le", operator.le),
    "<": ("<", operator.lt),
    ">": (">", operator.gt),
    "==": ("=", operator.eq),
}
"""Each relation of a claim: its LaTeX and its decision on exact numbers."""


@final
@dataclass(frozen=True)
class Claim:
    """left ⋈ right for ⋈ in ≤, <, >, =: expressions over quantities, read in exact arithmetic."""

    left: sympy.Expr
    relation: str
    right: sympy.Expr
    norms: Norms = Norms.ALL

    def __init__(self, left: Expression, relation: str, right: Expression, norms: Norms = Norms.ALL) -> None:
        if relation not in RELATIONS:
            raise ValueError(f"a claim relates by one of {', '.join(RELATIONS)}, got {relation!r}")
        both = {"left": sympy.sympify(left), "right": sympy.sympify(right)}
        for name, value in (both | {"relation": relation, "norms": norms}).items():
            object.__setattr__(self, name, value)

    @property
    def symbols(self) -> frozenset[sympy.Symbol]:
        """What the claim speaks of."""
        return frozenset(self.left.free_symbols | self.right.free_symbols)

    @property
    def strict(self) -> bool:
        """The claim is a strict inequality."""
        return self.relation in "<>"

    def sides(self, values: Mapping[str, Array]) -> tuple[Array, Array]:
        """Both sides on arrays, by name of the quantity."""
        names = sorted(str(s) for s in self.symbols)
        both = self._compiled(*(values[n] for n in names))
        rows = max((np.size(v) for v in values.values()), default=1)
        left, right = (np.broadcast_to(np.asarray(v, np.float64), rows) for v in both)
        return left, right

    @cached_property
    def _compiled(self) -> Callable[..., tuple[Array, Array]]:
        names = sorted(self.symbols, key=str)
        compiled: Callable[..., tuple[Array, Array]] = lambdify(names, (self.left, self.right), "numpy")
        return compiled

    def exact(self, values: Mapping[str, Any]) -> bool:
        """Decide the claim on exact numbers (rationals, or sympy numbers such as √2)."""
        given = {s: sympy.sympify(values[str(s)]) for s in self.symbols}
        left, right = (side.subs(given) for side in (self.left, self.right))
        if self.relation == "==":
            return bool(sympy.simplify(left - right) == 0)
        return bool(RELATIONS[self.relation][1](left, right))

    def excess(self, values: Mapping[str, Array], products: Array | float = 0.0, noise: float = 0.0) -> Array:
        """How far each row is from what is claimed: positive where the claim fails, beyond the rounding of float64.

        Infinite sides are compared as they are; what is no number fulfils nothing.
        ``products``: magnitudes of what cancelled inside the quantities (``Case.products``); ``noise``: of both sides
        together (``Quantity.noise``).
        """
        left, right = self.sides(values)
        sizes: Array = np.zeros(left.shape)
        for name in sorted(str(s) for s in self.symbols):
            sizes = sizes + np.abs(values[name])
        slack = TOLERANCE * sizes + CANCELLATION * products + UNDERFLOW + noise
        with np.errstate(invalid="ignore"):
            difference = left - right
            if self.relation in ("==", "<="):
                beyond = (np.abs(difference) if self.relation == "==" else difference) - slack
            else:
                beyond = (difference if self.relation == "<" else -difference) + slack
        at_infinity = RELATIONS[self.relation][1](left, right)
        return np.where(np.isnan(beyond), np.where(at_infinity, -np.inf, np.inf), beyond)


@final
@dataclass(frozen=True)
class Assumption:
    """A condition of a theorem: ``holds(case)`` decides it in every row, ``ruling`` before any tensor is seen.

    ``fails_without`` is a case that breaks this assumption alone, and with it the theorem. Without a ``defining`` one
    the claims have no meaning: there some quantity raises Undefined, and nothing is asked of such a pipeline.
    """

    name: str
    statement: str
    holds: Callable[[Case], Mask] = field(compare=False, repr=False)
    ruling: Callable[[Sparsifier, Quantizer, float, Shape], Ruling] = field(compare=False, repr=False)
    fails_without: Case | None = field(default=None, compare=False)
    defining: bool = False

    def shown(self, case: Case) -> "Assumption":
        """The same assumption with the case that shows it necessary in one theorem."""
        return replace(self, fails_without=case)

    def __str__(self) -> str:
        return self.name


class Witness(ABC):
    """Shows that a theorem cannot be sharpened, or says that this is not known."""

    kind: ClassVar[str]
    """In which sense a theorem with such a witness is tight."""

    @abstractmethod
    def __str__(self) -> str:
        """The witness as a reader can check it by hand."""


@final
@dataclass(frozen=True)
class Attained(Witness):
    """A case in which some claim is an equality with a positive right-hand side."""

    kind = "attained"
    case: Case

    def __str__(self) -> str:
        return f"attained at {self.case}"


@final
@dataclass(frozen=True)
class Approached(Witness):
    """Cases ``family(ε)`` in which the ratio of the sides of the first claim tends to 1 as ε → 0."""

    kind = "approached"
    family: Callable[[float], Case] = field(compare=False)

    def __str__(self) -> str:
        return f"approached as ε → 0; for ε = 1/16 by {self.family(1 / 16)}"


@final
@dataclass(frozen=True)
class Separation(Witness):
    """Cases in each of which every claim holds strictly: all that an existential theorem asserts."""

    kind = "separation"
    cases: tuple[Case, ...]

    def __str__(self) -> str:
        return "; ".join(str(case) for case in self.cases)


@final
@dataclass(frozen=True)
class NoneKnown(Witness):
    """No such case is known or meaningful, because …"""

    kind = "–"
    because: str

    def __str__(self) -> str:
        return f"none: {self.because}"


@final
@dataclass(frozen=True)
class Reference:
    """Where a result comes from: a key of ``references.bib`` (or ``new``) and a place in it."""

    key: str
    locator: str = ""

    def __str__(self) -> str:
        return f"{self.key}, {self.locator}" if self.locator else self.key


NEW = Reference("new")
"""Derived for this project."""


@final
@dataclass(frozen=True, eq=False)
class Check:
    """A theorem on the rows of a case: where it applies, by how much its claims fail there, and where."""

    admissible: Mask
    excess: Array
    """The largest excess of any claim, negative or zero where all hold."""

    @property
    def violated(self) -> Mask:
        """Rows where every assumption holds and some claim does not."""
        return np.asarray(self.admissible & (self.excess > 0))
