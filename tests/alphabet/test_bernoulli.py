"""Unbiased random sparsification: its mean, its variance, both orders with unbiased rounding, what it refuses."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from sqtheory.alphabet.bernoulli import Bernoulli, bernoulli
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.operators import Operator
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.rounding import stochastic
from sqtheory.alphabet.scaling import Frozen
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import FixedArray
from sqtheory.exceptions import NonFinite
from sqtheory.theory.case import Case
from sqtheory.theory.theorems import unbiased_order

DRAWS = 40_000


def squares(chain: Operator, row: list[float]) -> np.ndarray:
    """Squared errors of so many copies of a row."""
    x = np.tile(np.array(row), (DRAWS, 1))
    return np.asarray(((x - chain(x)) ** 2).sum(axis=1))


@pytest.mark.parametrize("keep", [0.5, 0.25, 1 / 3, 1.0])
def test_its_mean_is_x_and_its_variance_as_said(keep: float) -> None:
    x = np.tile([1.0, -2.0, 0.0, 3.5], (DRAWS, 1))
    made = bernoulli(keep, np.random.default_rng(1))(x)
    assert set(np.unique(made[:, 0])) <= {0.0, 1 / keep} and not np.signbit(made[:, 2]).any()
    deviation = np.abs(x[0]) * ((1 - keep) / keep) ** 0.5
    assert (np.abs(made.mean(axis=0) - x[0]) <= 5 * deviation / DRAWS**0.5 + 1e-12).all()
    assert made.var(axis=0) == pytest.approx(deviation**2, rel=0.05, abs=1e-12)


@pytest.mark.parametrize("row", [[0.875, 0.25], [1.0, 2.5], [1.25, -0.5]])
@pytest.mark.parametrize(("n", "m"), [(1, 2), (2, 3)])
def test_both_orders_lose_what_the_theorem_says(row: list[float], n: int, m: int) -> None:
    """``S >> Q`` and ``Q >> S`` with the operators themselves, within five standard errors."""
    rng = np.random.default_rng(2)
    s, q = bernoulli(n / m, rng), int_(8, scaling=Frozen(FixedArray(1.0)), rounding=stochastic(rng))
    theorem = unbiased_order.THEOREM
    case = Case.of([*row, 0.0][:m], q, nm(n, m))
    assert theorem.admissible(case).all() and not theorem.check(case).violated.any()
    values = theorem.values(case)
    for chain, name in ((s >> q, "E_SQ"), (q >> s, "E_QS")):
        lost = squares(chain, [*row, 0.0][:m])
        assert abs(lost.mean() - values[name][0]) <= 5 * lost.std() / DRAWS**0.5 + 1e-12


def test_over_the_cell_rounding_before_costs_the_square_of_the_density_more() -> None:
    """The gap of the mean squares over 64 places of the cell, π = ½: (1/π − π) Δ²/6 = ¼, in fractions."""
    places = [Fraction(2 * i + 1, 128) for i in range(64)]

    def variance(t: Fraction) -> Fraction:
        return (t % 1) * (1 - t % 1)

    after, before = (sum(f) / 64 for f in zip(*((variance(2 * x) / 2, 2 * variance(x)) for x in places), strict=True))
    x = np.array([[float(v)] for v in places])
    q = int_(8, scaling=Frozen(FixedArray(1.0)))
    found = unbiased_order.THEOREM.values(Case.of(np.repeat(x, 2, axis=1), q, nm(1, 2)))
    assert found["V_after"].mean() / 2 == pytest.approx(float(after), rel=1e-12)
    assert found["V_before"].mean() / 2 == pytest.approx(float(before), rel=1e-12)
    assert float(before - after) == pytest.approx(0.25, rel=1e-3) and after / before == pytest.approx(0.25, rel=1e-3)


def test_it_is_spelled() -> None:
    rng = np.random.default_rng(0)
    for s in (bernoulli(0.5, rng), bernoulli(1, rng), bernoulli(0.3, rng) >> int_(4)):
        assert parse(str(s), {"rng": rng}) == s
    assert str(bernoulli(1, rng)) == "bernoulli(1.0, rng)" and bernoulli(0.5, rng) != bernoulli(0.25, rng)


def test_in_the_precision_of_x() -> None:
    x = np.arange(8, dtype=np.float32)
    made = bernoulli(1 / 3, np.random.default_rng(0))(x)
    assert made.dtype == np.float32 and set(made) <= {0, *(x / np.float32(1 / 3))}


@pytest.mark.parametrize("keep", [0, -0.5, 1.5, True, None, "x", np.nan])
def test_a_probability_is_a_number_above_0_and_at_most_1(keep: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="probability"):
        bernoulli(keep, np.random.default_rng(0))


def test_what_is_no_number_is_refused_and_named() -> None:
    s = Bernoulli(0.25, np.random.default_rng(0))
    with pytest.raises(NonFinite, match=r"x = nan at \(1,\)"):
        s([0.0, np.nan])
    with pytest.raises(NonFinite, match=r"x/0.25 = inf at \(0,\)"):
        s([1e308, 1.0])
    with pytest.raises(TypeError, match="Generator"):
        bernoulli(0.5, 0)  # type: ignore[arg-type]
