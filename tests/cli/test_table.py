import json
import re
from typing import Any

import numpy as np
import pytest

from sqtheory.alphabet.words import ALIAS_EXAMPLES
from sqtheory.cli import main
from sqtheory.models.evaluation.data import windows
from sqtheory.models.evaluation.grid import FORMATS, PATTERNS, QUICK_SHARE, TUNED, CompressionGrid, Found
from tests.models.architectures.small import samples
from tests.nightly import NIGHTLY

FEW = ("table", "--model", "lm", "--samples", "2", "--format", "hbfp4", "--mask", "2:4", "--mask", "75%")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder of results for this file: each evaluation is computed once."""
    return str(tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="module")
def known() -> dict[str, Found]:
    return {}


@pytest.fixture
def compared_once(known: dict[str, Found], monkeypatch: pytest.MonkeyPatch) -> None:
    """By day a grid is there for the next shape of its tables; every night it is taken from the results each time."""
    really = CompressionGrid.run

    def run(grid: CompressionGrid, **options: Any) -> Found:
        if NIGHTLY or str(grid) not in known:
            known[str(grid)] = really(grid, **options)
        return known[str(grid)]

    monkeypatch.setattr(CompressionGrid, "run", run)


def said(capsys: pytest.CaptureFixture[str], kept: str, *argv: str) -> str:
    assert main([*FEW, "--results", kept, *argv]) == 0
    return capsys.readouterr().out


def test_help_says_how_many_samples_a_grid_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["table", "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    (vit, lm), (every, many) = ([CompressionGrid.of(m, quick=q).samples for m in ("vit", "lm")] for q in (True, False))
    assert every is None and QUICK_SHARE == 16
    assert f"lm {many}, others all; with --quick vit {vit}, lm {lm}, others a sixteenth" in printed


def test_the_grid_is_that_of_the_paper() -> None:
    cells = CompressionGrid.of("vit").cells
    assert len(cells) == 2 * len(FORMATS) * (len(PATTERNS) + len(TUNED)) == 108
    assert set(FORMATS) | set(PATTERNS) <= set(ALIAS_EXAMPLES)
    assert {str(cell.pair.mask) for cell in cells if cell.tuned} == set(TUNED)
    assert 0 < len(CompressionGrid.of("lm", quick=True).cells) < 40
    assert not any(cell.tuned for cell in CompressionGrid.of("lm-s50").cells)


def test_a_quick_grid_of_a_file_takes_a_sixteenth() -> None:
    """Of what is usual, but four at least, if there are as many."""
    every = samples("lm-dense")
    assert (
        len(CompressionGrid.of("a.gguf", quick=True).taken(windows(np.zeros(2049, np.uint8), 16, "text"))) == 128 // 16
    )
    assert len(CompressionGrid.of("a.gguf", quick=True).taken(every)) == min(len(every), 4)
    assert len(CompressionGrid.of("a.gguf").taken(every)) == len(every)


@pytest.mark.usefixtures("compared_once")
def test_tables_in_three_shapes(capsys: pytest.CaptureFixture[str], kept: str) -> None:
    markdown = said(capsys, kept)
    titles = re.findall(r"\*\*(.*?) \(dense", markdown)
    assert titles == [
        "byte language model: bits per byte, one-shot on the dense model, weights",
        "byte language model: bits per byte, one-shot on the dense model, weights and activations",
        "byte language model: bits per byte, sparse fine-tuned, weights",
        "byte language model: bits per byte, sparse fine-tuned, weights and activations",
    ]
    rows = [line for line in markdown.splitlines() if line.startswith(("| 2:4", "| 75%"))]
    assert len(rows) == 6 + 2 and "**byte language model: bits per byte, ties keep the lower or the higher" in markdown
    latex = said(capsys, kept, "--format-out", "latex")
    assert latex.count(r"\begin{tabular}") == latex.count(r"\bottomrule") == 5 and r"S$\to$Q" in latex
    assert r"75\%" in latex and not re.search(r"(?<!\\)%", latex)
    document = json.loads(said(capsys, kept, "--format-out", "json"))
    assert document["schema"] == "sqtheory.table/2" and document["samples"] == 2
    found = [(row["mask"], row["tuned"], row["activations"]) for row in document["rows"]]
    assert found == [
        *(("nm(2, 4)", None, "identity()"), ("nm(2, 4)", None, "hbfp(4)")),
        *(("top(0.25)", None, "identity()"), ("top(0.25)", None, "hbfp(4)")),
        *(("nm(2, 4)", "lm-s2of4", "identity()"), ("nm(2, 4)", "lm-s2of4", "hbfp(4)")),
    ]


@pytest.mark.usefixtures("compared_once")
def test_a_line_says_what_its_evaluations_say(capsys: pytest.CaptureFixture[str], kept: str) -> None:
    lines = [[c.strip() for c in line.split("|")[1:-1]] for line in said(capsys, kept).splitlines() if "|" in line]
    row = dict(zip(lines[0], lines[2], strict=True))  # the columns ± and exceeds keep their last
    document = json.loads(said(capsys, kept, "--format-out", "json"))["rows"][0]
    values = {r["name"]: r["bits_per_byte"]["value"] for r in document["results"]}
    assert row["pipeline"] == "2:4 hbfp4"
    assert [float(row[name]) for name in ("S", "Q", "S→Q", "Q→S", "gain")] == pytest.approx(
        [values[name] for name in ("S only", "Q only", "S→Q", "Q→S", "gain")], abs=5e-5
    )
    assert float(row["Q→S − S→Q"]) == pytest.approx(document["paired"][0]["bits_per_byte"]["value"], abs=5e-5)
    assert float(row["threshold"]) == pytest.approx(document["threshold"]["bits_per_byte"], abs=5e-5)
