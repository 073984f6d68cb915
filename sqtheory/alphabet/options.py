"""What constructors of quantizers take by keyword, and what each family takes where nothing is said."""

from collections.abc import Mapping
from typing import Any, TypedDict

from sqtheory.alphabet.partition import Partition, Tail
from sqtheory.alphabet.quantized import NanRule
from sqtheory.alphabet.rounding import Rounding, half_away, nearest_even
from sqtheory.alphabet.scaling import AbsMax, PowerOfTwo, Scaling, SharedExponent, TwoLevel, Unscaled


class Options(TypedDict, total=False):
    """``block`` entries of the last axis, or the boxes ``per`` (``Rows()``, …), share a scale, which ``scaling`` makes.

    ``rounding`` is that of codes; ``saturate`` or not beyond the range; ``nan`` and ``tail`` as for ``Quantizer``.
    """

    block: int
    per: Partition | None
    scaling: Scaling
    rounding: Rounding
    saturate: bool
    nan: NanRule
    tail: Tail


USUAL: Options = {"per": None, "rounding": nearest_even, "saturate": True, "nan": NanRule.error, "tail": Tail.short}
REAL: Options = {**USUAL, "block": 64, "scaling": AbsMax()}
SHARED: Options = {**USUAL, "block": 64, "scaling": SharedExponent()}
MX: Options = {**USUAL, "block": 32, "scaling": PowerOfTwo()}
NV: Options = {**USUAL, "block": 16, "scaling": TwoLevel()}
SUMS: Options = {**REAL, "rounding": half_away}
CAST: Options = {**USUAL, "block": 1, "scaling": Unscaled()}


def check_options(given: Mapping[str, Any], known: type) -> None:
    """Raise TypeError for a keyword that is not known, and for two that say which entries share a scale."""
    if unknown := given.keys() - known.__annotations__:
        raise TypeError(f"unknown option {sorted(unknown)[0]!r}: known are {', '.join(known.__annotations__)}")
    if given.get("per") is not None and "block" in given:
        raise TypeError("block= and per= exclude each other")
