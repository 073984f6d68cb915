"""What verbs print of names that nobody should print as they are."""

import ast
import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import sqtheory
from sqtheory.cli import main

HOSTILE = "=cmd|' /C calc'!A0\x1b[31m\x9b\u202e\u2028\x85$x^$[*"
"""A formula, an escape sequence, a reversal, two line ends, mathematics."""
PLAIN = "layers.0.weight"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    path = tmp_path / "a\u202eb\x85c.safetensors"
    save_file({name: rng.standard_normal((8, 64)).astype("f4") for name in (HOSTILE, PLAIN, "v")}, path)
    return path


def plain(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


PIPELINE = ["--mask", "2:4", "--format", "int4"]


@pytest.mark.parametrize(
    ("verb", "more"),
    [
        *(("order", PIPELINE), ("predict", PIPELINE), ("inspect", [])),
        ("price", [*PIPELINE, "--sample", "8"]),
        ("apply", ["{out}", *PIPELINE, "--dry-run"]),
    ],
)
def test_names_are_escaped_in_json_and_in_text(
    model: Path, verb: str, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = [verb, str(model), *(word.format(out=model.with_name("out\x9b.safetensors")) for word in more)]
    if verb == "predict":
        words.append("--tensors")
    assert main([*words, "--json"]) == 0
    printed = capsys.readouterr().out
    assert plain(printed) and (verb == "price" or any(HOSTILE in text for text in strings(json.loads(printed))))
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert plain(printed) and (verb == "price" or "\\u202e" in printed)


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        value = list(value.values())
    return [s for v in value for s in strings(v)] if isinstance(value, list) else [value] * isinstance(value, str)


def test_refusals_are_escaped(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(model.with_name("no\x1bthing\u202e.npz"))]) != 0
    assert main(["order", str(model), *PIPELINE, "--fail-over", "0"]) == 1
    said = capsys.readouterr()
    assert plain(said.err) and "\\u202e" in said.err and plain(said.out)


def test_the_data_of_a_figure_are_no_formulas(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "figures"
    words = ["figure", "channels", "--model", str(model), "--mask", "2:4", "--format", "svg", "--out", str(out)]
    assert main(words) == 0
    written = (out / "channels.csv").read_text(encoding="utf-8")
    cells = [cell for row in csv.reader(io.StringIO(written)) for cell in row]
    assert plain(written) and not any(cell.startswith(("=", "+", "@", "\t")) for cell in cells)
    assert HOSTILE in [ast.literal_eval(cell) for cell in cells if cell.startswith(("'", '"'))]
    assert plain((out / "channels.txt").read_text(encoding="utf-8"))
    assert "\\u202e" in (out / "channels.txt").read_text(encoding="utf-8")


def test_json_is_printed_in_one_place() -> None:
    """A verb that prints JSON of its own would print names as they are; citations hold none."""
    verbs = Path(sqtheory.__file__).parent / "cli"
    own = {file.name for file in verbs.glob("*.py") if "json.dumps(" in file.read_text(encoding="utf-8")}
    assert own == {"cite.py"}


def test_a_norm_beyond_float64_is_called_an_overflow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, page = tmp_path / "huge.npz", tmp_path / "page.html"
    np.savez(path, w=np.where(np.arange(256) % 3, 1.7e308, -1.1e308).reshape(4, 64))
    assert main(["order", str(path), *PIPELINE]) == 0
    assert main(["apply", str(path), str(tmp_path / "out.npz"), *PIPELINE, "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("overflow") >= 12 and "nan" not in printed.replace("finance", "") and "inf" not in printed
    assert main(["order", str(path), *PIPELINE, "--fail-over", "50"]) == 1
    assert "a norm beyond the range of float64 exceeds --fail-over 50%" in capsys.readouterr().err
    assert main(["report", str(path), *PIPELINE, "--no-prediction", "-o", str(page)]) == 0
    assert "overflow" in page.read_text(encoding="utf-8") and '"nan"' not in page.read_text(encoding="utf-8")
