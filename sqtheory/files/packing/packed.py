"""Tensors as codes, scales and places of survivors, and back to the same values bit for bit."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet import kernels
from sqtheory.alphabet.compiled_images import image_into
from sqtheory.alphabet.formats import Codes, Format
from sqtheory.alphabet.kernels.scratch import scratch
from sqtheory.alphabet.operators import Operator, parts_of
from sqtheory.alphabet.partition import Shape, Whole
from sqtheory.alphabet.partition.boxes import Boxes, Where
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.storage import Index
from sqtheory.alphabet.traits import KEEPS_ZERO
from sqtheory.arrays import Array, ArrayLike, Mask, as_real, plain_array
from sqtheory.exceptions import InputRefused, about, first_at
from sqtheory.files.bits import pack_bits, unpack_bits
from sqtheory.files.packing.coding import codes_of, compiled_codes, compiled_values
from sqtheory.files.packing.indices import Places, places_of
from sqtheory.files.packing.scales import scales_of
from sqtheory.files.packing.schema import CODES, DTYPES, INDICES, Schema

_CHUNK = 1 << 18


@final
@dataclass(frozen=True, eq=False)
class Packed:
    """A tensor as its schema and the arrays it describes: ``codes``, ``scales``, ``tensor_scale``, ``indices``."""

    schema: Schema
    arrays: Mapping[str, NDArray[Any]]

    def __post_init__(self) -> None:
        """ValueError for arrays that are not those of the schema."""
        self.schema.check({part: (a.dtype.newbyteorder("<"), a.shape) for part, a in self.arrays.items()})

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self.arrays.values())

    @property
    def padding(self) -> int:
        """Bits that only fill last bytes: 8 · nbytes less the bits of codes, scales and places."""
        return 8 * self.nbytes - self.schema.bits

    @property
    def bits_per_entry(self) -> Fraction:
        """Bits of all arrays, the padding included, over the number of entries."""
        return Fraction(8 * self.nbytes, max(self.schema.size, 1))


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
            return pack_values(q(given), q, q.scales(given), operator=str(f), real=real)
        case (Sparsifier() as s, Quantizer() as q):
            kept = s.mask(given)
            image, scales = _memory("packed values", given), np.empty(q.partition.grid(given.shape), given.dtype)
            if not image_into(f, given, image, scales):
                pruned = kernels.pruned(given, kept, _memory("pruned values", given))
                image, scales = q(pruned, out=image), q.scales(pruned)
            if KEEPS_ZERO not in q.traits:  # pruned entries come back as other levels
                return pack_values(image, q, scales, operator=str(f), real=real)
            places = places_of(s, image.shape, index)
            return pack_values(image, q, scales, kept, places, operator=str(f), real=real)
        case (Quantizer() as q, Sparsifier() as s):
            image, scales = q(given), q.scales(given)
            kept = s.mask(image, given)
        case _:
            raise TypeError(f"packed are q, s >> q and q >> s for a quantizer q and a sparsifier s, got {f}")
    return pack_kept(image, q, scales, s, kept, str(f), index=index, real=real)


def pack_kept(
    image: Array,
    q: Quantizer,
    scales: Array,
    s: Sparsifier,
    kept: Mask,
    operator: str = "",
    *,
    index: Index | None = None,
    real: str | None = None,
) -> Packed:
    """The codes of m ⊙ y for values y on the grids of ``scales``, and any mask m = ``kept`` of the kind that s makes.

    Raises as ``pack_values``, and ValueError where an index is asked for that cannot hold the mask.
    """
    values = kernels.pruned(image, kept, _memory("packed values", image))
    return pack_values(values, q, scales, kept, places_of(s, image.shape, index), operator=operator, real=real)


def pack_values(
    values: Array,
    q: Quantizer,
    scales: Array,
    kept: Mask | None = None,
    places: Places | None = None,
    *,
    operator: str = "",
    real: str | None = None,
) -> Packed:
    """The codes of values that are σ_B times levels of q's format, whatever order or mask they came from.

    ``scales`` are those of the grid of q's blocks, in the dtype of the values (float32 or float64); only entries in
    ``kept`` are stored, by default all, their places as ``places`` says (a bitmap unless told). Raises InputRefused,
    naming the entry and its block, for a value that is not σ_B times a level, −0 where the format has no −0, or a
    pruned value that is not +0.
    """
    if q.scaling.shifts:
        raise InputRefused(f"{q} has an offset for every block, which packed codes do not hold: write values")
    values = plain_array(values)
    dtype = next((name for name, kind in DTYPES.items() if values.dtype == kind), None)
    if dtype is None or scales.dtype != values.dtype or scales.shape != q.partition.grid(values.shape):
        raise TypeError(
            f"values are float32 or float64 and scales of the same dtype in the shape {q.partition.grid(values.shape)} "
            f"of the grid of blocks, got {values.dtype}, {scales.dtype} and {scales.shape}"
        )
    boxes = Boxes(q.partition.sides(values.shape))
    codes = _codes(values, q.format, boxes, scales, kept)
    if q.scaling.bits()[0] == 0 and any(q.scaling.bits()) and scales.size:  # one for all
        boxes = Boxes(Whole().sides(values.shape))
        scales = scales.reshape(-1)[:1].reshape(boxes.grid(values.shape))
    stored = scales_of(q, scales, real)
    arrays = {CODES: pack_bits(codes, q.format.bits), **stored.encode(scales)}
    if kept is not None:
        places = places or Places(Index.bitmap, (1,) * values.ndim)
        arrays[INDICES] = places.encode(kept)
    schema = Schema(values.shape, dtype, q.format, boxes.box, stored, places, codes.size, operator)
    return Packed(schema, arrays)


def unpack(packed: Packed, memory: Callable[[Shape, np.dtype[Any]], Array] = np.empty) -> Array:
    """x_i = fl(σ_B · c_i) for kept entries, +0 for pruned ones; ValueError for arrays that hold no such tensor.

    The values lie in what ``memory`` gives for their shape and dtype.
    """
    schema = packed.schema
    out = memory(schema.shape, np.dtype(DTYPES[schema.dtype]))
    codes, scales, kept = _decoded(packed)
    if not compiled_values(codes, schema.format, schema.boxes, scales, kept, out):
        for entries, levels, spread in _slabs(packed, codes, scales, kept):
            out[entries] = image_of(levels, spread)
    return out


def slabs_of(packed: Packed) -> Iterator[tuple[Where, Array, Array]]:
    """Where in the tensor, the level c_i of every entry there (+0 where pruned), its σ_B; raises as ``unpack``."""
    return _slabs(packed, *_decoded(packed))


def _decoded(packed: Packed) -> tuple[Codes, Array, Mask | None]:
    """The codes, the scales, and which entries are kept, where not all are; raises as ``unpack``."""
    schema, arrays = packed.schema, packed.arrays
    codes = unpack_bits(arrays[CODES], schema.format.bits, schema.kept)
    scales = schema.scales.decode(arrays, schema.boxes.grid(schema.shape), np.dtype(DTYPES[schema.dtype]))
    if schema.mask is None:
        return codes, scales, None
    kept = schema.mask.decode(arrays[INDICES], schema.shape)
    if np.count_nonzero(kept) != schema.kept:
        raise ValueError(f"the mask keeps {np.count_nonzero(kept)} entries, {schema.kept} have codes")
    return codes, scales, kept


def _slabs(packed: Packed, codes: Codes, scales: Array, kept: Mask | None) -> Iterator[tuple[Where, Array, Array]]:
    schema = packed.schema
    dtype = np.dtype(DTYPES[schema.dtype])
    table = schema.format.code_values.astype(dtype)
    known = bool(np.all(np.isfinite(table)))
    every: Mask = np.broadcast_to(np.bool_(True), schema.shape) if kept is None else kept
    done = 0
    for entries, cells in schema.boxes.bands(schema.shape, _CHUNK):
        here = every[entries]
        count = here.size if kept is None else int(np.count_nonzero(here))
        own = np.take(table, codes[done : done + count])
        if kept is None:
            levels = own.reshape(here.shape)
        else:
            levels = np.zeros(here.shape, dtype)
            levels[here] = own
        if not known and not np.all(np.isfinite(own)):
            raise ValueError(f"a code is no number of {schema.format}")
        yield entries, levels, schema.boxes.spread(scales[cells], here.shape)
        done += count


def encode_packed(
    name: str, x: ArrayLike, f: Operator, *, index: Index | None = None, real: str | None = None
) -> tuple[dict[str, NDArray[Any]], Schema]:
    """The arrays of f(x) by their names in a file (``weight.codes``, …) and their schema.

    Raises what ``pack_image`` raises, with the name of the tensor.
    """
    with about(f"tensor {name!r}"):
        packed = pack_image(x, f, index=index, real=real)
    return {f"{name}.{part}": array for part, array in packed.arrays.items()}, packed.schema


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


def _memory(name: str, x: Array) -> Array:
    """Memory of the kernels in the shape of x."""
    return np.asarray(scratch(name, x.size, x.dtype).reshape(x.shape))


def _codes(values: Array, fmt: Format, boxes: Boxes, scales: Array, kept: Mask | None) -> Codes:
    """The codes of kept values in C order, by default of all."""
    quick = compiled_codes(values, fmt, boxes, scales, kept)
    if quick is not None:
        return quick
    every: Mask = np.broadcast_to(np.bool_(True), values.shape) if kept is None else kept
    found: list[Codes] = [np.empty(0, np.uint8 if fmt.bits <= 8 else np.uint16)]
    for entries, cells in boxes.bands(values.shape, _CHUNK):
        part, here = values[entries], every[entries]
        stray = np.greater(_bits(part) != 0, here)
        if stray.any():
            raise InputRefused(f"{_at(values, entries, stray, boxes)} is pruned and must be +0")
        spread = boxes.spread(scales[cells], part.shape)
        codes = codes_of(part, spread, fmt)
        if codes is not None:
            found.append(codes.reshape(-1) if kept is None else codes[here])
            continue
        sigma = spread[here]
        levels, wrong = _levels(part[here], sigma, fmt)
        if wrong.size:
            where = np.zeros(part.shape, np.bool_)
            where[here] = np.arange(sigma.size) == wrong[0]
            place = _at(values, entries, where, boxes)
            raise InputRefused(f"{place} is no value of {fmt} times the scale {sigma[wrong[0]]}")
        found.append(fmt.encode(levels).view(found[0].dtype))
    return np.concatenate(found)


def _levels(y: Array, sigma: Array, fmt: Format) -> tuple[Array, NDArray[np.intp]]:
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


def _same(a: Array, b: Array) -> Mask:
    """Entries with the same bits."""
    return np.asarray(_bits(a) == _bits(b))


def _bits(a: Array) -> NDArray[Any]:
    return np.ascontiguousarray(a).view(f"u{a.dtype.itemsize}").reshape(a.shape)


def _at(values: Array, entries: Where, wrong: Mask, boxes: Boxes) -> str:
    """The first entry of a slab that is wrong, and its block."""
    place = first_at(wrong)
    if isinstance(entries[0], slice):
        place = (place[0] + entries[0].start, *place[1:])
    return f"{values[place]} at {place}, block {boxes.box_of(place, values.shape)},"
