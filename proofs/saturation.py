"""max|x|/σ has the significand of max|x| and the exponent of max Γ: it exceeds max Γ exactly if the significand does.

It then goes to max Γ, and loses 1 − max Γ/(max|x|/σ) of itself, less than 1 − max Γ/2^{e+1} with e = ⌊log₂ max Γ⌋.
"""

from fractions import Fraction

import numpy as np
import sympy

from sqtheory.alphabet.formats import E2M1, E2M3, E3M2, E4M3, E5M2, INT8, FloatFormat
from sqtheory.alphabet.quantizers import mxfp, mxint
from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.theorems.saturation import ERROR, EXCEEDS, LIMIT, SATURATES, THEOREM

from .atoms import Number
from .conclusions import OnlyTested
from .exact import ExactRow
from .proof import Proof
from .steps import Enumerated, Equal, Tested

m, mu, e, k = sympy.symbols("m mu e k", positive=True)
SHARES = {
    E4M3: (Fraction(1, 4), Fraction(1, 8)),
    E5M2: (Fraction(1, 4), Fraction(1, 8)),
    E3M2: (Fraction(1, 4), Fraction(1, 8)),
    E2M3: (Fraction(1, 8), Fraction(1, 16)),
    E2M1: (Fraction(1, 2), Fraction(1, 4)),
    INT8: (Fraction(1, 64), Fraction(1, 128)),
}
"""For each element format: the share of significands beyond that of its maximum, and the limit of the loss."""


def significand(v: Fraction) -> Fraction:
    """v/2^{⌊log₂ v⌋}."""
    while v >= 2:
        v /= 2
    while v < 1:
        v *= 2
    return v


def largest(a: ExactRow) -> tuple[Fraction, Fraction, Fraction]:
    """max |x|, the magnitude of its image, and σ."""
    place = max(range(len(a.x)), key=lambda i: (abs(a.x[i]), -i))
    return abs(a.x[place]), abs(a.q[place]), a.scale[place]


def lost(a: ExactRow) -> Number:
    """(max |x| − |q|)/max |x| where it saturates."""
    x, q, sigma = largest(a)
    return (x - q) / x if x > sigma * Fraction(a.case.q.format.max) else Fraction(0)


def wrong_shares() -> list[str]:
    """Formats whose share of saturating significands, or whose largest loss, is not as listed, by enumeration.

    Of 4096 significands evenly spread over [1, 2) each is quantized as the maximum of a block.
    """
    wrong = []
    for fmt, (share, limit) in SHARES.items():
        q = mxfp(fmt) if isinstance(fmt, FloatFormat) else mxint(8)
        rows = (1 + np.arange(4096) / 4096)[:, None]
        image = q.apply(rows, rows)
        top = fmt.max * q.scales(rows)
        beyond = rows > top
        count = Fraction(int(np.count_nonzero(beyond)), 4096)
        worst = Fraction(float(np.max(np.where(beyond, (rows - image) / rows, 0))))
        if not (0 <= share - count <= Fraction(1, 4096) and 0 < limit - worst < Fraction(1, 2048)):
            wrong.append(f"{fmt}: {count}, {float(worst)}")
    return wrong


def same_binade(case: Case) -> Mask:
    """⌊log₂(max|x|/σ)⌋ = ⌊log₂ max Γ⌋ in every block that is not zero."""
    sigma = np.where(case.dense_scale == 0, 1, case.dense_scale)
    largest = case.spread(case.q.partition.reduce(np.abs(case.x), lambda rows: rows.max(axis=1)))
    return case.every((case.dense_scale == 0) | (np.frexp(largest / sigma)[1] == np.frexp(case.q.format.max)[1]))


PROOF = Proof(
    theorem=THEOREM,
    model={
        ERROR: lost,
        LIMIT: lambda a: 1 - significand(Fraction(a.case.q.format.max)) / 2,
        SATURATES: lambda a: float(largest(a)[0] > largest(a)[2] * Fraction(a.case.q.format.max)),
        EXCEEDS: lambda a: float(
            largest(a)[0] > 0 and significand(largest(a)[0]) > significand(Fraction(a.case.q.format.max))
        ),
    },
    steps=(
        Tested(
            "max|x|/σ lies between 2^e and 2^{e+1}, e = ⌊log₂ max Γ⌋",
            same_binade,
        ),
        Equal(
            "max|x| = m 2^k, max Γ = μ 2^e: max|x|/σ − max Γ = (m − μ) 2^e",
            m * 2**k / 2 ** (k - e) - mu * 2**e,
            (m - mu) * 2**e,
        ),
        Equal("the relative loss is 1 − μ/m, less than its value 1 − μ/2 at m = 2", (m - mu) / m, 1 - mu / m),
        OnlyTested("floors of logarithms: what the steps say of one significand is joined by hand"),
        Enumerated("shares of significands and largest losses, format by format", wrong_shares),
    ),
)
