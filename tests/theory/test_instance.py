"""A quantity has one definition: over rows of float64, rationals and unknowns it is read alike, and a loop agrees."""

from collections.abc import Callable
from fractions import Fraction
from math import inf

import numpy as np
import pytest
import sympy

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.orders.applied import TwoOrders
from sqtheory.proofs.exact import ExactRow
from sqtheory.proofs.unknowns import LARGEST, ONE, Unknowns
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Quantity
from sqtheory.theory.instance import rows_of
from sqtheory.theory.measured import readings
from sqtheory.theory.quantities import (
    ERROR_Q,
    ERROR_Q_PRUNED,
    ERROR_QS,
    ERROR_S,
    ERROR_SQ,
    GAIN_OPTIMUM,
    POWER_Q,
    POWER_Q_KEPT,
    POWER_S,
    POWER_SQ,
)
from sqtheory.theory.theorems import (
    dot_bound,
    dot_decomposition,
    dot_interaction,
    prune_first_identity,
    ties_by_original,
)

X = np.array([[7.0, 2.5, 1.0, 1.75, -3.25, 2.0, 0.5, -6.0], [0, 1.5, -1.5, 7.0, 2.5, 2.25, -2.5, 0.125]])


def errors(made: TwoOrders, i: int) -> dict[str, list[float]]:
    """Lists of the errors of one row, entry by entry."""
    columns = range(made.x.shape[1])
    x, m, q, m2, y = made.x[i], made.mask[i], made.image[i], made.image_mask[i], made.after_mask[i]
    return {
        "s": [0.0 if m[j] else x[j] for j in columns],
        "q": [x[j] - q[j] for j in columns],
        "sq": [x[j] - y[j] for j in columns],
        "qs": [x[j] - (q[j] if m2[j] else 0.0) for j in columns],
        "q_pruned": [x[j] - q[j] for j in columns if not m[j]],
        "q_kept": [x[j] - q[j] for j in columns if m[j]],
        "orders": [y[j] - (q[j] if m2[j] else 0.0) for j in columns],
        "split": [(x[j] - y[j]) - (x[j] - q[j] if m[j] else x[j]) for j in columns],
    }


def power(values: list[float], p: float) -> float:
    return max(map(abs, values)) if p == inf else sum(abs(v) ** p for v in values)


def norm(values: list[float], p: float) -> float:
    return power(values, p) if p == inf else power(values, p) ** (1 / p)


def most(values: list[float], p: float) -> float:
    return max(map(abs, values))


BY_LOOPS: dict[str, tuple[Quantity, Callable[[list[float], float], float]]] = {
    "s": (ERROR_S, norm),
    "q": (ERROR_Q, norm),
    "sq": (ERROR_SQ, norm),
    "qs": (ERROR_QS, norm),
    "q_pruned": (ERROR_Q_PRUNED, norm),
    "q_kept": (POWER_Q_KEPT, power),
    "orders": (ties_by_original.DEFECT, most),
    "split": (prune_first_identity.DEFECT, most),
}
W = np.array([[1.5, -2.0, 7.0, 0.25, 3.0, 3.0, -1.25, 0.0], [7.0, 2.25, -2.5, 0.5, 1.0, -1.0, 6.0, 4.5]])


def products(case: Case, i: int) -> dict[Quantity, float]:
    """Sums of one row, entry by entry."""
    own, other = case.orders, case.weight.orders
    columns = range(case.x.shape[1])
    x, f = own.x[i], own.image[i]
    w, m, g, m2, y = other.x[i], other.mask[i], other.image[i], other.image_mask[i], other.after_mask[i]
    z = [g[j] if m2[j] else 0.0 for j in columns]
    pruned = [j for j in columns if not m[j]]
    dual = dot_bound_dual(case.p)
    return {
        dot_decomposition.WHOLE: sum(x[j] * w[j] for j in columns),
        dot_decomposition.SQ: sum(f[j] * y[j] for j in columns),
        dot_decomposition.QS: sum(f[j] * z[j] for j in columns),
        dot_decomposition.LEFT: sum((x[j] - f[j]) * w[j] for j in columns),
        dot_decomposition.RIGHT_SQ: sum(x[j] * (w[j] - y[j]) for j in columns),
        dot_decomposition.RIGHT_QS: sum(x[j] * (w[j] - z[j]) for j in columns),
        dot_decomposition.BOTH_SQ: sum((x[j] - f[j]) * (w[j] - y[j]) for j in columns),
        dot_decomposition.BOTH_QS: sum((x[j] - f[j]) * (w[j] - z[j]) for j in columns),
        dot_interaction.Q: sum(f[j] * g[j] for j in columns),
        dot_interaction.S: sum(x[j] * w[j] for j in columns if m[j]),
        dot_interaction.LOST: sum(x[j] * w[j] - f[j] * g[j] for j in pruned),
        dot_interaction.PRUNED: sum(f[j] * (w[j] - g[j]) for j in pruned),
        dot_interaction.CROSSED: sum((x[j] - f[j]) * w[j] for j in pruned),
        dot_bound.QUANTIZED: norm([f[j] for j in pruned], case.p),
        dot_bound.ACTIVATION_ERROR: norm([x[j] - f[j] for j in pruned], case.p),
        dot_bound.WEIGHT_ERROR: norm([w[j] - g[j] for j in pruned], dual),
        dot_bound.WEIGHT_PRUNED: norm([w[j] for j in pruned], dual),
    }


def dot_bound_dual(p: float) -> float:
    return {1.0: inf, 2.0: 2.0, 3.0: 1.5, inf: 1.0}[p]


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, inf])
def test_a_reading_of_two_operands_is_what_a_loop_computes(p: float) -> None:
    case = Case(X, int_(4, block=4), nm(2, 4), p, W)
    for i in range(len(case)):
        for quantity, loop in products(case, i).items():
            assert quantity.of(case)[i] == pytest.approx(loop, rel=1e-12), quantity
            assert quantity.read is not None
            assert float(quantity.read(ExactRow(case, i))) == pytest.approx(loop, rel=1e-12), quantity


POWERS = {"s": POWER_S, "q": POWER_Q, "sq": POWER_SQ}


@pytest.mark.parametrize("name", BY_LOOPS)
@pytest.mark.parametrize("p", [0.5, 1.0, 2.0, 3.0, inf])
def test_a_reading_is_what_a_loop_computes(name: str, p: float) -> None:
    case = Case(X, int_(4, block=4), nm(2, 4), p)
    quantity, combine = BY_LOOPS[name]
    for i in range(len(case)):
        loop = errors(case.orders, i)[name]
        assert quantity.of(case)[i] == pytest.approx(combine(loop, p), rel=1e-12)
        assert quantity.read is not None and float(quantity.read(ExactRow(case, i))) == pytest.approx(combine(loop, p))
        if name in POWERS:
            assert POWERS[name].of(case)[i] == pytest.approx(power(loop, p), rel=1e-12)


def test_rationals_are_read_exactly() -> None:
    row = ExactRow(Case(X[:1] / 3, int_(4, block=4), nm(2, 4)), 0)
    assert ERROR_SQ.read is not None
    found = ERROR_SQ.read(row)
    assert isinstance(found, Fraction) and found == sum(abs(x - y) for x, y in zip(row.x, row.sq, strict=True))


@pytest.mark.parametrize("exponent", [ONE, LARGEST])
def test_unknowns_are_read_as_expressions(exponent: sympy.Expr) -> None:
    row = Unknowns("", frozenset(), exponent, [[0, 1]], [True, False], [False, True])
    (x0, x1), (q0, q1), (y0, y1) = row.x, row.q, row.sq
    sizes = {
        ERROR_S: [sympy.Abs(x1)],
        ERROR_SQ: [sympy.Abs(x0 - y0), sympy.Abs(x1 - y1)],
        ERROR_QS: [sympy.Abs(x0), sympy.Abs(x1 - q1)],
        ERROR_Q_PRUNED: [sympy.Abs(x1 - q1)],
        POWER_Q_KEPT: [sympy.Abs(x0 - q0)],
    }
    for quantity, read in readings(*sizes).items():
        wanted = sympy.Add(*sizes[quantity]) if exponent == ONE else sympy.Max(0, *sizes[quantity])
        assert read(row) == wanted, quantity


def test_a_quantity_without_a_reading_has_none() -> None:
    assert readings(GAIN_OPTIMUM, ERROR_S).keys() == {ERROR_S}


def test_scales_and_survivors_of_rows() -> None:
    o = rows_of(Case([[3.0, 0, 0, 0, 7, 2, 0, 1]], int_(4, block=3), nm(2, 4)))
    assert o.m.tolist() == [[True, True, False, False, True, True, False, False]]
    assert o.survivors.tolist() == [[True, False, False, False, True, True, False, False]]
    assert o.scale.tolist() == [[3 / 7] * 3 + [1.0] * 3 + [1 / 7] * 2]
    assert o.moved.tolist() == [[3 / 7] * 3 + [1.0] * 3 + [0.0] * 2]
