"""One definition, three kinds of numbers: float64 rows, rationals and terms of a solver give a quantity one value."""

from decimal import Decimal
from fractions import Fraction
from math import inf, prod
from typing import Any

import numpy as np
import pytest
import z3

from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.quantizers import Quantizer, bcq, int_
from sqtheory.alphabet.rationals import rationals
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, threshold, top
from sqtheory.exceptions import Undefined
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Claim
from sqtheory.theory.decide.conditions import RESELECTED, RETURNED, SAID, SHIFT, claim_of
from sqtheory.theory.decide.draws import draws, run
from sqtheory.theory.decide.evaluations import ByReadings
from sqtheory.theory.decide.numbers import Radical, comparable, decimal, fails, root
from sqtheory.theory.decide.questions import of_theorem, question
from sqtheory.theory.decide.rational import RationalRow, implemented_orders, rational_orders
from sqtheory.theory.decide.solver import Formula, ask, negation
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
    SIGMA,
    Z,
)
from sqtheory.theory.sides import sides
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import ALL, frozen_commutation, gain_optimal, prune_first_identity, ties_by_original
from tests.nightly import thin

QUANTITIES = (
    *(ERROR_S, ERROR_Q, ERROR_SQ, ERROR_QS, ERROR_Q_PRUNED, POWER_S, POWER_Q, POWER_SQ, POWER_Q_KEPT),
    *(SHIFT, RETURNED, RESELECTED, ties_by_original.DEFECT, prune_first_identity.DEFECT),
    *(frozen_commutation.DEFECT, gain_optimal.ERROR_FROZEN),
)
PIPELINES = [
    ("2:4", "int(4, block=6)", (12,)),
    ("1:2", "int(3, block=4)", (4,)),
    ("2:4", "bcq(3, block=4)", (8,)),
    ("top(0.5, ties=high_index)", "int(4, block=2)", (4,)),
    ("2:4", "int(4, scaling=halfrange, block=4)", (4,)),
    ("nm(2, 4, axis=0)", "int(4, tile=(2, 2))", (4, 2)),
    ("threshold(0.5)", "int(4, scaling=frozen(0.25))", (4,)),
]


def pipeline(mask: str, fmt: str) -> tuple[Sparsifier, Quantizer]:
    return parse_as(Sparsifier, "mask", mask), parse_as(Quantizer, "format", fmt)


def number(term: Any, x: list[Any], row: np.ndarray) -> Fraction:
    """A term of the solver at numbers."""
    places = [(v, z3.RealVal(str(Fraction(float(e))), v.ctx)) for v, e in zip(x, row, strict=True)]
    found = z3.simplify(z3.substitute(term, *places))
    return Fraction(found.numerator_as_long(), found.denominator_as_long())


@thin(2)
@pytest.mark.parametrize(("mask", "fmt", "shape"), PIPELINES)
@pytest.mark.parametrize("p", [1.0, 2.0, inf])
def test_a_quantity_has_one_value_over_all_numbers(mask: str, fmt: str, shape: tuple[int, ...], p: float) -> None:
    s, q = pipeline(mask, fmt)
    rng = np.random.default_rng(5)
    [draw] = draws(s, q, shape, rng)
    x = rng.integers(-999, 1000, (3, prod(shape))) / 128
    x[2, ::2] = 0
    rows, formula = run(draw, x, p, shape), Formula(z3, draw, shape, p)
    for i, row in enumerate(x):
        exact = RationalRow(rational_orders(draw, rationals(row.reshape(shape))), p)
        for quantity, read in readings(*QUANTITIES).items():
            certain, term = read(exact), read(formula)
            power, under = comparable(certain, certain)[0], comparable(term, term)[0]
            assert number(formula.value(under), formula.x, row) == power, quantity
            value = certain.value() if isinstance(certain, Radical) else certain
            assert read(rows)[i] == pytest.approx(float(value), rel=1e-12, abs=1e-12), quantity


@pytest.mark.parametrize("p", [0.5, 1.0, 1.5, 3.0, inf])
def test_rationals_are_what_the_operators_make_up_to_rounding(p: float) -> None:
    s, q = nm(2, 4), int_(4, block=6)
    x = np.random.default_rng(2).integers(-9, 10, (4, 12)) / 2
    [draw] = draws(s, q, (12,), np.random.default_rng(0))
    rows = run(draw, x, p, (12,))
    for i in range(len(x)):
        own = RationalRow(implemented_orders(rows, i), p)
        for quantity, read in readings(*QUANTITIES).items():
            value = read(own)
            value = value.value() if isinstance(value, Radical) else value
            assert float(value) == pytest.approx(read(rows)[i], rel=1e-12, abs=1e-15), quantity


CASES = [
    Case(np.random.default_rng(1).integers(-4, 5, (200, 12)) / 2, q, s)
    for s in (nm(2, 4), nm(1, 2), top(0.5, per=Case([0.0], int_(4)).groups), threshold(1.0))
    for q in (int_(4, block=6), int_(4, block=4), bcq(3, block=3), bcq(2, block=6))
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.s}-{case.q}")
def test_a_condition_holds_where_its_quantity_is_zero(case: Case) -> None:
    for assumption in (SIGMA, Z):
        zero = SAID[assumption.name].of(case) == 0
        assert np.array_equal(zero, assumption.holds(case)), assumption
    o = case.orders
    assert np.array_equal(RESELECTED.of(case) == 0, ~o.reselected.any(axis=1))
    assert rows_of(case).survivors.sum() <= o.mask.sum()


def test_sums_of_roots_are_compared_to_many_digits() -> None:
    """√2 + √8 = √18: no more, and less by one unit in a large place."""
    two, eight, eighteen = (Radical(Fraction(v), lambda v=v: root(Fraction(v), 2)) for v in (2, 8, 18))  # type: ignore[misc]
    more = Radical(Fraction(18) + Fraction(1, 10**30), lambda: root(Fraction(18) + Fraction(1, 10**30), 2))
    assert not fails(eighteen, "<=", two + eight) and fails(more, "<=", two + eight)
    assert not fails(eighteen, "==", two + eight) and fails(more, "==", two + eight)
    assert fails(more, "<=", eighteen) and not fails(eighteen, "<=", more)
    assert comparable(two, eight) == (2, 8) and isinstance(two + eight, Decimal)
    assert fails(Fraction(1), "<", Fraction(1)) and not fails(Fraction(1), "<", Fraction(2))
    assert fails(Fraction(1), ">", Fraction(2)) and not fails(decimal(Fraction(1)), "<", decimal(Fraction(1)))


def test_both_sides_over_rationals() -> None:
    claim = Claim(2 * ERROR_SQ**2 - ERROR_S, "<=", ERROR_Q + Fraction(1, 2))
    values = {"e_sq": Fraction(3), "e_s": Fraction(1, 3), "e_q": Fraction(5)}
    assert sides(claim, values, max) == (Fraction(53, 3), Fraction(11, 2))
    with pytest.raises(Undefined, match="no polynomial"):
        sides(Claim(1 / ERROR_SQ.symbol, "<=", 1), values, max)


def test_the_solver_counts_steps_and_no_clock_decides() -> None:
    s, q = pipeline("1:2", "int(3, block=2)")
    [draw] = draws(s, q, (2,), np.random.default_rng(0))
    asked = question("sq_never_worse", 1.0)
    few = ask(lambda f: f.violates(asked.claims, asked.where), draw, (2,), 1.0, 10)
    assert (few.result, few.note) == ("unknown", "no answer within 10 steps")
    enough = ask(lambda f: f.violates(asked.claims, asked.where), draw, (2,), 1.0, 10_000_000)
    assert enough.result == "unsat"


def test_no_earlier_question_changes_an_answer() -> None:
    s, q = pipeline("2:4", "int(3, block=2)")
    [draw] = draws(s, q, (4,), np.random.default_rng(0))
    asked = question("sq_never_worse", 1.0)
    replies = []
    for other in (0, 3):
        for name in [*SAID][:other]:
            denied = negation(name)
            assert denied is not None
            ask(denied, draw, (4,), 1.0, 100_000)
        replies.append(ask(lambda f: f.violates(asked.claims, asked.where), draw, (4,), 1.0, 10_000_000))
    assert replies[0] == replies[1] and replies[0].result == "sat"


def test_groups_of_one_cannot_be_outranked() -> None:
    s, q = pipeline("nm(1, 1)", "int(3, block=2)")
    [draw] = draws(s, q, (2,), np.random.default_rng(0))
    assert ask(Formula.outranked, draw, (2,), 1.0, 10_000).result == "unsat"


DECIDED = [t for t in ALL if t.domain is not None and t.domain.w is None and not t.domain.x.independent]


@pytest.mark.parametrize("theorem", DECIDED, ids=str)
def test_claims_whose_quantities_are_read_are_decided_over_any_numbers(theorem: Theorem) -> None:
    for p in (0.5, 1.0, 2.0, inf):
        if theorem.claims_for(p):
            asked = of_theorem(theorem, p)
            read = all(q.read is not None for q in asked.where)
            assert isinstance(asked.evaluation, ByReadings) == read
            if read:
                for claim in asked.claims:
                    assert sides(claim, dict.fromkeys(map(str, claim.symbols), Fraction(1)), max)


@pytest.mark.parametrize("name", [*SAID, "magnitude"])
def test_what_holds_by_structure_the_solver_shows(name: str) -> None:
    s, q = pipeline("nm(1, 2, ties=by_original)", "int(3, block=2)")
    [draw] = draws(s, q, (2,), np.random.default_rng(0))
    denied = negation(name)
    assert denied is not None and ask(denied, draw, (2,), 1.0, 10_000_000).result == "unsat"
    broken, moved = pipeline("nm(1, 2)", "bcq(2, block=2)" if name == "keeps_zero" else "int(3, block=3)")
    [other] = draws(broken, moved, (6,), np.random.default_rng(0))
    if name in SAID:
        assert ask(denied, other, (6,), 1.0, 50_000_000).result == "sat"
    assert negation("norm") is None


def test_what_has_no_reading_is_not_asked() -> None:
    s, q = pipeline("1:2", "int(3, block=2)")
    [draw] = draws(s, q, (2,), np.random.default_rng(0))
    found = ask(lambda f: f.violates((Claim(GAIN_OPTIMUM, "==", 0),), (GAIN_OPTIMUM,)), draw, (2,), 1.0, 10)
    assert (found.result, found.note) == ("unknown", "e_gain: not written as a formula")
    assert claim_of(Z.name)[1] == (RETURNED,)
