"""The sharp constants of every quantizer, exact."""

from fractions import Fraction
from itertools import pairwise

import numpy as np

from sqtheory.alphabet.catalogue import QUANTIZERS
from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.notation import QUANTIZER, parse_as
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.rounding import Rounding
from sqtheory.alphabet.scaling import PowerOfTwo
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.alphabet.traits import KEEPS_ZERO, MONOTONE
from sqtheory.arrays import Array
from sqtheory.orders.errors import norm
from sqtheory.tables import Table
from sqtheory.theory.case import spell_row


def significand(v: Fraction) -> Fraction:
    """v/2^{⌊log₂ v⌋} ∈ [1, 2) of a positive rational."""
    exponent = int(np.frexp(float(v))[1]) - 1
    return v / Fraction(2) ** exponent


def saturation_share(fmt: Format) -> Fraction:
    """2 − μ, the share of significands in [1, 2) beyond the significand μ of max Γ (theorem ``saturation``)."""
    return 2 - significand(Fraction(fmt.max))


def saturation_error(fmt: Format) -> Fraction:
    """1 − μ/2, the limit of the relative error of a saturating block maximum, μ the significand of max Γ."""
    return 1 - significand(Fraction(fmt.max)) / 2


def lower_halves(fmt: Format, rounding: Rounding) -> dict[Fraction, Fraction]:
    """h⁻(v) = v − inf {t ≥ 0 : ρ(t) = v} for every positive level v, in units of σ.

    Half the way to the next smaller level for nearest rounding, 0 where ρ rounds toward zero. The grid is odd.
    """
    if not fmt.odd:
        raise ValueError(f"{fmt} is not symmetric about 0: one h⁻ for each level needs an odd grid")
    levels = [Fraction(v) for v in fmt.values.tolist() if v >= 0]
    below = [Fraction(0), *levels] if levels[0] else levels
    share = Fraction(1, 2) if rounding.nearest else Fraction(0)
    first = {} if levels[0] == 0 else {levels[0]: levels[0]}
    pairs = pairwise(below)
    return {hi: share * (hi - lo) for lo, hi in pairs} | first


def swap_constant(q: Quantizer) -> Fraction | None:
    """max_v h⁻(v), the largest L1 excess of Q→S over both errors for one swap, in units of σ; approached.

    None where theorem ``swap_constant`` does not apply: q is not monotone, its grid not odd or without 0, or its codes
    are made by another number than the scale.
    """
    if MONOTONE not in q.traits or KEEPS_ZERO not in q.traits or not (q.format.odd and q.scaling.exact_codes):
        return None
    return max(lower_halves(q.format, q.rounding).values())


def separation_witness(q: Quantizer, s: Sparsifier, p: float = 1.0) -> Array | None:
    """A block x with ‖ε_{Q→S}‖_p > ‖ε_q‖_p + ‖ε_s‖_p: b near the lower end of the cell of v = a, or None if none works.

    x = max Γ for what s keeps besides, then b, then a for ties that keep the lower index; or a, then b.
    """
    size = s.groups.run or 4
    kept = s.budget(size)
    levels = np.abs(q.format.values[q.format.values > 0])
    rest = 0.0 if q.format.has_zero else float(levels.min())
    ascending = sorted(levels.tolist(), key=lambda v: (len(str(v)), v))
    usual = [(v, share) for v in ascending for share in (5 / 8, 3 / 4, 7 / 8)]
    for v, share in [*usual, *((v, 1 / 2) for v in ascending)]:  # the last where σ is a mean, which zeros make small
        lower = levels[levels < v].max(initial=rest)
        b = lower + (v - lower) * share
        for pair in ((b, v), (v, b)):
            x = np.full(size if kept > 1 else 2 * size, rest)
            x[: kept - 1] = levels.max()
            x[kept - 1 : kept + 1] = pair
            x[size:][:1] = levels.max()
            if _separates(x, q, s, p):
                return x
    return None


def _separates(x: Array, q: Operator, s: Sparsifier, p: float) -> bool:
    image = q(x)
    return norm(x - np.where(s.mask(image, x), image, 0), p) > (norm(x - image, p) + norm(x - s(x), p)) * (1 + 1e-12)


def table() -> Table:
    """One line for each shipped quantizer: swap and gap constants, saturation, a separating block for each mask."""
    masks = (nm(1, 2), nm(2, 4), nm(4, 8))
    header = ("quantizer", "excess/swap", "gap/swap", "of the maximum", "saturating", "loss up to", *map(_short, masks))
    return Table(header, tuple(_row(text, masks) for text, _ in QUANTIZERS))


def _short(s: Sparsifier) -> str:
    return f"{s.budget(s.groups.run)}:{s.groups.run}" if s.groups.run else str(s)


def _row(text: str, masks: tuple[Sparsifier, ...]) -> tuple[str, ...]:
    q = parse_as(Quantizer, QUANTIZER, text)
    swap, share = swap_constant(q), q.scaling.supremum(q.format)
    saturates = isinstance(q.scaling, PowerOfTwo)
    relative = None if swap is None or share is None else swap * share
    limits = (saturation_share(q.format), saturation_error(q.format)) if saturates else (None, None)
    blocks = (separation_witness(q, s) for s in masks)
    witnesses = ("–" if x is None else spell_row(x) for x in blocks)
    gap = None if swap is None else 2 * swap
    return (text, *(_spell(v) for v in (swap, gap, relative, *limits)), *witnesses)


def _spell(v: Fraction | None) -> str:
    if v is not None and v > 1024 and v.denominator == 1 and v.numerator.bit_count() == 1:
        return f"2^{v.numerator.bit_length() - 1}"
    return "–" if v is None else str(v)
