"""The description of a packed tensor, and its JSON: all that is needed to decode the arrays, and nothing to execute."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, final

import numpy as np

from sqtheory.checkpoints.tensors import MAX_RANK, MAX_SIZE
from sqtheory.formats import Codebook, FloatFormat, Format, IntFormat, Nonfinite
from sqtheory.packing.boxes import Boxes
from sqtheory.packing.places import Places
from sqtheory.packing.scales import REALS, ExponentScales, NoScales, RealScales, Scales, TwoLevelScales
from sqtheory.partition import Shape
from sqtheory.storage import Index

DTYPES: Mapping[str, str] = {"F32": "float32", "F64": "float64"}
"""The arithmetic a tensor is decoded in, in the words of safetensors and of numpy."""


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

    @property
    def boxes(self) -> Boxes:
        """The partition into blocks."""
        return Boxes(self.block)

    @property
    def size(self) -> int:
        """The number of entries."""
        return Boxes((1,) * len(self.shape)).count(self.shape)

    @property
    def bits(self) -> int:
        """Bits of codes, scales and places, as ``storage.stored_bits`` counts them."""
        block, shared = self.scales.bits
        places = 0 if self.places is None else self.places.bits(self.shape)
        return self.kept * self.format.bits + self.boxes.count(self.shape) * block + shared + places

    @property
    def bits_per_entry(self) -> Fraction:
        """``bits`` over the number of entries."""
        return Fraction(self.bits, self.size)

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
        shape, block = _sizes(fields["shape"], "shape", 0), _sizes(fields["block"], "block", 1)
        dtype = _one_of(fields["dtype"], DTYPES, "dtype")
        if len(shape) > MAX_RANK or np.prod([n for n in shape if n], dtype=object) >= MAX_SIZE:
            raise ValueError(f"shape {shape} is no shape of an array")
        if len(block) != len(shape):
            raise ValueError(f"block {block} and shape {shape} have as many axes")
        size, kept = int(np.prod(shape, dtype=object)), fields["kept"]
        if type(kept) is not int or not 0 <= kept <= size:
            raise ValueError(f"kept is a number of entries up to {size}, got {kept!r}")
        if not isinstance(fields["operator"], str):
            raise ValueError("operator is text")
        places = None if fields["mask"] is None else _places_from(fields["mask"], shape)
        if places is None and kept != size:
            raise ValueError(f"without a mask all {size} entries are kept, not {kept}")
        format_, scales = _format_from(fields["format"]), _scales_from(fields["scales"])
        return cls(shape, dtype, format_, block, scales, places, kept, fields["operator"])


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
        real = isinstance(levels, list) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in levels)
        if not real or len(levels) > 1 << 16 or not isinstance(fields["name"], str):
            raise ValueError("a codebook has a name and a list of numbers")
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


def _places_from(content: object, shape: Shape) -> Places:
    fields = _fields(content, "index", "group", "budgets")
    index = Index[_one_of(fields["index"], Index.__members__, "index")]
    group, budgets = _sizes(fields["group"], "group", 1), fields["budgets"]
    if len(group) != len(shape) or not isinstance(budgets, dict) or not all(k.isdecimal() for k in budgets):
        raise ValueError("a mask has a group of as many axes as the shape, and budgets by size")
    pairs = tuple((int(size), _int(n, "budget")) for size, n in budgets.items())
    return Places(index, group, pairs)


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


def _int(content: object, what: str) -> int:
    if type(content) is not int or abs(content) >= 2**31:
        raise ValueError(f"{what} is an integer")
    return content


def _bool(content: object, what: str) -> bool:
    if type(content) is not bool:
        raise ValueError(f"{what} is true or false")
    return content
