"""GETA: whole groups pruned and bits of a power quantizer learned together, with every step a descent."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from sqtheory.alphabet.power_law import clipped_power
from sqtheory.alphabet.quantizers import int_
from sqtheory.methods.channel import OrderChannel
from sqtheory.methods.evidence import Holds, OrderVerdict, Runs
from sqtheory.methods.idea import Idea
from sqtheory.methods.slicegpt import leading
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import frozen_commutation

ETA, ZETA = Fraction(999, 1000), Fraction(9, 10)
"""Of the step that forgets, and of the step of the grid, as published."""


def dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def forgetting(
    g: Sequence[Fraction],
    c: Sequence[Fraction],
    r: Sequence[Fraction],
    rate: Fraction,
    steps: tuple[Fraction, Fraction],
    share: Fraction = Fraction(1),
    published: bool = False,
) -> tuple[Fraction, Fraction]:
    """γ and d of the update −rate g − γ(c + d r) of a group that is to go.

    ``g`` its gradient, ``c`` its clipped powers, ``r`` the residuals round(c/d₀) − c/d₀ at the step d₀ until now;
    d lies in ``steps``. Where c is no descent γ gives back 1 − η of the gradient's, where r is none d gives ζ η.
    ``published``: of a group whose mean is not above 10⁻⁸ nothing is forgotten.
    """
    least, most = steps
    square, along, rest = dot(g, g), dot(c, g), dot(r, g)
    if published and sum(c) / len(c) < Fraction(1, 10**8):
        return Fraction(0), most
    gamma = share if along >= 0 else (1 - ETA) * rate * square / -along
    if rest >= 0 or gamma == 0:
        return gamma, most
    step = ZETA * ETA * rate * square / (-gamma * rest)
    while step < least:
        gamma, step = gamma * Fraction(4, 5), step / Fraction(4, 5)
    return gamma, min(most, step)


def slope(
    g: Sequence[Fraction], c: Sequence[Fraction], r: Sequence[Fraction], rate: Fraction, *by: Fraction
) -> Fraction:
    """⟨g, −rate g − γ(c + d r)⟩ for γ, d = ``by``: at most −(1 − ζ) η rate ‖g‖² for those of ``forgetting``."""
    gamma, step = by
    return -rate * dot(g, g) - gamma * (dot(c, g) + step * dot(r, g))


def residuals(c: Sequence[Fraction], step: Fraction) -> list[Fraction]:
    """round(c/d) − c/d."""
    return [round(v / step) - v / step for v in c]


GROUP, GRADIENT, RATE = (Fraction(3, 4), Fraction(5, 4)), (Fraction(2), Fraction(-1)), Fraction(1, 8)


def descends() -> bool:
    """Where forgetting climbs and where it does not, and with a residual that climbs, the slope is below the bound."""
    slopes = []
    for c, g in ((GROUP, GRADIENT), (GROUP, (Fraction(-2), Fraction(1))), ((Fraction(1), Fraction(2)), (ETA, -ETA))):
        r = residuals(c, Fraction(2, 3))
        by = forgetting(g, c, r, RATE, (Fraction(1, 8), Fraction(2)))
        slopes.append(slope(g, c, r, RATE, *by) <= -(1 - ZETA) * ETA * RATE * dot(g, g))
    return all(slopes)


def climbs_at_the_new_step() -> bool:
    """d goes from 1 to 2 and c from (1, 1) to (0, 2): what is subtracted has another residual, and the loss rises."""
    r = residuals(GROUP, Fraction(1))
    by = forgetting(GRADIENT, GROUP, r, RATE, (Fraction(1, 8), Fraction(2)))
    slopes = [slope(GRADIENT, GROUP, rest, RATE, *by) for rest in (r, residuals(GROUP, by[1]))]
    return by[1] == 2 and slopes[0] < 0 < slopes[1]


def ranks_powers() -> bool:
    """Of (4, 0) and (3, 2) the first is larger and its square roots are less: of these (4, 0) is to go."""
    one, other = np.array([4.0, 0]), np.array([3.0, 2])
    sizes = [np.sum(clipped_power(x, 4.0, t) ** 2) for t in (1.0, 0.5) for x in (one, other)]
    return bool(sizes[0] > sizes[1] and sizes[2] < sizes[3])


METHOD = Idea(
    name="geta",
    title="GETA: whole groups pruned and bits learned together",
    source=Reference("qu2025geta", "microsoft/geta 0518a57, optimizer/geta.py and quantization/quant_layers.py"),
    computes="the power quantizer, its bits, and the rates of forgetting and the steps that make updates descend.",
    outside="the tracing of dependent groups, and training.",
    evidence=(
        Holds(
            "with steps that are learned, not taken from maxima, masks of whole groups and codes change places",
            frozen_commutation.THEOREM,
            Case.of([7, -2.5, 1, 3, 5, 2, -1, 1], int_(4, block=4), leading(4, 8)),
        ),
        Runs(
            "groups ranked by weights are not ranked as what their powers lose",
            OrderVerdict.fails,
            ranks_powers,
            through=(OrderChannel.selection,),
        ),
        Runs("an update with the residual at hand descends", OrderVerdict.none, descends),
        Runs(
            "as published codes are taken at the new step, and one need not descend",
            OrderVerdict.none,
            climbs_at_the_new_step,
        ),
    ),
)
