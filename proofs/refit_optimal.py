"""Completing the square: the loss is that of the refit plus a square in what differs from it on the support."""

from fractions import Fraction

import sympy

from sqtheory.theory.theorems.gram_error import INPUTS
from sqtheory.theory.theorems.refit_optimal import MASKED, MASKED_IMAGE, REACH, REFIT, THEOREM
from sqtheory.theory.theorems.sweep_bound import LOST

from .atoms import Row
from .conclusions import OnlyTested
from .dot_decomposition import error, product
from .exact import ExactRow
from .gram_error import matrix
from .proof import Proof
from .steps import Equal, NonNegative
from .sweep_bound import PROOF as SWEEP
from .sweep_bound import damped, kept, trace

a, c, det = sympy.symbols("a c det", positive=True)
b, w, z, v = sympy.symbols("b w z v", real=True)
h_pp = (det + b**2) / a
"""H_PP for H_SS = a, H_SP = b and a determinant det > 0."""
loss = a * (z - v) ** 2 + 2 * b * (z - v) * w + h_pp * w**2
"""(z − v, w) H (z − v, w)ᵀ: z kept and made v, w pruned."""


def solved(system: list[Row], right: Row) -> Row:
    """The solution of a linear system, by elimination; H and its parts on a support have no zero pivot."""
    rows, size = [[*line, value] for line, value in zip(system, right, strict=True)], len(right)
    for j in range(size):
        for i in range(size):
            if i != j:
                share = rows[i][j] / rows[j][j]
                rows[i] = [p - share * q for p, q in zip(rows[i], rows[j], strict=True)]
    return [rows[j][size] / rows[j][j] for j in range(size)]


def refit(row: ExactRow) -> list[Row]:
    """W − V, the normal equations of every output solved on its support."""
    h, found = damped(row), []
    for w, flags in zip(matrix(row.weight.x), kept(row), strict=True):
        support = [j for j in range(INPUTS) if flags[j]]
        moved = solved([[h[i][j] for j in support] for i in support], [product(w, h[i]) for i in support])
        value = dict(zip(support, moved, strict=True))
        found.append([w[j] - value.get(j, Fraction(0)) for j in range(INPUTS)])
    return found


def out_of_reach(row: ExactRow) -> Fraction:
    """Σ w_P (H_PP − H_PS H_SS⁻¹ H_SP) w_Pᵀ, by another formula than the package's."""
    h, total = damped(row), Fraction(0)
    for w, flags in zip(matrix(row.weight.x), kept(row), strict=True):
        support, pruned = ([j for j in range(INPUTS) if flags[j] == which] for which in (True, False))
        through = [sum((h[i][j] * w[j] for j in pruned), Fraction(0)) for i in support]
        answer = solved([[h[i][j] for j in support] for i in support], through)
        total += sum((w[i] * h[i][j] * w[j] for i in pruned for j in pruned), Fraction(0)) - product(through, answer)
    return total


PROOF = Proof(
    theorem=THEOREM,
    model={
        REFIT: lambda row: trace(damped(row), refit(row)),
        REACH: out_of_reach,
        MASKED: lambda row: trace(damped(row), matrix(error(row.weight.x, row.weight.sparse))),
        MASKED_IMAGE: lambda row: trace(damped(row), matrix(error(row.weight.x, row.weight.sq))),
        LOST: SWEEP.model[LOST],
    },
    steps=(
        Equal(
            "one entry kept, one pruned: the loss is w² det/a and a square, 0 for v = z + w b/a",
            loss,
            det / a * w**2 + a * (z - v + w * b / a) ** 2,
        ),
        Equal("… where det/a is one over the entry of H⁻¹ at the pruned one", 1 / (a / det), det / a),
        NonNegative("… which no choice of v makes less", a * (z - v + w * b / a) ** 2),
        OnlyTested("least squares on supports of any size: the steps take one entry each, rows of four are tried"),
    ),
)
