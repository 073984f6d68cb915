"""What the offset of a block is: the four ways in which a code, a scale and an offset stand for a number."""

from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqtheory.alphabet.formats import Format


class OffsetMeaning(Enum):
    """The value of a code c of k bits beside the scale σ and the offset of its block, and c from a value.

    >>> from sqtheory import affine
    >>> print(affine(4).scaling.meaning.value)
    σ (c − z), z a code
    """

    code = "σ (c − z), z a code"
    zero = "σ (c − z), z a real number"
    addend = "σ c + β"
    middle = "σ (c − 2^{k−1}) + ζ"

    @property
    def subtracted(self) -> bool:
        """The offset is z."""
        return self in (OffsetMeaning.code, OffsetMeaning.zero)

    def values(self, codes: NDArray[Any], sigma: NDArray[Any], offset: NDArray[Any], fmt: Format) -> NDArray[Any]:
        """What codes stand for, in the arithmetic of the arrays, Fractions too."""
        if self.subtracted:
            return np.asarray((codes - offset) * sigma)
        if self is OffsetMeaning.middle:
            codes = codes - half(fmt)
        return np.asarray(codes * sigma + offset)

    def ratios(self, values: NDArray[Any], sigma: NDArray[Any], offset: NDArray[Any], fmt: Format) -> NDArray[Any]:
        """The number of which a value would be the image in real arithmetic; σ is nowhere 0."""
        if self.subtracted:
            return np.asarray(values / sigma + offset)
        return np.asarray((values - offset) / sigma + (half(fmt) if self is OffsetMeaning.middle else 0))


def half(fmt: Format) -> int:
    """2^{k−1}, the code in the middle of the range."""
    return 1 << (fmt.bits - 1)
