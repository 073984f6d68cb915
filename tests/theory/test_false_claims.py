"""Statements that are false: every kind of step must fail on them and say why, and no true one may hold for nothing."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy

from sqtheory.alphabet.quantizers import bcq, hbfp, int_
from sqtheory.alphabet.rounding import floor
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.proofs import prune_first_identity, steps, swap_constant, swap_gap
from sqtheory.proofs.atoms import Model
from sqtheory.proofs.conclusions import Concludes
from sqtheory.proofs.proof import Proof, proof_of
from sqtheory.proofs.prune_first_bound import LOWERED
from sqtheory.proofs.prune_first_dominates import PAIRED, gain_grows, same_image, same_sign, tied
from sqtheory.proofs.shapes import Groups
from sqtheory.proofs.steps import NO_MODEL, Enumerated, Equal, Formal, Line, NonNegative, Question, Smt, Split, Step
from sqtheory.proofs.swap_constant import lower_ends, one_half
from sqtheory.proofs.unknowns import LARGEST, ONE, REAL
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Claim
from sqtheory.theory.domain import Arrays, Domain, OneOf
from sqtheory.theory.measured import readings
from sqtheory.theory.quantities import ERROR_Q, ERROR_QS, ERROR_S, ERROR_SQ, ONE_SCALE, ORDERED, Z
from sqtheory.theory.render import claim_text
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import ALL, BY_SLUG
from sqtheory.theory.theorems.swap_constant import HALVES, lower_end
from tests.nightly import thin

DOMINATES = BY_SLUG["prune_first_dominates"]
CONSTANT = BY_SLUG["swap_constant"]
SMT_STEPS = [(t.slug, step) for t in ALL for step in proof_of(t).steps if isinstance(step, Smt)]
a, b = sympy.symbols("a b", nonnegative=True)
p, r, v, y = sympy.symbols("p r v y", positive=True)


def failed(step: Step, theorem: Theorem = DOMINATES, model: Model = NO_MODEL) -> str:
    """Why a step is not discharged."""
    line: Line = step.line(theorem, model)
    assert not line.discharged, f"discharged: {step.says}"
    return line.detail


def refuted(says: str, question: Question) -> str:
    """The model that refutes an SMT step."""
    detail = failed(Smt(says, question))
    assert detail.startswith("refuted: [") and "=" in detail, detail
    return detail


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((a - v) ** 2 - a**2, v * (v - a)),
        (sympy.Abs(a - b), a - b),
        ((a + b) ** r, a**r + b**r),
        (sympy.integrate(r * y ** (r - 1), (y, v, v + a + 1)), (v + a) ** r - v**r),
    ],
    ids=["half the L2 gap", "a sign forgotten", "the freshman's dream", "another interval"],
)
def test_an_equation_that_fails(left: sympy.Expr, right: sympy.Expr) -> None:
    detail = failed(Equal("false", left, right))
    assert detail.startswith("left − right = ") and detail.endswith("not 0")
    assert "m = 2" in failed(Split("false", (Equal("m = 1", a, a), Equal("m = 2", left, right))))


@pytest.mark.parametrize(
    "expression", [a - b, a**2 - 2 * a * b, -a - 1, (r - 1) * y ** (r - 2), sympy.Symbol("x", real=True) ** 3], ids=str
)
def test_an_inequality_that_fails(expression: sympy.Expr) -> None:
    assert "does not follow" in failed(NonNegative("false", expression))


def test_the_pair_lemma_needs_p_above_one() -> None:
    """Below p = 1 the integrand p (p − 1) s^{p−2} is negative: the derivation of g′ ≥ 0 stops there."""
    half = sympy.Rational(1, 2)
    NonNegative("p = 3/2", (p * (p - 1) * y ** (p - 2)).subs(p, 3 * half)).discharge(DOMINATES)
    assert "does not follow" in failed(NonNegative("p = 1/2", (p * (p - 1) * y ** (p - 2)).subs(p, half)))


def roots_grow(z3: Any) -> tuple[list[Any], Any]:
    """√a − √|a − v| ≥ √b − √|b − v| for a ≥ b ≥ v: false."""
    root_a, root_b, rest_a, rest_b, v = z3.Reals("root_a root_b rest_a rest_b v")
    squares = [root_a * root_a == rest_a * rest_a + v, root_b * root_b == rest_b * rest_b + v]
    signs = [t >= 0 for t in (root_a, root_b, rest_a, rest_b, v)]
    return [*squares, *signs, root_a >= root_b], root_a - rest_a >= root_b - rest_b


def test_the_pair_lemma_for_p_one_half_has_a_model() -> None:
    refuted("p = 1/2", roots_grow)


@pytest.mark.parametrize("power", [1, 2, 4])
def test_which_hypotheses_the_pair_lemma_needs(power: int) -> None:
    """a ≥ b always; v ≥ 0 for p > 1, as g is constant on t ≥ 0 for p = 1 and v < 0; b ≥ 0 never: g grows on ℝ."""
    needed = {}
    for dropped, name in enumerate(("a ≥ b", "b ≥ 0", "v ≥ 0")):

        def question(z3: Any, dropped: int = dropped) -> tuple[list[Any], Any]:
            hypotheses, goal = gain_grows(power)(z3)
            return [h for i, h in enumerate(hypotheses) if i != dropped], goal

        needed[name] = not Smt(f"without {name}", question).line(DOMINATES).discharged
    assert needed == {"a ≥ b": True, "b ≥ 0": False, "v ≥ 0": power > 1}


def test_tied_images_need_every_hypothesis() -> None:
    for dropped in range(3):

        def question(z3: Any, dropped: int = dropped) -> tuple[list[Any], Any]:
            hypotheses, goal = same_image(z3)
            return [h for i, h in enumerate(hypotheses) if i != dropped], goal

        refuted(f"without hypothesis {dropped}", question)


@pytest.mark.parametrize("question", [swap_constant.pair, swap_gap.pair], ids=["excess", "gap"])
def test_a_swap_costs_more_than_half_its_constant(question: Question) -> None:
    """h/2 for the excess, h for the gap: half of what is proved."""

    def halved(z3: Any) -> tuple[list[Any], Any]:
        hypotheses, goal = question(z3)
        cost, constant = goal.children()
        return list(hypotheses), cost <= constant / 2

    assert "h = " in refuted("half the constant", halved)


def without(theorem: Theorem, name: str) -> Theorem:
    """The theorem without one assumption."""
    return replace(theorem, given=tuple(a for a in theorem.given if a.name != name))


def claiming(theorem: Theorem, *claims: Claim) -> Theorem:
    """The theorem with other claims about its quantities."""
    spoken = frozenset[sympy.Symbol]().union(*(c.symbols for c in claims))
    known = {q.symbol: q for t in (theorem, DOMINATES, CONSTANT) for q in t.where}
    return replace(theorem, claims=claims, where=tuple(known[s] for s in spoken))


@thin(2)
@pytest.mark.parametrize(("n", "m", "groups"), [(1, 2, 1), (1, 4, 1), (2, 4, 1), (2, 4, 2)], ids=str)
@pytest.mark.parametrize("slug", ["swap_constant", "swap_gap"])
def test_no_smaller_constant_holds_for_an_instance(slug: str, n: int, m: int, groups: int) -> None:
    """Each instance is tight: 15/16 of the constant is refuted, the constant is derived."""
    theorem, model = BY_SLUG[slug], proof_of(BY_SLUG[slug]).model
    step = Concludes(Groups(n, m, groups), claims=(0,), readings={ONE_SCALE: one_half}, definitions=(lower_ends,))
    step.discharge(theorem, model)
    claim = theorem.claims[0]
    less = replace(theorem, claims=(Claim(claim.left, "<=", claim.right * sympy.Rational(15, 16)), *theorem.claims[1:]))
    assert failed(step, less, model).startswith("refuted: [")
    assert failed(replace(step, definitions=()), theorem, model).startswith("refuted: [")


@pytest.mark.parametrize(
    "claim",
    [
        Claim(ERROR_QS, "<=", ERROR_SQ),
        Claim(ERROR_QS, "<=", ERROR_S + ERROR_Q),
        Claim(ERROR_SQ, "<=", ERROR_S),
        Claim(ERROR_SQ, "<=", ERROR_Q),
    ],
    ids=claim_text,
)
@pytest.mark.parametrize("exponent", [ONE, REAL, LARGEST], ids=str)
def test_what_is_false_of_both_orders_is_refuted(claim: Claim, exponent: sympy.Expr) -> None:
    lemmas = (PAIRED, LOWERED) if exponent == REAL else ()
    step = Concludes(Groups(2, 4), exponent, lemmas=lemmas)
    model = readings(ERROR_QS, ERROR_SQ, ERROR_S, ERROR_Q)
    assert failed(step, claiming(DOMINATES, claim), model).startswith("refuted: [")


def any_images(z3: Any) -> tuple[list[Any], Any]:
    """1:2 with images in any order: x_0 ≥ x_1 ≥ 0, Q→S keeps 1 because y_1 ≥ y_0, and E_SQ ≤ E_QS: false."""
    x0, x1, y0, y1 = z3.Reals("x0 x1 y0 y1")

    def size(e: Any) -> Any:
        return z3.If(e >= 0, e, -e)

    return [x0 >= x1, x1 >= 0, y0 >= 0, y1 >= y0], size(x0 - y0) + x1 <= x0 + size(x1 - y1)


def monotone_images(z3: Any) -> tuple[list[Any], Any]:
    """The same for a monotone quantizer: true."""
    hypotheses, goal = any_images(z3)
    y0, y1 = z3.Reals("y0 y1")
    return [*hypotheses, y0 >= y1], goal


def test_dominance_needs_monotonicity() -> None:
    refuted("images in any order", any_images)
    Smt("monotone", monotone_images).discharge(DOMINATES)


@pytest.mark.parametrize(("slug", "step"), SMT_STEPS, ids=[f"{slug}-{i}" for i, (slug, _) in enumerate(SMT_STEPS)])
def test_no_smt_step_holds_for_nothing(slug: str, step: Smt) -> None:
    """Its hypotheses can be met: with a false goal the solver finds values for them."""

    def nothing(z3: Any) -> tuple[list[Any], Any]:
        hypotheses, _ = step.question(z3)
        return [*hypotheses], z3.BoolVal(False)

    assert failed(replace(step, question=nothing), BY_SLUG[slug]).startswith("refuted: "), step.says


def test_contradictory_hypotheses_are_caught() -> None:
    def nothing(z3: Any) -> tuple[list[Any], Any]:
        x = z3.Real("x")
        return [x > 0, x < 0], z3.BoolVal(False)

    with pytest.raises(AssertionError, match="discharged"):
        failed(Smt("from a contradiction", nothing))


def test_an_enumeration_names_what_fails() -> None:
    def failures() -> list[str]:
        cases = [Case.of(x, int_(4), nm(2, 4)) for x in ([1.625, 2, 0.125, 7], [7, 2.5, 1, 1])]
        separation = Claim(ERROR_QS, ">", ERROR_S + ERROR_Q)
        return [str(c) for c in cases if separation.excess(BROKEN.values(c))[0] > 0]

    assert failed(Enumerated("all separate", failures)) == "fails for x = (7, 2.5, 1, 1), nm(2, 4), int(4), p = 1"


ONE_WAY = replace(
    DOMINATES,
    slug="dominance without monotonicity",
    given=tuple(g for g in DOMINATES.given if g.name != ORDERED.name),
    domain=Domain(x=Arrays(4), q=OneOf(int_(3, rounding=floor)), s=OneOf(nm(2, 4))),
)
STRADDLING = replace(
    DOMINATES,
    slug="dominance over several scales",
    given=tuple(g for g in DOMINATES.given if g.name != ONE_SCALE.name),
    domain=Domain(x=Arrays(4), q=OneOf(hbfp(3, block=2)), s=OneOf(nm(3, 4))),
)
BROKEN = replace(
    CONSTANT,
    slug="half the constant",
    claims=(Claim(ERROR_QS - ERROR_S - ERROR_Q, "<=", HALVES * sympy.Rational(1, 2)),),
    where=(ERROR_QS, ERROR_S, ERROR_Q, HALVES),
)
"""Three false theorems: a hypothesis dropped, another, half the constant."""


def rows(theorem: Theorem) -> list[Case]:
    assert theorem.domain is not None
    rng = np.random.default_rng(3)
    return [theorem.domain.sample(rng, 500) for _ in range(60)]


@pytest.mark.parametrize("theorem", [ONE_WAY, STRADDLING, BROKEN], ids=str)
def test_a_false_theorem_is_violated_on_its_domain(theorem: Theorem) -> None:
    checks = [theorem.check(case) for case in rows(theorem)]
    assert any(check.violated.any() for check in checks)
    assert np.mean([check.admissible.mean() for check in checks]) > 0.5


def test_a_tested_step_names_the_row_that_fails() -> None:
    assert "int(3, rounding=floor)" in failed(steps.Tested("the images tie", tied), ONE_WAY)
    assert "hbfp(3, block=2)" in failed(steps.Tested("the images tie", tied), STRADDLING)
    same_everywhere = steps.Tested("one mask", lambda case: case.every(case.orders.mask == case.orders.image_mask))
    assert failed(same_everywhere).startswith("fails for x = (")
    positive = steps.Tested("x ≥ q(x)", lambda case: case.every(case.x >= case.orders.image))
    assert failed(positive).startswith("fails for x = (")
    assert "nothing to test on" in failed(steps.Tested("no domain", same_sign), BY_SLUG["quantize_first_separation"])


def test_a_formal_step_must_be_stated() -> None:
    assert failed(Formal("p = 1/2", "prune_first_dominates_half")) == "no theorem prune_first_dominates_half is stated"


def test_a_proof_with_one_false_step_fails_in_that_step_alone() -> None:
    whole = prune_first_identity.PROOF
    wrong = Equal("p = 2: the exchange costs v (a − b)", a**2 - (a - v) ** 2 - b**2 + (b - v) ** 2, v * (a - b))
    lines = list(Proof(whole.theorem, whole.model, (*whole.steps, wrong)).lines())
    assert [line.says for line in lines if not line.discharged] == [wrong.says]


def test_a_wrong_model_of_a_quantity_is_caught() -> None:
    """‖x_P‖ in the place of ‖ε_{q∘s}‖: the error of q on what is kept forgotten."""
    whole = prune_first_identity.PROOF
    swapped = {
        q: whole.model[q if q.name != "E_sq" else next(k for k in whole.model if k.name == "E_s")] for q in whole.model
    }
    lines = Proof(whole.theorem, swapped, whole.steps).lines()
    wrong = [line for line in lines if not line.discharged and line.status == "model (tested)"]
    assert len(wrong) == 1 and wrong[0].says.startswith("E_sq is ") and " instead of " in wrong[0].detail


def test_z_at_its_own_scale_is_too_little_for_frozen_scales() -> None:
    """(1, 2) in bcq(1) with a scale for every entry: the pruned 1 comes back as 0 at its own scale, at σ = 1 as 1."""
    case = Case.of([1, 2], bcq(1, block=1), nm(1, 2))
    theorem = BY_SLUG["frozen_commutation"]
    assert Z.holds(case).all() and not theorem.admissible(case).any()
    assert case.orders.after_mask.tolist() == [[0, 2]] and case.frozen_image.tolist() == [[1, 2]]
    assert theorem.values(case)["d"].tolist() == [1]
    assert not theorem.given[0].ruling(case.s, case.q, 1.0, (1, 2)).closed
    assert theorem.given[0].ruling(top(1.0), case.q, 1.0, (1, 2)).closed
    assert theorem.given[0].ruling(case.s, int_(4), 1.0, (1, 2)).closed


def test_the_cell_of_the_smallest_level_begins_at_zero() -> None:
    """(0, 1) in bcq(1): 0 comes back as 1 and wins the tie, E_QS = 2 against 0 + 1, so h⁻ is 1 and not 1/2."""
    case = Case.of([0, 1], bcq(1), nm(1, 2))
    values = {name: value.tolist() for name, value in CONSTANT.values(case).items()}
    assert (values["e_qs"], values["e_s"], values["e_q"], values["halves"]) == ([2], [0], [1], [1])
    assert CONSTANT.admissible(case).all() and not CONSTANT.check(case).violated.any()
    assert BROKEN.check(case).violated.all()


def test_a_family_that_stays_away_from_its_bound_is_no_witness() -> None:
    """The family of the sharp constant at twice the constant: its ratio tends to 1/2."""
    loose = Claim(ERROR_QS - ERROR_S - ERROR_Q, "<=", 2 * HALVES)
    left, right = loose.sides(CONSTANT.values(lower_end(2.0**-16)))
    assert left[0] / right[0] == pytest.approx(0.5, abs=1e-4)
    assert Claim(ERROR_SQ, "<=", ERROR_QS).excess(DOMINATES.values(lower_end(2.0**-16)))[0] <= 0
