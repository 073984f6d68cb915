"""The documentation builds without a warning, and the examples in docstrings print what they say."""

import doctest
import importlib
import pkgutil
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sympy

import sqtheory
from sqtheory.cli.verbs import VERBS
from sqtheory.proofs.proof import proof_of
from sqtheory.proofs.steps import Equal
from sqtheory.theory.theorems import BY_SLUG

DOCS = Path(__file__).parents[1] / "notebooks" / "docs"
escaped: Callable[[list[str]], list[str]] = runpy.run_path(str(DOCS / "plain_docstrings.py"))["escaped"]
MODULES = sorted(
    m.name for m in pkgutil.walk_packages(sqtheory.__path__, "sqtheory.") if not m.name.endswith("__main__")
)


def examples(module: str) -> list[doctest.DocTest]:
    """The docstrings of a module that hold examples."""
    found = doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(module))
    return [test for test in found if test.examples]


def test_examples_in_docstrings_print_what_they_say() -> None:
    tests = [test for module in MODULES for test in examples(module)]
    assert {"sqtheory.alphabet.notation.parse", "sqtheory.orders.report.compare"} <= {test.name for test in tests}
    runner = doctest.DocTestRunner()
    complaints: list[str] = []
    for test in tests:
        runner.run(test, out=complaints.append)
    assert complaints == []


def test_docstrings_are_no_markup_but_for_code() -> None:
    lines = ["|x_i| is ``a_b``*", "", "    f(|x|)", "so::", "", "    a * b", "", "|y|", ">>> a | b_", "c_", "", "d_"]
    shown = [r"\|x\_i\| is ``a_b``\*", "", r"    f(\|x\|)", "so::", "", "    a * b", "", r"\|y\|"]
    assert escaped(lines) == [*shown, ">>> a | b_", "c_", "", r"d\_"]


def test_a_line_that_no_machine_confirms_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    pages = importlib.import_module("pages")
    theorem = BY_SLUG["margin"]
    assert "| algebra |" in pages.proof_table(BY_SLUG["prune_first_identity"]).markdown()
    false = replace(proof_of(theorem), steps=(Equal("one is two", sympy.Integer(1), sympy.Integer(2)),))
    monkeypatch.setattr(pages, "proof_of", lambda _: false)
    with pytest.raises(pages.Undischarged, match="margin: one is two"):
        pages.proof_table(theorem)


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    for package in ("sphinx", "myst_nb", "furo", "sphinx-mathjax-offline", "ipykernel", "ipywidgets"):
        pytest.importorskip(package, reason="pip install 'sqtheory[docs]' brings what builds the documentation")
    command = [sys.executable, str(DOCS / "build.py"), "--out", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if "CellTimeoutError" in run.stderr:  # once more, as ``executed`` of test_notebooks does
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    html = tmp_path / "html"
    assert Path(run.stdout.splitlines()[-1]) == html / "index.html"
    assert {page.stem for page in (html / "theorems").glob("*.html")} == {*BY_SLUG}
    assert len(list((html / "commands").glob("*.html"))) == len(VERBS) + 1
    assert {page.stem for page in html.glob("*.html")} >= {
        "quickstart",
        "contributing",
        "changelog",
        "names",
        "theorems",
    }
    assert 'href="theorems/margin.html#proof"' in (html / "theorems.html").read_text(encoding="utf-8")
    for page in html.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r'<(?:script|link|img)[^>]+(?:src|href)="https?:', text), f"{page} needs the network"
    cited = (html / "cite.html").read_text(encoding="utf-8")
    assert "@software" in cited and "cff-version" in cited and "harma2025interplay" in cited
    shown = {slug: (html / "theorems" / f"{slug}.html").read_text(encoding="utf-8").count(".svg") for slug in BY_SLUG}
    assert shown["price_of_order"] == 2 and sum(count > 0 for count in shown.values()) > 25
    assert "\\varepsilon" in (html / "theorems" / "prune_first_bound.html").read_text(encoding="utf-8")
    assert "[0. 2. 0. 7.]" in (html / "notebooks" / "2_two_orders_one_block.html").read_text(encoding="utf-8")
