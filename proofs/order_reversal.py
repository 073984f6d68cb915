"""Each tensor is decided in exact arithmetic; p = 1/2, whose powers are irrational, to fifty digits."""

from decimal import Decimal, localcontext
from fractions import Fraction

from proofs.atoms import Atoms
from proofs.proof import Proof
from proofs.steps import Enumerated
from sqtheory.theorem import Separation
from sqtheory.theorems.order_reversal import THEOREM
from sqtheory.theorems.vocabulary import ERROR_QS, ERROR_SQ


def errors(a: Atoms) -> tuple[list[Fraction], list[Fraction]]:
    """x − q(s(x)) and x − s(q(x))."""
    pruned_first = [x - y for x, y in zip(a.x, a.sq, strict=True)]
    return pruned_first, [x - (q if m else 0) for x, q, m in zip(a.x, a.q, a.m2, strict=True)]


def reversed_order(a: Atoms) -> bool:
    """Σ |x − q(s(x))|^p > Σ |x − s(q(x))|^p, exactly for p = 1, to fifty digits for p = 1/2."""
    with localcontext() as context:
        context.prec = 50
        sums = [
            sum((Decimal(abs(e.numerator)) / Decimal(e.denominator)) ** Decimal(a.p) for e in row) for row in errors(a)
        ]
    return sums[0] > sums[1]


def failures() -> list[str]:
    """The cases in which S→Q is not the worse order."""
    assert isinstance(THEOREM.witness, Separation)
    return [str(case) for case in THEOREM.witness.cases if not reversed_order(Atoms(case, 0))]


PROOF = Proof(
    theorem=THEOREM,
    model={ERROR_SQ: lambda a: a.norm(errors(a)[0]), ERROR_QS: lambda a: a.norm(errors(a)[1])},
    steps=(Enumerated("in every listed case Q→S has the smaller error", failures),),
)
