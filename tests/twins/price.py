"""The optimum over mask, scale and codes of one small block, by trying everything in rational numbers."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, product


def masks(size: int, k: int, m: int) -> Iterator[tuple[int, ...]]:
    """The kept places of every n:m mask of a block."""
    for chosen in product(*(combinations(range(i, i + m), k) for i in range(0, size, m))):
        yield tuple(i for places in chosen for i in places)


def least_power(x: list[Fraction], levels: list[Fraction], k: int, m: int, p: int, dyadic: bool) -> Fraction:
    """min Σ|x_i − y_i|^p, y of at most k entries of every group of m, each ± a level times one scale.

    The scale is any positive number, or a power of two from 2^−40 to 2^40.
    """
    sizes = [abs(v) for v in x]
    grid = sorted({Fraction(0), *levels})
    found = []
    for kept in masks(len(x), k, m):
        lost = sum((v**p for i, v in enumerate(sizes) if i not in kept), Fraction(0))
        mine = [sizes[i] for i in kept]
        if dyadic:
            scales = [Fraction(2) ** e for e in range(-40, 41)]
            found.append(
                lost + min(sum((min(abs(v - t * c) for c in grid) ** p for v in mine), Fraction(0)) for t in scales)
            )
        else:
            found += [lost + _one_vector(mine, codes, p) for codes in product(grid, repeat=len(mine))]
    return min(found)


def _one_vector(sizes: list[Fraction], codes: tuple[Fraction, ...], p: int) -> Fraction:
    pairs = [(v, c) for v, c in zip(sizes, codes, strict=True) if c]
    rest = sum((v**p for v, c in zip(sizes, codes, strict=True) if not c), Fraction(0))
    if not pairs:
        return rest
    if p == 2:
        product_ = sum((v * c for v, c in pairs), Fraction(0))
        return rest + sum((v * v for v, _ in pairs), Fraction(0)) - product_**2 / sum(c * c for _, c in pairs)
    return rest + min(sum((abs(v - t * c) for v, c in pairs), Fraction(0)) for t in (v / c for v, c in pairs))
