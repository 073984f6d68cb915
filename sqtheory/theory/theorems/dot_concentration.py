"""Rounded without bias and independently, a dot product errs like √n, not like n."""

from itertools import product

import numpy as np

from sqtheory.alphabet.cells import cells, chances
from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.quantizers import Quantizer, bcq, hbfp, int_, mxfp, mxint
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import Undefined
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Assumption, Attained, Claim, Quantity, Reference
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.quantities import decided_by_tensor, dot
from sqtheory.theory.samples import heavy, normal, one_signed, ties
from sqtheory.theory.theorem import Theorem

LONGEST = 8
"""Products of two rounded numbers whose 4ⁿ outcomes are listed."""
ULPS = 4 * float(np.finfo(np.float64).eps)


def outcomes(case: Case) -> tuple[Array, Array]:
    """x_i s(w)_i − Q(x)_i Q(s(w))_i for the four outcomes of every entry, and their chances: rows × n × 4."""
    weight = case.weight.orders.sparse
    (low, high), (under, over) = cells(case.q, case.x), cells(case.q, weight)
    up, climb = chances(case.x, low, high), chances(weight, under, over)
    levels, shares = ((low, high), (under, over)), ((1 - up, up), (1 - climb, climb))
    errors = np.stack([case.x * weight - a * b for a, b in product(*levels)], axis=2)
    return errors, np.stack([p * r for p, r in product(*shares)], axis=2)


def ranges(case: Case) -> Array:
    """Σ R_i², R_i the width of the interval that the i-th product of outcomes lies in."""
    errors, _ = outcomes(case)
    return np.asarray(((errors.max(axis=2) - errors.min(axis=2)) ** 2).sum(axis=1))


def _centred(case: Case) -> tuple[Array, Array]:
    errors, chance = outcomes(case)
    return errors - (errors * chance).sum(axis=2, keepdims=True), chance


def _variance(case: Case) -> Array:
    errors, chance = _centred(case)
    return np.asarray((errors**2 * chance).sum(axis=(1, 2)))


def _tail(case: Case) -> Array:
    """max_t P(|S| ≥ t) exp(2t²/ΣR²) over all values t of |S|: all 4ⁿ outcomes, for short rows only."""
    errors, chance = _centred(case)
    if case.x.shape[1] > LONGEST:
        raise Undefined(f"all outcomes of at most {LONGEST} products are tried, got {case.x.shape[1]}")
    total, weight = np.zeros((len(case), 1)), np.ones((len(case), 1))
    for i in range(case.x.shape[1]):
        total = (total[:, :, None] + errors[:, i, None, :]).reshape(len(case), -1)
        weight = (weight[:, :, None] * chance[:, i, None, :]).reshape(len(case), -1)
    size = np.abs(total)
    order = np.argsort(-size, axis=1)
    reached = np.cumsum(np.take_along_axis(weight, order, axis=1), axis=1)
    spread = np.sqrt(ranges(case))[:, None]
    ratio = np.divide(np.take_along_axis(size, order, axis=1), spread, out=np.zeros_like(size), where=spread > 0)
    return np.asarray((reached * np.exp(2 * ratio**2)).max(axis=1))


def _within(q: Quantizer, x: Array) -> Mask:
    return np.asarray((np.abs(x - np.clip(x, *cells(q, x))) <= ULPS * np.abs(x)).all(axis=1))


MEAN = Quantity(
    "mean",
    r"\mathbb{E}\,\varepsilon^D_{Q,Q\circ s}",
    "the expectation of ⟨x, w⟩ − ⟨Q(x), Q(s(w))⟩ over the rounding of both operands",
    lambda case: (
        dot(case.x, case.weight.x - case.weight.orders.sparse) + (np.prod(outcomes(case), axis=0)).sum(axis=(1, 2))
    ),
)
PRUNED = Quantity(
    "xes",
    r"\langle x,\varepsilon_s(w)\rangle",
    "⟨x, ε_s(w)⟩, what pruning alone costs",
    lambda case: dot(case.x, case.weight.x - case.weight.orders.sparse),
)
VARIANCE = Quantity(
    "variance",
    r"\operatorname{Var}\varepsilon^D_{Q,Q\circ s}",
    "the variance of ⟨x, w⟩ − ⟨Q(x), Q(s(w))⟩",
    _variance,
    2,
)
RANGES = Quantity(
    "ranges",
    r"\textstyle\sum_iR_i^2",
    "the sum of squares of R_i, the width of the interval of all outcomes of Q(x)_i Q(s(w))_i",
    ranges,
    2,
)
TAIL = Quantity(
    "tail",
    r"\sup_t\mathbb{P}\bigl(|\varepsilon^D-\mathbb{E}\,\varepsilon^D|\ge t\bigr)e^{2t^2/\sum R_i^2}",
    "the supremum over t of P(|ε^D − E ε^D| ≥ t) exp(2t²/ΣR_i²): at most 2 says that √(½ ln(2/δ) ΣR_i²) is passed "
    "with a chance of at most δ, for every δ",
    _tail,
    0,
)
IN_RANGE = Assumption(
    "in_range",
    "no entry of x or s(w) saturates: each lies between two levels of its grid",
    lambda case: _within(case.q, case.x) & _within(case.q, case.weight.orders.sparse),
    decided_by_tensor,
)
KINDS = (normal, ties, one_signed, heavy)

THEOREM = Theorem(
    slug="dot_concentration",
    title="Under unbiased rounding a dot product errs by pruning, and beyond that √(½ ln(2/δ) ΣR²) with chance ≤ δ",
    claims=(Claim(MEAN, "==", PRUNED), Claim(VARIANCE, "<=", RANGES.symbol / 4), Claim(TAIL, "<=", 2)),
    where=(MEAN, PRUNED, VARIANCE, RANGES, TAIL),
    given=(IN_RANGE.shown(Case.of([7, 0, 0, 0], mxfp(E2M1), nm(2, 4), w=[1, 0, 0, 0])),),
    domain=Domain(
        x=Arrays(4, kinds=KINDS, subnormal=False),
        w=Arrays(4, kinds=KINDS, subnormal=False),
        q=OneOf(int_(4), int_(3, block=2), int_(8), mxint(4), mxfp(E4M3), hbfp(4), mxfp(E2M1), bcq(2), bcq(3)),
        s=OneOf(nm(2, 4), nm(1, 4), nm(3, 4), nm(4, 4)),
    ),
    witness=Attained(Case.of([0, 7, 0, 0], int_(4), nm(2, 4), w=[7, 2.5, 1, 1])),
    source=Reference("hoeffding1963", "Theorem 2, for both operands rounded"),
)
