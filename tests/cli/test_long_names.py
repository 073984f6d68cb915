"""Names of 300 characters in every table, and names that look like patterns, paths or control characters."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sqtheory.cli import main
from sqtheory.tables import LONGEST, Table, short

HEAD, TAIL = "model." * 24, ".language_model" * 10
LONG = [f"{HEAD}layers.{i}.mlp{TAIL}.weight" for i in range(2)]
ODD = ["a/b.weight", "re:x", "tab\tname", "rtl\u202ename", "model.language_model.language_model.layers.0.fc.weight"]
ASKED = ("--mask", "2:4", "--format", "int4")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    names = [*LONG, *ODD, f"{LONG[0]}.bias"]
    save_file({name: rng.normal(size=(4, 8)).astype(np.float32) for name in names}, tmp_path / "w.safetensors")
    return tmp_path / "w.safetensors"


def said(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert main(list(map(str, words))) == 0
    return capsys.readouterr().out


def test_long_names_are_shortened_in_the_middle_and_stay_apart() -> None:
    assert all(len(name) > 300 for name in LONG)
    shown = [short(name) for name in LONG]
    assert all(len(text) == LONGEST and text.startswith("model.model.") and text.endswith(".weight") for text in shown)
    assert shown[0] != shown[1] and short("a" * LONGEST) == "a" * LONGEST
    assert short("tab\tname") == "'tab\\tname'" and short("\ud800" * 200).isprintable()


@pytest.mark.parametrize(
    "words",
    [("order",), ("order", "--markdown"), ("predict", "--tensors"), ("predict", "--tensors", "--markdown")],
    ids=" ".join,
)
def test_tables_stay_narrow(words: tuple[str, ...], model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verb, *more = words
    text = said(capsys, verb, model, *ASKED, *more)
    rows = [line for line in text.splitlines() if "model.model." in line]
    assert len(rows) == 2 and all(line.isprintable() and len(line) < 300 for line in text.splitlines()[2:])
    assert all(short(name) in text for name in LONG)


def test_inspect_and_apply_stay_narrow_and_json_has_all_of_a_name(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, "inspect", model)
    assert max(map(len, text.splitlines())) < 200 and all(short(name) in text for name in LONG)
    out = model.with_name("out.safetensors")
    text = said(capsys, "apply", model, out, *ASKED)
    assert all(short(name) in text for name in (*LONG, f"{LONG[0]}.bias"))
    assert max(map(len, text.splitlines())) < 300
    assert {one["name"] for one in json.loads(Path(f"{out}.sqtheory.json").read_text())["tensors"]} >= {*LONG, *ODD}
    assert load_file(out).keys() == load_file(model).keys()
    assert "verified" in said(capsys, "verify", out, "--against", model)
    found = json.loads(said(capsys, "order", model, *ASKED, "--json"))
    assert {one["name"] for one in found["tensors"]} == {*LONG, *ODD}
    assert [one["name"] for one in found["skipped"]] == [f"{LONG[0]}.bias"]


def test_the_page_shows_short_names(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = model.with_name("page.html")
    said(capsys, "report", model, *ASKED, "--no-prediction", "-o", page)
    text = page.read_text()
    assert all(f">{short(name)}<" in text for name in (*LONG, f"{LONG[0]}.bias"))


def test_a_name_that_looks_like_a_pattern_is_ignored_by_that_name(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(said(capsys, "order", model, *ASKED, "--json", "--ignore", r"re:re:x", "--ignore", "a/b.weight"))
    assert {one["name"] for one in found["tensors"]} == {*LONG, *ODD} - {"re:x", "a/b.weight"}


def test_a_short_name_in_latex_is_one_line() -> None:
    text = Table(("tensor",), ((short(LONG[0]),),)).latex()
    assert "dots" in text and len(max(text.splitlines(), key=len)) < 150


@pytest.mark.parametrize("shape", [(0, 64), (64, 0), ()])
def test_inspect_has_no_nan_for_tensors_of_no_entries(
    shape: tuple[int, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_file({"w": np.ones(shape, np.float32), "x": np.ones((2, 4), np.float32)}, tmp_path / "w.safetensors")
    assert " nan" not in said(capsys, "inspect", tmp_path / "w.safetensors").lower().replace("nan/inf", "")
    assert " compared, " in said(capsys, "order", tmp_path / "w.safetensors", *ASKED)
