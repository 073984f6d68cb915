"""The notebooks run from top to bottom and are committed without what they print."""

import json
from pathlib import Path

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


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_every_cell_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "pip install 'sqtheory[notebook]' brings what runs notebooks"
    nbformat = pytest.importorskip("nbformat", reason=reason)
    nbclient = pytest.importorskip("nbclient", reason=reason)
    pytest.importorskip("ipykernel", reason=reason)
    monkeypatch.delenv("MPLBACKEND", raising=False)
    notebook = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources=place).execute()
    printed = [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    complaints = [o.text for o in printed if o.output_type == "stream" and o.name == "stderr"]
    assert printed and complaints == []
    assert {left.name for left in tmp_path.iterdir()} <= {".hypothesis"}
