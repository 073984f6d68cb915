"""One storage budget for many tensors, each with a list of what it can be made into at what cost and loss."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias, final


@final
@dataclass(frozen=True)
class Choice:
    """What one tensor can be made into: its cost in bits, and what it then loses, a number ≥ 0."""

    cost: int
    loss: float


Curve: TypeAlias = Sequence[Choice]


@final
@dataclass(frozen=True)
class Allocation:
    """One choice for every tensor, by its place; and a number that no choices within the budget lose less than."""

    places: tuple[int, ...]
    cost: int
    loss: float
    bound: float
    """Σ_l min_c (loss + λ cost) − λ budget at the λ that makes it largest, what a bit of the first step left saves:
    ``loss`` is optimal if equal (`everett1963lagrange`)."""


def hull(curve: Curve) -> tuple[int, ...]:
    """Places of the choices on the lower convex hull, from the cheapest on, each of less loss than the last.

    Of choices of one cost the one of least loss counts, of equal ones the first.
    """
    corners: list[int] = []
    for at in sorted(range(len(curve)), key=lambda i: (curve[i].cost, curve[i].loss, i)):
        if corners and curve[at].loss >= curve[corners[-1]].loss:
            continue
        while len(corners) > 1 and _slope(curve, corners[-1], at) > _slope(curve, corners[-2], corners[-1]):
            corners.pop()
        corners.append(at)
    return tuple(corners)


def _slope(curve: Curve, cheap: int, dear: int) -> Fraction:
    """Loss saved per bit, exactly."""
    saved = Fraction(curve[cheap].loss) - Fraction(curve[dear].loss)
    return saved / (curve[dear].cost - curve[cheap].cost)


def allocated(curves: Sequence[Curve], budget: int) -> Allocation:
    """Step after step along the curves' hulls where a bit saves most, as long as the next one fits the budget.

    A tensor whose next step does not fit stays; the others go on. Where every step taken precedes every step left in
    what a bit saves, the allocation is optimal for what it costs (theorem ``budget_price``); in general it loses at
    most ``loss − bound`` more than the best. Raises ValueError where the cheapest choices exceed the budget.
    """
    if not all(curves):
        raise ValueError("every tensor needs at least one choice")
    corners = [hull(curve) for curve in curves]
    at = [0] * len(curves)
    cost = sum(curve[c[0]].cost for curve, c in zip(curves, corners, strict=True))
    if cost > budget:
        raise ValueError(f"the cheapest choices take {cost} bits, the budget is {budget}")
    steps = [(_slope(curves[t], c[i], c[i + 1]), t, i) for t, c in enumerate(corners) for i in range(len(c) - 1)]
    price = None
    for saved, tensor, place in sorted(steps, key=lambda step: (-step[0], step[1], step[2])):
        cheap, dear = (curves[tensor][corners[tensor][i]].cost for i in (place, place + 1))
        if at[tensor] == place and cost + dear - cheap <= budget:
            at[tensor], cost = place + 1, cost + dear - cheap
        elif price is None:
            price = saved
    places = tuple(c[i] for c, i in zip(corners, at, strict=True))
    loss = sum(Fraction(curve[place].loss) for curve, place in zip(curves, places, strict=True))
    return Allocation(places, cost, float(loss), float(_dual(curves, price or Fraction(0), budget)))


def _dual(curves: Sequence[Curve], price: Fraction, budget: int) -> Fraction:
    return sum(min(Fraction(c.loss) + price * c.cost for c in curve) for curve in curves) - price * budget
