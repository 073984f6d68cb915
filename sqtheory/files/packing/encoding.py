"""Values on the grids of a quantizer as codes, scales, offsets and places of survivors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet import kernels
from sqtheory.alphabet.compiled_images import image_into
from sqtheory.alphabet.formats import Codes, Format
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.alphabet.operators import Operator, parts_of
from sqtheory.alphabet.partition import Whole
from sqtheory.alphabet.partition.boxes import Boxes, Where
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.scaling.offset_meaning import OffsetMeaning
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.storage import Index
from sqtheory.alphabet.traits import KEEPS_ZERO
from sqtheory.arrays import Array, ArrayLike, Mask, as_real, plain_array
from sqtheory.exceptions import InputRefused, about, first_at
from sqtheory.files.bits import pack_bits
from sqtheory.files.packing.coding import codes_of, compiled_codes
from sqtheory.files.packing.images import bits_of, levels_of, shifted_levels
from sqtheory.files.packing.indices import Places, places_of
from sqtheory.files.packing.offsets import offsets_of
from sqtheory.files.packing.packed import CHUNK, Packed
from sqtheory.files.packing.scales import scales_of
from sqtheory.files.packing.schema import CODES, DTYPES, INDICES, Schema


def pack(
    x: ArrayLike, q: Quantizer, s: Sparsifier | None = None, *, index: Index | None = None, real: str | None = None
) -> Packed:
    """The codes of q(x), or of q(s(x)) for survivors only; ``unpack`` gives these values bit for bit.

    ``index`` chooses how the places of survivors are stored, ``real`` (F16, F32, F64) the type of real scales.
    Raises what q and s raise, and InputRefused where a scale is no number of the type.
    """
    return pack_image(x, q if s is None else s >> q, index=index, real=real)


def pack_image(x: ArrayLike, f: Operator, *, index: Index | None = None, real: str | None = None) -> Packed:
    """The codes of f(x) for f = q, s >> q or q >> s, a quantizer q and a sparsifier s; TypeError for any other f."""
    given = as_real(x)
    match parts_of(f):
        case (Quantizer() as q,):
            scales, offsets = grid_of(q, given)
            return pack_values(q(given), q, scales, offsets=offsets, operator=str(f), real=real)
        case (Sparsifier() as s, Quantizer() as q):
            kept = s.mask(given)
            image, scales = _memory("packed values", given), np.empty(q.partition.grid(given.shape), given.dtype)
            offsets = None
            if not image_into(f, given, image, scales):
                pruned = kernels.pruned(given, kept, _memory("pruned values", given))
                (scales, offsets), image = grid_of(q, pruned), q(pruned, out=image)
            if KEEPS_ZERO not in q.traits:  # pruned entries come back as other levels
                return pack_values(image, q, scales, offsets=offsets, operator=str(f), real=real)
            places = places_of(s, image.shape, index)
            return pack_values(image, q, scales, kept, places, offsets=offsets, operator=str(f), real=real)
        case (Quantizer() as q, Sparsifier() as s):
            (scales, offsets), image = grid_of(q, given), q(given)
            kept = s.mask(image, given)
        case _:
            raise TypeError(f"packed are q, s >> q and q >> s for a quantizer q and a sparsifier s, got {f}")
    return pack_kept(image, q, scales, s, kept, str(f), offsets=offsets, index=index, real=real)


def grid_of(q: Quantizer, x: Array) -> tuple[Array, Array | None]:
    """The scale of every block of x and, where q has one, its offset, by which codes stand for values."""
    if q.scaling.meaning is None:
        return q.scales(x), None
    if not x.size:
        return (np.zeros(q.partition.grid(x.shape), x.dtype),) * 2
    scales, offsets, *_ = q.placed(x)
    return scales, offsets


def pack_kept(
    image: Array,
    q: Quantizer,
    scales: Array,
    s: Sparsifier,
    kept: Mask,
    operator: str = "",
    *,
    offsets: Array | None = None,
    index: Index | None = None,
    real: str | None = None,
) -> Packed:
    """The codes of m ⊙ y for values y on the grids of ``scales``, and any mask m = ``kept`` of the kind that s makes.

    Raises as ``pack_values``, and ValueError where an index is asked for that cannot hold the mask.
    """
    values = kernels.pruned(image, kept, _memory("packed values", image))
    places = places_of(s, image.shape, index)
    return pack_values(values, q, scales, kept, places, offsets=offsets, operator=operator, real=real)


def pack_values(
    values: Array,
    q: Quantizer,
    scales: Array,
    kept: Mask | None = None,
    places: Places | None = None,
    *,
    offsets: Array | None = None,
    operator: str = "",
    real: str | None = None,
) -> Packed:
    """The codes of values that are σ_B times levels of q's format, whatever order or mask they came from.

    ``scales`` are those of the grid of q's blocks, in the dtype of the values (float32 or float64), and so are
    ``offsets``, of a quantizer that has them (``grid_of``). Only entries in ``kept`` are stored, by default all, their
    places as ``places`` says (a bitmap unless told). Raises InputRefused, naming the entry and its block, for a value
    that no code stands for, −0 where the format has no −0, or a pruned value that is not +0.
    """
    values = plain_array(values)
    dtype = next((name for name, kind in DTYPES.items() if values.dtype == kind), None)
    if dtype is None or scales.dtype != values.dtype or scales.shape != q.partition.grid(values.shape):
        raise TypeError(
            f"values are float32 or float64 and scales of the same dtype in the shape {q.partition.grid(values.shape)} "
            f"of the grid of blocks, got {values.dtype}, {scales.dtype} and {scales.shape}"
        )
    if q.scaling.second_format is not None:
        raise InputRefused(f"blocks of {q} are of two formats, and no packed layout here has two: write its values")
    if (offsets is None) != (q.scaling.meaning is None) or (offsets is not None and offsets.shape != scales.shape):
        raise TypeError(f"offsets are given of a quantizer that has them, one for each scale: {q}")
    boxes, beside = Boxes(q.partition.sides(values.shape)), offsets_of(q, offsets, real)
    codes = _codes(values, q.format, boxes, (scales, offsets), q.scaling.meaning, kept)
    if q.scaling.bits()[0] == 0 and any(q.scaling.bits()) and scales.size:  # one for all
        boxes = Boxes(Whole().sides(values.shape))
        scales = scales.reshape(-1)[:1].reshape(boxes.grid(values.shape))
    stored = scales_of(q, scales, real)
    arrays = {CODES: pack_bits(codes, q.format.bits), **stored.encode(scales)}
    if beside is not None and offsets is not None:
        arrays |= beside.encode(offsets, q.format)
    if kept is not None:
        places = places or Places(Index.bitmap, (1,) * values.ndim)
        arrays[INDICES] = places.encode(kept)
    schema = Schema(values.shape, dtype, q.format, boxes.box, stored, places, codes.size, operator, offsets=beside)
    return Packed(schema, arrays)


def encode_packed(
    name: str, x: ArrayLike, f: Operator, *, index: Index | None = None, real: str | None = None
) -> tuple[dict[str, NDArray[Any]], Schema]:
    """The arrays of f(x) by their names in a file (``weight.codes``, …) and their schema.

    Raises what ``pack_image`` raises, with the name of the tensor.
    """
    with about(f"tensor {name!r}"):
        packed = pack_image(x, f, index=index, real=real)
    return {f"{name}.{part}": array for part, array in packed.arrays.items()}, packed.schema


def _memory(name: str, x: Array) -> Array:
    """Memory of the kernels in the shape of x."""
    return np.asarray(scratch(name, x.size, x.dtype).reshape(x.shape))


def _codes(
    values: Array,
    fmt: Format,
    boxes: Boxes,
    grid: tuple[Array, Array | None],
    meaning: OffsetMeaning | None,
    kept: Mask | None,
) -> Codes:
    """The codes of kept values in C order, by default of all."""
    quick = compiled_codes(values, fmt, boxes, grid[0], kept) if meaning is None else None
    if quick is not None:
        return quick
    every: Mask = np.broadcast_to(np.bool_(True), values.shape) if kept is None else kept
    found: list[Codes] = [np.empty(0, np.uint8 if fmt.bits <= 8 else np.uint16)]
    for entries, cells in boxes.bands(values.shape, CHUNK):
        part, here = values[entries], every[entries]
        stray = np.greater(bits_of(part) != 0, here)
        if stray.any():
            raise InputRefused(f"{_at(values, entries, stray, boxes)} is pruned and must be +0")
        spread, *beside = (boxes.spread(one[cells], part.shape) for one in grid if one is not None)
        codes = codes_of(part, spread, fmt) if meaning is None else None
        if codes is not None:
            found.append(codes.reshape(-1) if kept is None else codes[here])
            continue
        y, sigma = part[here], spread[here]
        if meaning is None:
            levels, wrong = levels_of(y, sigma, fmt)
        else:
            levels, wrong = shifted_levels(y, sigma, beside[0][here], meaning, fmt)
        if wrong.size:
            where = np.zeros(part.shape, np.bool_)
            where[here] = np.arange(sigma.size) == wrong[0]
            place, first = _at(values, entries, where, boxes), wrong[0]
            offset = f" beside the offset {beside[0][here][first]}" if beside else ""
            raise InputRefused(f"{place} is no value of {fmt} times the scale {sigma[first]}{offset}")
        found.append(fmt.encode(levels).view(found[0].dtype))
    return np.concatenate(found)


def _at(values: Array, entries: Where, wrong: Mask, boxes: Boxes) -> str:
    """The first entry of a slab that is wrong, and its block."""
    place = first_at(wrong)
    if isinstance(entries[0], slice):
        place = (place[0] + entries[0].start, *place[1:])
    return f"{values[place]} at {place}, block {boxes.box_of(place, values.shape)},"
