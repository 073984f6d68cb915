"""x − y − q(x − y) is the error of one rounding whatever y is, and its scale is set by the largest entry of x − y."""

import sympy
from sympy import Abs, Le

from sqtheory.theory.quantities import NEAREST, SYMMETRIC, UNIFORM
from sqtheory.theory.theorems.residual_backbone import (
    ABSMAX,
    LOST_QS,
    LOST_SQ,
    REST_QS,
    REST_SQ,
    STEPS,
    THEOREM,
    rest_qs,
    rest_sq,
)

from .atoms import Atoms, Number, Row
from .conclusions import Concludes
from .dot_decomposition import error
from .proof import Proof
from .shapes import Entries
from .steps import Equal, Tested
from .unknowns import Facts, Unknowns

x, y, z, top, n, delta = sympy.symbols("x y z top n delta", positive=True)


def rests(a: Atoms) -> tuple[Row, Row]:
    """x − q(s(x)) and x − s(q(x))."""
    return error(a.x, a.sq), error(a.x, a.qs)


def largest(a: Atoms, values: Row) -> Number:
    """The largest magnitude."""
    return a.largest(abs(v) for v in values)


def lost(a: Atoms, which: int) -> Number:
    """The largest entry of r − q(r)."""
    return largest(a, error(rests(a)[which], a.rounded_rests[which]))


def within_half_a_step(a: Unknowns) -> Facts:
    """On a symmetric uniform grid of scale max |r|/max Γ nothing saturates: nearest errs by max |r|/(2n) at most."""
    if not {NEAREST, UNIFORM, SYMMETRIC, ABSMAX} <= a.given:
        return []
    return [
        Le(2 * a.steps * Abs(r - image), largest(a, rest))
        for rest, images in zip(rests(a), a.rounded_rests, strict=True)
        for r, image in zip(rest, images, strict=True)
    ]


PROOF = Proof(
    theorem=THEOREM,
    model={
        REST_SQ: lambda a: largest(a, rests(a)[0]),
        REST_QS: lambda a: largest(a, rests(a)[1]),
        LOST_SQ: lambda a: lost(a, 0),
        LOST_QS: lambda a: lost(a, 1),
        STEPS: lambda a: a.steps,
    },
    steps=(
        Equal("x − (y + z) = (x − y) − z: the error of the sum is that of z = q(x − y) alone", x - (y + z), x - y - z),
        Equal("half a step Δσ/2 of the scale σ = top/max Γ, max Γ = nΔ", delta * top / (n * delta) / 2, top / (2 * n)),
        Tested(
            "in every block no residual is missed by more than half a step of its scale",
            lambda case: case.every(
                abs(rest_sq(case) - case.q(rest_sq(case)))
                <= case.spread(case.q.scales(rest_sq(case))) * (case.q.format.max / STEPS.of(case)[0] / 2 * (1 + 1e-12))
            ),
        ),
        Tested(
            "… as for the other order",
            lambda case: case.every(
                abs(rest_qs(case) - case.q(rest_qs(case)))
                <= case.spread(case.q.scales(rest_qs(case))) * (case.q.format.max / STEPS.of(case)[0] / 2 * (1 + 1e-12))
            ),
        ),
        Concludes(Entries(2, orders=2), readings={ABSMAX: within_half_a_step}),
    ),
)
