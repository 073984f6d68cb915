"""Every step grows: the quotient or product, its rounding to a float, ρ, the product with σ, and that one's rounding.

A rounding of IEEE 754 maps a number to a nearest float of its own alone, so it never reverses two numbers, and it is
odd. Hence |q(x)_i| grows with |x_i| in a block whatever the precision, and as the images of both orders are images of
one such map where zero and scale are kept, ``prune_first_dominates`` is about what is computed, its errors exact.
"""

from fractions import Fraction
from typing import Any

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3, IntFormat
from sqtheory.alphabet.rounding import nearest_even
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems.float_monotone import FALLS, THEOREM, single

from .conclusions import OnlyTested
from .proof import Proof
from .steps import Cited, Enumerated, Smt

SCALES = (2.0**-24, 3 * 2.0**-24, 2.0**-15, 0.1, 1 / 7, 1.0, 3.3, 1000.0)
"""Scales in float16, the first two subnormal."""


def steps_grow(z3: Any) -> tuple[list[Any], Any]:
    """fl and ρ non-decreasing and σ > 0: fl(σ ρ(fl(a/σ))) ≤ fl(σ ρ(fl(b/σ))) for a ≤ b."""
    fl, rho = (z3.Function(name, z3.RealSort(), z3.RealSort()) for name in ("fl", "rho"))
    a, b, sigma = z3.Reals("a b sigma")
    u, v, s, t = z3.Reals("u v s t")
    pairs = ((fl, u, v), (rho, fl(u), fl(v)), (fl, s, t))
    grow = [z3.Implies(low <= high, f(low) <= f(high)) for f, low, high in pairs]
    made = [u * sigma == a, v * sigma == b, s == sigma * rho(fl(u)), t == sigma * rho(fl(v))]
    return [sigma > 0, a <= b, *made, *grow], fl(s) <= fl(t)


def reversed_halves() -> list[str]:
    """Scales and formats at which images of two neighbouring float16 numbers fall, all arithmetic in float16."""
    x = np.arange(0x7C00, dtype=np.uint16).view(np.float16)
    found = []
    for fmt in (IntFormat(4), E2M1, E4M3):
        for sigma in np.array(SCALES, np.float16):
            with np.errstate(over="ignore"):
                inverse = np.minimum(np.float16(1) / sigma, np.finfo(np.float16).max)
                ratios = {"by quotients": x / sigma, "by reciprocals": x * inverse}
            for how, ratio in ratios.items():
                with np.errstate(over="ignore"):
                    image = sigma * fmt.round(ratio.astype(np.float32), nearest_even, saturate=True).astype(np.float16)
                found += [f"{fmt} at {sigma}, {how}"] * bool((np.diff(image.astype(np.float32)) < 0).any())
    return found


def fallen(a: Any) -> Fraction:
    """By trying every pair of a block in rationals."""
    row = a.case.row(a.index)
    x = single(row)
    size, made = ([Fraction(float(v)) for v in values[0]] for values in (x, row.q.apply(x, x)))
    places = row.q.partition.split(np.arange(x.shape[1])[None, :])
    pairs = [(i, j) for rows in places for block in rows.tolist() for i in block for j in block]
    drops = [abs(made[i]) - abs(made[j]) for i, j in pairs if abs(size[i]) <= abs(size[j])]
    turned = [abs(y) for v, y in zip(size, made, strict=True) if v * y < 0]
    return max([*drops, *turned], default=Fraction(0))


PROOF = Proof(
    theorem=THEOREM,
    model={FALLS: fallen},
    steps=(
        Cited(
            "fl, rounding to a nearest float, ties to even, is non-decreasing and odd",
            Reference("ieee754", "§4.3.1: the nearest representable number to the infinitely precise result"),
        ),
        Smt("a chain of non-decreasing steps is non-decreasing", steps_grow),
        Enumerated("every non-negative float16 number at scales of all sizes, in float16 throughout", reversed_halves),
        OnlyTested("floats are no reals: each step is shown to grow, and their chain is tried on computed images"),
    ),
)
