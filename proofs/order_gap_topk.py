"""Only the cell of the cut is shared: above it both orders keep all, below it both prune all.

Of its C entries r are kept: the r largest by S→Q, any r by Q→S, so that each survives with chance r/C. In the limit of
many entries the cut is a quantile, at the share θ of its cell from above; for a density constant over the cell the gap
is a polynomial in θ, whose mean over θ is that of n:m masks.
"""

from fractions import Fraction
from itertools import combinations

import numpy as np
import sympy
from scipy import stats

from sqtheory.alphabet.formats import IntFormat
from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.expectations import ScipyDensity, expected_order_gap, locally_constant_gap, order_gap_topk
from sqtheory.theory.theorems.order_gap_topk import AFTER, BEFORE, BEST, BLIND, THEOREM, boundary, kept_of

from .atoms import Number
from .conclusions import OnlyTested
from .exact import ExactRow
from .order_gap_law import losses
from .proof import Proof
from .steps import Enumerated, Equal, Split, Tested

t, theta, g = sympy.symbols("t theta g", real=True)
v, d, f, r, c = sympy.symbols("v d f r c", positive=True)
LAWS = {"normal": stats.norm(), "Laplace": stats.laplace(), "Student t": stats.t(3), "uniform": stats.uniform(-1, 2)}


def before(a: ExactRow) -> Number:
    """The mean loss of every mask of k entries whose images have the largest sum of scores."""
    kept, _, size = losses(a)
    score = a.case.s.score
    assert score is not None
    rank, count = a.of(score.of(a.case.orders.image)), kept_of(a.case)
    best = sum(sorted(rank, reverse=True)[:count])
    masks = [set(m) for m in combinations(range(len(rank)), count) if sum(rank[i] for i in m) == best]
    return sum(sum(kept[i] if i in m else size[i] for i in range(len(rank))) for m in masks) / len(masks)


def after(a: ExactRow) -> Number:
    """Σ_K |x − q|^p + Σ_P |x − q(0)|^p."""
    kept, pruned, _ = losses(a)
    return sum((k if m else p for k, p, m in zip(kept, pruned, a.m, strict=True)), Fraction(0))


def in_cell(a: ExactRow, *, blind: bool) -> Number:
    """What the cell of the k-th largest |x| costs: its largest entries kept as far as they fit, or any as many."""
    kept, _, size = losses(a)
    order = sorted(range(len(a.x)), key=lambda i: -abs(a.x[i]))
    count = kept_of(a.case)
    cell = [i for i in order if abs(a.q[i]) == abs(a.q[order[count - 1]])]
    best = [i for i in order[:count] if i in cell]
    share = Fraction(len(best), len(cell))
    chance = {i: share if blind else Fraction(i in best) for i in cell}
    return sum((chance[i] * kept[i] + (1 - chance[i]) * size[i] for i in cell), Fraction(0))


def alike_elsewhere(case: Case) -> Mask:
    """Outside the cell of the cut both masks agree."""
    cell, _, _ = boundary(case)
    return case.every(cell | (case.orders.mask == case.orders.image_mask))


def both_ways(case: Case) -> Mask:
    """Keeping low and keeping high indices among ties average to the mean where two entries tie."""
    _, inside, kept = boundary(case)
    values = THEOREM.values(case)
    flipped = Case(case.x[:, ::-1], case.q, case.s, case.p)
    losses_ = [one.powers(one.x - one.orders.masked_image) for one in (case, flipped)]
    close = np.abs(sum(losses_) / 2 - values["E_qs"]) <= 1e-9 * values["E_qs"] + 1e-300
    return np.asarray(close | ~((inside == 2) & (kept == 1)))


def kept_part(low: sympy.Expr, high: sympy.Expr, start: sympy.Expr, above: bool) -> sympy.Expr:
    """∫ g from the cut to the end of the cell; g given below and above v, the cut above v or not."""
    end = v + d / 2
    if above:
        return sympy.integrate(high, (t, start, end))
    return sympy.integrate(low, (t, start, v)) + sympy.integrate(high, (t, v, end))


def limit(low: sympy.Expr, high: sympy.Expr, above: bool) -> sympy.Expr:
    """f (∫_τ^b g dt − θ ∫_a^b g dt) with τ = v + Δ/2 − θΔ."""
    whole = sympy.integrate(low, (t, v - d / 2, v)) + sympy.integrate(high, (t, v, v + d / 2))
    return f * (kept_part(low, high, v + d / 2 - theta * d, above) - theta * whole)


def off_closed_form() -> list[str]:
    """Cuts for which the quadrature leaves the closed form of a density constant over the cell: the uniform law."""
    density, wrong = ScipyDensity(LAWS["uniform"]), []
    for p in (1, 2):
        for share in np.linspace(0.02, 0.98, 25):
            step, image = 1 / 8, 4 / 8
            keep = 1 - (image + step / 2 - share * step)
            found = order_gap_topk(density, IntFormat(5), step, keep, p)
            if abs(found - locally_constant_gap(1, image, step, share, p)) > 1e-12:
                wrong.append(f"θ = {share}, p = {p}: {found}")
    return wrong


def off_finite() -> list[str]:
    """Laws for which groups of 100 000 differ by 1 % from the limit, at a cut well inside its cell."""
    wrong = []
    for name, law in LAWS.items():
        for p in (1, 2):
            density = ScipyDensity(law)
            keep = float(1 - density.cdf(np.array(0.52)))
            n = round(keep * 100_000)
            finite = expected_order_gap(density, IntFormat(6), 0.25, n, 100_000, p) / 100_000
            limit_ = order_gap_topk(density, IntFormat(6), 0.25, n / 100_000, p)
            if abs(finite / limit_ - 1) > 0.01:
                wrong.append(f"{name}, p = {p}: {finite} against {limit_}")
    return wrong


def outside_interval() -> list[str]:
    """Laws for which 300 tensors of 2000 random entries leave five standard errors of their expectation."""
    wrong, rng, levels = [], np.random.default_rng(0), np.arange(32) / 4
    for name, law in LAWS.items():
        x = np.abs(law.rvs(size=(300, 2000), random_state=rng))
        y = levels[np.searchsorted((levels[1:] + levels[:-1]) / 2, x)]
        first, last = np.argsort(-x, axis=1)[:, :900], np.lexsort([rng.random(x.shape), -y], axis=1)[:, :900]
        for p in (1, 2):
            saved = x**p - np.abs(x - y) ** p
            gaps = np.take_along_axis(saved, first, 1).sum(axis=1) - np.take_along_axis(saved, last, 1).sum(axis=1)
            exact = expected_order_gap(ScipyDensity(law), IntFormat(6), 0.25, 900, 2000, p)
            if abs(gaps.mean() - exact) > 5 * gaps.std() / len(gaps) ** 0.5:
                wrong.append(f"{name}, p = {p}: {gaps.mean()} against {exact}")
    return wrong


L1, L2 = (2 * t - v, v), (v * (2 * t - v), v * (2 * t - v))
LOW_THETA, HIGH_THETA = f * d**2 * theta / 4, f * d**2 * (1 - theta) * (theta - sympy.Rational(1, 4))
L2_THETA = v * f * d**2 * theta * (1 - theta)

PROOF = Proof(
    theorem=THEOREM,
    model={
        AFTER: after,
        BEFORE: before,
        BEST: lambda a: in_cell(a, blind=False),
        BLIND: lambda a: in_cell(a, blind=True),
    },
    steps=(
        Tested("outside the cell of the cut both masks agree", alike_elsewhere),
        Tested("where two entries tie for one place, both tie rules of s∘q average to the mean", both_ways),
        Equal(
            "the gap Σ_kept g − (r/C) Σ_cell g is r(C − r)/C (mean gain of the kept − mean gain of the pruned)",
            g * r - r / c * (g * r + t * (c - r)),
            r * (c - r) / c * (g - t),
        ),
        Split(
            "density f over the cell, L1: fΔ² θ/4 for θ ≤ 1/2, fΔ² (1 − θ)(θ − 1/4) above",
            (
                Equal("θ ≤ 1/2", limit(*L1, above=True), LOW_THETA),
                Equal("θ ≥ 1/2", limit(*L1, above=False), HIGH_THETA),
            ),
        ),
        Split(
            "squared L2: v f Δ² θ(1 − θ)",
            (
                Equal("θ ≤ 1/2", limit(*L2, above=True), L2_THETA),
                Equal("θ ≥ 1/2", limit(*L2, above=False), L2_THETA),
            ),
        ),
        Split(
            "the mean over θ is fΔ²/12 and v f Δ²/6, as for n:m masks, whose cut is spread over the cell",
            (
                Equal(
                    "L1",
                    sympy.integrate(LOW_THETA, (theta, 0, sympy.Rational(1, 2)))
                    + sympy.integrate(HIGH_THETA, (theta, sympy.Rational(1, 2), 1)),
                    f * d**2 / 12,
                ),
                Equal("L2", sympy.integrate(L2_THETA, (theta, 0, 1)), v * f * d**2 / 6),
            ),
        ),
        OnlyTested("a mean over all ways to break ties of any number: the models list them on random rows"),
        Enumerated("the quadrature gives the closed form for the uniform law at 25 places in a cell", off_closed_form),
        Enumerated("groups of 100 000 are within 1 % of the limit", off_finite),
        Enumerated("300 random tensors of 2000 entries agree with their expectation", outside_interval),
    ),
)
