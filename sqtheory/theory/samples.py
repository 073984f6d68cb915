"""Random tensors that break careless arithmetic, each kind a function of a Generator, a shape and a dtype."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from sqtheory.arrays import Array

Sampler: TypeAlias = Callable[[Generator, tuple[int, ...], type], Array]
"""A kind of data; the dtype is float32 or float64."""


def _signs(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return np.asarray(rng.choice([-1.0, 1.0], shape))


def normal(rng: Generator, shape: tuple[int, ...], dtype: type) -> Array:
    """Independent standard normal numbers."""
    return rng.normal(size=shape).astype(dtype)


def ties(rng: Generator, shape: tuple[int, ...], dtype: type) -> Array:
    """Midpoints: halves of integers below 2^k − 1, significands of up to six bits; 2^k − 1 itself sets the scale."""
    top = 2 ** rng.integers(1, 8) - 1
    halves = rng.integers(-2 * top, 2 * top + 1, shape) / 2
    bits = rng.integers(0, 6, shape)
    significands = _signs(rng, shape) * (1 + rng.integers(0, 2**bits) / 2**bits) * 2.0 ** rng.integers(-6, 1, shape)
    x = np.where(rng.random(shape) < 0.5, halves, np.clip(significands * 2 ** (int(top).bit_length() - 1), -top, top))
    x[rng.random(shape) < 0.2] = top
    return np.asarray((x * 2.0 ** rng.integers(-3, 4)).astype(dtype))


def powers(rng: Generator, shape: tuple[int, ...], dtype: type) -> Array:
    """± exact powers of two."""
    return np.asarray((_signs(rng, shape) * 2.0 ** rng.integers(-20, 21, shape)).astype(dtype))


def below_powers(rng: Generator, shape: tuple[int, ...], dtype: type) -> Array:
    """± the last number of the dtype below a power of two, where a rounded log₂ is one too large."""
    return np.asarray(np.nextafter(powers(rng, shape, dtype), dtype(0)))


def zeros(rng: Generator, shape: tuple[int, ...], dtype: type) -> Array:
    """Long runs of zeros with a few numbers between: many blocks hold nothing else."""
    x: Array = np.zeros(shape, dtype)
    some = rng.random(shape) < 0.04
    x[some] = rng.normal(size=int(some.sum()))
    return x


def one_signed(rng: Generator, shape: tuple[int, ...], dtype: type) -> Array:
    """Magnitudes of standard normal numbers."""
    return np.abs(normal(rng, shape, dtype))


def subnormal(rng: Generator, shape: tuple[int, ...], dtype: type) -> Array:
    """Small multiples of the smallest positive number of the dtype."""
    count = rng.integers(0, 2 ** rng.integers(1, 12), shape)
    return np.asarray((_signs(rng, shape) * count).astype(dtype) * np.finfo(dtype).smallest_subnormal)


def wide(rng: Generator, shape: tuple[int, ...], dtype: type) -> Array:
    """Magnitudes over almost all of the exponents of the dtype, in one tensor."""
    most = 120 if dtype is np.float32 else 1000
    return np.asarray((_signs(rng, shape) * 2.0 ** rng.uniform(-most, most, shape)).astype(dtype))


def heavy(rng: Generator, shape: tuple[int, ...], dtype: type) -> Array:
    """Student's t with 1.5 degrees of freedom: outliers rule the scales."""
    return np.asarray(rng.standard_t(1.5, shape).astype(dtype))


def negative_zeros(rng: Generator, shape: tuple[int, ...], dtype: type) -> Array:
    """+0, −0 and numbers that round to either."""
    small = rng.normal(size=shape) * rng.choice([0.0, 0.0, 1e-3, 1.0], shape)
    return np.asarray((_signs(rng, shape) * small).astype(dtype))


def short_tail(rng: Generator, shape: tuple[int, ...], dtype: type) -> Array:
    """Normal numbers, the last axis five short: no block size divides it."""
    return normal(rng, (*shape[:-1], shape[-1] - 5), dtype)


SAMPLES: dict[str, Sampler] = {
    f.__name__: f
    for f in (
        *(normal, ties, powers, below_powers, zeros, one_signed),
        *(subnormal, wide, heavy, negative_zeros, short_tail),
    )
}
"""Every kind by name."""
