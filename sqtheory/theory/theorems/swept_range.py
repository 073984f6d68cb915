"""Which numbers of E4M3 can have the least squared error of an E2M1 block: those from a tenth of its maximum to 2/7.

Of its 126 positive numbers these are at most 13 for any block of at most 16 entries: a sweep need try no others, and
max |x_B|/6 and max |x_B|/4, which four over six tries, are among them. The lower ratio is sharp. The upper is not:
by a linear program over mixtures of entries, floating point, it is about 7.3 for 16 entries and real scales, and by
pairs of scales at most about 7.9 for those of E4M3.
"""

import numpy as np
import sympy

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer, mxfp, scaled
from sqtheory.alphabet.scaling import Exponent, PowerOfTwo, SweptScale
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, Mask
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Approached, Assumption, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import decided_by_tensor, of_pipeline
from sqtheory.theory.samples import normal, one_signed, ties
from sqtheory.theory.theorem import Theorem

LEAST, MOST = sympy.Rational(7, 2), 10
SIZE = 16
ENDS = (7.0 / 64, 2688.0)
"""7/2 · 2^−5, above which a scale of E4M3 has its half there or is small enough, and 6 · 448."""


def maxima_of(case: Case) -> Array:
    """max |x_B| of the block of every entry."""
    return case.spread(case.q.partition.reduce(np.abs(case.x), lambda rows: rows.max(axis=1)))


def ratios(case: Case) -> Array:
    """max |x_B|/σ_B, 6 where the block is 0."""
    sigma = case.dense_scale
    return np.where(sigma == 0, 6.0, maxima_of(case) / np.where(sigma == 0, 1, sigma))


def _swept(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    known = q.scaling == SweptScale(E4M3) and q.format == E2M1
    return Ruling(known, f"the scales of {q} {'are' if known else 'are not'} swept over E4M3 for E2M1")


def _short(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    longest = int(np.prod(q.partition.sides(shape), dtype=int))
    return Ruling(longest <= SIZE, f"blocks have {longest} entries")


def _in_range(case: Case) -> Mask:
    top = maxima_of(case)
    return case.every((top == 0) | ((top >= ENDS[0]) & (top <= ENDS[1])))


LOW = Quantity("t_min", r"\min_B\max|x_B|/\sigma_B", "the least max |x_B|/σ_B", lambda case: ratios(case).min(axis=1))
HIGH = Quantity(
    "t_max", r"\max_B\max|x_B|/\sigma_B", "the largest max |x_B|/σ_B", lambda case: ratios(case).max(axis=1)
)
SWEPT = of_pipeline(
    "swept", "σ_B is the least number of E4M3 of least ‖x_B − q_σ(x_B)‖_2, q_σ to nearest onto E2M1", _swept
)
SHORT = of_pipeline("short_blocks", f"blocks have at most {SIZE} entries", _short)
IN_RANGE = Assumption(
    "scale_in_range", "max |x_B| is 0 or from 7/64 to 2688: the scales tried are normal", _in_range, decided_by_tensor
)


def just_above(epsilon: float) -> Case:
    """Sixteen entries that are exact under σ = 1 but the largest, which 4 is nearer to than 3."""
    return Case.of(
        [3.5 + epsilon, *[3.0] * 5, *[1.0] * 5, *[0.5] * 5], scaled(E2M1, block=16, scaling=SweptScale(E4M3))
    )


SWEEP = SweptScale(E4M3)
THEOREM = Theorem(
    slug="swept_range",
    title="Of E4M3 scales only those from max |x_B|/10 to 2 max |x_B|/7 can err least in squares on 16 entries of E2M1",
    claims=(Claim(LEAST, "<=", LOW), Claim(HIGH, "<=", MOST)),
    where=(LOW, HIGH),
    given=(
        SWEPT.shown(Case.of([6.125, 1], mxfp(E2M1, block=2, scaling=PowerOfTwo(Exponent.rceil)))),
        SHORT.shown(Case.of([10.125, *[6] * 46, *[4] * 52, *[0.5] * 56], scaled(E2M1, block=160, scaling=SWEEP))),
        IN_RANGE.shown(Case.of([3 * 2.0**-9, 0], scaled(E2M1, block=2, scaling=SWEEP))),
    ),
    domain=Domain(
        x=Arrays(4, kinds=(normal, ties, one_signed), subnormal=False),
        q=OneOf(scaled(E2M1, block=4, scaling=SWEEP), scaled(E2M1, block=2, scaling=SWEEP)),
    ),
    witness=Approached(just_above),
    source=Reference("schaefer2026finer", "abstract: a search of all scales; the bounds are ours"),
)
