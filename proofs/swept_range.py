"""Beyond 10 the maximum loses more than all others can gain over the least scale that holds it.

Let max |x_B| = 1, σ < 1/10, and s the least number of E4M3 of at least 1/6: s ≤ 9/8 · 1/6. Under σ the maximum errs by
1 − 6σ, under s by 6s − 1 ≤ 1/8. Another entry x errs under s by d(x) ≤ s/2 where x ≤ 4s, and by no more than
min(x − 4s, 6s − x) beyond; under σ by x − 6σ where x > 6σ. So d(x)² exceeds its square under σ by at most (s/2)², and
fifteen of these and (6s − 1)² are less than (1 − 6σ)². Below 7/2 half the scale errs no more (twice_the_scale).
"""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

from sqtheory.alphabet.formats import E4M3
from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.theorems.swept_range import ENDS, HIGH, LOW, SIZE, THEOREM, ratios

from .conclusions import OnlyTested
from .exact import ExactRow
from .proof import Proof
from .steps import Enumerated, Smt, Tested


def exact_ratios(a: ExactRow) -> list[Fraction]:
    """max |x_B|/σ_B of every block, in rationals; 6 where the block is 0."""
    size = a.case.q.partition.sides(a.case.x[:1].shape)[-1]
    tops = [max(map(abs, a.x[at : at + size])) for at in range(0, len(a.x), size)]
    return [top / sigma if sigma else Fraction(6) for top, sigma in zip(tops, a.scale[::size], strict=True)]


def wide_gaps() -> list[str]:
    """Neighbours of E4M3 in the range of scales that are further apart than 9/8, or whose half is missing."""
    numbers = [Fraction(v) for v in E4M3.values.tolist() if v > 0]
    low, high = (Fraction(end) for end in ENDS)
    wide = [f"{b}/{a}" for a, b in pairwise(numbers) if a >= low / 7 and b > a * Fraction(9, 8)]
    lost = [f"{v}" for v in numbers if v >= low * Fraction(2, 7) and v / 2 not in numbers]
    return wide + lost + ([] if numbers[-1] * 6 == high and min(numbers) * 6 <= low else ["the ends"])


def gain(near: Callable[[Any, Any, Any], Any]) -> Callable[[Any], tuple[list[Any], Any]]:
    """An entry x under s and σ: d² − e² ≤ (s/2)² for its distances d and e."""

    def question(z3: Any) -> tuple[list[Any], Any]:
        x, s, sigma, d, e = z3.Reals("x s sigma d e")
        given = [x >= 0, x <= 1, 6 * s >= 1, 48 * s <= 9, sigma > 0, 10 * sigma < 1, d >= 0, e >= 0]
        return [*given, z3.Implies(x > 6 * sigma, e >= x - 6 * sigma), near(z3, (x, s), d)], 4 * (
            d * d - e * e
        ) <= s * s

    return question


def inside(z3: Any, at: Any, d: Any) -> Any:
    """x ≤ 4s: levels are at most s apart."""
    x, s = at
    return z3.And(x <= 4 * s, 2 * d <= s)


def outside(z3: Any, at: Any, d: Any) -> Any:
    """4s < x ≤ 6s: 4s and 6s are levels."""
    x, s = at
    return z3.And(x > 4 * s, d <= x - 4 * s, d <= 6 * s - x)


def outweighed(z3: Any) -> tuple[list[Any], Any]:
    """n − 1 gains and the error of the maximum under s together are less than its error under σ."""
    s, sigma = z3.Reals("s sigma")
    given = [6 * s >= 1, 48 * s <= 9, sigma > 0, 10 * sigma < 1]
    return given, (SIZE - 1) * s * s / 4 + (6 * s - 1) * (6 * s - 1) < (1 - 6 * sigma) * (1 - 6 * sigma)


def within(case: Case) -> Mask:
    """Both ends, of the operators."""
    found = ratios(case)
    return case.every((found > 3.5) & (found <= 10))


PROOF = Proof(
    theorem=THEOREM,
    model={LOW: lambda a: min(exact_ratios(a)), HIGH: lambda a: max(exact_ratios(a))},
    steps=(
        Enumerated(
            "numbers of E4M3 in range are within 9/8 of each other, and their halves are numbers too", wide_gaps
        ),
        Smt("x ≤ 4s gains at most (s/2)²", gain(inside)),
        Smt("4s < x ≤ 6s too", gain(outside)),
        Smt("fifteen gains and the maximum's error under s are less than its error under σ", outweighed),
        Tested("7/2 < max |x_B|/σ_B ≤ 10", within),
        OnlyTested("a least over the numbers of E4M3: each number out of range is excluded by the steps, and by hand"),
    ),
)
