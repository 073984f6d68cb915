"""max = 2^e gives σ = 2^{e−f}, so max/σ = 2^f, one step beyond the largest code 2^f − 1 where it is clamped."""

import sympy
from sympy import Abs, Eq

from sqtheory.theory.theorems.hbfp_power_of_two import ENDS, ERROR_AT_MAX, POWER_OF_TWO, SHARED, STEP, THEOREM

from .conclusions import Concludes
from .proof import Proof
from .shapes import Entries
from .steps import Equal, Tested
from .unknowns import Facts, Unknowns, same_sign

e, f = sympy.symbols("e f", integer=True, positive=True)


def clamped(a: Unknowns) -> Facts:
    """σ 2^f is the maximum of x, and 2^f − 1 the end of the grid, to which it goes."""
    top = sympy.Symbol("top", positive=True)
    entries = zip(a.x, a.q, a.scale, strict=True)
    known = {SHARED, ENDS} <= a.given
    return [
        fact
        for x, q, sigma in entries
        for fact in (Eq(Abs(x), sigma * (top + 1)), Eq(Abs(q), sigma * top), same_sign(x, q))
        if known
    ]


PROOF = Proof(
    theorem=THEOREM,
    model={
        ERROR_AT_MAX: lambda a: max((abs(x), -i, abs(x - q)) for i, (x, q) in enumerate(zip(a.x, a.q, strict=True)))[2],
        STEP: lambda a: max((abs(x), -i, s) for i, (x, s) in enumerate(zip(a.x, a.scale, strict=True)))[2],
    },
    steps=(
        Tested(
            "σ = 2^{e − f} for a maximum of 2^e and f magnitude bits",
            lambda case: STEP.of(case) * (case.q.format.max + 1) == abs(case.x).max(axis=1),
        ),
        Equal("2^e/σ = 2^f, one more than the largest code", 2**e / 2 ** (e - f) - (2**f - 1), 1),
        Concludes(Entries(1), readings={POWER_OF_TWO: clamped}),
        Equal("clamped there, the error is σ", 2**e - (2**f - 1) * 2 ** (e - f), 2 ** (e - f)),
    ),
)
