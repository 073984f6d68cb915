"""Quantized weights as the package compressed-tensors lays them out: a safetensors file and a ``config.json``.

Layouts of version 0.20: ``pack-quantized``, ``mxfp4-pack-quantized`` and ``nvfp4-pack-quantized``.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import BFLOAT16, E2M1, E4M3
from sqtheory.arrays import Array
from sqtheory.exceptions import InputRefused, about, first_at
from sqtheory.files import atomic
from sqtheory.files.bits import pack_bits
from sqtheory.files.checkpoints.json_text import json_object
from sqtheory.files.checkpoints.tensors import Checkpoint, plain, quoted, refused
from sqtheory.files.codecs.compressed_scheme import METHOD, Scheme
from sqtheory.files.codecs.configuration import without
from sqtheory.files.packing.files import StoredArray, write_arrays
from sqtheory.files.packing.packed import Packed, slabs_of
from sqtheory.files.packing.scales import BIAS, ExponentScales, RealScales, TwoLevelScales
from sqtheory.files.packing.schema import Schema
from sqtheory.files.views.architecture import CONFIG

MODEL, QUANTIZATION = "model.safetensors", "quantization_config"
FILES = (MODEL, CONFIG)
"""All that is written to the folder."""
WEIGHT = ".weight"
FORMAT = {"format": "pt"}
"""The metadata that the package expects."""
_WORD = 32
_MAX_CONFIG = 1 << 24


def quantization_config(modules: Mapping[str, Scheme], ignore: list[str]) -> dict[str, Any]:
    """What is said of compressed modules, by name where they have not all one scheme, and of layers that are not."""
    schemes = dict.fromkeys(modules.values())
    targets = {s: [name for name, own in modules.items() if own == s] for s in schemes} if len(schemes) > 1 else {}
    return {
        "quant_method": METHOD,
        "format": next(iter(schemes)).layout,
        "quantization_status": "compressed",
        "config_groups": {f"group_{i}": s.group(targets.get(s, ["Linear"])) for i, s in enumerate(schemes)},
        "ignore": ignore,
    }


def scheme_of(schema: Schema) -> Scheme:
    """The scheme in which a tensor can be laid out; InputRefused, with what is needed, where there is none."""
    fmt, scales, shape = schema.format, schema.scales, schema.shape
    if len(shape) != 2 or not schema.size or schema.dtype != "F32":
        raise InputRefused(f"compressed-tensors lays out float32 matrices, got {schema.dtype} of shape {shape}")
    if schema.view is not None:
        raise InputRefused(f"compressed-tensors lays out matrices [out, in], this one is a view {schema.view}")
    rows, group = schema.block
    whole = group >= shape[1]
    if (shape[1] % group and not whole) or (rows != 1 and not (whole and rows >= shape[0])):
        raise InputRefused(
            f"compressed-tensors has blocks that divide a row, whole rows or the matrix, got {schema.boxes}"
        )
    match fmt, scales:
        case _, RealScales(dtype="F32") if fmt.kind == "integer" and fmt.odd and fmt.bits <= 8:
            if whole:
                return Scheme("pack-quantized", fmt.bits, "int", "channel" if rows == 1 else "tensor", None, None)
            return Scheme("pack-quantized", fmt.bits, "int", "group", group, None)
        case _, ExponentScales(bias=bias) if fmt == E2M1 and group == 32 and not shape[1] % group and bias == BIAS:
            return Scheme("mxfp4-pack-quantized", 4, "float", "group", 32, "torch.uint8")
        case _, TwoLevelScales(format=fine) if fmt == E2M1 and group == 16 and not shape[1] % group and fine == E4M3:
            return Scheme("nvfp4-pack-quantized", 4, "float", "tensor_group", 16, "torch.float8_e4m3fn")
    raise InputRefused(f"compressed-tensors has int2 to int8 in blocks or rows, mxfp4 and nvfp4, got {schema.operator}")


def write_compressed_tensors(
    folder: Path,
    packs: Iterable[tuple[str, Packed]],
    source: Checkpoint,
    metadata: Mapping[str, str] | None = None,
    *,
    force: bool = False,
) -> tuple[dict[str, Schema], dict[str, int]]:
    """Write ``model.safetensors`` and then ``config.json``; schema and bytes of each tensor, all entries stored.

    A ``config.json`` beside the source is kept but for ``quantization_config``. ``packs`` may be a generator, and
    all its tensors are matrices ``NAME.weight`` of one layout. The values that the package decompresses (float32 for
    integers, bfloat16 for the others) are those of ``unpack``, bit for bit, after one rounding to bfloat16: else, and
    for what the layout lacks, InputRefused. Raises what ``write_packed`` raises; then nothing is left.
    """
    config = check_folder(folder, source, force)
    schemas: dict[str, Schema] = {}
    nbytes: dict[str, int] = {}
    modules: dict[str, Scheme] = {}

    def arrays() -> Iterator[StoredArray]:
        for name, packed in packs:
            check_name(source, name, schemas)
            with about(f"{plain(str(source.path))}: tensor {quoted(name)}"):
                scheme, parts = compressed(packed)
                if {scheme.layout} != {scheme.layout, *(other.layout for other in modules.values())}:
                    raise InputRefused(f"one file has one layout, got {scheme.layout} too")
            modules[name.removesuffix(WEIGHT)] = scheme
            schemas[name] = replace(packed.schema, mask=None, kept=packed.schema.size)
            nbytes[name] = sum(array.nbytes for _, array in parts.values())
            for part, (kind, array) in parts.items():
                yield f"{name}_{part}", kind, array

    def said() -> dict[str, str]:
        if not modules:
            raise ValueError(f"{plain(str(folder))}: no tensor is packed")
        return {**FORMAT, **(metadata or {})}

    with atomic.Together(folder.parent, {folder.name: FILES}, force=force) as home:
        write_arrays(home / folder.name / MODEL, arrays(), source, schemas, said, force=False)
        atomic.write(home / folder.name / CONFIG, config_text(config, modules, source))
    return schemas, nbytes


def config_text(config: Mapping[str, object], modules: Mapping[str, Scheme], source: Checkpoint) -> bytes:
    """The ``config.json`` of compressed modules: what is said of the model already, and of its weights."""
    layers = [i.name.removesuffix(WEIGHT) for i in source.tensors if i.name.endswith(WEIGHT) and len(i.shape) == 2]
    said = quantization_config(modules, [name for name in layers if name not in modules])
    return (json.dumps({**config, QUANTIZATION: said}, ensure_ascii=False, indent=2) + "\n").encode()


def check_folder(folder: Path, source: Checkpoint, force: bool) -> dict[str, object]:
    """The config beside the source; what ``write_compressed_tensors`` raises of folders before it writes anything."""
    config = config_of(source)
    if folder.exists() and folder.samefile(source.path.parent):
        raise ValueError(f"{plain(str(folder))} is the folder of the input: write to another")
    atomic.check_new(folder, FILES, force=force)
    return config


def check_name(source: Checkpoint, name: str, packed: Collection[str] = ()) -> None:
    """Refuse a name that the layout has no place for."""
    if not name.endswith(WEIGHT) or name in packed:
        raise refused(source.path, f"compressed-tensors packs each NAME{WEIGHT} once", name)


def compressed(packed: Packed) -> tuple[Scheme, dict[str, tuple[str, NDArray[Any]]]]:
    """The scheme and the arrays ``weight_packed``, ``weight_scale``, … with their safetensors types.

    Raises InputRefused where the package would decompress other values.
    """
    scheme, schema, scales = scheme_of(packed.schema), packed.schema, packed.arrays["scales"]
    fields: list[NDArray[Any]] = []
    inverse: Array | None = None
    if scheme.strategy == "tensor_group":
        given = schema.scales.decode(packed.arrays, scales.shape, np.dtype(np.float32))
        fine, inverse = E4M3.decode(scales), _inverse(packed.arrays["tensor_scale"], scales, given)
    for slab in slabs_of(packed):
        ours, levels, sigma, rows = slab.values, slab.levels, slab.scales, slab.where[0]
        if scheme.kind == "int":
            fields.append(_words(levels, scheme.num_bits))
            _check(ours, levels * sigma)
            continue
        fields.append(pack_bits(schema.format.encode(levels), 4).reshape(len(levels), -1))
        if inverse is not None:
            sigma = schema.boxes.spread(fine[rows] / inverse, levels.shape)
        _check(_bfloat16(ours), _bfloat16(levels * sigma))
    if scheme.kind == "int":
        scale, shape = scales.reshape(-1) if scheme.strategy == "tensor" else scales, np.array(schema.shape, np.int64)
        return scheme, {"packed": ("I32", np.concatenate(fields)), "scale": ("F32", scale), "shape": ("I64", shape)}
    parts = {"packed": ("U8", np.concatenate(fields)), "scale": ("U8" if inverse is None else "F8_E4M3", scales)}
    return scheme, parts if inverse is None else {**parts, "global_scale": ("F32", inverse)}


def _words(levels: Array, k: int) -> NDArray[np.int32]:
    """Rows of k-bit fields c + 2^{k−1} in 32-bit words, the lowest bits first."""
    rows, columns = levels.shape
    fields = np.zeros((rows, -(-columns // _WORD) * _WORD), np.uint8)
    fields[:, :columns] = levels.astype(np.int16) + (1 << (k - 1))
    return pack_bits(fields, k).view("<i4").reshape(rows, -1)[:, : -(-columns * k // _WORD)]


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


def config_of(source: Checkpoint) -> dict[str, object]:
    """What is said of the model beside the source, but for the quantization of weights that are read as values.

    CheckpointError where another is stated.
    """
    path = source.path.parent / CONFIG
    if not path.is_file():
        return {}
    if path.stat().st_size > _MAX_CONFIG:
        raise refused(path, f"a config of more than {_MAX_CONFIG} bytes")
    config = json_object(path, path.read_bytes(), "the config")
    if source.decoding is not None:
        return without(config)
    if QUANTIZATION in config:
        raise refused(path, f"the model is quantized already: it has a {QUANTIZATION}")
    return config
