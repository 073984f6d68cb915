"""What constructors of quantizers take by keyword, and what each family takes where nothing is said."""

from typing import TypedDict

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
