"""A backbone and its quantized residual: what is lost is what the residual loses, of a scale that its largest sets."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from sqtheory.alphabet.formats import E2M1, Codebook
from sqtheory.alphabet.partition import Shape
from sqtheory.alphabet.quantizers import Quantizer, bcq, hbfp, int_, scaled
from sqtheory.alphabet.rounding import half_away, toward_zero
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import Array
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import NEAREST, SYMMETRIC, UNIFORM, of_pipeline
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem


def rest_sq(case: Case) -> Array:
    """x − q(s(x))."""
    return case.x - case.orders.after_mask


def rest_qs(case: Case) -> Array:
    """x − s(q(x))."""
    return case.x - case.orders.masked_image


def _largest(values: Array) -> Array:
    return np.asarray(np.abs(values).max(axis=1))


def _lost(rest: Callable[[Case], Array]) -> Callable[[Case], Array]:
    """The largest entry of r − q(r)."""
    return lambda case: _largest(rest(case) - case.q(rest(case)))


def _by_maximum(s: Sparsifier, q: Quantizer, p: float, shape: Shape) -> Ruling:
    shares = {q.scaling.share(q.format, negative) for negative in (False, True)}
    plain = shares == {1 / Fraction(q.format.max)}
    return Ruling(plain, f"the scale is {q.scaling}{'' if plain else ', not max |x|/max Γ'}")


ABSMAX = of_pipeline("absmax", "σ_B = max |x_B|/max Γ for every block", _by_maximum)
REST_SQ = Quantity(
    "r_sq",
    r"\lVert\varepsilon_{q\circ s}\rVert_\infty",
    "the largest entry of r = x − q(s(x))",
    lambda case: _largest(rest_sq(case)),
)
REST_QS = Quantity(
    "r_qs",
    r"\lVert\varepsilon_{s\circ q}\rVert_\infty",
    "the largest entry of r' = x − s(q(x))",
    lambda case: _largest(rest_qs(case)),
)
LOST_SQ = Quantity(
    "t_sq",
    r"\lVert x-q(s(x))-q(r)\rVert_\infty",
    "the largest entry of x − (q(s(x)) + q(r)), which is r − q(r)",
    _lost(rest_sq),
)
LOST_QS = Quantity(
    "t_qs",
    r"\lVert x-s(q(x))-q(r')\rVert_\infty",
    "the largest entry of x − (s(q(x)) + q(r')), which is r' − q(r')",
    _lost(rest_qs),
)
STEPS = Quantity(
    "n",
    r"\max\Gamma/\Delta",
    "the largest level in steps of the grid",
    lambda case: np.full(len(case), case.q.format.max / float(np.diff(case.q.format.values).min())),
)

THEOREM = Theorem(
    slug="residual_backbone",
    title="The quantized residual of a quantized backbone divides the largest error of either order by 2 max Γ/Δ",
    claims=(Claim(2 * STEPS * LOST_SQ, "<=", REST_SQ), Claim(2 * STEPS * LOST_QS, "<=", REST_QS)),
    where=(LOST_SQ, LOST_QS, REST_SQ, REST_QS, STEPS),
    given=(
        NEAREST.shown(Case.of([7, 2.875, 1.75, 0.9375], int_(4, rounding=toward_zero), nm(2, 4))),
        UNIFORM.shown(Case.of([24, 24, 6, 5], scaled(E2M1), nm(2, 4))),
        SYMMETRIC.shown(Case.of([3, 3, -1, 0], scaled(Codebook("unsigned", (0.0, 1.0, 2.0, 3.0))), nm(2, 4))),
        ABSMAX.shown(Case.of([7, 7, 1.0625, 0.375], hbfp(4), nm(2, 4))),
    ),
    domain=Domain(
        x=Arrays(8, kinds=(normal, ties, one_signed, heavy), subnormal=False),
        q=OneOf(int_(4), int_(3, block=4), int_(2, block=2), int_(8), int_(4, rounding=half_away), bcq(2)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(1, 2)),
    ),
    witness=Attained(Case.of([7, 7, 1.75, 0.125], int_(4), nm(2, 4))),
    source=Reference("meng2026sharq", "abstract, whose backbone and residual these are; the bound is new"),
)
