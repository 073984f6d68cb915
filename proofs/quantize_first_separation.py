"""Two entries of one cell, b near its lower end, a at its value v: their images tie and the tie rule keeps b.

S→Q prunes b and errs by b; Q→S prunes a, errs by a for it and by v − b for b, while ‖ε_s‖ + ‖ε_q‖ counts b and v − b.
The excess is a − b = v − b > 0. Each case is decided in exact arithmetic.
"""

import sympy

from sqtheory.theory.theorems.quantize_first_separation import THEOREM

from .conclusions import Witnessed
from .proof import Proof
from .steps import Equal, NonNegative

b, h = sympy.symbols("b h", nonnegative=True)
v = b + h


PROOF = Proof(
    theorem=THEOREM,
    steps=(
        Equal(
            "a = v and b in one cell, b kept: the L1 excess over both errors is v − b", (v + (v - b)) - (b + (v - b)), h
        ),
        NonNegative("… which is not negative, and positive unless b = v", h),
        Witnessed(),
    ),
)
