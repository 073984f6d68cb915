"""Quantizers: format × scaling × partition × rounding, and the named ones of the literature."""

from dataclasses import dataclass, replace
from typing import Unpack, final, overload

import numpy as np

from sqtheory.alphabet import kernels
from sqtheory.alphabet.casts import DeviceCast, Overflow, device_cast
from sqtheory.alphabet.formats import E2M1, NF4, FloatFormat, IntFormat, UnsignedFormat
from sqtheory.alphabet.formats.codebook import bcq_format, sums_of
from sqtheory.alphabet.formats.format import Format, is_monotone, is_odd
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.options import CAST, MX, NV, REAL, SHARED, SUMS, Options, check_options
from sqtheory.alphabet.partition import Blocks, Partition, Shape, Tail
from sqtheory.alphabet.parts import KINDS, check_parts
from sqtheory.alphabet.quantized import NanRule, Quantized
from sqtheory.alphabet.rounding import Rounding, nearest_even
from sqtheory.alphabet.scaling import Frozen, Held, Placed, PowerOfTwo, Scaling, SharedExponent, TwoLevel, Unscaled
from sqtheory.alphabet.signatures import spelled_out
from sqtheory.alphabet.traits import DETERMINISTIC, IDEMPOTENT, KEEPS_ZERO, MAX_DETERMINED, MONOTONE, ODD, Trait
from sqtheory.arrays import Array, ArrayLike, FixedArray, as_real
from sqtheory.exceptions import NonFinite, first_at, need


@final
@dataclass(frozen=True)
class Quantizer(Operator):
    """q(x)_i = σ_B ρ(x_i / σ_B) for i in block B, where σ_B = scale(x_B) and ρ rounds onto the grid Γ.

    Arithmetic is that of the input: v = fl(x/σ), exact rounding of v onto Γ, then fl(σ ρ(v)); with
    power-of-two scales both products are exact barring the range of exponents.
    Raises NonFinite for NaN or infinity unless ``nan=propagate``; Indivisible for a short block if ``tail=error``.
    """

    format: Format
    scaling: Scaling
    partition: Partition
    rounding: Rounding = nearest_even
    saturate: bool = True
    nan: NanRule = NanRule.error
    tail: Tail = Tail.short

    def __post_init__(self) -> None:
        check_parts(*(getattr(self, name) for name in KINDS))

    @property
    def formats(self) -> tuple[Format, ...]:
        """Those that codes of a block can be of: one, but where every block takes the better of two."""
        return self.scaling.formats(self.format)

    @property
    def traits(self) -> frozenset[Trait]:
        steady = self.rounding.deterministic
        ordered = self.saturate or all(f.overflow == np.inf for f in self.formats)
        mirrored = all(f.has_zero and is_odd(f, self.rounding) for f in self.formats) and self.scaling.sign_blind
        conditions = {
            ODD: steady and (self.scaling.sign_odd or mirrored),
            MONOTONE: all(is_monotone(f, self.rounding) for f in self.formats) and ordered and not self.scaling.turns,
            KEEPS_ZERO: self.scaling.keeps_zero(self.format),
            IDEMPOTENT: steady and self.saturate and self.scaling.reproduces(self.format, self.rounding),
            MAX_DETERMINED: steady and self.scaling.max_determined,
            DETERMINISTIC: steady,
            **{t: steady for t in self.scaling.equivariance},
        }
        return frozenset(t for t, holds in conditions.items() if holds)

    @property
    def nearest(self) -> bool:
        """q(x)_i is a nearest level to x_i at the scale of its block, of those in range."""
        return self.rounding.nearest and self.scaling.nearest_levels

    def scales(self, x: Array) -> Array:
        """σ_B of every block of x (finite float32 or float64), in the shape of the grid of blocks."""
        return kernels.block_scales(x, self.format, self.scaling, self.partition)

    def divisors(self, x: Array, scales: Array) -> Array:
        """What blocks of these ``scales`` are divided by to make codes: σ itself, unless another is stored."""
        return scales if self.scaling.exact_codes else self.scaling.divisors(x, self.partition, self.format)

    def frozen(self, x: ArrayLike) -> "Quantizer":
        """The same quantizer with every scale fixed at its value for x, which must be finite."""
        _, placed = self._placed(as_real(x))
        plain = self.scaling.direct and not self.scaling.signed
        known = Frozen(FixedArray(placed[0])) if plain else self.scaling.frozen(placed)
        return replace(self, scaling=known or Held(self.scaling, *map(FixedArray, placed)))

    def placed(self, x: Array) -> Placed:
        """The scales of x, and what the rule of the scales has beside them; see ``Scaling.placed``."""
        if self.scaling.shifts or self.scaling.second_format is not None:
            return self.scaling.placed(x, self.partition, self.format)
        scales = self.scales(x)
        return scales, self.divisors(x, scales)

    def quantize(self, x: ArrayLike) -> Quantized:
        """q(x) with its codes and scales. Raises as q(x) does, and ValueError where an entry is NaN or infinite.

        Raises ValueError too where blocks are of two formats.
        """
        if self.scaling.second_format is not None:
            raise ValueError(f"codes of {self} are of two formats, by blocks: it has images and scales alone")
        values, codes, placed = self._quantize(as_real(x), keep_codes=True)
        parts = (values, self.format.encode(codes), placed[0], self.format, self.partition)
        return Quantized(*parts, placed[1] if self.scaling.shifts else None)

    def apply(self, x: Array, origin: Array) -> Array:
        return self.into(np.empty(x.shape, x.dtype), x, origin)

    @property
    def boxes(self) -> tuple[tuple[Partition, Tail, str], ...]:
        return ((self.partition, self.tail, "blocks"),)

    @property
    def by_row(self) -> bool:
        return self.scaling.by_block and self.partition.along_rows

    def own_run(self, shape: Shape) -> int | None:
        return self.partition.last_run(shape) if self.scaling.apart and self.rounding.deterministic else None

    def is_idle(self, shape: Shape) -> bool:
        single = all(min(*pair) == 1 for pair in zip(self.partition.sides(shape), shape, strict=True))
        ends = ((self.scaling.share(self.format, negative), -1 if negative else 1) for negative in (False, True))
        return single and all(share and float(sign / share) in self.format.values for share, sign in ends)

    def into(self, out: Array, x: Array, origin: Array) -> Array:
        self.partition.check_tail(x.shape, self.tail, "blocks")
        if not kernels.quantize(x, out, self.format, self.scaling, self.partition, self.rounding, self.saturate):
            out[...] = self._quantize(x, keep_codes=False)[0]
        return out

    def _quantize(self, x: Array, keep_codes: bool) -> tuple[Array, Array, Placed]:
        self.partition.check_tail(x.shape, self.tail, "blocks")
        if x.size == 0:
            return x, x, (np.zeros(self.partition.grid(x.shape), x.dtype),) * 2
        x, placed = self._placed(x)
        values: list[Array] = []
        codes: list[Array] = []
        largest = np.finfo(x.dtype).max
        near_the_end = float(np.fmax.reduce(np.abs(placed[0]), axis=None)) > min(
            kernels.safe_scale(f, x.dtype) for f in self.formats
        )
        apart = (self.partition.split_grid(one, x.shape) for one in placed)
        for rows, *own in zip(self.partition.split(x), *apart, strict=True):
            with np.errstate(over="ignore"):  # a ratio or an image may be beyond the dtype: it saturates
                code, value = self.scaling.images(rows, tuple(one[:, None] for one in own), self.format, self._level)
            values.append(np.clip(value, -largest, largest) if near_the_end and self.saturate else value)
            codes.append(code)
        image = self.partition.join(values, x.shape)
        image = image + x.dtype.type(0) if self.scaling.signed else image  # 0 times a negative scale is 0
        return image, self.partition.join(codes, x.shape) if keep_codes else image, placed

    def _level(self, fmt: Format, v: Array) -> Array:
        return fmt.round(v, self.rounding, saturate=self.saturate)

    def _placed(self, x: Array) -> tuple[Array, Placed]:
        """x with 0 for NaN and infinities, and its scales, NaN for the blocks that these spoil."""
        bad = ~np.isfinite(x)
        if not bad.any():
            return x, self.placed(x)
        if self.nan is NanRule.error:
            first = first_at(bad)
            block = self.partition.box_of(first, x.shape)
            also = f" and {count - 1} more" if (count := int(np.count_nonzero(bad))) > 1 else ""
            raise NonFinite(f"{x[first]} at {first}{also}, block {block} of {self.partition}: refused by nan=error")
        real = np.where(bad, x.dtype.type(0), x)
        spoiled = self.partition.reduce(bad, lambda rows: np.asarray(rows.any(axis=1)))
        return real, tuple(np.where(spoiled, x.dtype.type(np.nan), one) for one in self.placed(real))

    def __str__(self) -> str:
        head, arguments, plain = _family(self)
        options = [str(self.partition)] if self.partition != plain.partition else []
        for name in ("scaling", "rounding", "saturate", "nan", "tail"):
            value = getattr(self, name)
            if value != getattr(plain, name):
                options.append(f"{name}={str(value).lower() if name == 'saturate' else value}")
        return f"{head}({', '.join([*arguments, *options])})"


def _family(q: Quantizer) -> tuple[str, list[str], Quantizer]:
    """The named constructor that comes closest: its name, its own arguments, and what it makes of them."""
    match q.format, q.scaling:
        case UnsignedFormat(k=k) as fmt, scaling if scaling.shifts:
            return "affine", [str(k), *scaling.arguments], Quantizer(fmt, scaling, Blocks(64))
        case fmt, Unscaled():
            return "cast", [str(fmt)], cast(fmt)
        case IntFormat(k=k, full_range=False), SharedExponent(epsilon=epsilon):
            compat = [] if epsilon is None else [f"compat={epsilon!r}"]
            return "hbfp", [str(k), *compat], hbfp(k, compat=epsilon)
        case IntFormat(k=k, full_range=False), PowerOfTwo():
            return "mxint", [str(k)], mxint(k)
        case IntFormat(k=k, full_range=full), scaling if full == scaling.full_range:
            return "int", [str(k)], int_(k)
        case FloatFormat() as fmt, PowerOfTwo():
            return "mxfp", [str(fmt)], mxfp(fmt)
        case fmt, TwoLevel() if fmt == E2M1:
            return "nvfp4", [], nvfp4()
        case fmt, _ if fmt == NF4:
            return "nf4", [], nf4()
        case fmt, _ if sums := sums_of(fmt):
            k, zero = sums
            return "bcq", [str(k), *(["zero=true"] if zero else [])], bcq(k, zero=zero)
        case fmt, _:
            return "scaled", [str(fmt)], scaled(fmt)


def _named(fmt: Format, defaults: Options, options: Options) -> Quantizer:
    """A quantizer from a family's defaults and the caller's options. Raises TypeError for an unknown option."""
    check_options(options, Options)
    chosen: Options = {**defaults, **options}
    scaling, boxes = chosen["scaling"], chosen["per"]
    need(scaling, Scaling, "scaling=")
    if scaling.full_range:
        fmt = fmt.full()
    boxes = Blocks(chosen["block"]) if boxes is None else boxes
    need(boxes, Partition, "per=")
    return Quantizer(fmt, scaling, boxes, chosen["rounding"], chosen["saturate"], chosen["nan"], chosen["tail"])


@spelled_out(Options, REAL)
def int_(k: int, **options: Unpack[Options]) -> Quantizer:
    """INT-k: codes −(2^{k−1}−1) … 2^{k−1}−1 times a real scale, by default amax/(2^{k−1}−1) per 64 entries.

    >>> int_(4)([1.75, 2, 0.25, 7])
    array([2., 2., 0., 7.])
    """
    return _named(IntFormat(k), REAL, options)


@spelled_out(Options, SHARED)
def hbfp(k: int, *, compat: float | None = None, **options: Unpack[Options]) -> Quantizer:
    """HBFP-k: sign and k−1 magnitude bits under one exponent ⌈log₂ amax⌉ per 64 entries (`drumond2018hbfp`, §4).

    ``compat=1e-8`` reproduces the exponent of the official emulator instead of the exact one.
    """
    return _named(IntFormat(k), {**SHARED, "scaling": SharedExponent(compat)}, options)


@spelled_out(Options, MX)
def mxfp(element: FloatFormat, **options: Unpack[Options]) -> Quantizer:
    """MXFP: a small floating-point element under one power of two per 32 entries (OCP MX v1.0, §5)."""
    if not isinstance(element, FloatFormat):
        raise TypeError(f"mxfp needs a floating-point element, got {element}: see mxint for integers")
    return _named(element, MX, options)


@spelled_out(Options, MX)
def mxint(k: int = 8, **options: Unpack[Options]) -> Quantizer:
    """MXINT-k: symmetric k-bit integers times 2^{−(k−2)} under 2^{⌊log₂ amax⌋} per 32 entries (OCP MX v1.0, §5.3.4)."""
    return _named(IntFormat(k), MX, options)


@spelled_out(Options, NV)
def nvfp4(**options: Unpack[Options]) -> Quantizer:
    """NVFP4: E2M1 under an E4M3 scale per 16 entries under one float32 scale per tensor (`nvidia2025nvfp4`)."""
    return _named(E2M1, NV, options)


@spelled_out(Options, REAL)
def nf4(**options: Unpack[Options]) -> Quantizer:
    """NF4: the 16 normal-quantile levels times amax per 64 entries (`dettmers2023qlora`, §3)."""
    return _named(NF4, REAL, options)


@spelled_out(Options, SUMS)
def bcq(k: int, *, zero: bool = False, **options: Unpack[Options]) -> Quantizer:
    """BCQ-k: sums Σ ±2^i of k signs times a real scale per 64 entries; 0 is no level unless ``zero``.

    Midpoints go away from zero by default: parity of codes has no symmetric meaning without a zero level.
    """
    return _named(bcq_format(k, zero), SUMS, options)


@overload
def cast(fmt: Format, *, overflow: None = None, **options: Unpack[Options]) -> Quantizer: ...
@overload
def cast(fmt: Format, *, overflow: Overflow, **options: Unpack[Options]) -> DeviceCast: ...


@spelled_out(Options, CAST)
def cast(fmt: Format, *, overflow: Overflow | None = None, **options: Unpack[Options]) -> Quantizer | DeviceCast:
    """q(x)_i = ρ(x_i): round to a format with no scale, saturating by default; every entry is its own block.

    ``overflow``: as devices cast, infinity included; beside it there are only ``rounding`` and ``nan``.
    """
    return _named(fmt, CAST, options) if overflow is None else device_cast(fmt, overflow, options)


@spelled_out(Options, REAL)
def scaled(fmt: Format, **options: Unpack[Options]) -> Quantizer:
    """Any format under any scale rule, by default σ = amax/max Γ per 64 entries (FP8 per tensor: ``per=Whole()``)."""
    return _named(fmt, REAL, options)
