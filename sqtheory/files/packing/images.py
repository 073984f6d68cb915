"""What a level, a scale and perhaps an offset stand for in the arithmetic of a tensor, and the level of a value."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.scaling.offset_meaning import OffsetMeaning
from sqtheory.arrays import Array, Mask

_UNIT = 4
"""Over this power of two sums and differences of numbers of a dtype are in its range."""


def image_of(levels: Array, scales: Array) -> Array:
    """fl(σ·c), a product beyond the dtype being its largest number, and 0 times a negative scale +0."""
    largest = np.finfo(levels.dtype).max
    with np.errstate(over="ignore"):
        image = np.asarray(levels * scales)
    if np.minimum.reduce(scales, axis=None, initial=0) < 0:
        image = np.where((scales < 0) & (image == 0), image.dtype.type(0), image)
    if np.maximum.reduce(np.abs(image), axis=None, initial=0) > largest:
        image = image.clip(-largest, largest)
    return image


def shifted_image(codes: Array, scales: Array, offsets: Array, meaning: OffsetMeaning, fmt: Format) -> Array:
    """What codes stand for beside an offset, computed over 4 where it overflows; 0 under a negative scale is +0."""
    with np.errstate(over="ignore", invalid="ignore"):
        image = meaning.values(codes, scales, offsets, fmt)
        lost = ~np.isfinite(image)
        if lost.any():
            part = offsets if meaning.subtracted else offsets / _UNIT
            image = np.where(lost, meaning.values(codes, scales / _UNIT, part, fmt) * _UNIT, image)
    image = np.where(np.signbit(scales) & (image == 0), image.dtype.type(0), image)
    return np.asarray(np.clip(image, -np.finfo(image.dtype).max, np.finfo(image.dtype).max))


def levels_of(y: Array, sigma: Array, fmt: Format) -> tuple[Array, NDArray[np.intp]]:
    """The levels c with fl(σ·c) = y, and where there is none."""
    levels, middles = fmt.values.astype(y.dtype), (fmt.values[1:] / 2 + fmt.values[:-1] / 2).astype(y.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = np.where(np.isfinite(y), y / np.where(sigma == 0, sigma.dtype.type(1), sigma), 0)
    nearest = np.clip(np.searchsorted(middles, ratio), 0, levels.size - 1)
    chosen = levels[nearest]
    if fmt.has_negative_zero:
        chosen = np.where((chosen == 0) & np.signbit(y), -chosen, chosen)
    wrong = np.flatnonzero(~_same(image_of(chosen, sigma), y))
    for step in (-1, 1):  # a product that was rounded to another number, or to −0
        if wrong.size:
            other = levels[np.clip(nearest[wrong] + step, 0, levels.size - 1)]
            fits = _same(image_of(other, sigma[wrong]), y[wrong])
            chosen[wrong[fits]] = other[fits]
            wrong = wrong[~fits]
    return chosen, wrong


def shifted_levels(
    y: Array, sigma: Array, offset: Array, meaning: OffsetMeaning, fmt: Format
) -> tuple[Array, NDArray[np.intp]]:
    """The codes that stand for y beside an offset, and where there is none."""
    wide, scale, beside = (one.astype(np.float64) for one in (y, sigma, offset))
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = np.rint(meaning.ratios(wide, np.where(scale == 0, 1, scale), beside, fmt))
    nearest = np.clip(np.where(np.isfinite(ratio), ratio, 0), 0, fmt.max)
    chosen = nearest.astype(y.dtype)
    wrong = np.flatnonzero(~_same(shifted_image(chosen, sigma, offset, meaning, fmt), y))
    for step in (-1, 1):  # a sum that was rounded to another number
        if wrong.size:
            other = np.clip(nearest[wrong] + step, 0, fmt.max).astype(y.dtype)
            fits = _same(shifted_image(other, sigma[wrong], offset[wrong], meaning, fmt), y[wrong])
            chosen[wrong[fits]] = other[fits]
            wrong = wrong[~fits]
    return chosen, wrong


def bits_of(a: Array) -> NDArray[Any]:
    """The bits of entries as unsigned integers."""
    return np.ascontiguousarray(a).view(f"u{a.dtype.itemsize}").reshape(a.shape)


def _same(a: Array, b: Array) -> Mask:
    """Entries with the same bits."""
    return np.asarray(bits_of(a) == bits_of(b))
