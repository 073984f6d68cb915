"""Exponents, cuts and sums all follow a sign and a power of two; a group's largest exponent and sum see no order.

Across groups the order counts: (2^8, 3/8, …) in groups of one product keep 2^8 in 9 bits, (3/8, …, 2^8) more.
"""

from fractions import Fraction

import numpy as np

from sqtheory.arithmetic import aligned
from sqtheory.theory.accumulated import FL
from sqtheory.theory.theorems.accumulator_symmetry import NEGATED, SHIFTED, THEOREM, WITHIN

from .accumulating import Accumulated, fl
from .atoms import Number
from .coq_claims import FormallyConcludes
from .exact import ExactRow
from .proof import Proof
from .steps import Enumerated


def within(a: ExactRow) -> Number:
    """Every group from its end."""
    one = Accumulated.of(a)
    [groups] = one.parts
    return one.at([i for places in groups for i in reversed(places)]).total


def shifted(a: ExactRow) -> Number:
    """4x, saturated."""
    one = Accumulated.of(a)
    most = Fraction(one.how.operand.max)
    return one.with_operands(lambda v: min(max(4 * v, -most), most)).total


def across_groups() -> list[str]:
    """Whether an order across groups changes nothing after all."""
    how = aligned("e4m3", group=1, fraction=9, significant=9)
    row = np.array([[256.0, *[0.375] * 8]])
    ones = np.ones_like(row)
    one, other = (float(how.dots(x, ones)[0]) for x in (row, row[:, ::-1]))
    return [] if (one, other) == (256.0, 259.0) else [f"{one} and {other}"]


PROOF = Proof(
    theorem=THEOREM,
    model={
        FL: fl,
        NEGATED: lambda a: Accumulated.of(a).with_operands(lambda v: -v).total,
        SHIFTED: shifted,
        WITHIN: within,
    },
    steps=(
        FormallyConcludes("products of the other sign", "accumulator_odd", claims=(0,)),
        FormallyConcludes("products shifted by any number of binades", "accumulator_dyadic", claims=(1,)),
        FormallyConcludes("any order within every group", "accumulator_permuted", claims=(2,)),
        Enumerated("across groups the order counts: 256 and eight times 3/8, in 9 bits 256 or 259", across_groups),
    ),
)
