"""Scales and quantizers by definition: loops over blocks and entries, scalar arithmetic, exact rounding onto the grid.

Entries and scales are numpy scalars of the dtype of the tensor, so that x/σ and σ·ρ are rounded as that dtype
rounds; everything between is rational. A scale rule is a function of the entries of a block (and those of the
whole tensor) and the grid.
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.twins.formats import E4M3, Grid, round_exactly

Real = Any
Index = tuple[int, ...]
Rule = Callable[[Sequence[Real], Sequence[Real], Grid], Real]


def power_of_two_below(v: Fraction) -> int:
    """⌊log₂ v⌋ of a positive rational, by counting."""
    e = v.numerator.bit_length() - v.denominator.bit_length()
    return e if Fraction(2) ** e <= v else e - 1


def power_of_two_above(v: Fraction) -> int:
    """⌈log₂ v⌉ of a positive rational."""
    e = power_of_two_below(v)
    return e if Fraction(2) ** e == v else e + 1


def largest(entries: Sequence[Real]) -> Real:
    return max(abs(v) for v in entries)


def kept_positive(scale: Real, wanted: bool) -> Real:
    """The smallest positive number of the dtype where a scale that is wanted has vanished."""
    return np.finfo(scale.dtype).smallest_subnormal if wanted and scale == 0 else scale


def in_dtype(v: Fraction, like: Real) -> Real:
    """A power of two as a number of the dtype of ``like``: 0 where the dtype has none so small."""
    return like.dtype.type(float(v)) if v >= Fraction(2) ** -1074 else like.dtype.type(0)


def absmax(block: Sequence[Real], tensor: Sequence[Real], grid: Grid) -> Real:
    top = largest(block)
    return kept_positive(top / top.dtype.type(float(grid.top)), top > 0)


def fullrange(block: Sequence[Real], tensor: Sequence[Real], grid: Grid) -> Real:
    top = largest(block)
    return kept_positive(top / top.dtype.type(float(-grid.bottom)), top > 0)


def midpoint(block: Sequence[Real], tensor: Sequence[Real], grid: Grid) -> Real:
    top = largest(block)
    return kept_positive(top / top.dtype.type(float(grid.top - grid.bottom) / 2), top > 0)


def unclipped(block: Sequence[Real], tensor: Sequence[Real], grid: Grid) -> Real:
    """The least scale that brings every entry, of its sign, within the grid."""
    real = block[0].dtype.type
    each = [v / real(float(grid.top if v > 0 else grid.bottom)) for v in block if v != 0]
    return kept_positive(max(each), True) if each else real(0)


def floor_full(block: Sequence[Real], tensor: Sequence[Real], grid: Grid) -> Real:
    """The power of two below the maximum over that below −min Γ."""
    top = Fraction(float(largest(block)))
    if top == 0:
        return block[0].dtype.type(0)
    e = min(max(power_of_two_below(top), -127), 127) - power_of_two_below(-grid.bottom)
    return in_dtype(Fraction(2) ** e, block[0])


def halfrange(block: Sequence[Real], tensor: Sequence[Real], grid: Grid) -> Real:
    zero = block[0].dtype.type(0)
    xmin, xmax = min(zero, *block), max(zero, *block)
    xmax = max(abs(xmin), xmax)
    if xmin < 0:
        xmin = -xmax
    if xmin == 0 and xmax == 0:
        xmin, xmax = zero - 1, zero + 1
    return kept_positive((xmax - xmin) / zero.dtype.type(float(grid.top - grid.bottom)), True)


def gptq(block: Sequence[Real], bits: int) -> list[Real]:
    """The symmetric quantizer of the GPTQ and SparseGPT code, step for step: q = clamp(round(x/s) + z), s(q − z)."""
    scale = halfrange(block, block, Grid((Fraction(0), Fraction(2**bits - 1)), (True, False)))
    zero, top = 2 ** (bits - 1), 2**bits - 1
    codes = [min(max(round(Fraction(float(v / scale))) + zero, 0), top) for v in block]
    return [scale * scale.dtype.type(q - zero) for q in codes]


def overflow_aware(top: Fraction, grid: Grid) -> int:
    """⌊log₂ top⌋ − e_max, or one more where the image of top is then strictly nearer to it."""
    e = power_of_two_below(top) - power_of_two_below(grid.top)
    off = [
        abs(top - scale * round_exactly(top / scale, grid, "nearest_even"))
        for scale in (Fraction(2) ** e, 2 * Fraction(2) ** e)
    ]
    return e + (off[1] < off[0])


def power_of_two(kind: str, fraction_bits: int, implied: int = 0) -> Rule:
    """MX scales: ``floor``, ``ceil``, ``even`` (significand rounded to the element's bits first), ``rceil``,
    ``oas`` (of the floor exponent and the next the one with the nearer image of the maximum).

    The shared scale is 2^implied times that of the numbers of the grid.
    """

    def rule(block: Sequence[Real], tensor: Sequence[Real], grid: Grid) -> Real:
        top = Fraction(float(largest(block)))
        if top == 0:
            return block[0].dtype.type(0)
        e_max = power_of_two_below(grid.top)
        if kind == "floor":
            e = power_of_two_below(top) - e_max
        elif kind == "ceil":
            e = power_of_two_above(top) - e_max
        elif kind == "rceil":
            e = power_of_two_above(top / grid.top)
        elif kind == "oas":
            e = overflow_aware(top, grid)
        else:
            unit = Fraction(2) ** (power_of_two_below(top) - fraction_bits)
            e = power_of_two_below(round(top / unit) * unit) - e_max
        return in_dtype(Fraction(2) ** (min(max(e + implied, -127), 127) - implied), block[0])

    return rule


def shared_exponent(block: Sequence[Real], tensor: Sequence[Real], grid: Grid) -> Real:
    """HBFP: 2^{⌈log₂ amax⌉ − f} where the codes reach 2^f − 1."""
    top = largest(block)
    if top == 0:
        return top
    f = power_of_two_above(grid.top + 1)
    return kept_positive(in_dtype(Fraction(2) ** (power_of_two_above(Fraction(float(top))) - f), top), True)


def shared_exponent_emulated(block: Sequence[Real], tensor: Sequence[Real], grid: Grid) -> Real:
    """The official emulator: float32 logarithm of float32(amax) + 1e-8; float32 is all it knows."""
    top = largest(block)
    e = int(np.ceil(np.log2(np.float32(min(top, np.finfo(np.float32).max)) + np.float32(1e-8))))
    return in_dtype(Fraction(2) ** (e - power_of_two_above(grid.top + 1)), top)


def two_level(block: Sequence[Real], tensor: Sequence[Real], grid: Grid) -> Real:
    """NVFP4: an E4M3 number times g = amax of the tensor / (max Γ · 448)."""
    top, whole = largest(block), largest(tensor)
    if whole == 0:
        return top
    real = top.dtype.type
    g = kept_positive(whole / real(float(grid.top * E4M3.top)), True)
    s = round_exactly(Fraction(float(top / real(float(grid.top)) / g)), E4M3, "nearest_even")
    if s == 0 and top > 0:
        s = Fraction(1, 512)
    return kept_positive(g * real(float(s)), top > 0)


def four_over_six(p: float) -> Rule:
    """Of the E4M3 numbers that put the maximum at 6 and at 4 the one that errs less; the largest maximum has 256."""

    def rule(block: Sequence[Real], tensor: Sequence[Real], grid: Grid) -> Real:
        top, whole = largest(block), largest(tensor)
        if whole == 0:
            return top
        real = top.dtype.type
        g = kept_positive(whole / real(float(grid.top * 256)), True)
        ratio = top / real(float(grid.top)) / g
        found = []
        for wanted in (ratio, ratio * real(1.5)):
            s = round_exactly(Fraction(float(wanted)), E4M3, "nearest_even")
            s = Fraction(1, 512) if s == 0 and top > 0 else s
            sigma = kept_positive(g * real(float(s)), top > 0)
            found.append((spent(block, sigma, grid, p), sigma))
        return found[1][1] if found[1][0] < found[0][0] else found[0][1]

    return rule


def spent(block: Sequence[Real], sigma: Real, grid: Grid, p: float) -> Fraction:
    """Σ |v − σ ρ(v/σ)|^p, or the largest for p = ∞, of errors rounded as the dtype of the block does."""
    if sigma == 0:
        return Fraction(0)
    real = sigma.dtype.type
    images = [real(float(round_exactly(Fraction(float(v / sigma)), grid, "nearest_even"))) * sigma for v in block]
    errors = [abs(Fraction(float(v - image))) for v, image in zip(block, images, strict=True)]
    return max(errors) if p == float("inf") else sum((e ** int(p) for e in errors), Fraction(0))


def signed_max(minimum: bool) -> Rule:
    """The entry of largest magnitude over the lowest level; of equal ones the first, or a negative one."""

    def rule(block: Sequence[Real], tensor: Sequence[Real], grid: Grid) -> Real:
        top = largest(block)
        ties = [v for v in block if abs(v) == top]
        peak = min(ties) if minimum else ties[0]
        if peak == 0:
            return abs(peak)
        size = kept_positive(abs(peak) / peak.dtype.type(float(-grid.bottom)), True)
        return -size if peak > 0 else size

    return rule


def stored(rule: Rule, kind: Grid, rounding: str = "nearest_even", least: float | None = None) -> Rule:
    """The scale of another rule as a number of a format."""
    low = Fraction(least) if least is not None else min(v for v in kind.numbers if v > 0)

    def held(block: Sequence[Real], tensor: Sequence[Real], grid: Grid) -> Real:
        scale = rule(block, tensor, grid)
        number = round_exactly(Fraction(float(scale)), kind, rounding)
        if abs(number) < low:
            number = low if scale > 0 else -low
        return scale if scale == 0 else scale.dtype.type(float(number))

    return held


def unscaled(block: Sequence[Real], tensor: Sequence[Real], grid: Grid) -> Real:
    return block[0].dtype.type(1)


def blocks(shape: Index, size: int, axis: int) -> list[list[Index]]:
    return _by(shape, lambda i: (*i[: axis % len(shape)], i[axis] // size, *i[axis % len(shape) + 1 :]))


def tiles(shape: Index, rows: int, columns: int) -> list[list[Index]]:
    return _by(shape, lambda i: (*i[:-2], i[-2] // rows, i[-1] // columns))


def rows(shape: Index) -> list[list[Index]]:
    return _by(shape, lambda i: i[:-1])


def columns(shape: Index) -> list[list[Index]]:
    return _by(shape, lambda i: (*i[:-2], i[-1]))


def whole(shape: Index) -> list[list[Index]]:
    return _by(shape, lambda i: ())


def _by(shape: Index, label: Callable[[Index], Index]) -> list[list[Index]]:
    boxes: dict[Index, list[Index]] = {}
    for i in product(*map(range, shape)):
        boxes.setdefault(label(i), []).append(i)
    return list(boxes.values())


def inverse(divisor: Real) -> Real:
    """1/d, or the largest number of the dtype where that is beyond it."""
    most, one = np.finfo(divisor.dtype).max, divisor.dtype.type(1)
    if abs(Fraction(float(divisor))) < 1 / Fraction(float(most)):
        return np.copysign(most, divisor)
    return one / divisor


def quantize(
    x: NDArray[Any],
    boxes: Iterable[list[Index]],
    rule: Rule,
    grid: Grid,
    rounding: str,
    by: Rule | None = None,
    reciprocal: bool = False,
) -> NDArray[Any]:
    """fl(σ · ρ(fl(x/d))), σ from the rule for every box, d = σ or ``by`` another; where d = 0 the ratio is x itself."""
    image, tensor = np.empty_like(x), [x[i] for i in np.ndindex(x.shape)]
    for box in boxes:
        scale = rule([x[i] for i in box], tensor, grid)
        divisor = scale if by is None else by([x[i] for i in box], tensor, grid)
        for i in box:
            ratio = x[i] if divisor == 0 else x[i] * inverse(divisor) if reciprocal else x[i] / divisor
            number = x.dtype.type(float(round_exactly(Fraction(float(ratio)), grid, rounding)))
            if number == 0 and grid.signed_zero:
                number = np.copysign(number, ratio)
            image[i] = scale * number
    return image
