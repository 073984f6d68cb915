"""Hölder's inequality: (Σ_K|x|^p)^q ≤ r^{q−p} (Σ_K|x|^q)^p, and K has 1/(1 + η) of all p-th powers."""

from typing import Any

import sympy

from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems.index_retention import INDEX, KEPT, LIMIT, NEEDED, RATIOS, THEOREM

from .atoms import Number
from .conclusions import OnlyTested
from .exact import ExactRow
from .proof import Proof
from .steps import Cited, Equal, Smt

p, q, d, a, b, eta, share = sympy.symbols("p q d A B eta share", positive=True)


def kept(atoms: ExactRow) -> Number:
    """The kept places, counted."""
    return sum(1 for m in atoms.m if m)


def needed(atoms: ExactRow) -> Number:
    """((Σ_K|x|^p)^r/Σ|x|^{rp})^{1/(r−1)}, the bound without an index, for every r = q/p."""
    exponent, sizes = atoms.case.p, [abs(v) for v in atoms.x]
    largest = max(sizes)
    if largest == 0:
        return 0
    sizes = [v / largest for v in sizes]
    power = {r: sum(float(v) ** (exponent * r) if v else 0.0 for v in sizes) for r in (1.0, *RATIOS)}
    mine = sum(float(v) ** exponent if v else 0.0 for v, m in zip(sizes, atoms.m, strict=True) if m)
    return max((mine**r / power[r]) ** (1 / (r - 1)) for r in RATIOS)


def index(atoms: ExactRow) -> Number:
    """1 − (mean |x|^p)^{1/p}/(mean |x|^{2p})^{1/2p}."""
    exponent, sizes = atoms.case.p, [abs(v) for v in atoms.x]
    largest = max(sizes)
    if largest == 0:
        return 0
    low, high = (
        sum(float(v / largest) ** r if v else 0.0 for v in sizes) / len(sizes) for r in (exponent, 2 * exponent)
    )
    return 1 - low ** (1 / exponent) / high ** (1 / (2 * exponent))


def squares(size: int) -> Any:
    """(Σ a)² ≤ n Σ a² for so many numbers: the case q = 2p."""

    def question(z3: Any) -> tuple[list[Any], Any]:
        values = z3.Reals(" ".join(f"a{i}" for i in range(size)))
        return [], sum(values) ** 2 <= size * sum(v * v for v in values)

    return question


PROOF = Proof(
    theorem=THEOREM,
    model={
        KEPT: kept,
        NEEDED: needed,
        INDEX: index,
        LIMIT: lambda atoms: 1 - len(atoms.x) ** (-1 / (2 * atoms.case.p)),
    },
    steps=(
        Equal(
            "with A = Σ|x|^p, B = Σ|x|^q the index is out of it: d (1 − I)^{pq/(q−p)} = (A^q/B^p)^{1/(q−p)}",
            sympy.expand_log(sympy.log(d * (d ** (1 / q - 1 / p) * a ** (1 / p) / b ** (1 / q)) ** (p * q / (q - p)))),
            sympy.expand_log(sympy.log((a**q / b**p) ** (1 / (q - p)))),
        ),
        Equal(
            "the kept entries have A/(1 + η) of the p-th powers: η = (A − A_K)/A_K",
            a / (1 + (a - share) / share),
            share,
        ),
        Cited(
            "(Σ_K|x|^p)^q ≤ r^{q−p} (Σ_K|x|^q)^p, and Σ_K|x|^q ≤ Σ|x|^q",
            Reference("hardy1934", "Theorem 13"),
        ),
        *(Smt(f"of {size} entries for q = 2p: (Σ a)² ≤ {size} Σ a²", squares(size)) for size in (2, 3)),
        OnlyTested("powers of any p and q: Hölder's inequality is cited"),
    ),
)
