"""Hadamard rotations of n = 2^k·m inputs, m odd: orthogonal, every entry of a block ±2^{−k/2}."""

import numpy as np
from numpy.random import Generator

from sqtheory.arrays import Array
from sqtheory.exceptions import need_generator


def hadamard(size: int) -> Array:
    """H with H Hᵀ = I and entries ±1/√n, by Sylvester's doubling, float64 (n, n). Raises ValueError unless n = 2^k.

    >>> hadamard(2) * 2**0.5
    array([[ 1.,  1.],
           [ 1., -1.]])
    """
    if size < 1 or size & (size - 1):
        raise ValueError(f"Sylvester's matrices have a power of two rows, got {size}")
    h = np.ones((1, 1))
    while len(h) < size:
        h = np.block([[h, h], [h, -h]]) / np.sqrt(2)
    return h


def block_of(inputs: int, largest: int | None = None) -> int:
    """The largest power of two that divides the number of inputs, and is no larger than ``largest``."""
    if inputs < 1 or (largest is not None and largest < 1):
        raise ValueError(f"a rotation needs inputs and a block of at least one entry, got {inputs} and {largest}")
    block = inputs & -inputs
    return block if largest is None else min(block, 1 << (largest.bit_length() - 1))


def random_signs(inputs: int, rng: Generator) -> Array:
    """Independent signs, +1 or −1 with equal chances, float64 (inputs,)."""
    need_generator(rng, "random signs need")
    return np.where(rng.random(inputs) < 0.5, -1.0, 1.0)


def randomized_hadamard(signs: Array, block: int | None = None) -> Array:
    """R = diag(signs) (I_m ⊗ H_b): orthogonal, float64 (inputs, inputs); w R has its entries mixed in blocks of b.

    ``signs``: ±1 (inputs,), those of ``random_signs``; b = ``block_of`` the inputs unless told. Of an odd number of
    inputs no more than signs change. Raises ValueError for other signs and for a block that does not divide them
    (`chee2023quip`, §4; `ashkboos2024quarot`, §3).
    """
    if signs.ndim != 1 or not (np.abs(signs) == 1).all():
        raise ValueError("a randomized rotation needs one sign ±1 of every input")
    size = block_of(signs.size) if block is None else block
    if signs.size % size:
        raise ValueError(f"blocks of {size} do not divide {signs.size} inputs")
    return np.asarray(signs[:, None] * np.kron(np.eye(signs.size // size), hadamard(size)), np.float64)
