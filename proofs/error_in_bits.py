"""Total expectation over the block maximum: given it, the others are draws below it, at the scale that it sets.

At a step Δ the squared error of a density is Δ²/12 + o(Δ²). INT-k has Δ = 2t/(2^k − 2) for the maximum t, so one bit
more divides Δ² by ((2^k − 1)/(2^{k−1} − 1))², which tends to 4: 6.02 dB.
"""

from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import sympy
from scipy import stats

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp
from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.expectations import Normal, ScipyDensity, expected_square_error
from sqtheory.theory.theorems.error_in_bits import OVER_BLOCKS, OVER_MAXIMA, THEOREM, block_size

from .atoms import Number
from .conclusions import OnlyTested
from .exact import ExactRow
from .proof import Proof
from .steps import Enumerated, Equal, Tested

t, d, v, f, k, slope = sympy.symbols("t d v f k s", positive=True)
LAWS = {"normal": stats.norm(), "Laplace": stats.laplace(), "Student t": stats.t(5)}
DENSITIES = {name: Normal() if name == "normal" else ScipyDensity(law) for name, law in LAWS.items()}
FORMATS: tuple[Quantizer, ...] = (int_(8), int_(4), int_(3), hbfp(4), mxfp(E2M1))


def rounded(a: ExactRow, indices: tuple[int, ...]) -> list[Fraction]:
    """Squared errors of one block of the row, quantized alone."""
    block = a.case.x[a.index, list(indices)][None]
    image = a.case.q.apply(block, block)
    return [(Fraction(x) - Fraction(y)) ** 2 for x, y in zip(block[0].tolist(), image[0].tolist(), strict=True)]


def over_blocks(a: ExactRow) -> Number:
    """The mean over all entries of all blocks."""
    size = block_size(a.case)
    blocks = list(combinations(range(len(a.x)), size))
    return sum((sum(rounded(a, block)) for block in blocks), Fraction(0)) / (size * len(blocks))


def over_maxima(a: ExactRow) -> Number:
    """Σ_j P(the j-th is the maximum) times its squared error and B − 1 times the mean of smaller ones beside it."""
    size, count = block_size(a.case), len(a.x)
    order = sorted(range(count), key=lambda i: (abs(a.x[i]), i))
    total = Fraction(0)
    for j in range(size - 1, count):
        smaller = [rounded(a, (order[j], order[i])) for i in range(j)]
        own = smaller[0][0] if smaller else rounded(a, (order[j],))[0]
        others = sum((pair[1] for pair in smaller), Fraction(0)) / max(len(smaller), 1)
        total += Fraction(comb(j, size - 1), comb(count, size)) * (own + (size - 1) * others) / size
    return total


def set_by_maximum(case: Case) -> Mask:
    """The scale of a block is that of its largest entry alone."""
    blocks = case.q.partition
    largest = blocks.reduce(np.abs(case.x), lambda rows: rows.max(axis=1))
    alone = case.q.scaling.scales(largest.reshape(-1, 1), blocks, case.q.format)[:, 0].reshape(largest.shape)
    return np.asarray((alone == case.q.scales(case.x)).all(axis=1))


def outside_interval() -> list[str]:
    """Laws and formats for which 20 000 random blocks leave five standard errors of the quadrature."""
    wrong, rng = [], np.random.default_rng(0)
    for name, law in LAWS.items():
        for q in FORMATS:
            x = law.rvs(size=(20_000, block_size(Case(np.zeros((1, 64)), q))), random_state=rng)
            found = ((x - q.apply(x, x)) ** 2).mean(axis=1)
            exact = expected_square_error(DENSITIES[name], q)
            if abs(found.mean() - exact) > 5 * found.std() / len(found) ** 0.5:
                wrong.append(f"{name}, {q}: {found.mean()} against {exact}")
    return wrong


def not_a_quarter() -> list[str]:
    """Laws for which INT8 to INT9 does not divide the error by ((2^9 − 2)/(2^8 − 2))² within 1 %."""
    wrong = []
    for name, density in DENSITIES.items():
        coarse, fine = (expected_square_error(density, int_(bits)) for bits in (8, 9))
        if abs(coarse / fine / (510 / 254) ** 2 - 1) > 0.01:
            wrong.append(f"{name}: {coarse / fine}")
    return wrong


PROOF = Proof(
    theorem=THEOREM,
    model={OVER_BLOCKS: over_blocks, OVER_MAXIMA: over_maxima},
    steps=(
        Tested("the scale of a block is that of its largest entry alone", set_by_maximum),
        Equal(
            "constant density on a cell of width Δ: the mean squared error is Δ²/12",
            sympy.integrate((t - v) ** 2 / d, (t, v - d / 2, v + d / 2)),
            d**2 / 12,
        ),
        Equal(
            "a density f + s(t − v) has the same: its slope changes nothing",
            sympy.integrate((t - v) ** 2 * (f + slope * (t - v)), (t, v - d / 2, v + d / 2)),
            f * d * d**2 / 12,
        ),
        Equal(
            "INT-k to INT-(k+1) at one maximum: the step squared shrinks by ((2^k − 1)/(2^{k−1} − 1))²",
            (t / (2 ** (k - 1) - 1)) ** 2 / (t / (2**k - 1)) ** 2,
            ((2**k - 1) / (2 ** (k - 1) - 1)) ** 2,
        ),
        Equal(
            "which tends to 4 as k → ∞",
            sympy.limit(((2 * d - 1) / (d - 1)) ** 2, d, sympy.oo),
            4,
        ),
        Enumerated("10 log₁₀ 4 = 6.02 dB", lambda: [] if f"{10 * np.log10(4):.2f}" == "6.02" else [10 * np.log10(4)]),
        Enumerated("INT8 to INT9: that ratio within 1 %, for three laws", not_a_quarter),
        OnlyTested("a mean over all blocks of a row: the model lists them on random rows"),
        Enumerated("20 000 random blocks agree with the quadrature: three laws, five formats", outside_interval),
    ),
)
