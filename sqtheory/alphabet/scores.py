"""What ranks the entries of a tensor before some are pruned."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from enum import Enum
from typing import ClassVar, final

import numpy as np

from sqtheory.alphabet.gains import gains
from sqtheory.alphabet.norms import check_norm, column_norms, spell_norm
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.partition import Shape, Whole
from sqtheory.alphabet.rationals import NotRational, Rationals, rationals
from sqtheory.alphabet.traits import DETERMINISTIC, DYADIC_EQUIVARIANT, ODD, SCALE_EQUIVARIANT, Trait
from sqtheory.arrays import Array, ArrayLike, FixedArray, as_real
from sqtheory.exceptions import need, need_generator, real

HOMOGENEOUS = frozenset({ODD, DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT, DETERMINISTIC})
"""What a ranking hands on that is the same for −x and for c x, c > 0."""


class Statistic(Enum):
    """What a score may have to know of the inputs X of a layer, samples × inputs."""

    norms = "‖X_j‖₂ of every input j"
    moments = "XᵀX"
    means = "the mean of every input j"
    variances = "the variance of every input j"

    def __str__(self) -> str:
        return self.value


class Score(ABC):
    """A map x ↦ a real score for every entry; entries of larger score are kept.

    ``traits`` uses the traits of operators for what the ranking inherits: ODD if the score is even,
    an equivariance if it is homogeneous, DETERMINISTIC.
    """

    is_magnitude: ClassVar[bool] = False
    """The ranking is that of |x_i|."""
    is_constant: ClassVar[bool] = False
    """The score does not depend on x."""
    partnered: ClassVar[bool] = False
    """It is a power of |x_ij| times a number for every column j."""
    is_drawn: ClassVar[bool] = False
    """The score is drawn anew at every evaluation, and does not depend on x."""
    least: ClassVar[float] = -np.inf
    """No score is smaller."""

    @abstractmethod
    def of(self, x: Array) -> Array:
        """The scores of x, same shape."""

    @property
    def digits(self) -> int | None:
        """Binary digits that scores are rounded to; None where they are numbers of the tensor's own type."""
        return None

    @property
    def images(self) -> tuple[Operator, ...]:
        """The operators whose images of x the score looks at."""
        return ()

    @property
    def saves(self) -> tuple[Operator, float] | None:
        """q and p where the score is how much of the p-th power of the error of q keeping an entry saves; else None."""
        return None

    def linear(self, shape: Shape) -> Array | None:
        """Weights w ≥ 0 with scores w_i |x_i| for every x of this shape; None where there are none."""
        return None

    def prescribed(self, shape: Shape) -> Shape:
        """The shape, as close to this one as the arrays inside the score allow."""
        return shape

    def exact(self, x: Rationals) -> Rationals:
        """``of`` in rational arithmetic. Raises NotRational where it is not computed so."""
        if self.is_constant:
            return rationals(self.of(np.zeros(x.shape)))
        weights = self.linear(x.shape)
        if weights is None:
            raise NotRational(f"the score {self} is not computed in rational numbers")
        return np.asarray(np.abs(x) * rationals(weights))

    @property
    def traits(self) -> frozenset[Trait]:
        return frozenset()

    @property
    def title(self) -> str:
        """How it is called whatever it was told."""
        return str(self)

    @property
    def zero_is_least(self) -> bool:
        """A zero entry never outranks another."""
        return False

    @property
    def awaits(self) -> Statistic | None:
        """What it must be told of a tensor's inputs before it ranks entries of that tensor."""
        return None

    def told(self, values: Array) -> "Score":
        """The score that knows the statistic it awaits; the same score if it awaits none."""
        return self


@final
@dataclass(frozen=True)
class Magnitude(Score):
    """|x_i|."""

    is_magnitude = True
    least = 0.0
    traits = HOMOGENEOUS
    zero_is_least = True

    def of(self, x: Array) -> Array:
        return np.abs(x)

    def linear(self, shape: Shape) -> Array:
        return np.ones(shape)

    def __str__(self) -> str:
        return "magnitude"


@final
@dataclass(frozen=True)
class Gain(Score):
    """|x_i|^p − |x_i − q(x)_i|^p: how much of the p-th power of the error keeping entry i saves, at q's scales for x.

    float64; in a unit of the tensor where p-th powers would leave the range. For p = ∞ the limit of that
    ranking: |x_i| where it exceeds the error, minus the error where the error is larger.
    """

    q: Operator
    p: float = 2.0

    def __post_init__(self) -> None:
        check_norm(self.p)
        if not isinstance(self.q, Operator):
            raise TypeError(f"gain needs a quantizer, got {self.q!r}")

    def of(self, x: Array) -> Array:
        return gains(x, self.q.apply(x, x), self.p, Whole())

    @property
    def images(self) -> tuple[Operator, ...]:
        return (self.q,)

    @property
    def saves(self) -> tuple[Operator, float]:
        return self.q, self.p

    @property
    def traits(self) -> frozenset[Trait]:
        return HOMOGENEOUS & self.q.traits

    def __str__(self) -> str:
        return f"gain({self.q}, {spell_norm(self.p)})"


@final
@dataclass(frozen=True)
class Partnered(Score):
    """|x_ij|^a · ‖P_{:, j}‖₂^b: the operand times the norm of its partner along the contraction; powers a > 0, b ≥ 0.

    ``wanda(X)``: x a weight (out × in), P its activations X (samples × in), `sun2024wanda`, Eq. 1.
    ``wina(W)``: x an activation (… × in), P the weight W (out × in), `chen2025wina`, Eq. 4.
    b = 0 drops the partner: TEAL's |x|, and so does a column of zeros then.
    Without a partner it awaits the norms of the inputs, and ranks nothing before it is told.
    """

    partner: FixedArray | None
    name: str
    """The word it is written with."""
    operand_power: float = 1.0
    """a."""
    partner_power: float = 1.0
    """b."""
    partnered = True
    least = 0.0
    traits = HOMOGENEOUS
    zero_is_least = True

    def __post_init__(self) -> None:
        a, b = (real(p, f"{self.name}: a power") for p in (self.operand_power, self.partner_power))
        if not (0 < a < np.inf and 0 <= b < np.inf):
            raise ValueError(f"{self.name} needs finite powers a > 0 and b >= 0, got {a:g} and {b:g}")
        if self.partner is None:
            return
        need(self.partner, FixedArray, f"{self.name}: the array")
        if self.partner.values.ndim != 2:
            raise ValueError(f"{self.name} needs a matrix whose columns are the input channels")

    @property
    def title(self) -> str:
        return self.name

    @property
    def awaits(self) -> Statistic | None:
        return Statistic.norms if self.partner is None else None

    def told(self, values: Array) -> "Partnered":
        return replace(self, partner=FixedArray(values[None, :])) if self.partner is None else self

    def of(self, x: Array) -> Array:
        if self.partner is None:
            raise ValueError(f"{self.name} ranks by {Statistic.norms} of the tensor, of which nothing is known")
        norms = column_norms(self.partner.values)
        if x.shape[-1:] != norms.shape:
            raise ValueError(f"{self.name} has {norms.size} input channels, the tensor of shape {x.shape} does not")
        size = np.abs(x) if self.operand_power == 1 else np.abs(x.astype(np.float64)) ** self.operand_power
        return np.asarray(size * (norms if self.partner_power == 1 else norms**self.partner_power))

    def linear(self, shape: Shape) -> Array | None:
        return None if self.partner is None or self.operand_power != 1 else self.of(np.ones(shape))

    def prescribed(self, shape: Shape) -> Shape:
        return shape if self.partner is None else (*shape[:-1], self.partner.values.shape[1])

    def __str__(self) -> str:
        if self.partner is None:
            return self.name
        powers = (self.operand_power, self.partner_power)
        return f"{self.name}({', '.join([self.partner.name, *(f'{p!r}' for p in powers if powers != (1, 1))])})"


@final
@dataclass(frozen=True)
class Given(Score):
    """A score given as an array of the tensor's shape (or one that broadcasts to it)."""

    scores: FixedArray
    is_constant = True
    traits = HOMOGENEOUS

    def __post_init__(self) -> None:
        need(self.scores, FixedArray, "given: the array")

    def of(self, x: Array) -> Array:
        return as_real(self.scores.over(x.shape))

    def prescribed(self, shape: Shape) -> Shape:
        return self.scores.values.shape or shape

    def __str__(self) -> str:
        return f"given({self.scores.name})"


@final
@dataclass(frozen=True, eq=False)
class Random(Score):
    """Independent uniform numbers on [0, 1) from an explicit Generator: uniformly random masks."""

    rng: np.random.Generator
    is_drawn = True
    least = 0.0

    def __post_init__(self) -> None:
        need_generator(self.rng, "a random score needs")

    def of(self, x: Array) -> Array:
        return self.rng.random(x.shape)

    def __str__(self) -> str:
        return "random(rng)"


magnitude = Magnitude()
awaiting_wanda = Partnered(None, "wanda")
"""Wanda's score, written ``wanda``, of a tensor of which the norms of the inputs are still to be told."""


def wanda(activations: ArrayLike) -> Partnered:
    """|w_ij| · ‖X_{:, j}‖₂ for calibration activations X (samples × in); `sun2024wanda`, Eq. 1."""
    return Partnered(FixedArray(activations), "wanda")


def wina(weight: ArrayLike) -> Partnered:
    """|x_j| · ‖W_{:, j}‖₂ for a weight W (out × in); `chen2025wina`, Eq. 4."""
    return Partnered(FixedArray(weight), "wina")


def partnered(partner: ArrayLike, operand: float = 1.0, power: float = 1.0) -> Partnered:
    """|x_j|^operand · ‖P_{:, j}‖₂^power for any partner P of as many columns as x."""
    return Partnered(FixedArray(partner), "partnered", float(operand), float(power))


def given(scores: ArrayLike) -> Given:
    """Any array as the score."""
    return Given(FixedArray(scores))
