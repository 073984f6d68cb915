"""What a row of unknowns is said to obey, real rows do: readings of assumptions exactly, lemmas on random numbers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest
import sympy
from sympy.core.function import AppliedUndef
from sympy.logic.boolalg import BooleanAtom

from sqtheory.alphabet.sparsifiers import TopSparsifier, nm
from sqtheory.proofs.cache_eviction import Grown
from sqtheory.proofs.conclusions import Concludes
from sqtheory.proofs.exact import ExactRow
from sqtheory.proofs.four_words_bound import Inner
from sqtheory.proofs.linear_layer import Frobenius, Spectral
from sqtheory.proofs.proof import proof_of
from sqtheory.proofs.shapes import Entries, Groups, Shape
from sqtheory.proofs.softmax_shift import Share, Tanh
from sqtheory.proofs.unknowns import LARGEST, ONE, REAL, Dual, Root, Unknowns
from sqtheory.theory.case import KEEP_ALL, Case
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import ALL
from sqtheory.theory.theorems.gram_error import INPUTS
from sqtheory.theory.theorems.propagation import NETWORKS
from sqtheory.theory.theorems.softmax_shift import softmax
from tests.nightly import thin

ROWS = 20
"""Random rows for each step."""


def plain(shape: Shape) -> bool:
    """Groups of which real rows can be drawn one by one."""
    return isinstance(shape, Groups) and not shape.by_gain and shape.m <= 4


STEPS = [
    (t, step)
    for t in ALL
    for step in proof_of(t).steps
    if isinstance(step, Concludes) and (isinstance(step.shape, Entries) or plain(step.shape))
]
LEMMAS = {
    lemma.says: (t, step, lemma)
    for t in ALL
    for step in proof_of(t).steps
    if isinstance(step, Concludes) and step.exponent in (ONE, REAL)
    for lemma in step.lemmas
}


def true(fact: Any, number: Callable[[sympy.Expr], Any], slack: float = 1e-9) -> bool:
    """A relation, or several joined, of numbers; conclusions up to the rounding of floats, premises without it."""
    if isinstance(fact, BooleanAtom | bool):
        return bool(fact)
    if isinstance(fact, sympy.Implies):
        return not true(fact.args[0], number, 0.0) or true(fact.args[1], number, slack)
    if isinstance(fact, sympy.And | sympy.Or):
        return (all if isinstance(fact, sympy.And) else any)(true(arg, number, slack) for arg in fact.args)
    left, right = map(number, fact.args)
    near = slack and abs(left - right) <= slack * sum(
        abs(number(term)) for side in fact.args for term in sympy.Add.make_args(side)
    )
    return bool(near) or bool(fact.func(left, right))


def order(row: ExactRow) -> list[int]:
    """The places of a row as rows of unknowns are numbered: those that go, stay, come, and are pruned by both."""
    rank = {(True, False): 0, (True, True): 1, (False, True): 2, (False, False): 3}
    return [i for group in row.groups for i in sorted(group, key=lambda i: rank[row.m[i], row.m2[i]])]


def values_of(row: Unknowns, exact: ExactRow, places: list[int], wanted: set[sympy.Symbol]) -> dict[sympy.Symbol, Any]:
    """The numbers that stand for the wanted unknowns of a row."""
    found: dict[sympy.Symbol, Any] = {}
    single = ("x", "q", "sq", "frozen", "lower_halves", "half_steps", "scale", "rounded_differences")
    for name in (*single, "around", "ends", "masked_ends"):
        symbols = [s for entry in getattr(row, name) for s in (entry if isinstance(entry, tuple) else [entry])]
        if wanted & set(symbols):
            entries = [getattr(exact, name)[i] for i in places]
            numbers = [v for entry in entries for v in (entry if isinstance(entry, tuple) else [entry])]
            found |= dict(zip(symbols, numbers, strict=True))
    for symbols, numbers in zip(row.rounded_rests, exact.rounded_rests, strict=True):
        if wanted & set(symbols):
            found |= dict(zip(symbols, (numbers[i] for i in places), strict=True))
    if row.steps in wanted:
        found[row.steps] = exact.steps
    if row.half_step in wanted:
        found[row.half_step] = exact.half_step
    return {s: sympy.Rational(Fraction(v)) for s, v in found.items() if isinstance(s, sympy.Symbol)}


def cases(theorem: Theorem, step: Concludes, rng: np.random.Generator) -> Iterator[Case]:
    """Rows of the shape of a step under the pipelines of the theorem's domain."""
    assert theorem.domain is not None
    shape, domain = step.shape, theorem.domain
    size = shape.size if isinstance(shape, Entries) else shape.m * shape.count
    while True:
        q, given_s = domain.q.sample(rng), domain.s.sample(rng)
        if isinstance(shape, Entries):
            s = KEEP_ALL if given_s == KEEP_ALL else nm(int(rng.integers(1, size + 1)), size)
        else:
            s = nm(shape.n, shape.m)
        if isinstance(given_s, TopSparsifier) and isinstance(s, TopSparsifier) and s != KEEP_ALL:
            s = replace(s, ties=given_s.ties)
        w = None if domain.w is None else replace(domain.w, last_axis=size).sample(rng, 6)
        yield domain.case(replace(domain.x, last_axis=size).sample(rng, 6), q, s, 1.0, w)


def matching(step: Concludes, theorem: Theorem, m: list[bool], m2: list[bool]) -> Unknowns:
    """The row of unknowns with these masks."""
    for row in step.shape.rows(theorem.given, step.exponent):
        masked = row.weight if step.shape.products else row
        if masked.m == m and masked.m2 in (m2, []):
            return row
    raise AssertionError(f"no row of {step.shape} has the masks {m} and {m2}")


def exactly(e: sympy.Expr, values: Mapping[Any, Any]) -> sympy.Expr:
    """A rational for an expression in unknowns."""
    return sympy.sympify(e).xreplace(values)


def misread(theorem: Theorem, step: Concludes, exact: ExactRow) -> list[str]:
    """Facts that do not hold of an admissible row, and images under S→Q that are not what they are read to be."""
    masked = exact.weight if step.shape.products else exact
    places = order(masked)
    row = matching(step, theorem, [masked.m[k] for k in places], [masked.m2[k] for k in places])
    unknowns = row.weight if step.shape.products else row
    facts = [f for f in step.read(row, theorem) if f not in (True, False) and not f.atoms(AppliedUndef)]
    wanted = set().union(*(fact.free_symbols for fact in facts), unknowns.x, unknowns.q, row.x, row.q)
    values = values_of(unknowns, masked, places, wanted)
    if step.shape.products:
        symbols, numbers = [*row.x, *row.q], [operand[k] for operand in (exact.x, exact.q) for k in places]
        values |= {s: sympy.Rational(v) for s, v in zip(symbols, numbers, strict=True)}
    found = [str(f) for f in facts if f.free_symbols <= set(values) and not true(f, partial(exactly, values=values))]
    for name in ("sq", "frozen"):
        for said, k in zip(getattr(unknowns, name), places, strict=True):
            known = sympy.sympify(said).free_symbols <= set(values)
            if known and exactly(said, values) != sympy.Rational(getattr(masked, name)[k]):
                found.append(f"{name}: {said}")
    return found


@thin(8)
@pytest.mark.parametrize(("theorem", "step"), STEPS, ids=[f"{t}-{s.shape}-{s.exponent}" for t, s in STEPS])
def test_what_is_read_into_assumptions_holds_of_real_rows(theorem: Theorem, step: Concludes) -> None:
    seen = 0
    for case in cases(theorem, step, np.random.default_rng(5)):
        for i in np.flatnonzero(theorem.admissible(case)).tolist():
            assert not misread(theorem, step, ExactRow(case, i)), str(case.row(i))
            seen += 1
        if seen >= ROWS:
            return


def assigned(e: sympy.Expr, values: Mapping[Any, Any], p: float) -> float:
    """A number for an expression in unknowns, roots and conjugate norms as they are defined."""
    dual = np.inf if p == 1 else p / (p - 1)

    def norm(*entries: sympy.Expr) -> sympy.Expr:
        return sympy.Float(float(np.linalg.norm([float(v) for v in entries], dual)) if p > 1 or entries else 0)

    def spectral(*entries: sympy.Expr) -> sympy.Expr:
        return sympy.Float(np.linalg.norm(np.array(entries, np.float64).reshape(-1, INPUTS), 2))

    def share(i: sympy.Expr, *z: sympy.Expr) -> sympy.Expr:
        return sympy.Float(softmax(np.array([z], np.float64))[0, int(i)])

    def grown(i: sympy.Expr, *both: sympy.Expr) -> sympy.Expr:
        z, errors = np.array(both, np.float64).reshape(2, -1)
        return share(i, *z) * sympy.Float(np.exp(np.ptp(errors)))

    def inner(*both: sympy.Expr) -> sympy.Expr:
        return sympy.Float(np.dot(*np.array(both, np.float64).reshape(2, -1)))

    numbers = e.xreplace({**values, REAL: sympy.Float(p)})
    for n in NETWORKS:
        numbers = numbers.replace(sympy.Function(n.name, real=True), lambda v, n=n: sympy.Float(n.activation(float(v))))
    numbers = (
        numbers.replace(Share, share).replace(Grown, grown).replace(Tanh, lambda v: sympy.Float(np.tanh(float(v))))
    )
    numbers = numbers.replace(Frobenius, lambda *v: sympy.sqrt(sum(entry**2 for entry in v))).replace(
        Spectral, spectral
    )
    numbers = numbers.replace(Inner, inner).replace(Root, lambda v: sympy.Float(float(v) ** (1 / p)))
    return float(numbers.replace(Dual, norm))


@thin(8)
@pytest.mark.parametrize("says", LEMMAS)
def test_a_lemma_holds_of_random_numbers(says: str) -> None:
    theorem, step, lemma = LEMMAS[says]
    rng = np.random.default_rng(9)
    claims, model = step.of(theorem), proof_of(theorem).model
    rows = list(replace(step, shape=small(step)).shape.rows(theorem.given, step.exponent))
    facts = [fact for row in rows[:3] for fact in lemma.instances(row, step.goals(row, claims, theorem, model))]
    assert facts
    exponents = [1.0, 1.0] if step.exponent == ONE else [lemma.least or 0.5, 1.0, 1.5, 2.0, 3.0, *rng.uniform(1, 5, 5)]
    for p in exponents:
        names = sorted({s for fact in facts for s in fact.free_symbols if s != REAL}, key=str)
        numbers = np.round(rng.normal(size=len(names)) * 2) / rng.choice([1, 2, 4])
        values = {s: sympy.Float(abs(v) if s.is_nonnegative else v) for s, v in zip(names, numbers, strict=True)}
        for fact in facts:
            assert true(fact, partial(assigned, values=values, p=p), 1e-7), f"{fact} for p = {p} at {values}"


def small(step: Concludes) -> Shape:
    grouped = isinstance(step.shape, Groups) and not step.shape.products
    return replace(step.shape, n=1, m=2, count=1) if grouped else step.shape


def test_a_false_lemma_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    says, (theorem, step, lemma) = next((s, found) for s, found in LEMMAS.items() if "one image" in s)
    wrong = replace(lemma, instances=lambda row, goals: [sympy.Ge(abs(row.x[0]), abs(row.x[1]))])
    monkeypatch.setitem(LEMMAS, says, (theorem, step, wrong))
    with pytest.raises(AssertionError):
        test_a_lemma_holds_of_random_numbers(says)


def test_a_reading_that_says_too_much_is_seen() -> None:
    theorem, step = next((t, s) for t, s in STEPS if t.slug == "prune_first_dominates" and s.exponent == ONE)
    first = next(iter(theorem.given))
    wrong = replace(
        step, readings={first: lambda row: [sympy.Le(abs(x - q), 0) for x, q in zip(row.x, row.q, strict=True)]}
    )
    with pytest.raises(AssertionError):
        test_what_is_read_into_assumptions_holds_of_real_rows(theorem, wrong)


def test_roots_and_largest_values_of_unknowns() -> None:
    rows = Groups(1, 2).rows((), LARGEST), Groups(1, 2).rows((), REAL)
    largest, real = (next(iter(row)) for row in rows)
    a, b = largest.x
    assert largest.norm([a, b]) == sympy.Max(0, abs(a), abs(b))
    assert real.norm([a, b]) == Root(abs(a) ** REAL + abs(b) ** REAL) and Root(sympy.Integer(0)) == 0
    with pytest.raises(ValueError, match="no second operand"):
        _ = largest.weight
