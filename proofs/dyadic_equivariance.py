"""A homogeneous scale leaves the ratios, so the codes, unchanged; the image follows the scale."""

import numpy as np
import sympy

from proofs.atoms import Atoms, Number
from proofs.proof import Proof
from proofs.steps import Equal, Tested
from sqtheory.arrays import Mask
from sqtheory.case import Case
from sqtheory.theorems.dyadic_equivariance import DEFECT, SHIFTS, THEOREM

x, sigma, c, code = sympy.symbols("x sigma c code", positive=True)


def defect(a: Atoms) -> Number:
    """max |2^−j q(2^j x) − q(x)| over entries and exponents."""
    images = [a.of(np.ldexp(a.case.q(np.ldexp(a.case.x, j)), -j)) for j in SHIFTS]
    return max(abs(u - v) for image in images for u, v in zip(image, a.q, strict=True))


def follows(case: Case, j: int) -> Mask:
    """σ(2^j x) = 2^j σ(x) in every block."""
    return case.every(case.spread(case.q.scales(np.ldexp(case.x, j))) == np.ldexp(case.dense_scale, j))


PROOF = Proof(
    theorem=THEOREM,
    model={DEFECT: defect},
    steps=(
        Tested(
            "σ(2^j x) = 2^j σ(x)",
            lambda case: np.all([follows(case, j) for j in SHIFTS], axis=0),
        ),
        Equal("the ratio is that of x: (c x)/(c σ) = x/σ", (c * x) / (c * sigma), x / sigma),
        Equal(
            "the image is c times that of x; for every c > 0 where σ(c x) = c σ(x), in real arithmetic",
            (c * sigma) * code,
            c * (sigma * code),
        ),
    ),
)
