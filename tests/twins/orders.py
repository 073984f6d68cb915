"""Both orders of a mask and a block format by their definitions, one entry at a time, in exact rationals.

Tensors are flat lists; blocks and groups are lists of lists of indices. The optimum is the least error over
all masks that keep as many entries of every group, found by trying them all.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import combinations, product

Numbers = Sequence[Fraction]
Boxes = Sequence[Sequence[int]]
Power = Fraction | Decimal


@dataclass(frozen=True)
class BlockFormat:
    """The representable magnitudes in ascending order from 0, and the scale as a function of a block's maximum."""

    magnitudes: tuple[Fraction, ...]
    scale: Callable[[Fraction], Fraction]


def integers(k: int) -> tuple[Fraction, ...]:
    return tuple(Fraction(n) for n in range(2 ** (k - 1)))


def minifloat(e: int, m: int, bias: int, missing: int = 0) -> tuple[Fraction, ...]:
    """e exponent bits, m fraction bits; the last ``missing`` codes are no numbers."""
    values = []
    for exponent, fraction in product(range(2**e), range(2**m)):
        leading = Fraction(fraction, 2**m) + (1 if exponent else 0)
        values.append(leading * Fraction(2) ** (max(exponent, 1) - bias))
    return tuple(values[: len(values) - missing])


def floor_log2(v: Fraction) -> int:
    n = 0
    while Fraction(2) ** (n + 1) <= v:
        n += 1
    while Fraction(2) ** n > v:
        n -= 1
    return n


def ceil_log2(v: Fraction) -> int:
    n = floor_log2(v)
    return n if Fraction(2) ** n == v else n + 1


def int_format(k: int) -> BlockFormat:
    grid = integers(k)
    return BlockFormat(grid, lambda top: top / grid[-1])


def hbfp_format(k: int) -> BlockFormat:
    return BlockFormat(integers(k), lambda top: Fraction(2) ** (ceil_log2(top) - (k - 1)))


def power_format(grid: tuple[Fraction, ...]) -> BlockFormat:
    return BlockFormat(grid, lambda top: Fraction(2) ** (floor_log2(top) - floor_log2(grid[-1])))


def boxes(shape: Sequence[int], sides: Sequence[int]) -> list[list[int]]:
    """Row-major indices of the boxes of these sides, in the row-major order of the boxes."""
    found: dict[tuple[int, ...], list[int]] = {}
    for flat, index in enumerate(product(*(range(n) for n in shape))):
        found.setdefault(tuple(i // c for i, c in zip(index, sides, strict=True)), []).append(flat)
    return [found[box] for box in sorted(found)]


def quantize(x: Numbers, blocks: Boxes, fmt: BlockFormat) -> list[Fraction]:
    image = [Fraction(0)] * len(x)
    for block in blocks:
        top = max(abs(x[i]) for i in block)
        if top:
            sigma = fmt.scale(top)
            for i in block:
                image[i] = sigma * nearest(x[i] / sigma, fmt.magnitudes)
    return image


def nearest(v: Fraction, magnitudes: Sequence[Fraction]) -> Fraction:
    """The nearest of ±magnitudes; a midpoint goes to the one of even place, what is too large to the last."""
    best = min(range(len(magnitudes)), key=lambda c: (abs(abs(v) - magnitudes[c]), c % 2))
    return magnitudes[best] if v >= 0 else -magnitudes[best]


def power(e: Fraction, p: float) -> Power:
    """|e|^p for p = 1, 2, 3, … (exactly), 1/2 (to sixty digits), and |e| for p = ∞."""
    if p == math.inf:
        return abs(e)
    if p == 0.5:
        with localcontext() as context:
            context.prec = 60
            return (Decimal(abs(e).numerator) / Decimal(abs(e).denominator)).sqrt()
    return abs(e) ** int(p)


def total(powers: Iterable[Power], p: float) -> Power:
    listed = list(powers) or [Fraction(0)]
    if p == math.inf:
        return max(listed)
    with localcontext() as context:
        context.prec = 60
        return sum(listed[1:], listed[0])


def root(t: Power, p: float) -> float:
    if p in (1, math.inf):
        return float(t)
    return math.sqrt(t) if p == 2 else float(t) ** (1 / p)


def gain(x: Fraction, y: Fraction, p: float) -> Power:
    """What keeping x as y saves; for p = ∞ what comes first when the largest error is to be small."""
    size, error = abs(x), abs(x - y)
    if p == math.inf:
        return size if size > error else -error if error > size else Fraction(0)
    with localcontext() as context:
        context.prec = 60
        return power(size, p) - power(error, p)


Keys = Callable[[Numbers, Numbers], list[Power]]


@dataclass(frozen=True)
class TieRule:
    """Among equal magnitudes the larger key survives, then the lower or the higher index."""

    keys: Keys
    low: bool = True


LOW = TieRule(lambda x, origin: [Fraction(0)] * len(x))
HIGH = TieRule(lambda x, origin: [Fraction(0)] * len(x), low=False)
BY_ORIGINAL = TieRule(lambda x, origin: [abs(o) for o in origin])


def adversarial(p: float) -> TieRule:
    return TieRule(lambda x, origin: [-gain(o, v, p) for v, o in zip(x, origin, strict=True)])


def kept(x: Numbers, origin: Numbers, groups: Boxes, budget: Callable[[int], int], ties: TieRule) -> set[int]:
    """The indices that survive: the largest magnitudes of every group."""
    keys = ties.keys(x, origin)
    survivors: set[int] = set()
    for group in groups:
        ranked = sorted(group, key=lambda i: (-abs(x[i]), -keys[i], i if ties.low else -i))
        survivors |= set(ranked[: budget(len(group))])
    return survivors


def masked(x: Numbers, survivors: set[int]) -> list[Fraction]:
    return [v if i in survivors else Fraction(0) for i, v in enumerate(x)]


@dataclass(frozen=True)
class Orders:
    """p-th powers of the norms (the norms for p = ∞), over the tensor and for every group."""

    p: float
    s: Power
    q: Power
    sq: Power
    qs: Power
    gain: Power
    swaps: int
    by_group: dict[str, list[Power]]

    @property
    def winner(self) -> str:
        return "sq" if self.sq < self.qs else "qs" if self.qs < self.sq else "equal"

    def norm(self, name: str) -> float:
        return root(getattr(self, name), self.p)


def both(
    x: Numbers,
    blocks: Boxes,
    groups: Boxes,
    budget: Callable[[int], int],
    fmt: BlockFormat,
    ties: TieRule,
    p: float,
) -> Orders:
    image = quantize(x, blocks, fmt)
    mask = kept(x, x, groups, budget, ties)
    image_mask = kept(image, x, groups, budget, ties)
    results = {
        "s": masked(x, mask),
        "q": image,
        "sq": quantize(masked(x, mask), blocks, fmt),
        "qs": masked(image, image_mask),
    }
    by_group = {
        name: [total((power(x[i] - y[i], p) for i in group), p) for group in groups] for name, y in results.items()
    }
    by_group["gain"] = [least(x, image, group, budget(len(group)), p) for group in groups]
    sums = {name: total(values, p) for name, values in by_group.items()}
    return Orders(p=p, swaps=sum(image[i] != 0 for i in mask - image_mask), by_group=by_group, **sums)


def least(x: Numbers, image: Numbers, group: Sequence[int], budget: int, p: float) -> Power:
    """The least error in a group over all masks that keep ``budget`` of its entries."""
    return min(
        total((power(x[i] - (image[i] if i in chosen else 0), p) for i in group), p)
        for chosen in map(set, combinations(group, budget))
    )
