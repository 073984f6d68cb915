"""Linearity: a mask costs the gains it does not keep, and each order keeps an entry with a chance set by its rank.

S→Q keeps entry i with chance π(rank), Q→S with the mean of π over its cell: arrangements of a cell are equally likely.
For independent entries ranks become u = F(t), and π(u) = P(Bin(m − 1, 1 − u) < n) with π′ a beta density; over a cell
of width Δ the covariance of g and π is π′ f Δ²/12 for L1 and 2v π′ f Δ²/12 for squared L2, up to o(Δ²).
"""

from fractions import Fraction
from functools import lru_cache
from itertools import combinations, permutations
from math import comb

import numpy as np
import sympy
from scipy import stats

from sqtheory.alphabet.formats import IntFormat
from sqtheory.arrays import Mask
from sqtheory.theory.case import Case
from sqtheory.theory.expectations import (
    ScipyDensity,
    expected_mask_change,
    expected_order_gap,
    kappa,
    mask_change_law,
    order_gap_law,
)
from sqtheory.theory.expectations.exchangeable import NOISE, differing_chance, kept_chances
from sqtheory.theory.theorems.order_gap_law import (
    AVERAGED,
    BOUNDARY,
    DIFFERS,
    MEAN_QS,
    MEAN_SQ,
    RANKED,
    THEOREM,
    frozen_zero,
    mask_size,
)

from .atoms import Number
from .conclusions import OnlyTested
from .exact import ExactRow
from .proof import Proof
from .steps import Enumerated, Equal, Split, Tested

a, b, t, u = sympy.symbols("a b t u", real=True)
v, d, f, k = sympy.symbols("v d f k", positive=True)
LAWS = {"normal": stats.norm(), "Laplace": stats.laplace(), "Student t": stats.t(5), "uniform": stats.uniform(-1, 2)}
MASKS = ((2, 4), (1, 4), (4, 8))


def power(e: Fraction, p: float) -> Number:
    """|e|^p, exact for whole p."""
    return abs(e) ** int(p) if float(p).is_integer() else float(abs(e)) ** p


def losses(atoms: ExactRow) -> tuple[list[Number], list[Number], list[Number]]:
    """|x − q|^p, |x − q(0)|^p and |x|^p of every entry."""
    zero = atoms.of(frozen_zero(atoms.case))
    pairs = (zip(atoms.x, y, strict=True) for y in (atoms.q, zero, [Fraction(0)] * len(zero)))
    kept, pruned, size = ([power(x - y, atoms.p) for x, y in pair] for pair in pairs)
    return kept, pruned, size


def averages(atoms: ExactRow) -> tuple[Number, Number, Number]:
    """E‖ε_{q∘s}‖^p, E‖ε_{s∘q}‖^p and P(masks differ): every group, and in it every mask that ranks as it should."""
    n, m = mask_size(atoms.case)
    kept, pruned, size = losses(atoms)
    score = atoms.case.s.score
    assert score is not None
    before, after = (atoms.of(score.of(y)) for y in (atoms.case.x, atoms.case.orders.image))
    sq: Number = Fraction(0)
    qs: Number = Fraction(0)
    differ, groups = Fraction(0), list(combinations(range(len(size)), m))
    for group in groups:
        first = set(sorted(group, key=lambda i: -before[i])[:n])
        sq += sum(kept[i] if i in first else pruned[i] for i in group)
        best = sum(sorted((after[i] for i in group), reverse=True)[:n])
        masks = [set(c) for c in combinations(group, n) if sum(after[i] for i in c) == best]
        qs += sum(sum(kept[i] if i in c else size[i] for i in group) for c in masks) / len(masks)
        differ += Fraction(sum(c != first for c in masks), len(masks))
    return sq / len(groups), qs / len(groups), differ / len(groups)


def by_chance(atoms: ExactRow, *, averaged: bool) -> Number:
    """m/N Σ (π_i |x − q|^p + (1 − π_i)|x|^p), π_i counted over all groups that hold the i-th largest, or averaged."""
    n, m = mask_size(atoms.case)
    kept, _, size = losses(atoms)
    count = len(size)
    order = sorted(range(count), key=lambda i: -abs(atoms.x[i]))
    chance = dict(zip(order, counted(count, n, m), strict=True))
    total: Number = Fraction(0)
    for i in order:
        cell = [j for j in order if abs(atoms.q[j]) == abs(atoms.q[i])] if averaged else [i]
        pi = sum((chance[j] for j in cell), Fraction(0)) / len(cell)
        total += pi * kept[i] + (1 - pi) * size[i]
    return total * Fraction(m, count)


@lru_cache(maxsize=64)
def counted(count: int, n: int, m: int) -> tuple[Fraction, ...]:
    """P(the i-th largest of N is among the n largest of a random group of m that holds it), by listing the groups."""
    groups = list(combinations(range(count), m))
    with_i = [[group for group in groups if i in group] for i in range(count)]
    return tuple(Fraction(sum(group.index(i) < n for group in some), len(some)) for i, some in enumerate(with_i))


def boundary(atoms: ExactRow) -> Number:
    """Σ_cells Σ_{J<n<J+C} P(J, C)(1 − 1/C(C, n − J))."""
    n, m = mask_size(atoms.case)
    count, total = len(atoms.q), Fraction(0)
    for level in {abs(y) for y in atoms.q}:
        above, inside = sum(abs(y) > level for y in atoms.q), sum(abs(y) == level for y in atoms.q)
        for j in range(n):
            for c in range(n - j + 1, m - j + 1):
                ways = comb(above, j) * comb(inside, c) * comb(count - above - inside, m - j - c)
                total += Fraction(ways, comb(count, m)) * (1 - Fraction(1, comb(c, n - j)))
    return total


def miscounted() -> list[tuple[int, int, int]]:
    """N ≤ 8 and n:m for which ``kept_chances`` is not what listing all groups gives."""
    sizes = [(count, n, m) for count in range(2, 9) for m in range(1, count + 1) for n in range(1, m + 1)]
    return [s for s in sizes if not np.allclose(kept_chances(*s), [float(c) for c in counted(*s)], rtol=0, atol=NOISE)]


def misplaced() -> list[tuple[int, ...]]:
    """(above, inside, N, n, m) for which ``differing_chance`` is not what listing all groups gives, N ≤ 7."""
    wrong: list[tuple[int, ...]] = []
    for count in range(2, 8):
        for above in range(count):
            for inside in range(1, count - above + 1):
                for m in range(2, count + 1):
                    groups = list(combinations(range(count), m))
                    for n in range(1, m):
                        listed = Fraction(0)
                        for group in groups:
                            r = n - sum(i < above for i in group)
                            c = sum(above <= i < above + inside for i in group)
                            listed += 1 - Fraction(1, comb(c, r)) if 0 < r < c else 0
                        found = float(differing_chance(np.array(above), np.array(inside), count, n, m))
                        if abs(found - listed / len(groups)) > NOISE:
                            wrong.append((above, inside, count, n, m))
    return wrong


def operator_over_orders(case: Case) -> Mask:
    """The gap of s∘q itself, ties by index, its mean over all arrangements of the first entries of the row.

    As many entries as a group has, at most four: 24 arrangements of one group against the formula for it.
    """
    _, m = mask_size(case)
    if m > 4:
        return np.ones(len(case), bool)
    part = case.x[:, :m]
    total = np.zeros(len(case))
    size = np.zeros(len(case))
    for order in map(list, permutations(range(m))):
        one = Case(part[:, order], case.q, case.s, case.p)
        before, after = (one.powers(one.x - y) for y in (one.orders.masked_image, one.orders.after_mask))
        total += before - after
        size += before + after
    whole = THEOREM.values(Case(part, case.q, case.s, case.p))
    arrangements = len(list(permutations(range(m))))
    return np.asarray(
        np.abs(total / arrangements - whole["averaged"] + whole["ranked"]) <= 1e-9 * size / arrangements + 1e-300
    )


def far_from_law() -> list[str]:
    """Laws, masks and norms for which finite step over law is not nearer 1 at 1/64 than at 1/4, within 3 %."""
    wrong = []
    for name, law in LAWS.items():
        density = ScipyDensity(law)
        for n, m in MASKS:
            for p in (1, 2, None):
                errors = [abs(_ratio(density, n, m, p, bits) - 1) for bits in (8, 12)]
                if not (errors[1] < errors[0] and errors[1] < 0.03):
                    wrong.append(f"{name} {n}:{m} p = {p}: {errors}")
    return wrong


def _ratio(density: ScipyDensity, n: int, m: int, p: int | None, bits: int) -> float:
    """Finite step over law of the gap, or of the chance that masks differ, by INT-k on [0, 32)."""
    fmt, step = IntFormat(bits), 32 / 2 ** (bits - 1)
    if p is None:
        return expected_mask_change(density, fmt, step, n, m) / mask_change_law(density, n, m, step)
    return expected_order_gap(density, fmt, step, n, m, p) / order_gap_law(density, n, m, step, p)


def outside_interval() -> list[str]:
    """Laws and norms for which 200 000 random groups in INT4 leave five standard errors of the finite-step value."""
    wrong = []
    rng = np.random.default_rng(0)
    levels = np.arange(8) / 3
    for name, law in LAWS.items():
        x = np.abs(law.rvs(size=(200_000, 4), random_state=rng))
        y = levels[np.searchsorted((levels[1:] + levels[:-1]) / 2, x)]
        first, last = np.argsort(-x, axis=1)[:, :2], np.lexsort([rng.random(x.shape), -y], axis=1)[:, :2]
        for p in (1, 2):
            saved = x**p - np.abs(x - y) ** p
            gaps = np.take_along_axis(saved, first, 1).sum(axis=1) - np.take_along_axis(saved, last, 1).sum(axis=1)
            exact = expected_order_gap(ScipyDensity(law), IntFormat(4), 1 / 3, 2, 4, p)
            if abs(gaps.mean() - exact) > 5 * gaps.std() / len(gaps) ** 0.5:
                wrong.append(f"{name}, p = {p}: {gaps.mean()} against {exact}")
    return wrong


def other_constants() -> list[str]:
    """κ/12, κ/4 and the L2 constant of half-normal 2:4 that are not 0.1980, 0.594 and 0.2450 to the digits given."""
    density = ScipyDensity(stats.norm())
    found = {
        "0.1980": kappa(density, 2, 4) / 12,
        "0.594": kappa(density, 2, 4) / 4,
        "0.2450": kappa(density, 2, 4, 1) / 6,
    }
    return [f"{value} is not {text}" for text, value in found.items() if f"{value:.{len(text) - 2}f}" != text]


def beta_derivative(n: int, m: int) -> Equal:
    """π(u) = Σ_{j<n} C(m − 1, j)(1 − u)^j u^{m−1−j} has m π′(u) = c u^{m−n−1}(1 − u)^{n−1}."""
    chance = sum(sympy.binomial(m - 1, j) * (1 - u) ** j * u ** (m - 1 - j) for j in range(n))
    constant = sympy.factorial(m) / (sympy.factorial(n - 1) * sympy.factorial(m - n - 1))
    return Equal(f"{n}:{m}", m * sympy.diff(chance, u), constant * u ** (m - n - 1) * (1 - u) ** (n - 1))


def uniform_kappa(n: int, m: int) -> Equal:
    """The uniform law has F(t) = t, f = 1 on [0, 1]: κ = c B(m − n, n) = m."""
    constant = sympy.factorial(m) / (sympy.factorial(n - 1) * sympy.factorial(m - n - 1))
    return Equal(f"{n}:{m}", constant * sympy.integrate(t ** (m - n - 1) * (1 - t) ** (n - 1), (t, 0, 1)), m)


def on_cell(integrand: sympy.Expr) -> sympy.Expr:
    """∬ over a > b in the cell [v − Δ/2, v + Δ/2], of something linear on each of a, b ≥ v, a ≥ v ≥ b, v ≥ a, b."""
    low, high = v - d / 2, v + d / 2
    return sum(
        sympy.integrate(sympy.integrate(integrand.subs(chosen), (b, *of_b)), (a, *of_a))
        for chosen, of_b, of_a in (
            ({sympy.Min(a, v): v, sympy.Min(b, v): v}, (v, a), (v, high)),
            ({sympy.Min(a, v): v, sympy.Min(b, v): b}, (low, v), (v, high)),
            ({sympy.Min(a, v): a, sympy.Min(b, v): b}, (low, a), (low, v)),
        )
    )


def covariance(g_low: sympy.Expr, g_high: sympy.Expr) -> sympy.Expr:
    """(1/Δ) ∫ g (t − v) dt over the cell, g given below and above v."""
    whole = sympy.integrate(g_low * (t - v), (t, v - d / 2, v)) + sympy.integrate(g_high * (t - v), (t, v, v + d / 2))
    return sympy.expand(whole / d)


PROOF = Proof(
    theorem=THEOREM,
    model={
        MEAN_SQ: lambda atoms: averages(atoms)[0],
        MEAN_QS: lambda atoms: averages(atoms)[1],
        DIFFERS: lambda atoms: averages(atoms)[2],
        RANKED: lambda atoms: by_chance(atoms, averaged=False),
        AVERAGED: lambda atoms: by_chance(atoms, averaged=True),
        BOUNDARY: boundary,
    },
    steps=(
        Tested("the operators themselves, ties by index, over all arrangements of a group", operator_over_orders),
        Enumerated("π of every rank by listing all groups, N ≤ 8", miscounted),
        Enumerated("P(masks differ) of every cell by listing all groups, N ≤ 7", misplaced),
        Equal(
            "the gap: (1 − π̄) X + π̄ E − (1 − π) X − π E = (X − E)(π − π̄), whose sum over a cell is a covariance",
            (1 - b) * t + b * u - (1 - a) * t - a * u,
            (t - u) * (a - b),
        ),
        Split("independent entries: m π′ = c u^{m−n−1}(1 − u)^{n−1}", tuple(beta_derivative(*s) for s in MASKS)),
        Equal("L1: Cov(2 min(t, v) − v, t) = Δ²/12 on a cell of constant density", covariance(2 * t - v, v), d**2 / 12),
        Equal("squared L2: Cov(v(2t − v), t) = vΔ²/6", covariance(*[v * (2 * t - v)] * 2), v * d**2 / 6),
        Equal(
            "so m P(cell) Cov(g, π) = (fΔ)(m π′ f)(Δ²/12): Δ²/12 times the integrand of κ over the cell",
            (f * d) * (k * f) * d**2 / 12,
            d**2 / 12 * (k * f**2) * d,
        ),
        Equal(
            "two boundary entries a > b of density c F^{m−n−1}(1 − F)^{n−1} f² swap half the time, in L1: Δ³/12",
            on_cell((2 * sympy.Min(a, v) - 2 * sympy.Min(b, v)) / 2),
            d**3 / 12,
        ),
        Equal("in squared L2: vΔ³/6", on_cell(2 * v * (a - b) / 2), v * d**3 / 6),
        Equal("masks differ: Δ²/4, that is κΔ/4 over all cells", on_cell(sympy.Rational(1, 2)), d**2 / 4),
        Equal(
            "three of m in one cell: m(m−1)(m−2)/6 (fΔ)³ of chance per cell, O(Δ) of the chance of two",
            sympy.limit(k * (k - 1) * (k - 2) / 6 * (f * d) ** 3 / d**2, d, 0),
            0,
        ),
        Split("uniform law: κ = m", tuple(uniform_kappa(*s) for s in MASKS)),
        Enumerated("half-normal 2:4: κ/12 = 0.1980, κ/4 = 0.594, 0.2450 in L2", other_constants),
        Enumerated("finite step over law tends to 1: four laws, three masks, both norms, mask changes", far_from_law),
        OnlyTested("means over all groups and all ways to break ties: the models list them on random rows"),
        Enumerated("200 000 random groups agree with the finite-step value", outside_interval),
    ),
)
