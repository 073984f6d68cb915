"""Each of n products is cut by less than a unit 2^{E−F}, the group's sum by less than 2^{1−P} of itself.

E is the exponent of a product or of C, so 2^E ≤ A_g: a product's exponent answers for |x|₊|w|₊, and |C| never exceeds
the magnitudes that went into it. C itself may be cut too; but then what has the exponent E is a product of 2m ≤ F bits,
or C of P − 1 ≤ F bits, and is not cut: n cuts in all.
"""

from fractions import Fraction
from typing import Any

from sqtheory.arithmetic import wgmma
from sqtheory.theory.accumulated import ALLOWED, DOT, FL
from sqtheory.theory.theorems.accumulator_bound import FLAT, THEOREM, last_digit

from .accumulating import Accumulated, allowed, dot, fl
from .atoms import Number
from .coq_claims import FormallyConcludes
from .exact import ExactRow
from .proof import Proof
from .steps import Enumerated, Smt


def flat(a: ExactRow) -> Number:
    """(n 2^−F + G 2^{1−P}) A."""
    one = Accumulated.of(a)
    [groups] = one.parts
    cuts = sum(p.value != 0 for p in one.products) + one.spare * len(groups)
    return (cuts * one.unit + len(groups) * Fraction(2) ** (1 - one.how.significant)) * one.all_sizes


def one_cut(z3: Any) -> tuple[list[Any], Any]:
    """v cut towards zero at a unit u, k whole units of it: |v − k u| < u, and no larger than v."""
    v, u, r = z3.Reals("v u r")
    k = z3.Int("k")
    held = [u > 0, v >= 0, v == u * (k + r), 0 <= r, r < 1, k >= 0]
    return held, z3.And(v - u * k < u, u * k <= v, u * k >= 0)


def group_of_32() -> list[int]:
    """31 products that lose 63/64 of a unit each beside 64 = 8 · 8: the sum that E4M3 keeps misses 30.5 units."""
    x, w = [8.0, *[1.125 * 2.0**-4] * 31], [8.0, *[1.75 * 2.0**-4] * 31]
    lost = sum(a * b for a, b in zip(x, w, strict=True)) - wgmma("e4m3").dot(x, w)
    return [] if lost == 31 * 63 / 64 * 2.0**-7 else [1]


def not_cut_to_one() -> list[float]:
    """The ε for which the sum of the family is not cut to 1."""
    return [eps for eps in (2.0**-k for k in range(3, 21)) if fl(ExactRow(last_digit(eps), 0)) != 1]


PROOF = Proof(
    theorem=THEOREM,
    model={FL: fl, DOT: dot, ALLOWED: allowed, FLAT: flat},
    steps=(
        Smt("what is cut towards zero loses less than a unit and does not change its sign", one_cut),
        Enumerated("one group of E4M3 loses 30.5 of the 33 units that the bound allows it", group_of_32),
        Enumerated("1 + 2^{1−P} less a little is cut to 1, for P = 4 … 21", not_cut_to_one),
        FormallyConcludes("any F, P, groups of any lengths, any products", "accumulator_bound", claims=(0,)),
        FormallyConcludes("all groups together", "accumulator_bound_flat", claims=(1,)),
    ),
)
