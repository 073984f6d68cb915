"""An error of less than half a step, asked of an input of a quarter of the power, is more than a step of its weight."""

from fractions import Fraction

from sqtheory.theory.theorems.feedback_refills import REFILLED, THEOREM
from sqtheory.theory.theorems.gram_error import INPUTS

from .atoms import Row
from .conclusions import Witnessed
from .exact import ExactRow
from .gram_error import matrix
from .proof import Proof
from .refit_optimal import solved
from .sweep_bound import damped, kept


def refilled(row: ExactRow) -> Fraction:
    """Σ |v| over pruned entries: after each column the rest is moved to the least-squares answer to its error."""
    h, total = damped(row), Fraction(0)
    for w, scales, flags in zip(*map(matrix, (row.weight.x, row.weight.scale)), kept(row), strict=True):
        held: Row = [v if flag else Fraction(0) for v, flag in zip(w, flags, strict=True)]
        for j in range(INPUTS):
            image = scales[j] * round(held[j] / scales[j])
            rest = range(j + 1, INPUTS)
            error = held[j] - image
            answer = solved([[h[i][k] for k in rest] for i in rest], [h[i][j] * error for i in rest])
            held = [*held[:j], image, *(held[i] + a for i, a in zip(rest, answer, strict=True))]
        total += sum((abs(v) for v, flag in zip(held, flags, strict=True) if not flag), Fraction(0))
    return total


PROOF = Proof(theorem=THEOREM, model={REFILLED: refilled}, steps=(Witnessed(),))
