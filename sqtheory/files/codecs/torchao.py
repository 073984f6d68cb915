"""Tensors of torchao: ``LAYER._weight_qdata``, ``LAYER._weight_scale``, what these are in the metadata of the file."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.tensors import TensorInfo, plain, quoted, refused
from sqtheory.files.codecs.boxes import Shape, spread
from sqtheory.files.codecs.codec import Codec, Encoded, Stored
from sqtheory.files.codecs.fp8 import called
from sqtheory.files.codecs.microscaling import halves
from sqtheory.files.codecs.precision import ROUNDED
from sqtheory.files.codecs.scales import finite, positive, powers
from sqtheory.records import fits

TENSORS = "tensor_names"
"""The key of the metadata that lists the tensors; each has a key of its own."""
QDATA, SCALE, ZERO, FACTOR = "qdata", "scale", "zero_point", "per_tensor_scale"
ACTIVATIONS = ("act_quant_scale", "act_quant_zero_point", "act_per_tensor_scale")
"""Parts that say nothing of the weight."""
DTYPES: Mapping[str, str] = MappingProxyType({"bfloat16": "BF16", "float16": "F16", "float32": "F32"})
"""The types that values are computed in, by their names in torch."""
TILE = (128, 4)
"""Rows and blocks of scales that lie together where they are swizzled: row 32i + j is in the place (j, i)."""
MX: Mapping[str, str] = MappingProxyType(
    {"float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float4_e2m1fn_x2": "U8"}
)
"""The types of the codes of an MXTensor by their names in torch; those in bytes of two are E2M1."""
REAL = frozenset({"F32", "BF16", "F16"})
Arrays: TypeAlias = Mapping[str, NDArray[Any]]


@final
class TorchAo(Codec):
    """Float8Tensor, Int8Tensor, IntxUnpackedToInt8Tensor, MXTensor and NVFP4Tensor; others are refused by name.

    Values are those of ``dequantize``, in the type of the tensor; the factor of an NVFP4Tensor *multiplies*.
    """

    name = "torchao"
    source = "torchao 0.18.0, prototype.safetensors and dequantize of each class"
    methods: ClassVar[frozenset[str]] = frozenset({"torchao"})

    def encoded(self, stored: Stored) -> Iterator[Encoded]:
        known: set[str] = set()
        described = dict(_said(stored))
        keys = frozenset({TENSORS, *described})
        for name, said in described.items():
            kind, data = str(said.get("_type")), said.get("_data")
            if kind != "Tensor":
                if kind not in KINDS or not fits(data, dict):
                    raise refused(stored.path, f"a {kind} of torchao is not read; {', '.join(KINDS)} are", name)
                one = KINDS[kind](_Tensor(stored, name, data, keys))
                known.update(one.parts.values())
                yield one
        for name in stored.infos:
            if name.endswith(f"_{QDATA}") and name not in known:
                raise refused(
                    stored.path, "codes of torchao, but no metadata of the file that tell of which kind", name
                )


@final
@dataclass(frozen=True)
class Values:
    """fl((c − z)·σ) in the type of the tensor, from its parts as they are read."""

    shape: Shape
    box: Shape
    dtype: str
    swizzled: bool = False
    exponents: bool = False

    def __call__(self, arrays: Arrays) -> NDArray[np.float32]:
        """The values; ValueError for a scale that is none."""
        codes, scales = arrays[QDATA], arrays[SCALE]
        levels = halves(codes) if codes.dtype == np.uint8 else codes.astype(np.float32)
        if self.swizzled:
            scales = _in_rows(scales, math.prod(self.shape[:-1]), self.shape[-1] // self.box[-1])
        sigma = ROUNDED[self.dtype](powers(scales)) if self.exponents else finite(scales).astype(np.float32)
        sigma = sigma * positive(arrays[FACTOR]) if FACTOR in arrays else sigma
        if ZERO in arrays:
            levels = levels - spread(arrays[ZERO].astype(np.float32), self.shape, self.box)
        with np.errstate(over="ignore", invalid="ignore"):
            return ROUNDED[self.dtype](levels * spread(sigma, self.shape, self.box))


@final
@dataclass(frozen=True)
class _Tensor:
    """A tensor as the metadata describe it."""

    stored: Stored
    name: str
    said: Mapping[str, Any]
    keys: frozenset[str]
    """Of the metadata, all that describe tensors."""

    def encoded(self, scheme: str, decode: Values, codes: TensorInfo, scale: TensorInfo, *more: str) -> Encoded:
        """The weight in codes, scales and, where they are there, more parts."""
        found = {what: self.part(what) for what in (*more, *ACTIVATIONS)}
        parts = {QDATA: codes, SCALE: scale, **{what: info for what, info in found.items() if info is not None}}
        names = {what: info.name for what, info in parts.items()}
        return Encoded(self.name, scheme, decode.shape, names, decode, keys=self.keys)

    def part(self, what: str) -> TensorInfo | None:
        """One of the stored tensors; None where it is not there."""
        layer, _, last = self.name.rpartition(".")
        return self.stored.infos.get(f"{layer}._{last}_{what}")

    def need(self, what: str, dtypes: frozenset[str]) -> TensorInfo:
        """A stored tensor that must be there, of one of some types."""
        found = self.part(what)
        if found is None or found.dtype not in dtypes or not found.shape:
            got = "it is not there" if found is None else f"got {found.dtype} {found.shape}, {quoted(found.name)}"
            rule = f"it needs its {what} in {' or '.join(sorted(dtypes))}; {got}"
            raise refused(self.stored.path, rule, self.name)
        return found

    def dtype(self, key: str, known: Mapping[str, str]) -> str:
        """The type that the metadata name, in the words of a file."""
        said = self.said.get(key)
        name = str(said.get("_data") if fits(said, dict) else said)
        if name not in known:
            raise refused(self.stored.path, f"its {key} is {plain(name)}, read are {', '.join(known)}", self.name)
        return known[name]

    def grid(self, shape: Shape, box: Shape, scale: TensorInfo, swizzled: bool = False) -> None:
        """Refuse scales that are not one for each box of a shape."""
        cut = tuple(n // side for n, side in zip(shape, box, strict=True))
        if any(n % side for n, side in zip(shape, box, strict=True)):
            raise refused(self.stored.path, f"blocks of {box} do not divide its shape {shape}", self.name)
        rows, columns = math.prod(cut[:-1]), cut[-1]
        wanted = (-(-rows // TILE[0]) * 32, -(-columns // TILE[1]) * 16) if swizzled else cut
        fits_it = scale.shape == wanted if swizzled else math.prod(scale.shape) == math.prod(cut)
        if not fits_it:
            rule = f"scales of shape {scale.shape} are not those of {shape} in blocks of {box}, {wanted}"
            raise self.stored.refused(rule, self.name, scale.name)


def _float8(tensor: _Tensor) -> Encoded:
    codes, scale = tensor.need(QDATA, frozenset({"F8_E4M3", "F8_E5M2"})), tensor.need(SCALE, REAL)
    shape, counts = codes.shape, scale.shape
    if len(counts) != len(shape):
        counts = (1,) * len(shape) if math.prod(counts) == 1 else ()
    if len(counts) != len(shape) or 0 in counts:
        raise tensor.stored.refused(f"scales of shape {scale.shape} do not go with {shape}", codes.name, scale.name)
    box = tuple(max(1, n // count) for n, count in zip(shape, counts, strict=True))
    tensor.grid(shape, box, scale)
    decode = Values(shape, box, tensor.dtype("dtype", DTYPES))
    return tensor.encoded(f"FP8 {codes.dtype.removeprefix('F8_')} {called(shape, box)}", decode, codes, scale)


def _integers(tensor: _Tensor) -> Encoded:
    codes, scale, box = tensor.need(QDATA, frozenset({"I8"})), tensor.need(SCALE, REAL), tensor.said.get("block_size")
    shape, zero = codes.shape, tensor.part(ZERO)
    if not fits(box, list[int]) or len(box) != len(shape) or min(box, default=1) < 1:
        raise refused(tensor.stored.path, f"its block_size {box!r} does not go with its shape {shape}", tensor.name)
    tensor.grid(shape, tuple(box), scale)
    if zero is not None:
        tensor.grid(shape, tuple(box), tensor.need(ZERO, frozenset({"I8"})))
    decode = Values(shape, tuple(box), tensor.dtype("dtype", DTYPES))
    return tensor.encoded("INT8", decode, codes, scale, ZERO)


def _mx(tensor: _Tensor) -> Encoded:
    kind = tensor.dtype("elem_dtype", MX)
    codes, scale = tensor.need(QDATA, frozenset({kind})), tensor.need(SCALE, frozenset({"F8_E8M0", "U8"}))
    shape, swizzled = _shape(codes), tensor.said.get("is_swizzled_scales") is True
    box = (*(1,) * (len(shape) - 1), tensor.said.get("block_size"))
    tensor.grid(shape, _sides(tensor, box), scale, swizzled)
    scheme = "MXFP4" if kind == "U8" else f"MXFP8 {kind.removeprefix('F8_')}"
    decode = Values(shape, _sides(tensor, box), tensor.dtype("orig_dtype", DTYPES), swizzled, True)
    return tensor.encoded(scheme, decode, codes, scale)


def _nvfp4(tensor: _Tensor) -> Encoded:
    codes, scale = tensor.need(QDATA, frozenset({"U8"})), tensor.need(SCALE, frozenset({"F8_E4M3"}))
    shape, swizzled = _shape(codes), tensor.said.get("is_swizzled_scales") is True
    box = _sides(tensor, (*(1,) * (len(shape) - 1), tensor.said.get("block_size")))
    tensor.grid(shape, box, scale, swizzled)
    factor = tensor.part(FACTOR)
    if factor is not None and (factor.dtype != "F32" or math.prod(factor.shape) != 1):
        rule = f"the scale of the tensor is one number in F32, got {factor.dtype} of shape {factor.shape}"
        raise tensor.stored.refused(rule, codes.name, factor.name)
    decode = Values(shape, box, tensor.dtype("orig_dtype", DTYPES), swizzled)
    return tensor.encoded("NVFP4", decode, codes, scale, FACTOR)


KINDS: Mapping[str, Callable[[_Tensor], Encoded]] = MappingProxyType(
    {
        "Float8Tensor": _float8,
        **dict.fromkeys(("Int8Tensor", "IntxUnpackedToInt8Tensor"), _integers),
        **{"MXTensor": _mx, "NVFP4Tensor": _nvfp4},
    }
)
"""What reads a tensor, by the name of its class."""


def _said(stored: Stored) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the metadata say of each tensor that they list."""
    if TENSORS not in stored.metadata:
        return
    try:
        names = json.loads(stored.metadata[TENSORS])
        if not fits(names, list[str]):
            raise ValueError(f"{TENSORS} is no list of names")
        for name in names:
            said = json.loads(stored.metadata.get(name, "{}"))
            if not fits(said, dict):
                raise ValueError(f"of {quoted(name)} they say {said!r}")
            yield name, said
    except (RecursionError, ValueError) as error:
        raise refused(stored.path, f"its metadata are not those of torchao: {plain(str(error))}") from error


def _shape(codes: TensorInfo) -> Shape:
    return (*codes.shape[:-1], 2 * codes.shape[-1]) if codes.dtype == "U8" else codes.shape


def _sides(tensor: _Tensor, box: tuple[Any, ...]) -> Shape:
    if not fits(box[-1], int) or box[-1] < 1:
        raise refused(tensor.stored.path, f"its block_size is {box[-1]!r}", tensor.name)
    return box


def _in_rows(tiles: NDArray[Any], rows: int, columns: int) -> NDArray[Any]:
    """Scales that were swizzled in tiles, one row of scales a row of the weight."""
    down, across = -(-rows // TILE[0]), -(-columns // TILE[1])
    apart = tiles.reshape(down, across, 32, 4, TILE[1]).transpose(0, 3, 2, 1, 4)
    return apart.reshape(down * TILE[0], across * TILE[1])[:rows, :columns]
