"""The instances a theorem quantifies over, as data: what numpy samples and hypothesis draws from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, final

import numpy as np
from numpy.random import Generator

from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scores import Score
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arithmetic.accumulator import Accumulator
from sqtheory.arrays import Array
from sqtheory.theory import samples
from sqtheory.theory.case import KEEP_ALL, Case
from sqtheory.theory.samples import Sampler

Choice = TypeVar("Choice")

KINDS: tuple[Sampler, ...] = (
    *(samples.normal, samples.ties, samples.powers, samples.zeros),
    *(samples.one_signed, samples.heavy, samples.negative_zeros, samples.subnormal),
)
"""The data most theorems are tried on."""


@final
@dataclass(frozen=True, init=False)
class OneOf(Generic[Choice]):
    """One of finitely many values, each as likely."""

    values: tuple[Choice, ...]

    def __init__(self, *values: Choice) -> None:
        if not values:
            raise ValueError("a choice needs at least one value")
        object.__setattr__(self, "values", values)

    def sample(self, rng: Generator) -> Choice:
        """Draw one value."""
        return self.values[int(rng.integers(len(self.values)))]


@final
@dataclass(frozen=True)
class Arrays:
    """Rows of ``last_axis`` real numbers of one of several kinds.

    The kinds say where to look, for numpy and for hypothesis: the theorem is about all real rows, unless they must be
    ``independent`` samples of one law, as in statements about expectations. Without ``subnormal`` hypothesis draws no
    rows whose norms and products float64 cannot tell apart.
    """

    last_axis: int
    kinds: tuple[Sampler, ...] = KINDS
    independent: bool = False
    subnormal: bool = True

    def sample(self, rng: Generator, rows: int) -> Array:
        """Draw float64 rows, all of one kind."""
        kind = self.kinds[int(rng.integers(len(self.kinds)))]
        return kind(rng, (rows, self.last_axis), np.float64)


DENSE = OneOf[Sparsifier](KEEP_ALL)
L1 = OneOf(1.0)


@final
@dataclass(frozen=True)
class Domain:
    """All cases with x (and w, an accumulator and a rest of a chain, if there are any), q, s and p from these sets.

    ``score``: what s ranks by, given q and p, where that is not its own. ``then``: what follows q in a chain.
    """

    x: Arrays
    q: OneOf[Quantizer]
    s: OneOf[Sparsifier] = DENSE
    p: OneOf[float] = L1
    w: Arrays | None = None
    accumulators: OneOf[Accumulator] | None = None
    then: OneOf[tuple[Quantizer, ...]] | None = None
    score: Callable[[Quantizer, float], Score] | None = None

    def case(
        self,
        x: Array,
        q: Quantizer,
        s: Sparsifier,
        p: float,
        w: Array | None = None,
        accumulator: Accumulator | None = None,
        then: tuple[Quantizer, ...] = (),
    ) -> Case:
        """The case of these parts, s with the score that the domain asks for."""
        return Case(x, q, s if self.score is None else s.with_score(self.score(q, p)), p, w, accumulator, then)

    def sample(self, rng: Generator, rows: int) -> Case:
        """Draw a pipeline and rows for it."""
        w = None if self.w is None else self.w.sample(rng, rows)
        x, q, s, p = self.x.sample(rng, rows), self.q.sample(rng), self.s.sample(rng), self.p.sample(rng)
        accumulator = None if self.accumulators is None else self.accumulators.sample(rng)
        return self.case(x, q, s, p, w, accumulator, () if self.then is None else self.then.sample(rng))
