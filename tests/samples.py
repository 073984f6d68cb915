"""Tensors that break careless arithmetic: every function takes a Generator, a shape and float32 or float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Reals = NDArray[np.floating[Any]]
Sample = Callable[[Generator, tuple[int, ...], type], Reals]


def signs(rng: Generator, shape: tuple[int, ...]) -> Reals:
    return rng.choice([-1.0, 1.0], shape)


def normal(rng: Generator, shape: tuple[int, ...], dtype: type) -> Reals:
    return rng.normal(size=shape).astype(dtype)


def ties(rng: Generator, shape: tuple[int, ...], dtype: type) -> Reals:
    """Midpoints: halves of integers below 2^k − 1, significands of up to six bits; 2^k − 1 itself sets the scale."""
    top = 2 ** rng.integers(1, 8) - 1
    halves = rng.integers(-2 * top, 2 * top + 1, shape) / 2
    bits = rng.integers(0, 6, shape)
    significands = signs(rng, shape) * (1 + rng.integers(0, 2**bits) / 2**bits) * 2.0 ** rng.integers(-6, 1, shape)
    x = np.where(rng.random(shape) < 0.5, halves, np.clip(significands * 2 ** (int(top).bit_length() - 1), -top, top))
    x[rng.random(shape) < 0.2] = top
    return (x * 2.0 ** rng.integers(-3, 4)).astype(dtype)


def powers(rng: Generator, shape: tuple[int, ...], dtype: type) -> Reals:
    """± exact powers of two."""
    return (signs(rng, shape) * 2.0 ** rng.integers(-20, 21, shape)).astype(dtype)


def below_powers(rng: Generator, shape: tuple[int, ...], dtype: type) -> Reals:
    """± the last number of the dtype below a power of two, where a rounded log₂ is one too large."""
    return np.nextafter(powers(rng, shape, dtype), dtype(0))


def zeros(rng: Generator, shape: tuple[int, ...], dtype: type) -> Reals:
    """Long runs of zeros with a few numbers between: many blocks hold nothing else."""
    x = np.zeros(shape, dtype)
    some = rng.random(shape) < 0.04
    x[some] = rng.normal(size=int(some.sum()))
    return x


def one_signed(rng: Generator, shape: tuple[int, ...], dtype: type) -> Reals:
    return np.abs(rng.normal(size=shape)).astype(dtype)


def subnormal(rng: Generator, shape: tuple[int, ...], dtype: type) -> Reals:
    """Small multiples of the smallest positive number of the dtype."""
    count = rng.integers(0, 2 ** rng.integers(1, 12), shape)
    return (signs(rng, shape) * count).astype(dtype) * np.finfo(dtype).smallest_subnormal


def wide(rng: Generator, shape: tuple[int, ...], dtype: type) -> Reals:
    """Magnitudes over almost all of the exponents of the dtype, in one tensor."""
    most = 120 if dtype is np.float32 else 1000
    return (signs(rng, shape) * 2.0 ** rng.uniform(-most, most, shape)).astype(dtype)


def heavy(rng: Generator, shape: tuple[int, ...], dtype: type) -> Reals:
    """Student's t with 1.5 degrees of freedom: outliers rule the scales."""
    return rng.standard_t(1.5, shape).astype(dtype)


def negative_zeros(rng: Generator, shape: tuple[int, ...], dtype: type) -> Reals:
    """+0, −0 and numbers that round to either."""
    small = rng.normal(size=shape) * rng.choice([0.0, 0.0, 1e-3, 1.0], shape)
    return (signs(rng, shape) * small).astype(dtype)


def short_tail(rng: Generator, shape: tuple[int, ...], dtype: type) -> Reals:
    """Normal numbers, the last axis five short: no block size divides it."""
    return normal(rng, (*shape[:-1], shape[-1] - 5), dtype)


SAMPLES: dict[str, Sample] = {
    f.__name__: f
    for f in (
        *(normal, ties, powers, below_powers, zeros, one_signed),
        *(subnormal, wide, heavy, negative_zeros, short_tail),
    )
}
