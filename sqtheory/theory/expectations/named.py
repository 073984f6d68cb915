"""Symmetric laws by name, from thin tails to thick, and draws of them."""

import numpy as np
from numpy.random import Generator

from sqtheory.arrays import Array
from sqtheory.exceptions import need_generator
from sqtheory.theory.expectations.densities import Density, ScipyDensity


def laplace() -> ScipyDensity:
    """|x| for x of density exp(−|x|)/2."""
    from scipy import stats

    return ScipyDensity(stats.laplace())


def student(freedom: float) -> ScipyDensity:
    """|x| for x of Student's t law: tails as |x|^{−freedom}, of finite variance for more than 2 degrees of freedom."""
    from scipy import stats

    return ScipyDensity(stats.t(freedom))


def drawn(law: Density, shape: tuple[int, ...], rng: Generator) -> Array:
    """Independent symmetric numbers of a law, float64."""
    need_generator(rng, "draws of a law need")
    sign = np.where(rng.random(shape) < 0.5, -1.0, 1.0)
    return np.asarray(sign * law.quantile(rng.random(shape)))
