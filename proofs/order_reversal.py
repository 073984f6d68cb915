"""Each tensor is decided in exact arithmetic; p = 1/2, whose powers are irrational, to fifty digits."""

from decimal import Decimal, localcontext

from proofs.atoms import Atoms
from proofs.models import after_pruning, after_quantizing, shared
from proofs.proof import Proof
from proofs.steps import Enumerated
from sqtheory.theorem import Separation
from sqtheory.theorems.order_reversal import THEOREM
from sqtheory.theorems.vocabulary import ERROR_QS, ERROR_SQ


def reversed_order(a: Atoms) -> bool:
    """Σ |x − q(s(x))|^p > Σ |x − s(q(x))|^p, exactly for p = 1, to fifty digits for p = 1/2."""
    with localcontext() as context:
        context.prec = 50
        sums = [
            sum((Decimal(abs(e.numerator)) / Decimal(e.denominator)) ** Decimal(a.p) for e in row)
            for row in (after_pruning(a), after_quantizing(a))
        ]
    return sums[0] > sums[1]


def failures() -> list[str]:
    """The cases in which S→Q is not the worse order."""
    assert isinstance(THEOREM.witness, Separation)
    return [str(case) for case in THEOREM.witness.cases if not reversed_order(Atoms(case, 0))]


PROOF = Proof(
    theorem=THEOREM,
    model=shared(ERROR_SQ, ERROR_QS),
    steps=(Enumerated("in every listed case Q→S has the smaller error", failures),),
)
