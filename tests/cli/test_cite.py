import tomllib
from pathlib import Path

import pytest

from sqtheory.cli import main
from sqtheory.proofs.references import FILE, entries, references
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import ALL

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def said(capsys: pytest.CaptureFixture[str], *asked: str) -> str:
    assert main(["cite", *asked]) == 0
    return capsys.readouterr().out


def test_the_software_cites_itself_as_the_project_says(capsys: pytest.CaptureFixture[str]) -> None:
    [own] = entries(said(capsys).strip()).values()
    assert (own.key, own.kind) == ("sqtheory", "software")
    assert own.authors == [(author["name"], "") for author in PROJECT["authors"]]
    assert own.fields["version"] == PROJECT["version"] and own.fields["note"] == PROJECT["license"]
    assert own.fields["title"] == f"{PROJECT['name']}: {PROJECT['description']}".rstrip(".")


@pytest.mark.parametrize("theorem", ALL, ids=str)
def test_a_theorem_cites_its_source_and_the_place(theorem: Theorem, capsys: pytest.CaptureFixture[str]) -> None:
    source = theorem.source
    text = said(capsys, str(theorem))
    if source.key == "new":
        assert text.startswith("@software{sqtheory,") and text.endswith(f"% theorem {theorem}\n")
    else:
        assert text.startswith(references()[source.key].bibtex) and source.locator in text


def test_everything_is_the_file_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    own, _, rest = said(capsys, "--all").partition("\n\n")
    assert own.startswith("@software{sqtheory,") and rest == FILE.read_text(encoding="utf-8")


def test_the_citation_file_is_yaml_with_what_it_must_have(capsys: pytest.CaptureFixture[str]) -> None:
    yaml = pytest.importorskip("yaml")
    text = said(capsys, "--all", "--cff")
    found = yaml.safe_load(text)
    assert {"cff-version", "message", "title", "authors"} <= found.keys() and found["version"] == PROJECT["version"]
    sources = references()
    assert [r["title"] for r in found["references"]] == [e.plain("title") for e in sources.values()]
    assert all(r["authors"] and r["type"] and isinstance(r["year"], int) for r in found["references"])
    [hardy] = [r for r in found["references"] if r["title"] == "Inequalities"]
    assert hardy["authors"][2] == {"family-names": "Pólya", "given-names": "G."}
    assert not any(sign in r["title"] for r in found["references"] for sign in "{}\\")
    assert "references" not in yaml.safe_load(said(capsys, "--cff"))


def test_refusals(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cite", "prune_first_bond"]) == 2
    assert "did you mean prune_first_bound?" in capsys.readouterr().err
    assert main(["cite", "prune_first_bound", "--all"]) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@book{a,\n  title = {A\n}", "line 2: neither the head"),
        ("@book{a,\n}\n@book{a,\n}", "line 3: 'a' is there twice"),
        ("@book{a,\n  title = {A}", "'a' has no end"),
        ("@book{a,\n\n}", "line 2"),
        ("title", "line 1"),
    ],
)
def test_what_is_no_entry_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        entries(text)
