"""A theorem: a statement that is evaluated on cases and that shows itself."""

from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.norms import spell_norm
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import Undefined
from sqtheory.theory import render
from sqtheory.theory.case import Case
from sqtheory.theory.statement import (
    CANCELLATION,
    NEW,
    RELATIONS,
    TOLERANCE,
    UNDERFLOW,
    Approached,
    Assumption,
    Attained,
    Check,
    Claim,
    NoneKnown,
    Norms,
    Quantity,
    Reference,
    Separation,
    Statement,
    Witness,
)

__all__ = [
    "CANCELLATION",
    "NEW",
    "RELATIONS",
    "TOLERANCE",
    "UNDERFLOW",
    "Approached",
    "Assumption",
    "Attained",
    "Check",
    "Claim",
    "NoneKnown",
    "Norms",
    "Quantity",
    "Reference",
    "Separation",
    "Statement",
    "Theorem",
    "Witness",
]


@final
@dataclass(frozen=True, eq=False, repr=False)
class Theorem(Statement):
    """A statement that runs: its quantities, assumptions and claims in every row of a case."""

    def values(self, case: Case) -> dict[str, Array]:
        """Every quantity of the claims in every row."""
        return {q.name: np.asarray(q.of(case), np.float64) for q in self.where}

    def claims_for(self, p: float) -> tuple[Claim, ...]:
        """The claims that speak of this p."""
        return tuple(c for c in self.claims if c.norms.has(p))

    def silence(self, p: float) -> str:
        """That no claim speaks of this p, and of which they do."""
        spoken = " or ".join(dict.fromkeys(c.norms.value for c in self.claims))
        return f"{self.slug} says nothing of p = {spell_norm(p)}: it speaks of {spoken}"

    def admissible(self, case: Case) -> Mask:
        """Rows in which every assumption holds."""
        return np.asarray(np.all([np.ones(len(case), bool), *(a.holds(case) for a in self.given)], axis=0))

    def check(self, case: Case) -> Check:
        """Evaluate assumptions and claims in every row; rows on which the claims have no meaning are not admissible.

        Raises ValueError if no claim speaks of the case's p, Undefined where a quantity is too large to be computed.

        >>> from sqtheory import int_, nm
        >>> from sqtheory.theory.case import Case
        >>> from sqtheory.theory.theorems import find
        >>> check = find("prune_first_dominates").check(Case.of([5 / 3, 2, 1 / 6, 7], int_(4), nm(2, 4)))
        >>> check.admissible, check.violated
        (array([ True]), array([False]))
        """
        admissible = self.admissible(case)
        try:
            return Check(admissible, self.excess(case))
        except Undefined:
            if admissible.any():
                raise
            return Check(admissible, np.full(len(case), -np.inf))

    def excess(self, case: Case) -> Array:
        """The largest excess of any claim in every row, whatever is assumed. Raises as ``check`` does."""
        claims = self.claims_for(case.p)
        if not claims:
            raise ValueError(self.silence(case.p))
        values, products = self.values(case), case.products
        excess = []
        for claim in claims:
            used = [q for q in self.where if q.symbol in claim.symbols]
            degree = max(q.degree for q in used)
            excess.append(claim.excess(values, products**degree, sum(q.noise for q in used)))
        return np.asarray(np.max(excess, axis=0))

    def __repr__(self) -> str:
        return render.text(self)

    def _repr_html_(self) -> str:
        return render.html(self)

    def _repr_latex_(self) -> str:
        return render.latex(self)
