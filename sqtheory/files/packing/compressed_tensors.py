"""Quantized weights as the package compressed-tensors lays them out: a safetensors file and a ``config.json``.

Layouts of version 0.20: ``pack-quantized``, ``mxfp4-pack-quantized`` and ``nvfp4-pack-quantized``.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import BFLOAT16, E2M1, E4M3
from sqtheory.arrays import Array
from sqtheory.exceptions import InputRefused, first_at
from sqtheory.files.bits import pack_bits
from sqtheory.files.codecs.codec import Codec
from sqtheory.files.codecs.compressed_scheme import METHOD, Scheme
from sqtheory.files.codecs.compressed_tensors import CompressedTensors
from sqtheory.files.codecs.fields import as_words
from sqtheory.files.packing.modules import ModuleLayout, Parts
from sqtheory.files.packing.offsets import CodeOffsets
from sqtheory.files.packing.packed import Packed, slabs_of
from sqtheory.files.packing.scales import BIAS, CodedScales, ExponentScales, RealScales, TwoLevelScales
from sqtheory.files.packing.schema import Schema


@final
class CompressedTensorsLayout(ModuleLayout):
    """Integers in words with scales and perhaps zero points, or E2M1 under the scales of MXFP4 and NVFP4."""

    title: ClassVar[str] = METHOD
    codec: ClassVar[type[Codec]] = CompressedTensors

    def scheme_of(self, schema: Schema) -> Scheme:
        return scheme_of(schema)

    def parts(self, packed: Packed) -> Parts:
        _, parts = compressed(packed)
        return {f".weight_{part}": array for part, array in parts.items()}

    def quantization(self, modules: Mapping[str, Scheme], ignore: list[str]) -> dict[str, Any]:
        """Modules are named where they have not all one scheme."""
        schemes = dict.fromkeys(modules.values())
        layouts = list(dict.fromkeys(scheme.layout for scheme in schemes))
        if len(layouts) > 1:
            raise InputRefused(f"one file has one layout, got {layouts[1]} beside {layouts[0]}")
        named = {s: [name for name, own in modules.items() if own == s] for s in schemes} if len(schemes) > 1 else {}
        return {
            "quant_method": METHOD,
            "format": layouts[0],
            "quantization_status": "compressed",
            "config_groups": {f"group_{i}": s.group(named.get(s, ["Linear"])) for i, s in enumerate(schemes)},
            "ignore": ignore,
        }

    def values(self, schema: Schema, values: Array) -> Array:
        return _bfloat16(values) if scheme_of(schema).kind == "float" else values


def scheme_of(schema: Schema) -> Scheme:
    """The scheme in which a tensor can be laid out; InputRefused, with what is needed, where there is none."""
    fmt, scales, shape = schema.format, schema.scales, schema.shape
    if len(shape) != 2 or not schema.size or schema.dtype != "F32":
        raise InputRefused(f"compressed-tensors lays out float32 matrices, got {schema.dtype} of shape {shape}")
    if schema.view is not None:
        raise InputRefused(f"compressed-tensors lays out matrices [out, in], this one is a view {schema.view}")
    rows, group = schema.block
    real = schema.offsets is not None and schema.offsets != CodeOffsets()
    whole = group >= shape[1]
    if (shape[1] % group and not whole) or (rows != 1 and not (whole and rows >= shape[0])):
        raise InputRefused(
            f"compressed-tensors has blocks that divide a row, whole rows or the matrix, got {schema.boxes}"
        )
    match fmt, scales:
        case _, RealScales(dtype="F32") | CodedScales() if fmt.kind == "integer" and fmt.bits <= 8 and not real:
            strategy = "group" if not whole else "channel" if rows == 1 else "tensor"
            side = None if whole else group
            return Scheme("pack-quantized", fmt.bits, "int", strategy, side, None, schema.offsets is None)
        case _, ExponentScales(bias=bias) if fmt == E2M1 and group == 32 and not shape[1] % group and bias == BIAS:
            return Scheme("mxfp4-pack-quantized", 4, "float", "group", 32, "torch.uint8")
        case _, TwoLevelScales(format=fine) if fmt == E2M1 and group == 16 and not shape[1] % group and fine == E4M3:
            return Scheme("nvfp4-pack-quantized", 4, "float", "tensor_group", 16, "torch.float8_e4m3fn")
    has = "int2 to int8 in blocks or rows, with integer zero points or without, mxfp4 and nvfp4"
    raise InputRefused(f"compressed-tensors has {has}, got {schema.operator}")


def compressed(packed: Packed) -> tuple[Scheme, dict[str, tuple[str, NDArray[Any]]]]:
    """The scheme and the arrays ``weight_packed``, ``weight_scale``, … with their safetensors types.

    Raises InputRefused where the package would decompress other values.
    """
    scheme, schema, scales = scheme_of(packed.schema), packed.schema, packed.arrays["scales"]
    fields: list[NDArray[Any]] = []
    inverse: Array | None = None
    middle = 1 << (scheme.num_bits - 1) if scheme.symmetric else 0
    if scheme.strategy == "tensor_group":
        given = schema.scales.decode(packed.arrays, scales.shape, np.dtype(np.float32))
        fine, inverse = E4M3.decode(scales), _inverse(packed.arrays["tensor_scale"], scales, given)
    for slab in slabs_of(packed):
        ours, levels, sigma, rows = slab.values, slab.levels, slab.scales, slab.where[0]
        if scheme.kind == "int":
            fields.append(as_words(levels + middle, scheme.num_bits))
            _check(ours, (levels if slab.offsets is None else levels - slab.offsets) * sigma)
            continue
        fields.append(pack_bits(schema.format.encode(levels), 4).reshape(len(levels), -1))
        if inverse is not None:
            sigma = schema.boxes.spread(fine[rows] / inverse, levels.shape)
        _check(_bfloat16(ours), _bfloat16(levels * sigma))
    if scheme.kind == "int":
        return scheme, _integers(packed, scheme, np.concatenate(fields))
    parts = {"packed": ("U8", np.concatenate(fields)), "scale": ("U8" if inverse is None else "F8_E4M3", scales)}
    return scheme, parts if inverse is None else {**parts, "global_scale": ("F32", inverse)}


def _integers(packed: Packed, scheme: Scheme, words: NDArray[np.int32]) -> dict[str, tuple[str, NDArray[Any]]]:
    """Codes c + 2^{k−1} in words, scales, and zero points: in words down the outputs, of the whole matrix I8."""
    schema, single = packed.schema, scheme.strategy == "tensor"
    grid, f32 = schema.boxes.grid(schema.shape), np.dtype(np.float32)
    scales = schema.scales.decode(packed.arrays, grid, f32)
    parts: dict[str, tuple[str, NDArray[Any]]] = {
        "packed": ("I32", words),
        "scale": ("F32", scales.reshape(-1) if single else scales),
    }
    if schema.offsets is not None:
        zeros = schema.offsets.decode(packed.arrays, grid, f32, schema.format)
        signed = (zeros - (1 << (scheme.num_bits - 1))).astype(np.int8).reshape(-1)
        down = np.ascontiguousarray(as_words(zeros.T, scheme.num_bits).T)
        parts["zero_point"] = ("I8", signed) if single else ("I32", down)
    return {**parts, "shape": ("I64", np.array(schema.shape, np.int64))}


def _inverse(g: Array, codes: NDArray[np.uint8], sigma: Array) -> Array:
    """A float32 number G for which every level times fl(s/G) is that times fl(g·s) in bfloat16, near 1/g."""
    used, first = np.unique(codes, return_index=True)
    fine, levels = E4M3.decode(used), E2M1.values.astype(np.float32)[:, None]
    wanted = _bfloat16(levels * sigma.reshape(-1)[first])
    with np.errstate(divide="ignore", over="ignore"):
        near = np.float32(1) / np.float32(g)
    near = near if 0 < near < np.inf else np.float32(1)
    up = down = near
    for _ in range(16):
        for candidate in (up, down):
            with np.errstate(over="ignore"):
                if np.array_equal(_bfloat16(levels * (fine / candidate)), wanted):
                    return np.array([candidate], np.float32)
        up, down = np.nextafter(up, np.float32(np.inf)), np.nextafter(down, np.float32(0))
    raise InputRefused(f"no reciprocal of the scale {g} of the tensor gives the same values in bfloat16")


def _bfloat16(values: Array) -> Array:
    return BFLOAT16.round(values.astype(np.float32), saturate=False)


def _check(ours: Array, theirs: Array) -> None:
    """Refuse a tensor that would be decompressed to other bits."""
    wrong = (ours.view(np.uint32) != theirs.view(np.uint32)) | ~np.isfinite(theirs)
    if wrong.any():
        at = first_at(wrong)
        raise InputRefused(f"{ours[at]} at {at} would be decompressed as {theirs[at]}")
