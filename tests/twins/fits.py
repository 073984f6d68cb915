"""Scales found by fitting, by loops over entries: numpy scalars, every sum and product rounded in their dtype."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from tests.twins.formats import Grid, round_exactly
from tests.twins.quantizers import Real, absmax

END = 65504
"""The largest number of float16."""


def level(v: Real, grid: Grid) -> Real:
    """The nearest level as a number of the dtype of v."""
    return v.dtype.type(float(round_exactly(Fraction(float(v)), grid, "nearest_even")))


def peak(block: Sequence[Real]) -> Real:
    """The first entry of largest magnitude."""
    found = block[0]
    for x in block:
        found = x if abs(x) > abs(found) else found
    return found


def sums(block: Sequence[Real], codes: Sequence[Real]) -> tuple[Real, Real]:
    """Σ x³c and Σ x²c²."""
    real = block[0].dtype.type
    above, below = real(0), real(0)
    for x, c in zip(block, codes, strict=True):
        above, below = above + x * x * x * c, below + x * x * c * c
    return above, below


def least_squares(block: Sequence[Real], tensor: Sequence[Real], grid: Grid) -> Real:
    """Ten rounds of codes and scales."""
    real = block[0].dtype.type
    sigma = absmax(block, tensor, grid)
    for _ in range(10 if sigma else 0):
        above, below = real(0), real(0)
        for x in block:
            c = level(x / sigma, grid)
            above, below = above + x * c, below + c * c
        sigma = above / below if above > 0 else sigma
    return sigma


def search(block: Sequence[Real], tensor: Sequence[Real], grid: Grid) -> Real:
    """The first of 19 scales whose codes lose least."""
    real, most = block[0].dtype.type, peak(block)
    if most == 0:
        return most
    sigma = best = None
    for t in (0, *range(-9, 0), *range(1, 10)):
        inverse = -(real(float(-grid.bottom)) + real(0.1) * real(t)) / most
        above, below = sums(block, [level(inverse * x, grid) for x in block])
        if sigma is None or best is None or above * above > best * below:
            sigma = above / below
            best = sigma * above
    return sigma


def descent(block: Sequence[Real], tensor: Sequence[Real], grid: Grid) -> Real:
    """Five rounds over the codes, each changed where the others' fit says so and less is lost."""
    most = peak(block)
    if most == 0:
        return most
    inverse = most.dtype.type(float(grid.bottom)) / most
    codes = [level(inverse * x, grid) for x in block]
    above, below = sums(block, codes)
    for _ in range(5):
        before = list(codes)
        for i, x in enumerate(block):
            rest, squares = above - x * x * x * codes[i], below - x * x * codes[i] * codes[i]
            if rest <= 0:
                continue
            new = level(x * squares / rest, grid)
            then, under = rest + x * x * x * new, squares + x * x * new * new
            if new != codes[i] and under > 0 and then * then * below > above * above * under:
                codes[i], above, below = new, then, under
        if codes == before:
            break
    return above / below


def fitted(block: Sequence[Real], k: int, below: int, absolute: bool) -> tuple[Real, Real]:
    """Scale and offset of a block before they are stored."""
    real = block[0].dtype.type
    zero, top = real(0), real(2**k - 1)
    mean = zero
    for x in block:
        mean = mean + x * x
    root = np.sqrt(mean / real(len(block)))
    weights = [abs(x) if absolute else root + abs(x) for x in block]
    low, high = min(zero, *block), max(block)
    if low == high:
        return zero, low
    total, first = zero, zero
    for x, w in zip(block, weights, strict=True):
        total, first = total + w, first + w * x

    def coded(inverse: Real, offset: Real) -> list[Real]:
        return [min(max(np.rint(inverse * (x - offset)), zero), top) for x in block]

    def loss(sigma: Real, offset: Real, codes: Sequence[Real]) -> Real:
        lost = zero
        for x, w, c in zip(block, weights, codes, strict=True):
            rest = sigma * c + offset - x
            lost = lost + w * (abs(rest) if absolute else rest * rest)
        return lost

    offset, sigma = low, real(1) / (top / (high - low))
    best = loss(sigma, offset, coded(top / (high - low), low))
    for i in range(below + 11):
        codes = coded((-real(below) / real(10) + real(0.1) * real(i) + top) / (high - offset), offset)
        one, two, mixed = zero, zero, zero
        for x, w, c in zip(block, weights, codes, strict=True):
            one, two, mixed = one + w * c, two + w * c * c, mixed + w * c * x
        spread = total * two - one * one
        if spread <= 0:
            continue
        slope, start = (total * mixed - first * one) / spread, (two * first - one * mixed) / spread
        if start > 0:
            slope, start = mixed / two, zero
        if (left := loss(slope, start, codes)) < best:
            best, sigma, offset = left, slope, start
    return sigma, offset


def stored_signed(scales: Sequence[Real], bits: int) -> list[Real]:
    """Of a super-block: integers of so many bits under a float16 number, the largest scale the least integer."""
    most, half = peak(scales), 2 ** (bits - 1)
    if most == 0:
        return [most for _ in scales]
    real = most.dtype.type
    inverse = -real(half) / most
    upper = real(np.float16(np.clip(real(1) / inverse, -END, END)))
    return [upper * min(max(np.rint(inverse * v), real(-half)), real(half - 1)) for v in scales]


def stored_unsigned(scales: Sequence[Real], bits: int) -> list[Real]:
    """The same of numbers that are not negative, the largest of which the greatest integer is."""
    most = max(scales)
    if most == 0:
        return [most for _ in scales]
    real = most.dtype.type
    top = real(2**bits - 1)
    upper = real(np.float16(min(most / top, real(END))))
    return [upper * min(np.rint(top / most * v), top) for v in scales]
