"""The runner of the formal proofs; the proofs themselves are checked by ``python -m proofs``."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import sqtheory
from sqtheory.proofs import machine_checked
from sqtheory.proofs.machine_checked import (
    CLASSICAL_REALS,
    FORMAL,
    ProofError,
    axioms,
    check,
    check_named,
    files,
    requires,
    source,
    statement,
)
from sqtheory.proofs.proof import Proof, proof_files, proof_of
from sqtheory.proofs.showing import prove
from sqtheory.theory.theorems import ALL, BY_SLUG
from tests.nightly import nightly

needs_coq = pytest.mark.skipif(shutil.which("coqc") is None, reason="coqc is absent: formal proofs not checked")


def test_every_file_is_listed_after_what_it_requires() -> None:
    assert set(files()) == {path.name for path in FORMAL.glob("*.v")}
    for place, file in enumerate(files()):
        later = {name.removesuffix(".v") for name in files()[place:]}
        required = [line for line in source(file).splitlines() if line.startswith("From sqtheory Require")]
        assert not later & {word.strip(".") for line in required for word in line.split()}


def test_nothing_is_left_unproved() -> None:
    assert all(source(file) for file in files())


@pytest.mark.parametrize(
    "name",
    [
        "prune_first_identity",
        "overlap",
        "prune_first_dominates",
        "swap_constant",
        "sparse_grid_projection",
        "gain_optimal",
        "frozen_commutation",
    ],
)
def test_each_crown_theorem_has_a_file_of_its_name(name: str) -> None:
    file, text = statement(name)
    assert file == f"{name}.v" and text.startswith(name) and text.endswith(".")


def test_every_theorem_that_the_package_cites_is_in_the_registry() -> None:
    texts = [path.read_text(encoding="utf-8") for path in Path(sqtheory.__file__).parent.rglob("*.py")]
    cited = {name for text in texts for name in re.findall(r"[Tt]heorem\s+`{0,2}([a-z]+_[a-z_]+|overlap)\b", text)}
    assert {"prune_first_dominates", "gain_optimal", "overlap"} <= cited <= set(BY_SLUG)
    with pytest.raises(ProofError, match="no theorem nonesuch"):
        statement("nonesuch")


def test_every_theorem_has_one_proof_and_every_proof_a_theorem() -> None:
    assert set(proof_files()) == set(BY_SLUG)
    assert all(proof_of(theorem).theorem is theorem for theorem in ALL)
    with pytest.raises(ProofError, match=r"proofs/nonesuch\.py is missing"):
        proof_of(replace(ALL[0], slug="nonesuch"))
    with pytest.raises(ProofError, match="does not prove"):
        proof_of(replace(ALL[0], title="another"))


def test_a_proof_without_a_theorem_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sqtheory.proofs.showing.proof_files", lambda: [*BY_SLUG, "stray"])
    assert prove([ALL[0].slug]) == 1


def test_a_proof_models_every_quantity_of_its_claims() -> None:
    constant = proof_of(BY_SLUG["swap_constant"])
    model = {quantity: number for quantity, number in constant.model.items() if quantity.name != "both"}
    with pytest.raises(ProofError, match="the model and the claims differ in both"):
        Proof(constant.theorem, model, constant.steps)
    whole = proof_of(BY_SLUG["prune_first_identity"])
    assert Proof(whole.theorem, steps=whole.steps).model == {q: q.read for q in whole.theorem.where}
    wrong = Proof(whole.theorem, {**whole.model, next(iter(whole.model)): lambda atoms: 1}, whole.steps)
    assert [line.status for line in wrong.lines() if not line.discharged] == ["model (tested)", "derived", "derived"]


def test_every_formal_name_and_every_source_exists() -> None:
    keys = set(re.findall(r"^@\w+\{(\w+),", (FORMAL.parent / "references.bib").read_text(encoding="utf-8"), re.M))
    assert {theorem.source.key for theorem in ALL} <= keys | {"new"}
    texts = [path.read_text(encoding="utf-8") for path in Path(sqtheory.__file__).parent.rglob("*.py")]
    cited = {key for text in texts for key in re.findall(r"`([a-z]+\d{4}[a-z]\w*)`", text)}
    assert cited and cited <= keys
    for theorem in ALL:
        assert all(statement(name) for name in theorem.formal)
        assert theorem.slug in theorem.formal or f"{theorem.slug}.v" not in files()


def test_a_file_requires_what_it_imports() -> None:
    assert requires("Vectors.v") == ["Vectors.v"]
    assert requires("Axioms.v") == files()
    assert requires() == []
    assert requires("prune_first_identity.v")[-1] == "prune_first_identity.v"


def test_the_printed_axioms_are_read() -> None:
    printed = """Axioms:
ClassicalDedekindReals.sig_not_dec : forall P : Prop, {~ ~ P} + {~ P}
FunctionalExtensionality.functional_extensionality_dep
  : forall (A : Type) (B : A -> Type) (f g : forall x : A, B x),
    (forall x : A, f x = g x) -> f = g
Closed under the global context
Axioms:
my_axiom : False
"""
    first, second, third = axioms(printed)
    assert first < CLASSICAL_REALS and len(first) == 2
    assert second == frozenset() and third == {"my_axiom"}


def formal(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (folder / "_CoqProject").write_text("-Q . sqtheory\nclaim.v\n")
    (folder / "claim.v").write_text(text)
    monkeypatch.setattr(machine_checked, "FORMAL", folder)


def test_an_admitted_claim_is_refused_and_a_comment_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    formal(tmp_path, monkeypatch, "Theorem t : True.\nProof. Admitted.\n")
    with pytest.raises(ProofError, match=r"claim\.v leaves something unproved: Admitted"):
        source("claim.v")
    formal(tmp_path, monkeypatch, "(* not Admitted *) Theorem t : True.\nProof. exact I. Qed.\n")
    assert statement("t") == ("claim.v", "t : True.")


@needs_coq
def test_a_true_claim_is_proved_and_a_false_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    formal(tmp_path, monkeypatch, "Theorem t : 1 + 1 = 2.\nProof. reflexivity. Qed.\nPrint Assumptions t.\n")
    [theorem], _ = check()
    assert (theorem.name, theorem.axioms) == ("t", frozenset())
    formal(tmp_path, monkeypatch, "Theorem t : 1 + 1 = 3.\nProof. reflexivity. Qed.\nPrint Assumptions t.\n")
    with pytest.raises(ProofError, match=r"claim\.v.*Unable to unify"):
        check()


@nightly
@needs_coq
def test_some_theorems_can_be_checked_alone() -> None:
    """By day ``show`` has one checked, in ``tests/cli/test_registry.py``."""
    names = ("prune_first_identity", "swap_gap", "swap_constant")
    checked = check_named(*names)
    assert tuple(theorem.name for theorem in checked) == names and checked[0].file == "prune_first_identity.v"
    assert all(theorem.axioms <= CLASSICAL_REALS for theorem in checked)
    assert check_named() == []


@needs_coq
def test_an_axiom_of_ones_own_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Section S.\nHypothesis h : False.\nEnd S.\nTheorem t : False -> 1 = 2.\nProof. tauto. Qed.\n"
    formal(tmp_path, monkeypatch, text + "Print Assumptions t.\n")
    assert check()[0][0].axioms == frozenset()
    formal(tmp_path, monkeypatch, "Axiom h : 1 = 2.\nTheorem t : 1 = 2.\nProof. exact h. Qed.\nPrint Assumptions t.\n")
    with pytest.raises(ProofError, match="unproved: Axiom"):
        check()
    monkeypatch.setattr(machine_checked, "UNPROVED", re.compile("Admitted"))
    with pytest.raises(ProofError, match="t rests on h"):
        check()
