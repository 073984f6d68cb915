"""What fits of scales are made of: sums one entry after another, nearest levels, rows whose powers stay in range."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import Format, steps
from sqtheory.alphabet.rounding import nearest_even
from sqtheory.alphabet.scaling.affine import finite
from sqtheory.alphabet.scaling.least import positive

Numbers: TypeAlias = NDArray[Any]
"""Floating-point numbers or Fractions."""
LEAST, MOST = 2.0**-50, 2.0**32
"""Rows whose largest magnitude lies between are fitted as they are: fourth powers of it are in the range of float32."""
WIDE = 2.0**16
AT_ONCE = 1 << 16
"""Entries of the rows that are fitted together."""


def number(value: float, like: Numbers) -> Numbers:
    """A number of the kind that an array holds."""
    return np.asarray(Fraction(value) if like.dtype == object else value, like.dtype)


def running(terms: Numbers) -> Numbers:
    """((t_1 + t_2) + t_3) + … of every row, each sum rounded to the dtype; the same on every machine."""
    return np.asarray(np.add.accumulate(terms, axis=1)[:, -1])


def quotient(above: Numbers, below: Numbers) -> Numbers:
    """a/b, and 0 where b = 0."""
    none = below == 0
    return np.where(none, 0 * above, above / np.where(none, below + 1, below))


def code_unit(fmt: Format) -> float:
    """A power of two over which levels of Γ have squares in the range of float32: 1 unless some are beyond 2^16."""
    top = max(fmt.max, -fmt.min)
    return 1.0 if top <= WIDE else float(2.0 ** (np.frexp(top)[1] - 1))


def nearest_levels(fmt: Format, v: Numbers) -> Numbers:
    """The nearest levels of Γ over their unit, ties to even codes; they saturate."""
    if v.dtype != object:
        return np.asarray(fmt.round(v) / v.dtype.type(code_unit(fmt)))
    unit = Fraction(code_unit(fmt))
    out: Numbers = np.empty(v.shape, object)
    out.reshape(-1)[:] = [steps(fmt, nearest_even).level(one) / unit for one in v.flat]
    return out


def in_code_units(sigma: Numbers, fmt: Format) -> Numbers:
    """The scale of levels of which ``sigma`` is that over their unit, kept from rounding to 0."""
    scale = sigma / number(code_unit(fmt), sigma)
    return scale if scale.dtype == object else positive(scale, sigma)


def fits(rows: Numbers, fit: Callable[[Numbers], tuple[Numbers, ...]]) -> tuple[Numbers, ...]:
    """``fit`` of rows (rows, size): numbers of every row that grow as it does.

    Rows too large or too small for powers of theirs are fitted over a power of two; what is beyond the dtype then is
    its largest number, or its least.
    """
    step = max(1, AT_ONCE // max(1, rows.shape[1]))
    parts = [_in_units(rows[at : at + step], fit) for at in range(0, max(1, len(rows)), step)]
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def _in_units(rows: Numbers, fit: Callable[[Numbers], tuple[Numbers, ...]]) -> tuple[Numbers, ...]:
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):  # a product beyond the dtype is never better
        if rows.dtype == object:
            return fit(rows)
        amax = np.abs(rows).max(axis=1)
        far = (amax < LEAST) | (amax > MOST)
        unit = np.where(far, np.frexp(amax)[1], 0)
        found = fit(np.ldexp(rows, -unit[:, None]) if far.any() else rows)
        return tuple(finite(positive(np.ldexp(one, unit), one)) for one in found) if far.any() else found
