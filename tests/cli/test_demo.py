import csv
import json
from functools import cache
from pathlib import Path

import pytest

from sqtheory.cli import demo, main
from sqtheory.cli.demo import FORMATS, MASKS, MODELS, conclusion
from sqtheory.show.figures.order_gap import Point
from tests.nightly import NIGHTLY


def test_demo_measures_concludes_and_draws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it measures is kept for its second run, which only has to refuse to write; by day three formats of nine."""
    formats = FORMATS if NIGHTLY else ("hbfp8", "hbfp6", "hbfp4")
    monkeypatch.setattr(demo, "FORMATS", formats)
    measured = cache(demo.measure)
    monkeypatch.setattr(demo, "measure", lambda *, quiet: measured(quiet=quiet))
    out = tmp_path / "new" / "folder"
    assert main(["demo", "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    rows = {(r["model"], r["mask"], r["format"]): r for r in found["rows"]}
    assert set(rows) == {(model, mask, fmt) for model in MODELS for mask in MASKS for fmt in formats}
    for (_, mask, _), row in rows.items():
        assert row["optimum"] <= min(row["sq"], row["qs"])
        assert mask != "2:4" or row["sq"] == row["optimum"] < row["qs"]
    for model in MODELS:
        gaps = [rows[model, "2:4", f]["gap"] for f in ("hbfp8", "hbfp6", "hbfp4")]
        assert gaps == sorted(gaps)
    better = sum(r["gap"] > 0 for r in rows.values())
    assert f"in {better} of {len(rows)} cases" in found["conclusion"]
    files = {path.name: path.read_bytes() for path in out.iterdir()}
    assert set(files) == {"order_gap.csv", "order_gap.png", "order_gap.svg"}
    listed = list(csv.DictReader(files["order_gap.csv"].decode().splitlines()))
    assert [float(line["sq"]) for line in listed] == [r["sq"] for r in found["rows"]]
    assert files["order_gap.png"].startswith(b"\x89PNG") and b"</svg>" in files["order_gap.svg"]

    (out / "order_gap.csv").write_text("mine")
    assert main(["demo", "--out", str(out), "--json"]) == 2
    assert (out / "order_gap.csv").read_text() == "mine" and "--force" in capsys.readouterr().err


def test_the_conclusion_follows_the_numbers() -> None:
    points = [
        Point("m", "2:4", "int8", "INT", 8, 30.0, 30.5, 30.0),
        Point("m", "50%", "int4", "INT", 4, 31.0, 29.0, 28.5),
    ]
    sentence = conclusion(points)
    assert (
        "1 of 2 cases" in sentence and "0.5% at 8 bits (m, 2:4, int8)" in sentence and "2.5% of ‖x‖ at most" in sentence
    )
