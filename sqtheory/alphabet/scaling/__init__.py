"""How the scale σ of a block is chosen: from its maximum, mean, percentile or error, in one level or two, or not.

Rule for scales too small for the arithmetic (every scaling that looks at the block): a block of zeros has σ = 0
and so image 0, but for ``halfrange``, ``shared(ε)`` and ``absmean(ε)``, whose rules give it a scale; where a σ would
round to 0 it becomes the smallest number of its format and sign instead, so a block is never divided by zero (but
under ``stored(…, least=0)`` and in super-blocks, whose σ = 0 makes the block 0); ratios are clipped to the range of the
format, so a σ rounded down saturates; an image beyond the largest number of the dtype becomes that number.
"""

from sqtheory.alphabet.scaling.affine import Affine, FrozenAffine
from sqtheory.alphabet.scaling.average import AbsMean
from sqtheory.alphabet.scaling.derived import Held, Reciprocal
from sqtheory.alphabet.scaling.descent import CoordinateDescent
from sqtheory.alphabet.scaling.doubled import DoubleQuantization, RowDoubleQuantization
from sqtheory.alphabet.scaling.dyadic import Exponent, FloorFull, PowerOfTwo, SharedExponent
from sqtheory.alphabet.scaling.ends import Range
from sqtheory.alphabet.scaling.fitted import LeastNorm, Percentile, mse
from sqtheory.alphabet.scaling.fitted_offset import FittedOffset, Misfit
from sqtheory.alphabet.scaling.four_over_six import BlockError, FourOverSix, RowFourOverSix
from sqtheory.alphabet.scaling.from_maximum import FromMaximum
from sqtheory.alphabet.scaling.given import Frozen, Unscaled
from sqtheory.alphabet.scaling.histogram import LeastOfHistogram
from sqtheory.alphabet.scaling.least import positive
from sqtheory.alphabet.scaling.leastsquares import LeastSquares
from sqtheory.alphabet.scaling.maxima import maxima
from sqtheory.alphabet.scaling.maximum import AbsMax, FullRange, HalfRange, Midpoint, Unclipped
from sqtheory.alphabet.scaling.middle import Middle
from sqtheory.alphabet.scaling.mixed import MixedFormat
from sqtheory.alphabet.scaling.offsets import Edge, Minimum, RealZero, ZeroPoint
from sqtheory.alphabet.scaling.rule import EXPONENT, Numbers, Placed, Reach, Scaling
from sqtheory.alphabet.scaling.search import CandidateSearch
from sqtheory.alphabet.scaling.searched import SearchedZero
from sqtheory.alphabet.scaling.signed import SignedMax
from sqtheory.alphabet.scaling.stored import StoredScale
from sqtheory.alphabet.scaling.superblocks import SuperBlock
from sqtheory.alphabet.scaling.swept import SweptScale
from sqtheory.alphabet.scaling.two_level import RowTwoLevel, TwoLevel

SCALINGS: dict[str, Scaling] = {
    "absmax": AbsMax(),
    "fullrange": FullRange(),
    "midpoint": Midpoint(),
    "halfrange": HalfRange(),
    "unclipped": Unclipped(),
    **{e.name: PowerOfTwo(e) for e in Exponent},
    "floorfull": FloorFull(),
    "mse": mse(),
    "fouroversix": FourOverSix(),
    "absmean": AbsMean(),
    "histogram": LeastOfHistogram(),
    "signedmax": SignedMax(),
    "double": DoubleQuantization(),
    "leastsquares": LeastSquares(),
    "search": CandidateSearch(),
    "descent": CoordinateDescent(),
}
"""The rules that need no argument, by name."""

__all__ = [
    "EXPONENT",
    "SCALINGS",
    "AbsMax",
    "AbsMean",
    "Affine",
    "BlockError",
    "CandidateSearch",
    "CoordinateDescent",
    "DoubleQuantization",
    "Edge",
    "Exponent",
    "FittedOffset",
    "FloorFull",
    "FourOverSix",
    "FromMaximum",
    "Frozen",
    "FrozenAffine",
    "FullRange",
    "HalfRange",
    "Held",
    "LeastNorm",
    "LeastOfHistogram",
    "LeastSquares",
    "Middle",
    "Midpoint",
    "Minimum",
    "Misfit",
    "MixedFormat",
    "Numbers",
    "Percentile",
    "Placed",
    "PowerOfTwo",
    "Range",
    "Reach",
    "RealZero",
    "Reciprocal",
    "RowDoubleQuantization",
    "RowFourOverSix",
    "RowTwoLevel",
    "Scaling",
    "SearchedZero",
    "SharedExponent",
    "SignedMax",
    "StoredScale",
    "SuperBlock",
    "SweptScale",
    "TwoLevel",
    "Unclipped",
    "Unscaled",
    "ZeroPoint",
    "maxima",
    "mse",
    "positive",
]
