"""The description of a packed tensor, and its JSON: all that is needed to decode the arrays, and nothing to execute."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from math import prod
from typing import Any, final

import numpy as np

from sqtheory.alphabet.formats import Codebook, FloatFormat, Format, IntFormat, Nonfinite
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.partition.boxes import Boxes
from sqtheory.alphabet.storage import Index
from sqtheory.files.checkpoints.tensors import MAX_RANK, MAX_SIZE
from sqtheory.files.packing.bits import stream_bytes
from sqtheory.files.packing.indices import Places
from sqtheory.files.packing.scales import (
    BYTE,
    REALS,
    ExponentScales,
    Layout,
    NoScales,
    RealScales,
    Scales,
    TwoLevelScales,
)

DTYPES: Mapping[str, str] = {"F32": "float32", "F64": "float64"}
"""The arithmetic a tensor is decoded in, in the words of safetensors and of numpy."""


CODES, INDICES = "codes", "indices"
EXPANSION = 1 << 16
"""How many bytes of values one packed byte may stand for."""
_SHORT_AXES = 10
"""Boxes come in up to 2^n shapes where the last of n axes are shorter."""
_LARGEST = float(np.finfo(np.float32).max)


@final
@dataclass(frozen=True)
class Schema:
    """x_i = fl(σ_B · c_i) for a kept entry i of block B, clipped to the range of the dtype; +0 for a pruned one.

    ``codes`` is the stream of the k-bit codes (bit patterns of the format) of the kept entries in C order; ``scales``
    has the shape of the grid of blocks; ``indices`` says which entries are kept.
    """

    shape: Shape
    dtype: str
    """F32 or F64."""
    format: Format
    block: Shape
    """Sides of the boxes that share a scale."""
    scales: Scales
    places: Places | None
    """None where all entries are kept."""
    kept: int
    """The number of entries that have a code."""
    operator: str
    """The operator that made the values, for people."""

    def __post_init__(self) -> None:
        """ValueError where the fields contradict each other."""
        shape, block, places = self.shape, self.block, self.places
        if len(shape) > MAX_RANK or prod(n for n in shape if n) >= MAX_SIZE:
            raise ValueError(f"shape {shape} is no shape of an array")
        for what, box in (("block", block), ("group of a mask", block if places is None else places.group)):
            if len(box) != len(shape):
                raise ValueError(f"shape {shape} and {what} {box} must have as many axes")
            if sum(n > c and n % c > 0 for n, c in zip(shape, box, strict=True)) > _SHORT_AXES:
                raise ValueError(
                    f"shape {shape} must have at most {_SHORT_AXES} axes that are no multiple of {what} {box}"
                )
        if not 0 <= self.kept <= self.size or (places is None and self.kept != self.size):
            raise ValueError(f"of {self.size} entries {self.kept} cannot be kept{'' if places else ' without a mask'}")
        if places is not None:
            places.bits(shape)

    @property
    def layout(self) -> Layout:
        """The dtype and the shape of every array that belongs to this tensor."""
        codes = {CODES: (BYTE, (stream_bytes(self.kept, self.format.bits),))}
        scales = self.scales.layout(self.boxes.grid(self.shape))
        places = {} if self.places is None else {INDICES: (BYTE, (stream_bytes(self.places.bits(self.shape), 1),))}
        return {**codes, **scales, **places}

    def check(self, arrays: Layout) -> None:
        """ValueError for arrays that are not those of ``layout``, or that are few for so many entries."""
        for part in sorted({*self.layout, *arrays}):
            wanted, got = self.layout.get(part), arrays.get(part)
            if wanted != got:
                raise ValueError(f"{part} must be {_spelled(wanted)}, got {_spelled(got)}")
        nbytes = sum(dtype.itemsize * prod(shape) for dtype, shape in arrays.values())
        if self.size * np.dtype(DTYPES[self.dtype]).itemsize > EXPANSION * max(nbytes, 1):
            raise ValueError(f"{nbytes} bytes stand for {self.size} values: more than {EXPANSION} times as many bytes")

    @property
    def boxes(self) -> Boxes:
        """The partition into blocks."""
        return Boxes(self.block)

    @property
    def size(self) -> int:
        """The number of entries."""
        return prod(self.shape)

    @property
    def bits(self) -> int:
        """Bits of codes, scales and places, as ``storage.stored_bits`` counts them."""
        block, shared = self.scales.bits
        places = 0 if self.places is None else self.places.bits(self.shape)
        return self.kept * self.format.bits + self.boxes.count(self.shape) * block + shared + places

    @property
    def bits_per_entry(self) -> Fraction:
        """``bits`` over the number of entries."""
        return Fraction(self.bits, max(self.size, 1))

    def to_dict(self) -> dict[str, Any]:
        """The description, ready for JSON."""
        places = self.places
        return {
            "shape": list(self.shape),
            "dtype": self.dtype,
            "format": _format_to(self.format),
            "block": list(self.block),
            "scales": _scales_to(self.scales),
            "mask": None
            if places is None
            else {
                "index": places.index.name,
                "group": list(places.group),
                "budgets": {str(size): n for size, n in places.budgets},
            },
            "kept": self.kept,
            "operator": self.operator,
        }

    @classmethod
    def from_dict(cls, content: object) -> "Schema":
        """Read a description; ValueError for anything else."""
        fields = _fields(content, "shape", "dtype", "format", "block", "scales", "mask", "kept", "operator")
        if not isinstance(fields["operator"], str):
            raise ValueError("operator is text")
        return cls(
            shape=_sizes(fields["shape"], "shape", 0),
            dtype=_one_of(fields["dtype"], DTYPES, "dtype"),
            format=_format_from(fields["format"]),
            block=_sizes(fields["block"], "block", 1),
            scales=_scales_from(fields["scales"]),
            places=None if fields["mask"] is None else _places_from(fields["mask"]),
            kept=_int(fields["kept"], "kept", 2**63),
            operator=fields["operator"],
        )


def _spelled(array: tuple[np.dtype[Any], Shape] | None) -> str:
    return "nothing" if array is None else f"{array[0].name} of shape {array[1]}"


def _format_to(fmt: Format) -> dict[str, Any]:
    match fmt:
        case IntFormat(k=k, full_range=full):
            return {"kind": "integer", "k": k, "full_range": full}
        case Codebook(name=name, levels=levels):
            return {"kind": "codebook", "name": name, "levels": list(levels)}
        case FloatFormat():
            return {"kind": "float", **asdict(fmt), "nonfinite": fmt.nonfinite.name}
    raise ValueError(f"no schema for {fmt}")


def _format_from(content: object) -> Format:
    kind = _kind(content)
    if kind == "integer":
        fields = _fields(content, "kind", "k", "full_range")
        return IntFormat(_int(fields["k"], "k"), _bool(fields["full_range"], "full_range"))
    if kind == "codebook":
        fields = _fields(content, "kind", "name", "levels")
        levels = fields["levels"]
        if not isinstance(levels, list) or len(levels) > 1 << 16 or not all(_is_real(v) for v in levels):
            raise ValueError(f"a codebook has a list of numbers of at most {_LARGEST:.4g}")
        if not isinstance(fields["name"], str):
            raise ValueError("a codebook has a name")
        return Codebook(fields["name"], tuple(float(v) for v in levels))
    if kind == "float":
        fields = _fields(content, "kind", "name", "e", "m", "bias", "nonfinite", "signed", "subnormals")
        if not isinstance(fields["name"], str):
            raise ValueError("a format has a name")
        e, m, bias = (_int(fields[key], key) for key in ("e", "m", "bias"))
        nonfinite = Nonfinite[_one_of(fields["nonfinite"], Nonfinite.__members__, "nonfinite")]
        signed, subnormals = (_bool(fields[key], key) for key in ("signed", "subnormals"))
        return FloatFormat(fields["name"], e, m, bias, nonfinite, signed, subnormals)
    raise ValueError(f"a format is integer, float or codebook, got {kind!r}")


def _scales_to(scales: Scales) -> dict[str, Any]:
    match scales:
        case ExponentScales(bias=bias):
            return {"kind": "exponent", "bias": bias}
        case RealScales(dtype=dtype):
            return {"kind": "real", "dtype": dtype}
        case TwoLevelScales(fmt=fmt, dtype=dtype):
            return {"kind": "two_level", "format": _format_to(fmt), "dtype": dtype}
    return {"kind": "none"}


def _scales_from(content: object) -> Scales:
    kind = _kind(content)
    if kind == "none":
        _fields(content, "kind")
        return NoScales()
    if kind == "exponent":
        bias = _int(_fields(content, "kind", "bias")["bias"], "bias")
        if abs(bias) > 2000:
            raise ValueError(f"no exponent has the bias {bias}")
        return ExponentScales(bias)
    if kind == "real":
        return RealScales(_one_of(_fields(content, "kind", "dtype")["dtype"], REALS, "dtype of scales"))
    if kind == "two_level":
        fields = _fields(content, "kind", "format", "dtype")
        fmt = _format_from(fields["format"])
        if not isinstance(fmt, FloatFormat):
            raise ValueError("the scales of blocks have a floating-point format")
        return TwoLevelScales(fmt, _one_of(fields["dtype"], REALS, "dtype of scales"))
    raise ValueError(f"scales are exponent, real, two_level or none, got {kind!r}")


def _places_from(content: object) -> Places:
    fields = _fields(content, "index", "group", "budgets")
    index = Index[_one_of(fields["index"], Index.__members__, "index")]
    group, budgets = _sizes(fields["group"], "group", 1), fields["budgets"]
    if not isinstance(budgets, dict) or not all(k.isdecimal() and len(k) < 20 for k in budgets):
        raise ValueError("a mask has budgets by the size of its groups")
    return Places(index, group, tuple((int(size), _int(n, "a budget")) for size, n in budgets.items()))


def _fields(content: object, *names: str) -> dict[str, Any]:
    if not isinstance(content, dict) or set(content) != set(names):
        raise ValueError(f"needed an object with the keys {', '.join(names)}")
    return content


def _kind(content: object) -> object:
    return content.get("kind") if isinstance(content, dict) else None


def _sizes(content: object, what: str, least: int) -> Shape:
    if not isinstance(content, list) or not all(type(n) is int and least <= n < 2**63 for n in content):
        raise ValueError(f"{what} is a list of integers of at least {least}")
    return tuple(content)


def _one_of(content: object, known: Mapping[str, Any], what: str) -> str:
    if not isinstance(content, str) or content not in known:
        raise ValueError(f"{what} is one of {', '.join(known)}")
    return content


def _int(content: object, what: str, bound: int = 2**31) -> int:
    if type(content) is not int or abs(content) >= bound:
        raise ValueError(f"{what} is an integer of magnitude below {bound}")
    return content


def _is_real(content: object) -> bool:
    return isinstance(content, int | float) and not isinstance(content, bool) and abs(content) <= _LARGEST


def _bool(content: object, what: str) -> bool:
    if type(content) is not bool:
        raise ValueError(f"{what} is true or false")
    return content
