"""The standing of a theorem is computed, and a theorem that does not stand says so."""

from dataclasses import replace

import numpy as np
import pytest

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.cli import main
from sqtheory.proofs import standing as module
from sqtheory.proofs.proof import proof_of
from sqtheory.proofs.standing import broken, by_how_much, cases, killed_table, only_tested, standing, status_table
from sqtheory.theory.case import Case
from sqtheory.theory.quantities import MAGNITUDE
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import ALL, BY_SLUG
from tests.theory.test_theorems import BROKEN, ROWS

DOMINATES = BY_SLUG["prune_first_dominates"]
SOME = [BY_SLUG[slug] for slug in ("rounding_cell", "order_reversal", "dot_decomposition", "saturation")]
ids = pytest.mark.parametrize("theorem", SOME, ids=str)


@ids
def test_rows_are_those_that_check_finds_admissible(theorem: Theorem) -> None:
    found = standing(theorem, 60)
    checks = [theorem.check(case) for case in cases(theorem, 60)]
    assert found.rows == sum(int(check.admissible.sum()) for check in checks) > 0
    assert found.violated == 0 and found.sound and found.needed == len(theorem.given)
    assert found.concluded == proof_of(theorem).extent
    assert found.steps.total() >= len(proof_of(theorem).steps)


def test_a_false_theorem_does_not_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "proof_of", lambda theorem: proof_of(BY_SLUG["prune_first_identity"]))
    found = standing(BROKEN, 2_000)
    assert found.violated and not found.sound


def test_an_assumption_that_nothing_needs_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    idle = MAGNITUDE.shown(Case.of([7, 2, 1, 0], int_(4), nm(2, 4)))
    more = replace(DOMINATES, given=(idle, *(a for a in DOMINATES.given if a != MAGNITUDE)))
    assert broken(more, idle) is None and broken(more, replace(idle, fails_without=None)) is None
    monkeypatch.setattr(module, "proof_of", lambda theorem: proof_of(DOMINATES))
    found = standing(more, 20)
    assert found.needed == len(DOMINATES.given) - 1 and not found.sound


def test_what_is_killed_is_false_there_by_exact_arithmetic() -> None:
    table = killed_table([DOMINATES])
    assert [row[1] for row in table.rows] == [a.name for a in DOMINATES.given]
    for assumption in DOMINATES.given:
        case = broken(DOMINATES, assumption)
        assert case is not None and len(case) == 1
        sq, qs = (
            np.linalg.norm(case.x - y, case.p, axis=1)[0] if case.p >= 1 else 0
            for y in (
                case.orders.after_mask,
                case.orders.masked_image,
            )
        )
        told = by_how_much(DOMINATES, assumption, case)
        assert case.p < 1 or (sq > qs and told == f"e_sq ≤ e_qs: {sq:.6g} > {qs:.6g}")


def test_what_is_tested_only_says_why() -> None:
    rows = only_tested(ALL).rows
    assert {row[0] for row in rows} == {t.slug for t in ALL if "tested only" in proof_of(t).extent}
    assert all(len(row[2].split()) > 3 for row in rows)
    assert status_table([standing(SOME[0], 20)]).rows[0][0] == "rounding_cell"


def test_the_command_fails_if_a_theorem_does_not_stand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sqtheory.theory.theorems.ALL", (SOME[0],))
    assert main(["theorems", "--status"]) == 0
    assert "1 theorems: 1 derived. 2 assumptions" in capsys.readouterr().out
    monkeypatch.setattr("sqtheory.theory.theorems.ALL", (BROKEN,))
    monkeypatch.setattr(module, "proof_of", lambda theorem: proof_of(BY_SLUG["prune_first_identity"]))
    assert main(["theorems", "--status"]) == 1


def test_the_page_says_how_many_rows_the_suite_tries() -> None:
    from tests.readme import DOCS

    text = (DOCS / "status.md").read_text(encoding="utf-8")
    assert (
        f"{15_000:,} rows for each" in text
        and "in `.ci/run` 200,000" in text
        and f"of {module.ROWS} random rows" in text
    )
    assert ROWS in (15_000, 200_000, 20_000_000)
