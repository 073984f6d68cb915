"""Products of few bits add up exactly in any order, until their magnitudes pass P bits."""

import numpy as np

from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.quantizers import cast, int_
from sqtheory.alphabet.scaling import Unscaled
from sqtheory.arithmetic.named import aligned, fp8_fast, mma_sync, wgmma
from sqtheory.arrays import Array, Mask
from sqtheory.theory.accumulated import DOT, FL, IN_RANGE, accumulator, operands
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Claim, NoneKnown, Quantity
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import decided_by_tensor
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems.accumulator_bound import BEYOND, KINDS, MASKS


def last_digits(products: Array) -> Array:
    """The largest k for which all numbers of a row are multiples of 2^k; 0 for a row of zeros."""
    mantissa, exponent = np.frexp(products)
    whole = np.ldexp(mantissa, 53).astype(np.int64)
    own = np.frexp((whole & -whole).astype(np.float64))[1] - 54 + exponent
    least = np.where(products == 0, 1 << 20, own).min(axis=1, initial=1 << 20)
    return np.where(least == 1 << 20, 0, least)


def few_bits(case: Case) -> Mask:
    """Σ|x_i w_i| ≤ 2^{min(P, F+1) + k} and exponents ≤ F + k."""
    how, (a, b) = accumulator(case), operands(case)
    products = a * b
    k = last_digits(products)
    exponents = np.add(*(how.operand.exponents(v.astype(np.float32)).astype(np.int64) for v in (a, b)))
    aligned_ = ((products == 0) | (exponents <= how.fraction + k[:, None])).all(axis=1)
    return np.asarray(aligned_ & (np.abs(products).sum(axis=1) <= np.ldexp(1.0, k + how.exact_bits)))


def backward(case: Case) -> Array:
    """fl of every row from its end to its beginning."""
    return accumulator(case).dots(*(v[:, ::-1] for v in operands(case))).astype(np.float64)


BACKWARD = Quantity(
    "fl_back",
    r"\overleftarrow{\operatorname{fl}}",
    "fl of the row from its end to its beginning, so that any order is meant, and any groups",
    backward,
)
FEW_BITS = Assumption(
    "few_bits",
    "for some k all x_i w_i are multiples of 2^k, Σ|x_i w_i| ≤ 2^{min(P, F+1) + k}, and exponents of the factors of a "
    "product that is not 0 add up to F + k at most",
    few_bits,
    decided_by_tensor,
)

THEOREM = Theorem(
    slug="accumulator_exact",
    title="Products on one grid of 2^k add up exactly, in any order and groups, up to magnitudes of 2^(P+k)",
    claims=(Claim(FL, "==", DOT), Claim(BACKWARD, "==", DOT)),
    where=(FL, BACKWARD, DOT),
    given=(
        FEW_BITS.shown(
            Case.of([1] * 9, cast(E4M3), w=[1] * 9, accumulator=aligned("e4m3", group=2, fraction=2, significant=3))
        ),
        IN_RANGE.shown(BEYOND),
    ),
    domain=Domain(
        x=Arrays(40, kinds=KINDS),
        w=Arrays(40, kinds=KINDS),
        q=OneOf(cast(E2M1), int_(4, scaling=Unscaled()), int_(3, scaling=Unscaled())),
        s=MASKS,
        accumulators=OneOf(
            *(fp8_fast, wgmma("bf16"), mma_sync("e4m3"), wgmma("f16"), wgmma("e4m3", sparse=True)),
            aligned("e4m3", group=8, fraction=12, significant=13),
        ),
    ),
    witness=NoneKnown("an identity has no slack to show tight; one product of 1 more than 2^P of them is lost"),
    source=NEW,
    formal=("accumulator_exact",),
)
