"""Formal statements are read as claims: a statement, a claim or an assumption that is changed alone is noticed."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from sqtheory.proofs import coq_claims, machine_checked
from sqtheory.proofs.coq_claims import ASSUMED, FormallyConcludes, claim_of, pieces, read
from sqtheory.proofs.machine_checked import FORMAL, ProofError, files
from sqtheory.proofs.proof import proof_of
from sqtheory.proofs.steps import Formal
from sqtheory.theory.render import claim_text
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import ALL, BY_SLUG
from tests.nightly import thin

FORMALLY = [(t, step) for t in ALL for step in proof_of(t).steps if isinstance(step, FormallyConcludes)]
every = pytest.mark.parametrize(("theorem", "step"), FORMALLY, ids=[f"{t}-{s.name}" for t, s in FORMALLY])


def why(step: FormallyConcludes | Formal, theorem: Theorem) -> str:
    line = step.line(theorem)
    assert not line.discharged, f"discharged: {step.says}"
    return line.detail


def test_what_each_statement_says() -> None:
    said = {
        "prune_first_identity": "E_sq = E_q_kept + E_s",
        "prune_first_bound": "E_sq ≤ E_q + E_s",
        "prune_first_dominates": "E_sq ≤ E_qs",
        "prune_first_dominates_largest": "E_sq ≤ E_qs",
        "swap_constant": "e_qs − e_q − e_s ≤ halves",
        "swap_excess": "e_qs − e_q − e_s = swaps − both",
        "swap_gap": "e_qs − e_sq ≤ 2·halves",
        "overlap_keeps_scale": "moved = 0",
        "sparse_grid_projection": "e_sq = e_grid",
        "gain_optimal": "e_gain = e_grid",
        "gain_beats_both_orders": "E_gain ≤ E_frozen, E_gain ≤ E_qs",
    }
    assert {name: ", ".join(map(claim_text, claim_of(read(name)[1]))) for name in said} == said


def test_hypotheses_are_read_one_by_one() -> None:
    hypotheses, conclusion = read("prune_first_dominates_largest")
    assert hypotheses[:2] == ["keeps_zero q", "keeps_scale n q x m"] and len(hypotheses) == 6
    assert conclusion.startswith("largest_error n x (quantize q (prune m1 x)) <= ")
    assert pieces("a -> (b -> c) -> d", "->") == ["a", "(b -> c)", "d"]


@thin(4)
@every
def test_every_assumption_that_a_statement_uses_is_one_of_the_theorem(
    theorem: Theorem, step: FormallyConcludes
) -> None:
    hypotheses, _ = read(step.name)
    step.discharge(theorem)
    for hypothesis in set(hypotheses) & set(ASSUMED):
        named = set(ASSUMED[hypothesis])
        less = replace(theorem, given=tuple(a for a in theorem.given if a.name not in named), unconditional=False)
        if less.given:
            assert re.fullmatch(rf"{step.name} assumes .*, which {theorem} does not", why(step, less))


CHANGES: dict[str, Callable[[list[str], str], tuple[list[str], str]]] = {
    "another relation": lambda given, says: (given, re.sub(r" (<=|=) |^keeps_scale", " < ", says)),
    "half of it": lambda given, says: (given, re.sub(r" (<=|=) |^keeps_scale", r" \1 (1 / 2) * ", says)),
    "one more hypothesis": lambda given, says: ([*given, "0 < p"], says),
}


@thin(4)
@pytest.mark.parametrize("change", CHANGES)
@every
def test_a_changed_statement_is_noticed(
    theorem: Theorem, step: FormallyConcludes, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read(step.name)
    changed = CHANGES[change](*whole)
    assert changed != whole
    monkeypatch.setattr(coq_claims, "read", lambda name: changed)
    why(step, theorem)


def test_a_statement_belongs_to_one_theorem() -> None:
    listed = [name for t in ALL for name in t.formal]
    assert len(listed) == len(set(listed))
    dominates, overlap = BY_SLUG["prune_first_dominates"], BY_SLUG["overlap"]
    foreign = "overlap is a statement of overlap, not of prune_first_dominates"
    assert why(Formal("another's", "overlap"), dominates) == foreign
    assert why(FormallyConcludes("another's", "overlap"), dominates) == foreign
    taken = replace(dominates, formal=(*dominates.formal, "overlap"))
    assert why(Formal("another's", "overlap"), taken) == foreign
    Formal("another's, said to be so", "overlap", of="overlap").discharge(dominates)
    unlisted = Formal("listed by none", "top_exists")
    assert why(unlisted, overlap) == "top_exists is a statement of no theorem, not of overlap"
    name = "frozen_commutation"
    scratch = replace(BY_SLUG[name], claims=dominates.claims, where=dominates.where)
    assert why(FormallyConcludes("of equal entries", name), scratch) == f"{name} states d = 0, not e_sq ≤ e_qs"


def test_sums_over_the_entries_that_come_need_images_that_tie() -> None:
    theorem = BY_SLUG["swap_constant"]
    step = next(s for t, s in FORMALLY if t is theorem and s.name == "swap_constant")
    for name in ("monotone", "one_scale_per_group"):
        less = replace(theorem, given=tuple(a for a in theorem.given if a.name != name))
        assert "those that go need monotone and one_scale_per_group" in why(step, less)


def test_other_terms_have_no_quantity() -> None:
    for text in ("err p n x y <= 0", "err p n x (quantize q x) <= sum n f", "True"):
        with pytest.raises(ProofError, match=r"has no quantity|is no claim"):
            claim_of(text)


DEFINITIONS = {
    "prune": "prune (m : mask) (x : vector) : vector := fun i => if m i then x i else 0",
    "err": "err (p n : nat) (x y : vector) : R := sum n (fun i => Rabs (x i - y i) ^ p)",
    "largest_error": "largest_error (n : nat) (x y : vector) : R := maximum n (fun i => Rabs (x i - y i))",
    "quantize": "quantize (q : quantizer) (x : vector) : vector := fun i => rounding q x i (x i)",
    "keeps_zero": "keeps_zero (q : quantizer) : Prop := forall s, level q s 0 = 0",
    "keeps_sign": "keeps_sign (r : R -> R) : Prop := forall t, 0 <= t * r t",
    "keeps_order": "keeps_order (r : R -> R) : Prop := forall a b, Rabs a <= Rabs b -> Rabs (r a) <= Rabs (r b)",
    "monotone": "monotone (q : quantizer) : Prop := forall s, keeps_order (level q s) /\\ keeps_sign (level q s)",
    "magnitude": "magnitude (x : vector) : nat -> R := fun i => Rabs (x i)",
    "gain": "gain (p : nat) (x y : vector) : nat -> R := fun i => Rabs (x i) ^ p - Rabs (x i - y i) ^ p",
    "swapped_out": "swapped_out (m1 m2 : mask) : mask := fun i => m1 i && negb (m2 i)",
    "swapped_in": "swapped_in (m1 m2 : mask) : mask := fun j => m2 j && negb (m1 j)",
    "pruned_by_both": "pruned_by_both (m1 m2 : mask) : mask := fun j => negb (m1 j) && negb (m2 j)",
}
"""The words of the statements, as the reading of them takes them."""


def defined(name: str) -> str:
    texts = (machine_checked.source(file) for file in files())
    found = (re.search(rf"^Definition ({name}\b.*?)\.$", text, re.DOTALL | re.MULTILINE) for text in texts)
    return next(" ".join(match[1].split()) for match in found if match)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_the_words_of_the_statements_mean_what_they_are_read_as(name: str) -> None:
    assert FORMAL.is_dir() and defined(name) == DEFINITIONS[name]


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("Section H.\nHypothesis h : False.\n", "stands in a section"),
        ("Definition err (p n : nat) (x y : vector) := 0.\n", "err, which is defined more than once"),
        ("Notation err := (fun _ _ _ _ => 0).\n", "a notation of the development"),
    ],
)
def test_a_text_that_is_not_what_coq_proves_is_noticed(before: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A premise from a section, a word given another meaning just before the theorem."""
    theorem, text = BY_SLUG["prune_first_bound"], machine_checked.source
    step = next(step for one, step in FORMALLY if one is theorem)
    assert step.line(theorem).discharged
    mark = "Theorem prune_first_bound "

    def changed(file: str) -> str:
        return text(file).replace(mark, before + mark)

    assert changed("prune_first_identity.v").count(before) == 1
    monkeypatch.setattr(machine_checked, "source", changed)
    assert said in why(step, theorem)
