"""README and the pages of the documentation: what is generated is current, links lead somewhere, what is shown runs."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.cli import main
from sqtheory.orders.source import source_ties
from sqtheory.show.figures.catalogue import find
from sqtheory.show.figures.data import Request
from sqtheory.theory.theorems import BY_SLUG
from tests.nightly import nightly
from tests.readme import CONTRIBUTING, DOCS, GENERATED, LINK, PICTURE, README, ROOT, pages, regenerated

BUILT = ("commands", "theorems", "api")
"""Folders of the built documentation, whose pages are generated."""


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def marked(name: str, kind: str, page: Path) -> list[str]:
    """The lines of the one block of a page that stands below a marker."""
    [lines] = re.findall(rf"<!-- {name} -->\n```{kind}\n(.*?)```", text(page), re.DOTALL)
    return str(lines).strip().splitlines()


GENERATED_PAGES = [
    pytest.param(page, marks=[nightly] * (page.stem == "costs"), id=page.stem)
    for page in pages()
    if GENERATED.search(text(page))
]
"""That of costs measures a model ten times over."""


@pytest.mark.parametrize("page", GENERATED_PAGES)
def test_generated_tables_are_current(page: Path) -> None:
    assert regenerated(page) == text(page)


def test_readme_is_short_with_two_tables_and_one_picture_and_the_pages_have_the_others() -> None:
    assert len(text(README).splitlines()) <= 150
    assert len(GENERATED.findall(text(README))) == 2 and len(re.findall("<img ", text(README))) == 1
    commands = {command.split()[0] for page in pages() for _, command, _ in GENERATED.findall(text(page))}
    assert commands == {"order", "formats", "masks", "methods", "tools", "theorems", "constants", "predict", "price"}


def test_the_picture_shows_what_is_measured() -> None:
    _, name, _, model, *_ = PICTURE.split()
    assert f'src="{(DOCS / name).relative_to(ROOT)}.png"' in text(README) and (DOCS / f"{name}.png").is_file()
    data = find(name).compute(Request(model))
    assert data.csv() == text(DOCS / f"{name}.csv")
    caption, _, command = text(DOCS / f"{name}.txt").rstrip().rpartition("\n\n")
    assert caption == data.caption and "Q→S in 0" in caption and f"--model {model}" in command
    assert "all 45 pairs" in text(README) and "Of 45 pairs" in caption


def test_the_example_runs_as_printed() -> None:
    code = marked("example", "python", README)
    assert len(code) == 13
    run = subprocess.run([sys.executable, "-c", "\n".join(code)], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("[0. 2. 0. 7.]\n[2. 0. 0. 7.]\n")
    assert "Q→S" in run.stdout and "selection" in run.stdout and "zoo:vit-dense: 24 tensors compared" in run.stdout


def test_what_is_compressed_verifies_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for line in marked("apply", "sh", DOCS / "checkpoints.md"):
        program, *arguments = shlex.split(line)
        assert program == "sqtheory" and main(arguments) == 0
    assert len(list(tmp_path.iterdir())) == 2


@nightly
def test_wanda_goes_from_a_model_to_a_verified_checkpoint_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for line in marked("wanda", "sh", DOCS / "checkpoints.md"):
        program, *arguments = shlex.split(line)
        assert program == "sqtheory" and main(arguments) == 0
    assert len(list(tmp_path.iterdir())) == 3


def test_exactly_two_command_lines_install() -> None:
    assert [line.split("&& ")[-1] for line in text(README).splitlines() if line.startswith("python3 -m venv")] == [
        ".venv/bin/sqtheory demo",
        ".venv/bin/python -m pytest -n auto",
    ]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_every_linked_file_exists(page: Path) -> None:
    made = {DOCS / name for name in ("quickstart.md", "contributing.md", "cite.md")} if page.parent == DOCS else set()
    for path, _ in LINK.findall(text(page)):
        linked = (page.parent / path).resolve()
        built = page.parent == DOCS and linked.parent.parent == DOCS and linked.parent.name in BUILT
        assert linked.is_file() or built or linked in made, f"{page.name} links {path}"


def test_readme_leads_to_every_page_and_to_the_theorem_with_its_proof() -> None:
    linked = {(ROOT / path).resolve() for path, _ in LINK.findall(text(README))}
    assert {page for page in pages() if page.name not in ("README.md", "index.md")} <= linked
    theorem = "prune_first_dominates"
    homes = (f"sqtheory/theory/theorems/{theorem}.py", f"proofs/{theorem}.py", f"proofs/formal/{theorem}.v")
    assert {*map(ROOT.joinpath, homes), ROOT / "tests/theory/test_theorems.py"} <= linked
    formal = {path.stem for path in (ROOT / "proofs" / "formal").glob("*.v")} & BY_SLUG.keys()
    assert f"for {len(formal)} theorems also `proofs/formal/SLUG.v`" in text(README)
    assert f"**{BY_SLUG[theorem].title.split(',')[0]}**" in text(README)


def test_every_theorem_is_listed_with_its_statement_and_its_proof() -> None:
    listed = re.findall(
        r"^\| \[(\w+)\]\(../../sqtheory/theory/theorems/(\w+)\.py\).*\(../../proofs/(\w+)\.py\)",
        text(DOCS / "theorems.md"),
        re.MULTILINE,
    )
    assert listed == [(slug,) * 3 for slug in BY_SLUG]


def test_what_the_contributor_is_sent_to_is_there() -> None:
    """Paths without a name to fill in, and folders of those with one."""
    paths = re.findall(r"`((?:sqtheory|proofs|tests|notebooks)/[^`\s]*)`", text(CONTRIBUTING))
    assert len(paths) > 10
    for path in paths:
        place = ROOT / path
        assert (place.parent if re.search("SLUG|VERB|NAME", place.name) else place).exists(), path


def moved() -> dict[str, str]:
    """Where the changelog says that modules went."""
    rows = re.findall(r"^\| (`.*`) \| (`.*`) \|$", text(DOCS / "changelog.md"), re.MULTILINE)
    named = [[re.findall(r"`([\w.]+)`", cell) for cell in row] for row in rows]
    return {old: new for olds, news in named for old, new in zip(olds, news, strict=True)}


def there(module: str) -> bool:
    place = ROOT / "sqtheory" / module.replace(".", "/")
    return place.is_dir() or place.with_suffix(".py").is_file()


def test_modules_are_where_the_changelog_says() -> None:
    """Each new path is in the package, and no old one is, unless a wing took its name."""
    assert len(moved()) > 80 and all(map(there, moved().values()))
    assert [module for module in moved() if there(module)] == ["orders"]


def test_the_changelog_knows_every_module_that_there_was() -> None:
    """Of 0.1.0, where the history is here: each by its own row, or inside a folder that moved with what is in it."""
    listed = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "1b8065e", "sqtheory"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("the commit of 0.1.0 is not here")
    files = re.findall(r"^sqtheory/(.+?)(?:/__init__)?\.py$", listed.stdout, re.MULTILINE)
    assert len(files) > 200
    for old in (file.replace("/", ".") for file in files):
        parts, rows = old.split("."), moved()
        heads = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
        head = next((head for head in heads if head in rows), "")
        assert there(rows.get(head, "") + old.removeprefix(head)), old


def test_the_ties_of_smollm2_are_said_to_be_those_of_its_source_too() -> None:
    """Perplexities as in the committed table; of normals in Q4_1 so many groups tie in |x| as is said."""
    said = " ".join(text(DOCS / "costs.md").split())
    rows = [r for r in text(ROOT / "notebooks/results/table-smollm2.md").splitlines() if r.startswith("| 2:4 mxfp4 |")]
    [low, high] = next(row.split(" | ")[4:6] for row in rows if "%" in row.split(" | ")[1])
    assert f"from {float(low):_.0f} to {float(high):_.0f}. Not all ties".replace("_", " ") in said
    q, s = parse_as(Quantizer, "format", "Q4_1"), nm(2, 4)
    found = source_ties(q(np.random.default_rng(0).standard_normal((4000, 256)).astype(np.float32)), s)
    assert found is not None and f"({100 * found.tied / found.groups:.1f} % of those of normals in Q4_1)" in said
