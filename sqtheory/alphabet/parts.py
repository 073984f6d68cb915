"""The parts of a quantizer: what each must be, and which go together."""

from sqtheory.alphabet.formats import UnsignedFormat
from sqtheory.alphabet.formats.format import Format
from sqtheory.alphabet.partition import Partition, Tail
from sqtheory.alphabet.quantized import NanRule
from sqtheory.alphabet.rounding import Rounding
from sqtheory.alphabet.scaling import Scaling
from sqtheory.exceptions import need

KINDS: dict[str, type] = {
    "format": Format,
    "scaling": Scaling,
    "partition": Partition,
    "rounding": Rounding,
    "saturate": bool,
    "nan": NanRule,
    "tail": Tail,
}
"""What each parameter of a quantizer must be, in their order."""


def check_parts(
    fmt: Format, scaling: Scaling, partition: Partition, rounding: Rounding, saturate: bool, nan: NanRule, tail: Tail
) -> None:
    """Raise TypeError for a part of another kind, and ValueError for parts that do not go together."""
    for (name, kind), part in zip(KINDS.items(), (fmt, scaling, partition, rounding, saturate, nan, tail), strict=True):
        need(part, kind, f"{name}=")
    if tail.of_masks:
        raise ValueError(f"tail={tail} is for masks: a scale block that is short has a scale all the same")
    if scaling.full_range and fmt != fmt.full():
        raise ValueError(f"scaling={scaling} needs a full-range integer format, got {fmt}")
    if scaling.needs_negative and fmt.min >= 0:
        raise ValueError(f"scaling={scaling} needs a negative level, {fmt} has none")
    if scaling.shifts and not isinstance(fmt, UnsignedFormat):
        raise ValueError(f"scaling={scaling} needs an unsigned format, got {fmt}: write affine(k)")
    if (why := scaling.refuses(fmt)) is not None:
        raise ValueError(f"scaling={scaling}: {why}")
    if not saturate and (limited := [f for f in scaling.formats(fmt) if f.overflow is None]):
        raise ValueError(f"{limited[0]} has no infinity and no NaN, so it can only saturate")
