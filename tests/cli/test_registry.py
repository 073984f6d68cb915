import json
import shutil

import pytest

from sqtheory.cli import main
from sqtheory.theory.theorems import ALL, BY_SLUG, find
from tests.nightly import NIGHTLY


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(list(argv)) == 0
    return capsys.readouterr().out


def test_the_table_has_a_line_for_each_theorem(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "theorems")
    assert all(any(line.startswith(t.slug) for line in text.splitlines()) for t in ALL)
    markdown = said(capsys, "theorems", "--markdown")
    assert all(f"(proofs/{t.slug}.py)" in markdown for t in ALL)
    document = json.loads(said(capsys, "theorems", "--json"))
    assert document["schema"] == "sqtheory.theorems/1"
    assert [t["slug"] for t in document["theorems"]] == list(BY_SLUG)
    assert all(t["claims"] and t["title"] and t["source"] and t["witness"] for t in document["theorems"])


def test_a_theorem_is_shown_whole(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With what Coq says of its axioms every night, where it is installed; by day as where it is not."""
    if not NIGHTLY:
        monkeypatch.setenv("PATH", "")
    text = said(capsys, "show", "prune_first_identity")
    theorem = find("prune_first_identity")
    assert all(a.statement in text for a in theorem.given) and "fails without it: x = (3, -1)" in text
    assert "witness: attained at x = (7, 2.5, 1, 1), nm(2, 4), int(4), p = 1" in text
    assert "source: harma2025interplay" in text and "proof: proofs/prune_first_identity.py" in text
    assert "algebra" in text and "model (tested)" in text and "FAILED" not in text
    assert "formal" in text and "keeps_zero" in text and "err p n x (quantize q (prune m x))" in text
    assert ("sig_forall_dec" in text) == bool(shutil.which("coqc"))


def test_a_theorem_in_latex_and_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    latex = said(capsys, "show", "prune_first_identity", "--latex")
    assert latex.startswith(r"\begin{theorem}[") and r"\label{thm:prune_first_identity}" in latex
    assert latex.isascii() and r"\varepsilon_{q\circ s}" in latex and "gather*" in latex
    markdown = said(capsys, "show", "prune_first_identity", "--markdown")
    assert markdown.startswith("### `prune_first_identity`") and "$$" in markdown


@pytest.mark.parametrize("theorem", ALL, ids=str)
def test_every_statement_is_plain_latex(theorem: object, capsys: pytest.CaptureFixture[str]) -> None:
    latex = said(capsys, "show", str(theorem), "--latex")
    assert latex.isascii(), {c for c in latex if not c.isascii()}
    assert latex.count("{") == latex.count("}")


def test_a_proof_prints_every_line_and_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "prove", "dot_decomposition")
    assert "1 theorems, 0 failures" in text and " ms  " in text


@pytest.mark.parametrize("verb", ["show", "prove"])
def test_an_unknown_name_is_answered_with_the_closest(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "prune_first_identify"]) == 2
    assert "did you mean prune_first_identity?" in capsys.readouterr().err
    assert main([verb, "zzz"]) == 2
    assert "sqtheory theorems lists them" in capsys.readouterr().err


def test_constants_of_every_quantizer(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "constants")
    assert all(name in text for name in ("int4", "mxfp4", "nvfp4", "hbfp6"))
    document = json.loads(said(capsys, "constants", "--json"))
    assert document["schema"] == "sqtheory.constants/1" and len(document["constants"]) > 10
