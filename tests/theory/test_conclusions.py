"""Every claim is concluded by a step that is bound to it: hollow, foreign, vacuous and changed proofs are caught."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import sympy

from sqtheory.cli import main
from sqtheory.proofs import prune_first_bound, prune_first_dominates
from sqtheory.proofs.atoms import Model
from sqtheory.proofs.conclusions import Concludes, Conclusion, OnlyTested, Witnessed
from sqtheory.proofs.proof import Proof, proof_of
from sqtheory.proofs.shapes import Groups
from sqtheory.proofs.showing import prove
from sqtheory.proofs.steps import Equal, Formal, Line, Step
from sqtheory.proofs.unknowns import REAL, Facts, Unknowns
from sqtheory.theory.claims import Assumption, Claim
from sqtheory.theory.domain import OneOf
from sqtheory.theory.measured import readings
from sqtheory.theory.quantities import ERROR_QS, ERROR_SQ, MAGNITUDE
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import ALL, BY_SLUG
from tests.nightly import thin
from tests.theory import test_theorems

DOMINATES = BY_SLUG["prune_first_dominates"]
PAIRS = replace(DOMINATES, slug="pairs", formal=("overlap",))
"""A theorem of a scratch registry."""
MODEL = readings(ERROR_SQ, ERROR_QS)
HOLLOW = (Equal("one is one", sympy.Integer(1), sympy.Integer(1)), Formal("any formal statement", "overlap"))


def failures(theorem: Theorem, *steps: Step, model: Model = MODEL) -> list[Line]:
    return [line for line in Proof(theorem, model, steps).lines() if not line.discharged]


def why(step: Step, theorem: Theorem, model: Model = MODEL) -> str:
    line = step.line(theorem, model)
    assert not line.discharged, f"discharged: {step.says}"
    return line.detail


def test_a_hollow_proof_fails() -> None:
    found = {line.says: line.detail for line in failures(PAIRS, *HOLLOW)}
    assert found["any formal statement"] == "overlap is a statement of overlap, not of pairs"
    assert found["e_sq ≤ e_qs: not concluded"] == "no step concludes it for p = 1, 1.5, 2, 3, ∞"
    assert len(found) == 2


def test_a_hollow_proof_fails_the_suite_and_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hollow = Proof(PAIRS, MODEL, HOLLOW)
    monkeypatch.setattr(test_theorems, "proof_of", lambda theorem: hollow)
    with pytest.raises(AssertionError):
        test_theorems.test_its_proof_is_discharged(PAIRS)
    for name, value in {"ALL": (PAIRS,), "BY_SLUG": {"pairs": PAIRS}, "proof_of": lambda theorem: hollow}.items():
        monkeypatch.setattr(f"sqtheory.proofs.showing.{name}", value)
    monkeypatch.setattr("sqtheory.proofs.showing.proof_files", lambda: ["pairs"])
    monkeypatch.setattr("sqtheory.proofs.showing.formal", lambda *chosen, everything: None)
    assert prove([]) == 1
    monkeypatch.setattr("sqtheory.theory.theorems.find", lambda slug: PAIRS)
    assert main(["prove", "pairs"]) == 1
    printed = capsys.readouterr().out
    assert printed.count("no step concludes it") == 2 and "1 theorems, 2 failures" in printed


def test_a_claim_is_concluded_for_every_p_it_speaks_of() -> None:
    [line] = failures(DOMINATES, Concludes(Groups(1, 2)))
    assert line.detail == "no step concludes it for p = 1.5, 2, 3, ∞"
    [line] = failures(
        DOMINATES, Concludes(Groups(1, 2)), OnlyTested("for want of a derivation here", norms=(2, 3, 1.5))
    )
    assert line.detail == "no step concludes it for p = ∞"
    assert not failures(DOMINATES, OnlyTested("for want of a derivation here"))
    assert "it is not said why" in why(OnlyTested("so"), DOMINATES)
    [line] = failures(DOMINATES, OnlyTested("for want of a derivation here", claims=(1,)))[-1:]
    assert line.detail == "prune_first_dominates has no claim 1"


def test_nothing_follows_from_a_contradiction() -> None:
    def contradiction(row: Unknowns) -> Facts:
        return [row.x[0] > 0, row.x[0] < 0]

    def zero(row: Unknowns) -> Facts:
        return [sympy.Eq(x, 0) for x in row.x]

    for reading in (contradiction, zero):
        step = Concludes(Groups(1, 2), readings={MAGNITUDE: reading})
        assert "contradict each other" in why(step, DOMINATES)
    foreign = replace(DOMINATES, given=tuple(a for a in DOMINATES.given if a.name != "magnitude"))
    assert why(Concludes(Groups(1, 2), readings={MAGNITUDE: zero}), foreign).endswith("does not assume magnitude")


def test_a_wrong_model_concludes_nothing() -> None:
    swapped = {ERROR_SQ: MODEL[ERROR_QS], ERROR_QS: MODEL[ERROR_SQ]}
    step = Concludes(Groups(2, 4))
    step.discharge(DOMINATES, MODEL)
    assert why(step, DOMINATES, swapped).startswith("refuted: [")
    assert any(line.status == "model (tested)" for line in failures(DOMINATES, step, model=swapped))


def test_a_lemma_must_be_a_step_of_the_proof() -> None:
    step = Concludes(Groups(1, 2), REAL, lemmas=(prune_first_dominates.PAIRED, prune_first_bound.LOWERED))
    missing = failures(DOMINATES, step, OnlyTested("for want of a derivation here"))
    assert [line.detail for line in missing] == ["a lemma that is used is no step of this proof"] * 2
    assert why(replace(step, lemmas=step.lemmas[1:]), DOMINATES).startswith("refuted: [")
    assert why(replace(step, lemmas=step.lemmas[:1]), DOMINATES).startswith("refuted: [")


def test_a_theorem_about_all_tensors_is_not_proved_by_cases() -> None:
    assert why(Witnessed(), DOMINATES) == "a theorem about all tensors is not proved by cases"
    reversal = BY_SLUG["order_reversal"]
    other_way = replace(reversal, claims=tuple(Claim(c.right, c.relation, c.left) for c in reversal.claims))
    assert why(Witnessed(), other_way, proof_of(reversal).model).startswith("fails for x = (")


def altered(claim: Claim) -> Iterator[Claim]:
    """The claim the other way round and a sixteenth tighter; an equation that is off by one."""
    less = sympy.Rational(15, 16)
    if claim.relation == "==":
        yield Claim(claim.left, "==", claim.right + 1, claim.norms)
        return
    yield Claim(claim.right, claim.relation, claim.left, claim.norms)
    if claim.relation == "<=":
        yield Claim(claim.left, "<=", claim.right * less, claim.norms)


BINDING = [
    (t, step, i)
    for t in ALL
    for step in proof_of(t).steps
    if isinstance(step, Conclusion)
    and not isinstance(step, OnlyTested)
    and (not isinstance(step, Concludes) or step.small)
    for i in step.claims or range(len(t.claims))
]


@thin(6)
@pytest.mark.parametrize(("theorem", "step", "place"), BINDING, ids=[f"{t}-{s.status}-{i}" for t, s, i in BINDING])
def test_a_changed_claim_is_not_concluded(theorem: Theorem, step: Conclusion, place: int) -> None:
    """Turned round, lowered or off by one: no step that concludes the claim concludes what it is changed to."""
    model, claim = proof_of(theorem).model, theorem.claims[place]
    if isinstance(step, Concludes) and not any(claim.norms.has(p) and step.speaks_of(p) for p in (1.0, 1.5, np.inf)):
        return
    for changed in altered(claim):
        other = replace(theorem, claims=(*theorem.claims[:place], changed, *theorem.claims[place + 1 :]))
        detail = why(step, other, model)
        assert detail.startswith(
            ("refuted: [", "fails for x = (") if step.status != "formal" else f"{step.name} states "
        )


NEEDLESS = {"norm", "budgeted", "exponents_in_range"}
"""These say where a claim has a meaning, and which p a lemma is for."""
BY_SHAPE = {("partner_exact", "orthogonal")}
"""The samples of which the claim is derived are diagonal, and so cannot break this."""
DERIVED = [
    (t, a)
    for t in ALL
    for a in t.given
    if a.name not in NEEDLESS and (t.slug, a.name) not in BY_SHAPE
    if any(isinstance(s, Concludes) for s in proof_of(t).steps)
]


@thin(3)
@pytest.mark.parametrize(("theorem", "place"), DERIVED, ids=[f"{t}-{a}" for t, a in DERIVED])
def test_without_an_assumption_something_is_no_longer_derived(theorem: Theorem, place: Assumption) -> None:
    given = tuple(a for a in theorem.given if a != place)
    less = replace(theorem, given=given, unconditional=not given)
    steps = [step for step in proof_of(theorem).steps if isinstance(step, Concludes) and step.small]
    assert not all(step.line(less, proof_of(theorem).model).discharged for step in steps)


def test_a_claim_that_is_assumed_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a definition it is discharged, but then no assumption is needed."""

    def error(row: Unknowns, mask: list[bool]) -> sympy.Expr:
        return sum(abs(x - q) if kept else abs(x) for x, q, kept in zip(row.x, row.q, mask, strict=True))

    def the_claim(row: Unknowns) -> Facts:
        return [sympy.Le(error(row, row.m), error(row, row.m2), evaluate=False)]

    hollow = Proof(DOMINATES, MODEL, (Concludes(Groups(1, 2), definitions=(the_claim,)),))
    hollow.steps[0].discharge(DOMINATES, MODEL)
    monkeypatch.setattr("tests.theory.test_conclusions.proof_of", lambda theorem: hollow)
    with pytest.raises(AssertionError):
        test_without_an_assumption_something_is_no_longer_derived(DOMINATES, MAGNITUDE)


def test_rows_of_which_nothing_is_pruned_conclude_nothing_of_masks() -> None:
    """With everything kept both orders are one, so that even a false equality is derived there."""
    false = replace(DOMINATES, claims=(Claim(ERROR_SQ, "==", ERROR_QS),))
    assert why(Concludes(Groups(2, 2)), false).startswith("nothing is pruned on these rows")
    assert why(Concludes(Groups(1, 2)), false).startswith("refuted: ")
    shown = {t.slug for t in ALL for step in proof_of(t).steps if isinstance(step, Concludes) and step.shape.whole}
    assert shown == {"propagation", "four_words_bound"}, (
        "whoever says that rows without a pruned entry stand for all says so here"
    )


def test_a_definition_does_not_see_what_is_assumed() -> None:
    """Else it could be the claim where everything is assumed, and nothing where an assumption is taken away."""
    seen: list[int] = []

    def sly(row: Unknowns) -> Facts:
        seen.append(len(row.given))
        whole = len(row.given) == len(DOMINATES.given)
        return [sympy.Le(MODEL[ERROR_SQ](row), MODEL[ERROR_QS](row), evaluate=False)] if whole else []

    assert why(Concludes(Groups(1, 2), REAL, definitions=(sly,)), DOMINATES).startswith("refuted: ")
    assert set(seen) == {0}


def test_a_claim_that_speaks_of_no_p_of_the_domain_is_not_concluded() -> None:
    silent = replace(BY_SLUG["swap_gap"], domain=replace(DOMINATES.domain, p=OneOf(2.0)))
    found = [line.detail for line in Proof(silent, proof_of(BY_SLUG["swap_gap"]).model, ()).bindings()]
    assert found == ["it speaks of no p of the domain"]


def test_which_theorems_are_tested_only() -> None:
    """Whoever adds one says so here."""
    extents = {t.slug: proof_of(t).extent for t in ALL}
    assert {slug for slug, extent in extents.items() if extent == "tested only"} == {
        *("saturation", "idempotence", "error_in_bits", "storage", "price_of_order", "order_gap_law", "order_gap_topk"),
        *("index_retention", "water_filling", "budget_price", "transposable_greedy", "best_support", "principal_axes"),
        *("partner_optimal", "partner_regret", "partner_perturbed", "swap_bias", "sweep_bound", "refit_optimal"),
        *("wanda_converse", "cache_error", "prune_then_feedback", "nvfp4_requantized"),
        *("swept_range", "float_monotone"),
    }
    assert {slug for slug, extent in extents.items() if "in part" in extent} == {
        *("dot_concentration", "codes_permuted"),
        *("binary_code_residual", "wasserstein_coupling"),
    }
    assert {slug for slug, extent in extents.items() if "Coq" in extent} == {
        *("prune_first_identity", "prune_first_bound", "overlap", "swap_constant", "swap_gap", "prune_first_dominates"),
        *("frozen_commutation", "ties_by_original", "sparse_grid_projection", "gain_optimal"),
        *("gain_dominates", "score_keeps_scale", "nearly_monotone_dominates", "straddling"),
        *("fitted_bound", "fitted_dominates"),
        *("accumulator_bound", "promoted_bound", "one_signed_accumulation", "stagnation"),
        *("accumulator_exact", "accumulator_symmetry", "sparse_dense_bound", "order_on_hardware"),
    }
