"""Twice the scale errs no less, at any entry, unless the maximum is nearer to what only twice the grid has.

So of powers of two none above that of ``oas`` need be tried, nor any E4M3 number whose half is one and under which
max |x_B| ≤ (max Γ + next)/4 σ, 7/2 σ for E2M1. Of the other rules ``ceil`` and ``rceil`` have the scale of ``oas`` or
twice that; ``even`` too for E2M1, where it differs at the significand 7/4 alone. Beyond 7/4 neither of ``floor`` and
``oas`` is always better: the maximum errs less under ``oas``, other entries may err more.
"""

from dataclasses import replace
from fractions import Fraction
from math import inf

import numpy as np

from sqtheory.alphabet.formats import E2M1, E2M3, E4M3, E8M0, Codebook
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer, int_, mxfp, mxint, scaled
from sqtheory.alphabet.rounding import half_away
from sqtheory.alphabet.scaling import Exponent, Frozen, PowerOfTwo, StoredScale
from sqtheory.alphabet.scaling.dyadic import doubled_from
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arrays import Array, FixedArray, Mask
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Attained, Claim, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import ERROR_Q, NEAREST, of_pipeline
from sqtheory.theory.theorem import Theorem

OAS = PowerOfTwo(Exponent.oas)


def doubled_image(case: Case) -> Array:
    """The image of x under twice its scales."""
    scales = 2 * case.q.scales(case.x)
    return replace(case.q, scaling=Frozen(FixedArray(scales))).apply(case.x, case.x)


def _within(case: Case) -> Mask:
    bound = float(doubled_from(case.q.format))
    return case.every(np.abs(case.x) <= bound * case.dense_scale)


def _ruling_within(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    shares = [q.scaling.share(q.format, negative) for negative in (False, True)]
    known = all(share is not None and share * doubled_from(q.format) >= 1 for share in shares)
    return Ruling(known, f"max |x_B|/σ_B under {q.scaling} is {'small enough' if known else 'not one number'}")


def _closed(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    twice = {Fraction(v) * 2 for v in q.format.values.tolist()}
    inside = {v for v in twice if abs(v) <= Fraction(q.format.max)}
    known = q.format.odd and inside <= {Fraction(v) for v in q.format.values.tolist()}
    return Ruling(known, f"twice a level of {q.format} is {'a level' if known else 'not always a level'} within range")


ERROR_TWICE = Quantity(
    "e_twice",
    r"\lVert x-q_{2\sigma}(x)\rVert_p",
    "the p-norm of what q errs under twice the scales of x",
    lambda case: case.norms(case.x - doubled_image(case)),
)
WITHIN = Assumption(
    "within",
    "max |x_B| ≤ (max Γ + next)/2 σ_B, next the least number of 2Γ above max Γ: 7 σ_B for E2M1",
    _within,
    _ruling_within,
)
CLOSED = of_pipeline("doubles", "Γ = −Γ, and 2v is a level for every level v with |2v| ≤ max Γ", _closed)
BARE = Codebook("bare", (-3.0, -1.0, 0.0, 1.0, 3.0))

THEOREM = Theorem(
    slug="twice_the_scale",
    title="Twice the scale errs no less, in any norm, unless it brings the maximum of a block nearer to its image",
    claims=(Claim(ERROR_Q, "<=", ERROR_TWICE),),
    where=(ERROR_Q, ERROR_TWICE),
    given=(
        NEAREST.shown(Case.of([11.2, 0], int_(4, scaling=StoredScale(E8M0, late=True)))),
        CLOSED.shown(Case.of([3, 2, 2, 0], scaled(BARE))),
        WITHIN.shown(Case.of([7.75, 0], mxfp(E2M1))),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(
            *(mxfp(f, block=4, scaling=OAS) for f in (E2M1, E2M3, E4M3)),
            *(mxint(4, scaling=OAS), mxfp(E2M1, scaling=OAS, rounding=half_away), mxfp(E2M1, block=4)),
            *(mxfp(E2M1, scaling=PowerOfTwo(e)) for e in (Exponent.even, Exponent.rceil, Exponent.ceil)),
            *(int_(4), scaled(E2M1, block=4), scaled(E2M1, block=4, scaling=StoredScale(E4M3))),
        ),
        p=OneOf(0.5, 1.0, 1.5, 2.0, inf),
    ),
    witness=Attained(Case.of([7, 3], mxfp(E2M1, scaling=OAS))),
    source=NEW,
)
