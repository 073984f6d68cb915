"""The notebooks run from top to bottom and are committed without what they print."""

import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]


def outputs(notebook: dict[str, object]) -> list[str]:
    """The cells of a notebook that hold what a run left behind."""
    cells = notebook["cells"]
    assert isinstance(cells, list)
    return [cell["id"] for cell in cells if cell.get("outputs") or cell.get("execution_count") or cell["metadata"]]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_no_output_is_committed_and_cell_ids_are_their_places(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert outputs(notebook) == []
    assert [cell["id"] for cell in notebook["cells"]] == [f"cell-{i:02}" for i in range(1, len(notebook["cells"]) + 1)]
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert text == json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def test_a_committed_output_is_found() -> None:
    clean = json.loads(NOTEBOOKS[0].read_text(encoding="utf-8"))
    code = next(cell for cell in clean["cells"] if cell["cell_type"] == "code")
    code["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["1"]}]
    assert outputs(clean) == [code["id"]]


PATIENCE = 180
"""Seconds for one cell; none takes a third of it on two busy cores."""


def executed(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, first: str = "", last: str = "") -> list[Any]:
    """What a notebook printed and showed, run in a folder between two lines of code.

    A cell that never ends is tried once more with a fresh kernel: with nbclient 0.11 and ipykernel 7 it has been seen
    that a kernel had answered, and both waited for each other without using any time.
    """
    reason = "pip install 'sqtheory[notebook]' brings what runs notebooks"
    nbformat = pytest.importorskip("nbformat", reason=reason)
    nbclient = pytest.importorskip("nbclient", reason=reason)
    pytest.importorskip("ipykernel", reason=reason)
    monkeypatch.delenv("MPLBACKEND", raising=False)
    for again in (True, False):
        notebook = nbformat.read(path, as_version=4)
        more = [[nbformat.v4.new_code_cell(line)] if line else [] for line in (first, last)]
        notebook.cells = [*more[0], *notebook.cells, *more[1]]
        place = {"metadata": {"path": str(folder)}}
        try:
            nbclient.NotebookClient(notebook, timeout=PATIENCE, kernel_name="python3", resources=place).execute()
            break
        except nbclient.exceptions.CellTimeoutError:
            if not again:
                raise
    return [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_every_cell_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = executed(path, tmp_path, monkeypatch)
    complaints = [o.text for o in printed if o.output_type == "stream" and o.name == "stderr"]
    assert printed and complaints == []
    assert {left.name for left in tmp_path.iterdir()} <= {".hypothesis"}


def test_the_slider_is_one_and_its_place_is_taken_where_ipywidgets_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slider redraws when it is moved; without it the notebook says what brings it, below the same figure."""
    pytest.importorskip("ipywidgets", reason="pip install 'sqtheory[notebook]' brings the slider")
    [path] = [path for path in NOTEBOOKS if "two_orders" in path.stem]
    moved = executed(path, tmp_path, monkeypatch, last="slider.children[0].value = 2.5; print(slider.kwargs)")
    widget = "application/vnd.jupyter.widget-view+json"
    assert sum(widget in o.data for o in moved if "data" in o) == 1
    assert moved[-1].text == "{'position': 2.5}\n"
    without = executed(path, tmp_path, monkeypatch, "import sys; sys.modules['ipywidgets'] = None")
    shown = [o.data for o in without if "data" in o]
    assert not any(widget in data for data in shown)
    assert any("sqtheory[notebook]" in data.get("text/plain", "") for data in shown)
    assert sum("image/png" in data for data in shown) == 1
