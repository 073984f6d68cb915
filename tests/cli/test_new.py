"""A theorem that is begun can be read, is refuted by the suite until its claim is replaced, and replaces nothing."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from sqtheory.cli import main
from sqtheory.proofs.proof import Proof
from sqtheory.theory.theorem import Theorem
from tests.theory.test_theorems import test_holds_and_is_not_vacuous as holds

ROOT = Path(__file__).parents[2]
LIST = Path("sqtheory/theory/theorems/__init__.py")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder laid out as the source is."""
    (tmp_path / LIST).parent.mkdir(parents=True)
    (tmp_path / "proofs").mkdir()
    shutil.copy(ROOT / LIST, tmp_path / LIST)
    return tmp_path


def load(path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> object:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def test_it_is_false_until_it_is_yours(
    source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", "theorem", "later_is_better", "--root", str(source), "--title", "Later is better"]) == 0
    assert "later_is_better.THEOREM," in capsys.readouterr().out
    folder = "sqtheory.theory.theorems.later_is_better"
    statement = load(source / LIST.parent / "later_is_better.py", folder, monkeypatch)
    theorem = statement.THEOREM  # type: ignore[attr-defined]
    assert isinstance(theorem, Theorem) and theorem.title == "Later is better"
    with pytest.raises(AssertionError):
        holds(theorem)
    proof = load(source / "proofs/later_is_better.py", "sqtheory.proofs.later_is_better", monkeypatch).PROOF  # type: ignore[attr-defined]
    assert isinstance(proof, Proof)
    failed = [line for line in proof.lines() if not line.discharged]
    assert any(line.detail.startswith("refuted: ") for line in failed)


def test_nothing_is_replaced_and_nothing_is_written_elsewhere(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = source / "proofs/mine.py"
    kept.write_text("mine", encoding="utf-8")
    assert main(["new", "theorem", "mine", "--root", str(source)]) == 2
    assert "proofs/mine.py is there already" in capsys.readouterr().err
    assert kept.read_text(encoding="utf-8") == "mine" and not (source / LIST.parent / "mine.py").exists()
    for slug, why in (("Mine!", "is named by small letters"), ("yours", "is missing")):
        root = source if slug != "yours" else source / "proofs"
        assert main(["new", "theorem", slug, "--root", str(root)]) == 2
        assert why in capsys.readouterr().err
    assert main(["new", "theorem", "yours", "--root", str(source), "--title", 'a "b"']) == 2
    assert "a title is one line" in capsys.readouterr().err
