"""Whether the order of pruning and rounding is still seen behind what accumulation does to both sums."""

from dataclasses import replace

import numpy as np
import sympy

from sqtheory.alphabet.formats import BFLOAT16
from sqtheory.alphabet.quantizers import cast
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arithmetic.named import wgmma
from sqtheory.arrays import Array
from sqtheory.theory.accumulated import ALLOWED, DOT, FL, IN_RANGE, accumulator, operands, promoted, within_float32
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Claim, NoneKnown, Quantity
from sqtheory.theory.quantities import dot
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.accumulator_bound import DOMAIN


def masked_image(case: Case) -> tuple[Array, Array]:
    """q(x) and s(q(w)) as operands."""
    return operands(case)[0], promoted(case).operand.toward_zero(case.weight.orders.masked_image)


FL_QS = Quantity(
    "fl_qs",
    r"\operatorname{fl}_{s\circ q}",
    "fl of q(x) and s(q(w)), the weight after Q→S",
    lambda case: accumulator(case).dots(*masked_image(case)).astype(np.float64),
)
DOT_QS = Quantity(
    "xw_qs", r"\langle x,w\rangle_{s\circ q}", "Σ x_i w_i of q(x) and s(q(w))", lambda case: dot(*masked_image(case))
)
ALLOWED_QS = Quantity(
    "allowed_qs",
    r"\sum_g(n_g2^{-F}+2^{1-P})A_{g,s\circ q}",
    "allowed, of q(x) and s(q(w))",
    lambda case: accumulator(case).dots_within(*masked_image(case)),
)

BOTH_IN_RANGE = replace(
    IN_RANGE,
    name="both_in_range",
    statement=f"of both weights {IN_RANGE.statement}",
    holds=lambda case: IN_RANGE.holds(case) & within_float32(np.multiply(*masked_image(case))),
)
TIED = Case.of(
    [2.0**64, 1],
    cast(BFLOAT16),
    nm(1, 2),
    w=[2.0**64, 2.0**64 * (1 + 2.0**-20)],
    accumulator=wgmma("bf16"),
)
"""The images tie and the other entry is kept: its product is 2^128."""

THEOREM = Theorem(
    slug="order_on_hardware",
    title="What the order changes in a sum it changes on hardware too, up to what both sums may miss",
    claims=(Claim(sympy.Abs((FL - FL_QS) - (DOT - DOT_QS)), "<=", ALLOWED + ALLOWED_QS),),
    where=(FL, FL_QS, DOT, DOT_QS, ALLOWED, ALLOWED_QS),
    given=(BOTH_IN_RANGE.shown(TIED),),
    domain=DOMAIN,
    witness=NoneKnown("both would have to miss by all they may, in opposite directions"),
    source=NEW,
    formal=("accumulators_differ",),
)
