"""Hoeffding's inequality for the independent, bounded and, by unbiased rounding, centred terms of a dot product."""

import itertools
import math
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import sympy

from sqtheory.alphabet.quantizers import int_
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems.dot_concentration import MEAN, PRUNED, RANGES, TAIL, THEOREM, VARIANCE

from .atoms import Atoms, Number, Pairs, Row
from .conclusions import Concludes, OnlyTested
from .dot_decomposition import product
from .proof import Proof
from .shapes import Entries
from .steps import Cited, Enumerated, Equal, NonNegative

Law: TypeAlias = dict[Number, Number]
"""Values with their chances."""

x, w, d, r, a, b, m = sympy.symbols("x w d r a b m", real=True)
f, g = sympy.symbols("f g", positive=True)


def kept(a: Atoms) -> Row:
    """s(w)."""
    return [v if m else Fraction(0) for v, m in zip(a.w, a.weight.m, strict=True)]


def coins(a: Atoms, values: Row, ends: Pairs) -> list[Law]:
    """The levels around every entry with their chances; the end of the grid alone where the entry lies beyond."""
    found = []
    for v, (low, high) in zip(values, ends, strict=True):
        up = a.share(v, low, high)
        found.append({low: 1 - up} | ({high: up} if high != low else {}))
    return found


def terms(a: Atoms) -> list[Law]:
    """The law of x_i s(w)_i − Q(x)_i Q(s(w))_i for every i."""
    laws = []
    sides = zip(a.x, kept(a), coins(a, a.x, a.ends), coins(a, kept(a), a.weight.masked_ends), strict=True)
    for v, u, one, two in sides:
        law: Law = {}
        for (y, p), (z, s) in itertools.product(one.items(), two.items()):
            law[v * u - y * z] = law.get(v * u - y * z, Fraction(0)) + p * s
        laws.append(law)
    return laws


def mean(a: Atoms) -> Number:
    """⟨x, ε_s(w)⟩ and the means of all terms."""
    return pruned(a) + sum((e * p for law in terms(a) for e, p in law.items()), Fraction(0))


def pruned(a: Atoms) -> Number:
    """Σ over pruned entries of x_i w_i."""
    return product(a.x, a.w) - product(a.x, kept(a))


def variance(a: Atoms) -> Fraction:
    """Σ_i E (e − E e)²."""
    total = Fraction(0)
    for law in terms(a):
        centre = sum((e * p for e, p in law.items()), Fraction(0))
        total += sum((p * (e - centre) ** 2 for e, p in law.items()), Fraction(0))
    return total


def ranges(a: Atoms) -> Fraction:
    """Σ_i (max e − min e)²."""
    return sum(((max(law) - min(law)) ** 2 for law in terms(a)), Fraction(0))


def tail(a: Atoms) -> float:
    """The largest P(|S| ≥ t) e^{2t²/ΣR²}, the law of S by convolution."""
    law = {pruned(a) - mean(a): Fraction(1)}
    for term in terms(a):
        wider: dict[Fraction, Fraction] = {}
        for (e, p), (v, s) in itertools.product(law.items(), term.items()):
            wider[e + v] = wider.get(e + v, Fraction(0)) + p * s
        law = wider
    spread = ranges(a)
    sizes: dict[Fraction, Fraction] = {}
    for e, p in law.items():
        sizes[abs(e)] = sizes.get(abs(e), Fraction(0)) + p
    reached, largest = Fraction(0), 0.0
    for t in sorted(sizes, reverse=True):
        reached += sizes[t]
        largest = max(largest, float(reached) * math.exp(float(2 * t * t / spread) if spread else 0.0))
    return largest


def nearest_is_random() -> list[str]:
    """n equal entries a quarter step above a level, rounded to nearest: n/4 steps, beyond what δ = 5 % allows."""
    wrong = []
    for n in (64, 256, 1024):
        w = np.full(n, 2.25)
        w[::64] = 7.0  # the maximum of every block sets step 1
        q = int_(4)
        lost = abs(float((w - q(w)).sum()))
        allowed = math.sqrt(math.log(2 / 0.05) / 2 * (n - n // 64))
        if not lost > allowed:
            wrong.append(f"{n}: {lost} within {allowed}")
    return wrong


PROOF = Proof(
    theorem=THEOREM,
    model={MEAN: mean, PRUNED: pruned, VARIANCE: variance, RANGES: ranges, TAIL: tail},
    steps=(
        Equal(
            "unbiased: a value at the share f of its cell [a, a + d] goes up with chance f",
            (1 - f) * a + f * (a + d),
            a + f * d,
        ),
        Equal(
            "independent operands: E Q(x) Q(w) = x w, so that only pruned terms have a mean",
            (1 - f) * (1 - g) * a * b
            + (1 - f) * g * a * (b + r)
            + f * (1 - g) * (a + d) * b
            + f * g * (a + d) * (b + r),
            (a + f * d) * (b + g * r),
        ),
        Equal(
            "a value e in [a, b] of mean m: (b − m)(m − a) − E(e − m)² = E(b − e)(e − a)",
            (b - m) * (m - a) - (x**2 - 2 * m * x + m**2) - ((b - x) * (x - a)),
            (m - x) * (a + b - 2 * m),
        ),
        Equal(
            "… whose mean over e is 0 on the right, so that Var ≤ (b − m)(m − a) = R²/4 − (m − (a + b)/2)²",
            (b - m) * (m - a),
            (b - a) ** 2 / 4 - (m - (a + b) / 2) ** 2,
        ),
        NonNegative("… at most R²/4, attained by fair coins", (m - (a + b) / 2) ** 2),
        Cited(
            "P(|S − E S| ≥ t) ≤ 2 exp(−2t²/ΣR_i²) for independent terms in intervals of width R_i",
            Reference("hoeffding1963", "Theorem 2"),
        ),
        Equal(
            "the bound is δ at t = √(½ ln(2/δ) ΣR²)",
            2 * sympy.exp(-2 * (sympy.log(2 / f) / 2 * g) / g),
            f,
        ),
        Concludes(Entries(1, products=True), claims=(0,)),
        OnlyTested("the variance and the tail of a sum of coins: Hoeffding's inequality is cited", claims=(1, 2)),
        Enumerated("rounding to nearest is not random: equal entries err together, n/4 against √n", nearest_is_random),
    ),
)
