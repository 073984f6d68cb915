"""What both orders make of a tensor, over any kind of numbers: what quantities are read from."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeAlias, final

import numpy as np

from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.arrays import Array, Mask
from sqtheory.orders.applied import TwoOrders, survivors
from sqtheory.orders.errors import box_norms, powers
from sqtheory.theory.case import Case

Number: TypeAlias = Any
"""A float64 for every row, a rational, an expression over unknowns, a term of a solver."""
Entries: TypeAlias = Any
"""One number for every entry: an array of rows, or the list of one row."""
Flags: TypeAlias = Any
"""One truth value for every entry."""
ROW = Rows()


class Instance(ABC):
    """x, its image, both masks and what S→Q makes of x, entry by entry, and how their numbers are combined.

    A reading of a quantity combines entries by these methods alone, and so is one definition over rows of float64, over
    rationals, over unknowns and over terms of a solver. What is written here is for lists.
    """

    @property
    @abstractmethod
    def x(self) -> Entries:
        """x."""

    @property
    @abstractmethod
    def q(self) -> Entries:
        """The image of x under q."""

    @property
    @abstractmethod
    def m(self) -> Flags:
        """Where S→Q keeps an entry."""

    @property
    @abstractmethod
    def m2(self) -> Flags:
        """Where Q→S keeps an entry."""

    @property
    @abstractmethod
    def sq(self) -> Entries:
        """The image of x under S→Q."""

    @property
    @abstractmethod
    def frozen(self) -> Entries:
        """The image of x under S→Q with every scale fixed at its value for x."""

    @property
    def sparse(self) -> Entries:
        """s(x)."""
        return self.kept(self.m, self.x)

    @property
    def qs(self) -> Entries:
        """The image of x under Q→S."""
        return self.kept(self.m2, self.q)

    def minus(self, a: Entries, b: Entries) -> Entries:
        """a − b."""
        return [v - w for v, w in zip(a, b, strict=True)]

    def times(self, a: Entries, b: Entries) -> Entries:
        """a ⊙ b."""
        return [v * w for v, w in zip(a, b, strict=True)]

    def added(self, values: Entries) -> Number:
        """The sum of all entries."""
        return sum(values, Fraction(0))

    def dot(self, a: Entries, b: Entries) -> Number:
        """⟨a, b⟩."""
        return self.added(self.times(a, b))

    def choose(self, flag: Any, yes: Number, no: Number) -> Number:
        """One of two numbers."""
        return yes if flag else no

    def kept(self, mask: Flags, values: Entries) -> Entries:
        """The values where the mask is true, 0 elsewhere."""
        return [self.choose(flag, v, 0) for flag, v in zip(mask, values, strict=True)]

    def dropped(self, mask: Flags, values: Entries) -> Entries:
        """0 where the mask is true, the values elsewhere."""
        return [self.choose(flag, 0, v) for flag, v in zip(mask, values, strict=True)]

    @abstractmethod
    def power(self, errors: Entries) -> Number:
        """Σ |e|^p; max |e| for p = ∞."""

    @abstractmethod
    def root(self, power: Number) -> Number:
        """power^{1/p}; itself for p = ∞."""

    @abstractmethod
    def most(self, errors: Entries) -> Number:
        """max |e|."""

    def norm(self, errors: Entries) -> Number:
        """(Σ |e|^p)^{1/p}; max |e| for p = ∞."""
        return self.root(self.power(errors))


class ScaledInstance(Instance):
    """An instance that knows the scales of both orders."""

    @property
    @abstractmethod
    def scale(self) -> Entries:
        """σ(x), the scale of every entry's block."""

    @property
    @abstractmethod
    def moved(self) -> Entries:
        """σ(s(x)), the scale of every entry's block after pruning."""

    @property
    @abstractmethod
    def survivors(self) -> Flags:
        """Kept entries, those that are 0 left out where q(0) = 0 and their scale is of no account."""


class PairedInstance(Instance):
    """An instance with a second operand w, which s masks: x is the activation of a dot product."""

    @property
    @abstractmethod
    def weight(self) -> "PairedInstance":
        """The instance of w. Raises ValueError if there is none."""

    @abstractmethod
    def dual_norm(self, values: Entries) -> Number:
        """The norm of the conjugate exponent."""

    @property
    def w(self) -> Entries:
        """w."""
        return self.weight.x


def conjugate(p: float) -> float:
    """p* with 1/p + 1/p* = 1; 1 for p < 1, where ‖a‖_1 ≤ ‖a‖_p and |⟨a, b⟩| ≤ ‖a‖_1 ‖b‖_1."""
    return np.inf if p == 1 else 1.0 if p == np.inf else p / (p - 1) if p > 1 else 1.0


@final
@dataclass(frozen=True, eq=False)
class FloatRows(ScaledInstance, PairedInstance):
    """Rows of float64, each an instance of its own: a number is an array of one value a row."""

    made: TwoOrders
    """Both orders on x, of shape (rows, entries)."""
    p: float
    scales: Callable[[], tuple[Array, Array]]
    """σ(x) and σ(s(x)) of every entry, computed when asked."""
    at_old_scales: Callable[[], Array]
    """What S→Q makes at the scales of x, computed when asked."""
    partner: Callable[[], "FloatRows"] | None = None
    """The rows of w, if there are any."""

    @property
    def x(self) -> Array:
        return self.made.x

    @property
    def q(self) -> Array:
        return self.made.image

    @property
    def m(self) -> Mask:
        return self.made.mask

    @property
    def m2(self) -> Mask:
        return self.made.image_mask

    @property
    def sq(self) -> Array:
        return self.made.after_mask

    @property
    def frozen(self) -> Array:
        return self.at_old_scales()

    @property
    def weight(self) -> "FloatRows":
        if self.partner is None:
            raise ValueError("these rows have no second operand w")
        return self.partner()

    @property
    def scale(self) -> Array:
        return self.scales()[0]

    @property
    def moved(self) -> Array:
        return self.scales()[1]

    @property
    def survivors(self) -> Mask:
        return survivors(self.m, self.x, self.made.q)

    def minus(self, a: Array, b: Array) -> Array:
        return np.asarray(a - b)

    def times(self, a: Array, b: Array) -> Array:
        return np.asarray(a * b)

    def added(self, values: Array) -> Array:
        return np.asarray(values.sum(axis=1))

    def dot(self, a: Array, b: Array) -> Array:
        return np.asarray(np.einsum("ij,ij->i", a, b))

    def dual_norm(self, values: Array) -> Array:
        return replace(self, p=conjugate(self.p)).norm(values)

    def kept(self, mask: Mask, values: Array) -> Array:
        return np.where(mask, values, 0.0)

    def dropped(self, mask: Mask, values: Array) -> Array:
        return np.where(mask, 0.0, values)

    def power(self, errors: Array) -> Array:
        size = np.abs(errors)
        return np.asarray(size.max(axis=1) if self.p == np.inf else powers(size, self.p).sum(axis=1))

    def root(self, power: Array) -> Array:
        return np.asarray(power if self.p in (1, np.inf) else power ** (1 / self.p))

    def norm(self, errors: Array) -> Array:
        return box_norms(errors, self.p, ROW).reshape(-1)

    def most(self, errors: Array) -> Array:
        return np.asarray(np.abs(errors).max(axis=1))


def coding_scales(q: Quantizer, x: Array) -> Array:
    """What every entry is divided by to make its code: σ, but under a rule that stores another number."""
    return q.partition.spread(q.divisors(x, q.scales(x)), x.shape)


def rows_of(case: Case) -> FloatRows:
    """Both orders on the rows of a case."""

    def scales() -> tuple[Array, Array]:
        return coding_scales(case.q, case.x), coding_scales(case.q, case.orders.sparse)

    partner = None if case.w is None else lambda: rows_of(case.weight)
    return FloatRows(case.orders, case.p, scales, lambda: case.frozen_image, partner)
