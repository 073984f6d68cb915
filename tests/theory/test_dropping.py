"""Without an assumption the solver is asked again, and a tensor that breaks the theorem is found, small and certain."""

import numpy as np
import pytest

from sqtheory.cli import main
from sqtheory.proofs.dropping import certain, drawn, drop
from sqtheory.theory.theorems import BY_SLUG
from tests.nightly import thin

SLUGS = ("prune_first_dominates", "prune_first_identity", "swap_gap", "margin", "delta_coding")
DROPPED = [(slug, a.name) for slug in SLUGS for a in BY_SLUG[slug].given]


@thin(8)
@pytest.mark.parametrize(("slug", "name"), DROPPED, ids=[f"{slug}-{name}" for slug, name in DROPPED])
def test_a_row_that_breaks_it_is_found(slug: str, name: str) -> None:
    """On it this assumption alone fails, and a claim with it, in exact arithmetic."""
    theorem = BY_SLUG[slug]
    found = drop(theorem, name, np.random.default_rng(0))
    for a in theorem.given:
        assert a.holds(found.case).all() == (a.name != name)
    assert theorem.excess(found.case)[0] > 0 and certain(theorem, found.case)


def test_what_the_solver_says_and_the_row_entry_by_entry(capsys: pytest.CaptureFixture[str]) -> None:
    found = drop(BY_SLUG["prune_first_dominates"], "one_scale_per_group", np.random.default_rng(0))
    assert found.tried and found.solved[0][1].startswith("refuted: ") and "⟨" not in found.text()
    assert len(drawn(found.case).rows) == found.case.x.shape[1]
    assert main(["show", "prune_first_dominates", "--drop", "one_scale_per_group"]) == 0
    printed = capsys.readouterr().out.split("\n\n")
    assert [part.strip() for part in printed[1:]] == [part.strip() for part in found.text().split("\n\n")[1:]]


def test_an_assumption_that_it_does_not_make(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "swap_gap", "--drop", "uniform"]) == 2
    assert "swap_gap does not assume 'uniform': it assumes keeps_zero, " in capsys.readouterr().err
    assert main(["show", "dot_decomposition", "--drop", "magnitude"]) == 2
    assert "it assumes nothing" in capsys.readouterr().err
    assert main(["show", "swap_gap", "--drop", "magnitude", "--latex"]) == 2
