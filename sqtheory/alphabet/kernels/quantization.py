"""Block quantization tile by tile: σ ρ(x/σ) for runs of entries that share a scale, each tile read and written once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np

from sqtheory.alphabet.formats import Format
from sqtheory.alphabet.kernels.engine import ENOUGH, by_definition
from sqtheory.alphabet.kernels.maxima import amax_of_runs, finite, largest, magnitude_bits
from sqtheory.alphabet.kernels.rounders import Compiled, Rounder, compiled_image, rounder
from sqtheory.alphabet.kernels.runs import along_last, pieces, rows, tiles
from sqtheory.alphabet.kernels.scratch import per_tile, scratch
from sqtheory.alphabet.partition import Partition
from sqtheory.alphabet.rounding import Rounding
from sqtheory.alphabet.scaling import Reach, Scaling
from sqtheory.arrays import Array

Scale: TypeAlias = Callable[[Array], Array]
"""σ of blocks from their maxima (flat, finite, in memory of the kernels)."""


@final
@dataclass(frozen=True)
class Tile:
    """What is done to every tile: rounding onto the grid, and clipping where some σ exceeds ``safe``."""

    round: Rounder
    safe: float
    compiled: Compiled | None
    """The image as one compiled loop, if there is one and the engine asks for it."""

    @classmethod
    def of(cls, fmt: Format, rounding: Rounding, saturate: bool, dtype: np.dtype[Any], entries: int = ENOUGH) -> "Tile":
        """What a quantizer of these parts does to a tensor of so many entries."""
        loop = compiled_image(fmt, rounding, saturate, dtype, entries)
        return cls(rounder(fmt, rounding, saturate, dtype), safe_scale(fmt, dtype) if saturate else np.inf, loop)


def safe_scale(fmt: Format, dtype: np.dtype[Any]) -> float:
    """Up to this σ no image σ ρ(v) is near the largest number of the dtype."""
    return float(np.finfo(dtype).max) / max(fmt.max, -fmt.min) / 2


@np.errstate(over="ignore")  # a ratio or an image may be beyond the dtype: it saturates
def quantize(
    x: Array, out: Array, fmt: Format, scaling: Scaling, blocks: Partition, rounding: Rounding, saturate: bool
) -> bool:
    """Write the image of x under a quantizer of these parts to ``out``; False where the definition must do it.

    That is for blocks that are no runs along an axis, random rounding, codes that are no quotients by σ, and NaN or
    infinity in x; ``out`` may be
    spoiled then. x and ``out`` are one array or do not overlap, or the result is undefined.
    """
    if by_definition() or not (rounding.deterministic and scaling.direct and blocks.straight) or not x.size:
        return False
    runs = _runs(x, out, blocks)
    if runs is None:
        return False
    view, size = runs
    tile = Tile.of(fmt, rounding, saturate, x.dtype, x.size)
    if scaling.constant == 1:
        return unscaled(x, out, tile)
    scale = scale_rule(x, fmt, scaling)
    if scale is not None and fmt.has_zero and scaling.zero_block_is_zero:
        return by_maxima(view(x), view(out), size, scale, tile)
    if not finite(x):
        return False
    scales = scaling.scales(x, blocks, fmt)
    at_scales(view(x), view(out), size, view(scales), tile)
    if scaling.signed:  # 0 times a negative scale is 0
        np.add(out, 0, out=out)
    return True


@np.errstate(over="ignore")
def image_at(
    x: Array, out: Array, fmt: Format, scales: Array, blocks: Partition, rounding: Rounding, saturate: bool
) -> bool:
    """Write σ ρ(x/σ) of finite x to ``out`` at the scale of every block; False where the definition must do it.

    x and ``out`` as for ``quantize``; ``scales`` in the shape of the grid of blocks.
    """
    runs = None if by_definition() or not rounding.deterministic or not x.size else _runs(x, out, blocks)
    if runs is None:
        return False
    view, size = runs
    at_scales(view(x), view(out), size, view(scales), Tile.of(fmt, rounding, saturate, x.dtype, x.size))
    return True


def _runs(x: Array, out: Array, blocks: Partition) -> tuple[Callable[[Array], Array], int] | None:
    """How to see x and ``out`` so that every block is a run of the last axis, and its length; None where none is."""
    return along_last(x.shape, blocks.sides(x.shape), x.flags.c_contiguous and out.flags.c_contiguous)


def scale_rule(x: Array, fmt: Format, scaling: Scaling) -> Scale | None:
    """How the scales of blocks of x follow from their maxima; None where they do not, or one of them is infinite."""
    if not scaling.follows_maximum:
        return None
    top = largest(x) if scaling.looks_at is Reach.tensor else np.zeros(1, x.dtype)
    return (lambda amax: scaling.of_maxima(amax, top, fmt)) if top[0] < np.inf else None


def block_scales(x: Array, fmt: Format, scaling: Scaling, blocks: Partition) -> Array:
    """``scaling.scales`` of finite x: tile by tile where blocks are equal runs of memory and maxima decide."""
    size = None if by_definition() else blocks.last_run(x.shape)
    runs = size is not None and size <= per_tile(x) and x.shape[-1] % size == 0 and x.flags.c_contiguous
    scale = scale_rule(x, fmt, scaling) if runs else None
    if size is None or scale is None:
        return scaling.scales(x, blocks, fmt)
    out, flat, step = np.empty(blocks.grid(x.shape), x.dtype), x.reshape(-1), per_tile(x) // size * size
    for at in range(0, x.size, step):
        part = flat[at : at + step]
        out.reshape(-1)[at // size :][: part.size // size] = scale(amax_of_runs(part, size))
    return out


def by_maxima(x: Array, out: Array, size: int, scale: Scale, tile: Tile) -> bool:
    """Write σ ρ(x/σ) to ``out`` for runs of ``size`` along the last axis; False at the first NaN or infinity.

    x and ``out`` are one array or do not overlap; ``out`` is spoiled where False is returned.
    """
    for source, image in (cut for part in rows((x, out), size) for cut in tiles(part, per_tile(x))):
        if source.size > per_tile(x):
            amax = largest(source)
        else:
            flat = contiguous(source)
            amax = amax_of_runs(flat, source.shape[-1])
        if not np.maximum.reduce(amax) < np.inf:
            return False
        sigma = scale(amax)
        if source.size > per_tile(x):
            for part, target in pieces((source, image), per_tile(x)):
                _write(contiguous(part), target, sigma, tile, amax)
        else:
            _write(flat, image, sigma, tile, amax)
    return True


def at_scales(x: Array, out: Array, size: int, scales: Array, tile: Tile) -> None:
    """Write σ ρ(x/σ) to ``out`` for runs of ``size`` along the last axis of finite x, σ given for every run."""
    for source, image, sigma in (cut for part in rows((x, out), size, scales) for cut in tiles(part, per_tile(x))):
        for part, target in pieces((source, image), per_tile(x)) if source.size > per_tile(x) else ((source, image),):
            _write(contiguous(part), target, sigma.reshape(-1), tile, None)


def unscaled(x: Array, out: Array, tile: Tile) -> bool:
    """Write ρ(x) to ``out``; False at the first NaN or infinity, where ``out`` is spoiled."""
    for part, image in pieces((x, out), per_tile(x)):
        flat = contiguous(part)
        if not np.maximum.reduce(magnitude_bits(flat)).view(x.dtype) < np.inf:
            return False
        _write(flat, image, None, tile, None)
    return True


def contiguous(x: Array) -> Array:
    """The entries in C order, flat: x itself where its memory has them so, else in memory of the kernels."""
    if x.flags.c_contiguous:
        return x.reshape(-1)
    held: Array = scratch("entries", x.size, x.dtype)
    held.reshape(x.shape)[...] = x
    return held


def _write(x: Array, out: Array, sigma: Array | None, tile: Tile, amax: Array | None) -> None:
    """One tile of equal runs (flat, finite) under their scales; ``amax`` their maxima, if known."""
    v: Array = out.reshape(-1) if out.flags.c_contiguous else scratch("image", x.size, x.dtype)
    scaled_image(x, v, sigma, tile, amax)
    if not out.flags.c_contiguous:
        out[...] = v.reshape(out.shape)


def scaled_image(x: Array, out: Array, sigma: Array | None, tile: Tile, amax: Array | None) -> None:
    """σ ρ(x/σ) of finite x into ``out``, both contiguous; the last axis holds runs of one length, each with its σ."""
    if sigma is None:
        np.copyto(out, x)
        tile.round(out.reshape(-1), lambda: np.inf)
        return
    if tile.compiled is not None:
        if np.may_share_memory(x, out):  # such loops are not vectorized
            x = np.positive(x, out=scratch("bits", x.size, x.dtype).reshape(x.shape))
        shape = (x.size // x.shape[-1], sigma.size, -1)
        tile.compiled(x.reshape(shape), np.array(sigma), out.reshape(shape))
    else:
        some_zero = not np.logical_and.reduce(sigma)
        divisor = np.where(sigma == 0, x.dtype.type(1), sigma) if some_zero else sigma
        spread = _spread(divisor, x.shape[-1])
        np.divide(x, spread, out=out)
        tile.round(out.reshape(-1), lambda: np.inf if amax is None else float(np.maximum.reduce(amax / divisor)))
        if some_zero:
            spread = _spread(sigma, x.shape[-1])
        np.multiply(out, spread, out=out)
    if np.maximum.reduce(np.abs(sigma)) > tile.safe:
        end = np.finfo(x.dtype).max
        np.clip(out, -end, end, out=out)


def _spread(values: Array, size: int) -> Array:
    """One value for every run as one for every entry of ``size``: inner loops over runs would cost more."""
    out: Array = scratch("bits", size, values.dtype)
    out.reshape(values.size, -1)[...] = values[:, None]
    return out
