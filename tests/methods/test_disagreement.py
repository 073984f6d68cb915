"""Every disagreement is checked, cites what the registry cites, and says when it falls."""

import json
from dataclasses import replace

import pytest

from sqtheory.cli import main
from sqtheory.methods import disagreement, find
from sqtheory.methods.disagreement import ALL, Disagreement, needs, separates
from sqtheory.proofs.references import references
from sqtheory.theory.claims import Claim
from sqtheory.theory.quantities import ERROR_Q, ERROR_S
from sqtheory.theory.theorems import find as theorem
from sqtheory.theory.theorems import finer_blocks, mask_dominates


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.claim[:40])
def test_what_is_said_instead_is_so_and_the_command_is_there(one: Disagreement) -> None:
    assert one.holds() and one.source.key in references() and one.source.locator
    verb, name = one.check.split()
    assert {"show": theorem, "methods": find}[verb](name)


def test_a_witness_that_does_not_separate_and_an_assumption_that_is_idle_are_seen() -> None:
    turned = replace(mask_dominates.THEOREM, claims=(Claim(ERROR_Q, ">", ERROR_S),))
    assert separates(mask_dominates.THEOREM) and not separates(turned)
    given = finer_blocks.THEOREM.given
    idle = replace(given[0], fails_without=finer_blocks.THEOREM.witness.case)  # type: ignore[attr-defined]
    assert needs(finer_blocks.THEOREM) and not needs(replace(finer_blocks.THEOREM, given=(idle, *given[1:])))


def test_one_that_falls_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["methods", "--disagreements", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "sqtheory.disagreements/1" and len(told["disagreements"]) == len(ALL)
    monkeypatch.setattr(disagreement, "ALL", (replace(ALL[0], holds=lambda: False),))
    assert main(["methods", "--disagreements"]) == 1
    assert f"{ALL[0].claim}: what is said instead does not stand" in capsys.readouterr().err
    assert main(["methods", "--disagreements", "wanda"]) == 2


def test_the_table_is_sorted_as_asked(capsys: pytest.CaptureFixture[str]) -> None:
    for key in ("name", "verdict"):
        assert main(["methods", "--sort", key, "--json"]) == 0
        listed = [one[key] for one in json.loads(capsys.readouterr().out)["methods"]]
        assert listed == sorted(listed)
