"""The conflict of rotation as two bounds: the flatter a row, the finer its grid, and the less there is to prune.

With μ² = n max x_i²/Σ x_i², the incoherence of a row of n entries, max x_i² is μ² Σ x_i²/n: of a row of which k entries
stay pruning loses at least the share 1 − kμ²/n, and an integer grid of ±L steps at most the share μ²/(4L²). A rotation
that lowers μ lowers both.
"""

from fractions import Fraction

import numpy as np

from sqtheory.alphabet.formats import E2M1
from sqtheory.alphabet.partition import Rows
from sqtheory.alphabet.quantizers import Quantizer, bcq, hbfp, int_, nf4, scaled
from sqtheory.alphabet.rounding import toward_zero
from sqtheory.alphabet.sparsifiers import nm, threshold, top
from sqtheory.arrays import Array, Mask
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import KEEP_ALL, Case
from sqtheory.theory.claims import Assumption, Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.measured import measured
from sqtheory.theory.quantities import NEAREST, decided_by_tensor
from sqtheory.theory.theorem import Theorem

ENERGY = measured("E", r"\lVert x\rVert_2^2", "the sum of all squares", lambda o: o.dot(o.x, o.x))
PRUNED = measured(
    "E_s",
    r"\lVert x-s(x)\rVert_2^2",
    "the sum of the squares of the pruned entries",
    lambda o: o.dot(o.minus(o.x, o.sparse), o.minus(o.x, o.sparse)),
)
ROUNDED = measured(
    "E_q",
    r"\lVert x-q(x)\rVert_2^2",
    "the sum of the squares of x − q(x)",
    lambda o: o.dot(o.minus(o.x, o.q), o.minus(o.x, o.q)),
)
PEAK = measured(
    "peak",
    r"\max_i x_i^2=\mu^2\lVert x\rVert_2^2/n",
    "the largest square, μ² times the mean square for rows of incoherence μ",
    lambda o: o.most(o.x) ** 2,
)
KEPT = Quantity(
    "k",
    "k",
    "the number of entries that s keeps",
    lambda case: np.count_nonzero(case.orders.mask, axis=1).astype(float),
)
SIZE = Quantity("n", "n", "the number of entries", lambda case: np.full(len(case), float(case.x.shape[1])))


def half_cell(case: Case) -> float:
    """Half of the widest gap between neighbouring levels, as a share of the largest level."""
    levels = case.q.format.values
    return float(np.diff(levels).max() / (2 * levels[-1])) if levels[-1] > 0 else np.inf


CELL = Quantity(
    "c2",
    r"\Bigl(\frac{\max\Delta}{2\max\Gamma}\Bigr)^2",
    "the square of half the widest gap of the levels over the largest one; 1/(4L²) for integers up to L",
    lambda case: np.full(len(case), half_cell(case) ** 2),
)


def _ruled(q: Quantizer) -> Ruling:
    levels = q.format.values
    shares = [q.scaling.share(q.format, negative) for negative in (False, True)]
    if levels[0] == -levels[-1] and all(share is not None and share * Fraction(levels[-1]) == 1 for share in shares):
        return Ruling(True, f"the scale is {q.scaling} and the levels of {q.format} end at ±{levels[-1]:g}")
    return decided_by_tensor(KEEP_ALL, q, 2.0, ())


def _spans(case: Case) -> Mask:
    if _ruled(case.q).closed:
        return np.ones(len(case), bool)
    levels, largest = case.q.format.values, _maxima(case)
    ends = np.abs(case.dense_scale * levels[-1] - largest) <= 1e-12 * largest
    return case.every(ends & (levels[0] == -levels[-1]))


def _maxima(case: Case) -> Array:
    """The largest magnitude of every entry's block."""
    return case.spread(case.q.partition.reduce(np.abs(case.x), lambda rows: rows.max(axis=1)))


SPANS = Assumption(
    "spans",
    "in every block the levels reach from −max|x_i| to max|x_i|",
    _spans,
    lambda s, q, p, shape: _ruled(q),
)

THEOREM = Theorem(
    slug="incoherence",
    title="An incoherent row rounds finely and has little to prune: both bounds fall with its largest entry",
    claims=(Claim(ENERGY - KEPT * PEAK, "<=", PRUNED), Claim(ROUNDED, "<=", (SIZE - 1) * CELL * PEAK)),
    where=(ENERGY, KEPT, PEAK, PRUNED, ROUNDED, SIZE, CELL),
    given=(
        NEAREST.shown(Case.of([7, 1.9], int_(4, rounding=toward_zero))),
        SPANS.shown(Case.of([9, 1], hbfp(4))),
    ),
    domain=Domain(
        x=Arrays(8),
        q=OneOf(int_(4), int_(3), int_(2), int_(8), int_(4, block=4), scaled(E2M1), nf4(), bcq(3)),
        s=OneOf(nm(2, 4), nm(1, 4), top(0.5, per=Rows()), top(1, per=Rows()), threshold(0.5)),
    ),
    witness=Attained(Case.of([1, 1, 1, 1], int_(4), nm(2, 4))),
    source=Reference("chee2023quip", "§4, incoherence; the bound on pruning is new"),
)
