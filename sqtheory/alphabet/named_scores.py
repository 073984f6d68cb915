"""The score that is the signed entry itself, and all that are written as one word."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.rationals import Rationals
from sqtheory.alphabet.scores import HOMOGENEOUS, Score, awaiting_wanda, magnitude
from sqtheory.alphabet.traits import ODD
from sqtheory.arrays import Array


@final
@dataclass(frozen=True)
class Signed(Score):
    """x_i itself: negative entries go first, the largest of them foremost.

    >>> from sqtheory import nm
    >>> nm(2, 4, score=signed)([1, -7, 2, -3])
    array([1., 0., 2., 0.])
    """

    traits = HOMOGENEOUS - {ODD}

    def of(self, x: Array) -> Array:
        return x

    def exact(self, x: Rationals) -> Rationals:
        return np.asarray(x)

    def __str__(self) -> str:
        return "signed"


signed = Signed()
SCORES: dict[str, Score] = {str(score): score for score in (magnitude, signed, awaiting_wanda)}
"""The scores that need no argument, by name."""
