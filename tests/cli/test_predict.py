import json
from pathlib import Path

import numpy as np
import pytest

from sqtheory.cli import main

LAYERS = ("--targets", r"re:blocks\.[05]\..*(proj|qkv|fc1|fc2)\.weight")
ASKED = ("predict", "zoo:vit-dense", "--mask", "2:4", "--format", "int4", *LAYERS)


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(list(argv)) == 0
    return capsys.readouterr().out


def test_a_line_for_each_format_and_norm(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, *ASKED, "--format", "mxfp4", "--norm", "1", "--norm", "2").splitlines()
    assert (
        len(lines) == 7
        and lines[-1].startswith("Compared ")
        and lines[0].split() == ("mask format p predicted ties averaged ± corr. measured ± corr.".split())
    )
    assert [line.split()[2:4] for line in lines[1:5]] == [
        ["int(4)", "1"],
        ["int(4)", "2"],
        ["mxfp(e2m1)", "1"],
        ["mxfp(e2m1)", "2"],
    ]
    markdown = said(capsys, *ASKED, "--markdown").splitlines()
    assert markdown[1].startswith("| --- |") and len(markdown) == 5


def test_a_line_for_each_tensor(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, *ASKED, "--tensors")
    assert "nm(2, 4), int(4), p = 1" in text
    assert sum(line.startswith("blocks.") for line in text.splitlines()) == 8


def test_random_ties_are_those_that_order_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = np.round(2 * np.random.default_rng(0).standard_normal((32, 64))).astype(np.float32) / 4
    np.savez(tmp_path / "w.npz", a=x, b=x[::-1])
    asked = (str(tmp_path / "w.npz"), "--mask", "nm(2, 4, ties=random(rng))", "--format", "int3", "--seed", "3")
    [predicted] = json.loads(said(capsys, "predict", *asked, "--json", "--tensors"))["predictions"]
    ordered = json.loads(said(capsys, "order", *asked, "--norm", "1", "--json"))["tensors"]
    gaps = [one["errors"]["qs"] - one["errors"]["sq"] for one in ordered]
    assert [one["measured"] for one in predicted["tensors"]] == pytest.approx(gaps, rel=1e-6)
    assert gaps[0] != gaps[1]


def test_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(said(capsys, *ASKED, "--json", "--tensors"))
    assert document["schema"] == "sqtheory.predict/1" and document["checkpoint"] == "zoo:vit-dense"
    [found] = document["predictions"]
    assert (found["mask"], found["format"], found["norm"], found["count"]) == ("nm(2, 4)", "int(4)", 1, 8)
    total = found["total"]
    for name in ("predicted", "tied", "measured", "entries"):
        assert total[name] == pytest.approx(sum(row[name] for row in found["tensors"]))
    assert total["tied"] == pytest.approx(total["predicted"], rel=0.05)
    assert 0 < total["tied_standard_error"] < total["measured_standard_error"] < 0.05 * total["predicted"]
    assert 0.98 < found["correlation"]["tied"] <= 1
    short = json.loads(said(capsys, *ASKED, "--json"))
    assert "tensors" not in short["predictions"][0]


@pytest.mark.parametrize(
    ("mask", "fmt", "norm", "message"),
    [
        ("50%", "int4", "1", "lie in one scale block"),
        ("2:4", "nf4", "1", "lacks"),
        ("nm(2, 4, ties=by_original)", "int4", "1", "broken blindly"),
        ("2:4", "int4", "inf", "p < ∞"),
    ],
)
def test_what_is_not_predicted(
    mask: str, fmt: str, norm: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", "zoo:vit-dense", "--mask", mask, "--format", fmt, "--norm", norm]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and message in captured.err and "blocks.0.fc1.weight" in captured.err


def test_nan_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "nan.npz", good=np.ones((4, 64)), bad=np.full((4, 64), np.nan))
    assert main(["predict", str(tmp_path / "nan.npz"), "--mask", "2:4", "--format", "int4"]) == 3
    assert "'bad'" in capsys.readouterr().err
