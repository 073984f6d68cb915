"""What ranks the entries of a tensor before some are pruned."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from sqtheory.alphabet.norms import check_norm, power_units, spell_norm
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.partition import Partition, Shape, Whole
from sqtheory.alphabet.rationals import NotRational, Rationals, rationals
from sqtheory.alphabet.traits import DETERMINISTIC, DYADIC_EQUIVARIANT, ODD, SCALE_EQUIVARIANT, Trait
from sqtheory.arrays import PIECE, Array, ArrayLike, FixedArray, as_real
from sqtheory.exceptions import need, need_generator


class Score(ABC):
    """A map x ↦ a real score for every entry; entries of larger score are kept.

    ``traits`` uses the traits of operators for what the ranking inherits: ODD if the score is even,
    an equivariance if it is homogeneous, DETERMINISTIC.

    >>> magnitude.of(np.array([-2.0, 1.0]))
    array([2., 1.])
    """

    is_magnitude: ClassVar[bool] = False
    """The ranking is that of |x_i|."""
    is_constant: ClassVar[bool] = False
    """The score does not depend on x."""
    is_drawn: ClassVar[bool] = False
    """The score is drawn anew at every evaluation, and does not depend on x."""
    least: ClassVar[float] = 0.0
    """No score is smaller."""

    @abstractmethod
    def of(self, x: Array) -> Array:
        """The scores of x, same shape."""

    @property
    def images(self) -> tuple[Operator, ...]:
        """The operators whose images of x the score looks at."""
        return ()

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
        return frozenset({ODD, DYADIC_EQUIVARIANT, SCALE_EQUIVARIANT, DETERMINISTIC})

    @property
    def zero_is_least(self) -> bool:
        """A zero entry never outranks another."""
        return True


@final
@dataclass(frozen=True)
class Magnitude(Score):
    """|x_i|."""

    is_magnitude = True

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

    >>> from sqtheory import int_, nm
    >>> nm(1, 2, score=Gain(int_(4), 1))([1.5, 2, 0, 7])
    array([0., 2., 0., 7.])
    """

    q: Operator
    p: float = 2.0
    least = -np.inf

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
    def traits(self) -> frozenset[Trait]:
        return super().traits & self.q.traits

    @property
    def zero_is_least(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"gain({self.q}, {spell_norm(self.p)})"


@final
@dataclass(frozen=True)
class Partnered(Score):
    """|x_ij| · ‖P_{:, j}‖₂: the operand times the norm of its partner along the contraction.

    ``wanda(X)``: x a weight (out × in), P its activations X (samples × in), `sun2024wanda`, Eq. 1.
    ``wina(W)``: x an activation (… × in), P the weight W (out × in), `chen2025wina`, Eq. 4.
    """

    partner: FixedArray
    name: str

    def __post_init__(self) -> None:
        need(self.partner, FixedArray, f"{self.name}: the array")
        if self.partner.values.ndim != 2 or self.name not in ("wanda", "wina"):
            raise ValueError(f"{self.name} needs a matrix whose columns are the input channels")

    def of(self, x: Array) -> Array:
        norms = np.linalg.norm(self.partner.values.astype(np.float64), axis=0)
        if x.shape[-1:] != norms.shape:
            raise ValueError(f"{self.name} has {norms.size} input channels, the tensor of shape {x.shape} does not")
        return np.asarray(np.abs(x) * norms)

    def linear(self, shape: Shape) -> Array:
        return self.of(np.ones(shape))

    def prescribed(self, shape: Shape) -> Shape:
        return (*shape[:-1], self.partner.values.shape[1])

    def __str__(self) -> str:
        return f"{self.name}({self.partner.name})"


@final
@dataclass(frozen=True)
class Given(Score):
    """A score given as an array of the tensor's shape (or one that broadcasts to it)."""

    scores: FixedArray
    is_constant = True
    least = -np.inf

    def __post_init__(self) -> None:
        need(self.scores, FixedArray, "given: the array")

    def of(self, x: Array) -> Array:
        return as_real(self.scores.over(x.shape))

    def prescribed(self, shape: Shape) -> Shape:
        return self.scores.values.shape or shape

    @property
    def zero_is_least(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"given({self.scores.name})"


@final
@dataclass(frozen=True, eq=False)
class Random(Score):
    """Independent uniform numbers on [0, 1) from an explicit Generator: uniformly random masks.

    >>> from sqtheory import nm
    >>> nm(1, 2, score=Random(np.random.default_rng(0)))([1, 2, 3, 4])
    array([1., 0., 3., 0.])
    """

    rng: np.random.Generator
    is_drawn = True

    def __post_init__(self) -> None:
        need_generator(self.rng, "a random score needs")

    def of(self, x: Array) -> Array:
        return self.rng.random(x.shape)

    @property
    def traits(self) -> frozenset[Trait]:
        return frozenset()

    @property
    def zero_is_least(self) -> bool:
        return False

    def __str__(self) -> str:
        return "random(rng)"


magnitude = Magnitude()


def wanda(activations: ArrayLike) -> Partnered:
    """|w_ij| · ‖X_{:, j}‖₂ for calibration activations X (samples × in); `sun2024wanda`, Eq. 1.

    >>> from sqtheory import nm
    >>> nm(1, 2, score=wanda([[1, 9]]))([[2, 1]])
    array([[0., 1.]])
    """
    return Partnered(FixedArray(activations), "wanda")


def wina(weight: ArrayLike) -> Partnered:
    """|x_j| · ‖W_{:, j}‖₂ for a weight W (out × in); `chen2025wina`, Eq. 4.

    >>> from sqtheory import nm
    >>> nm(1, 2, score=wina([[1, 9]]))([[2, 1]])
    array([[0., 1.]])
    """
    return Partnered(FixedArray(weight), "wina")


def given(scores: ArrayLike) -> Given:
    """Any array as the score.

    >>> from sqtheory import nm
    >>> nm(1, 2, score=given([0, 1]))([5, 2])
    array([0., 2.])
    """
    return Given(FixedArray(scores))


def gain(x: Array, image: Array, p: float) -> Array:
    """|x|^p − |x − y|^p for an image y of x, in float64; ±∞ or NaN where that overflows.

    p = ∞ stands for the limit of the ranking (see ``Gain``). For p = 1, 2, ∞ no cancellation loses digits:
    with t = ±y, the sign that of x, the gains are min(t, 2|x| − t) and t(2|x| − t), and |x| exceeds the error
    exactly if 0 < t < 2|x|.
    """
    along = image.astype(np.float64) * np.copysign(1.0, x)
    return saved(np.abs(x.astype(np.float64)), along, p, np.empty(x.shape))


def saved(size: Array, along: Array, p: float, out: Array) -> Array:
    """``gain`` from |x| and t, all float64, into ``out``."""
    with np.errstate(over="ignore", invalid="ignore"):
        beyond = np.subtract(np.multiply(size, 2, out=out), along, out=out)
        if p == 1:
            return np.asarray(np.minimum(along, beyond, out=out))
        if p == 2:
            return np.asarray(np.multiply(along, beyond, out=out))
        error = np.abs(size - along)
        if p == np.inf:
            return np.where((along > 0) & (beyond > 0), size, np.where((along == 0) | (beyond == 0), 0.0, -error))
        return np.asarray(np.subtract(size**p, error**p, out=out))


def gains(x: Array, image: Array, p: float, boxes: Partition) -> Array:
    """``gain``, over the p-th power of a unit of their own in boxes whose powers would leave the range of float64.

    So the ranking in every box is that of the gain, whatever the size of its entries.
    """
    pieces = []
    for rows, images in zip(boxes.split(x), boxes.split(image), strict=True):
        ends = [end(axis=1).astype(np.float64) for array in (rows, images) for end in (array.max, array.min)]
        unit = power_units(np.maximum.reduce(np.abs(ends)), p)[:, None]
        out = np.empty(rows.shape)
        height, width = max(1, PIECE // max(1, rows.shape[1])), min(PIECE, rows.shape[1])
        for at in range(0, rows.shape[0], height):
            for begin in range(0, rows.shape[1], width):
                cut = slice(at, at + height), slice(begin, begin + width)
                out[cut] = gain(rows[cut] / unit[cut[0]], images[cut] / unit[cut[0]], p)
        pieces.append(out)
    return boxes.join(pieces, x.shape)


def unit_norms(unit: Partition, sizes: Array, p: float) -> Array:
    """One number for each box of ``unit`` that ranks the boxes like the p-norms of their entries, sizes ≥ 0.

    The maximum, or Σ (e/2^j)^p with one j for the tensor that keeps the largest power from overflowing.
    """
    entries = sizes.astype(np.float64)
    if p == np.inf:
        return unit.reduce(entries, lambda rows: rows.max(axis=1))
    exponent = np.frexp(entries.max(initial=0))[1]
    return unit.reduce(np.ldexp(entries, -exponent) ** p, lambda rows: rows.sum(axis=1))
