"""Turbo-VBI: w ~ N(0, 1/ρ), ρ ~ Γ(a, b) by coordinate ascent; what the data do not need gets a large precision."""

from dataclasses import dataclass
from itertools import pairwise
from math import lgamma, log, log2, pi
from typing import final

from sqtheory.methods.evidence import OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.theory.claims import Reference


@final
@dataclass(frozen=True)
class Posterior:
    """q(w) = N(mean, variance), q(ρ) = Γ(shape, rate) of one weight seen as y = w + N(0, noise)."""

    mean: float
    variance: float
    shape: float
    rate: float

    @property
    def precision(self) -> float:
        """E ρ."""
        return self.shape / self.rate

    @property
    def bits(self) -> float:
        """½ log₂(1 + mean²/variance): what of the weight is known beyond its uncertainty."""
        return 0.5 * log2(1 + self.mean**2 / self.variance)

    def weighed(self, y: float, noise: float) -> "Posterior":
        """The best q(w) for this q(ρ)."""
        variance = 1 / (1 / noise + self.precision)
        return Posterior(variance * y / noise, variance, self.shape, self.rate)

    def scaled(self, a: float, b: float) -> "Posterior":
        """The best q(ρ) for this q(w)."""
        return Posterior(self.mean, self.variance, a + 0.5, b + (self.mean**2 + self.variance) / 2)

    def elbo(self, y: float, noise: float, a: float, b: float) -> float:
        """E log p(y, w, ρ) − E log q, in nats, where shape is a + ½."""
        fit = -0.5 * log(2 * pi * noise) - ((y - self.mean) ** 2 + self.variance) / (2 * noise)
        weight = 0.5 + 0.5 * log(self.variance) - self.precision * (b + (self.mean**2 + self.variance) / 2)
        return fit + weight + a * log(b) - lgamma(a) + self.shape + lgamma(self.shape) - self.shape * log(self.rate)


def ascent(y: float, noise: float, a: float, b: float, sweeps: int) -> list[Posterior]:
    """The posteriors after each half of a sweep, from q(ρ) = Γ(a + ½, b + ½)."""
    made = [Posterior(0.0, 1.0, a + 0.5, b + 0.5)]
    for _ in range(sweeps):
        made.append(made[-1].weighed(y, noise))
        made.append(made[-1].scaled(a, b))
    return made


def climbs() -> bool:
    """No half of a sweep lowers the bound."""
    bounds = [one.elbo(0.5, 0.1, 1.0, 0.01) for one in ascent(0.5, 0.1, 1.0, 0.01, 30)]
    return all(later >= earlier - 1e-12 for earlier, later in pairwise(bounds))


def prunes() -> bool:
    """Of observations 0.01 and 3 the first ends with a precision a hundred times the other's, and no bit to store."""
    small, large = (ascent(y, 0.1, 1.0, 0.01, 50)[-1] for y in (0.01, 3.0))
    return small.precision > 100 * large.precision and small.bits < 0.01 and large.bits > 3


METHOD = Idea(
    name="turbo_vbi",
    title="Turbo-VBI: structured Bayesian compression by a hierarchical prior",
    source=Reference("xia2023turbo", "abstract; of its three layers those of weight and precision"),
    computes="the coordinate ascent of one weight, its bound, and bits by what is known of the weight.",
    outside="the support, whose messages pass along a chain, and the network.",
    evidence=(
        Runs("the bound never falls", OrderVerdict.none, climbs),
        Runs(
            "a weight that data do not need is pruned by a growing precision, and has no bits",
            OrderVerdict.none,
            prunes,
        ),
    ),
)
