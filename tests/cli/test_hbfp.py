from pathlib import Path

import pytest

from sqtheory.cli import main
from sqtheory.models.studies.hbfp import SECTIONS


def test_a_report_of_what_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hbfp", "operations", "density"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(
        "# Block floating point and Accuracy Boosters\n\n## What share of operations is at 4 bits?"
    )
    assert printed.count("\n## ") == 2 and "| 64 | bfloat16 | 25.24 |" in printed


def test_a_training_prints_its_table_and_draws_its_figure(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    asked = ["hbfp", "training", "--samples", "250", "--epochs", "1", "--training", "FP32", "--training", "HBFP4"]
    kept = ["--results", str(tmp_path / "runs"), "--figure"]
    assert main([*asked, *kept, str(tmp_path / "first.svg")]) == 0
    first = capsys.readouterr().out
    assert "| training | accuracy | spread | less FP32 |" in first and "\n| HBFP4 | " in first
    assert main([*asked, *kept, str(tmp_path / "second.svg")]) == 0
    assert capsys.readouterr().out == first
    assert (tmp_path / "first.svg").read_bytes() == (tmp_path / "second.svg").read_bytes()
    assert len(list((tmp_path / "runs").iterdir())) == 10


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["whence"], "a section is one of distributions, tensors, density, operations, training"),
        (["density", "--epochs", "2"], "are of training"),
        (["training", "--training", "FP8"], "a training is one of FP32; HBFP8;"),
        (["training", "--data", "images"], "takes IDX images and IDX labels, got 1"),
        (["training", "--figure", "x.gif"], "a figure is written as .svg, .pdf, .png, got x.gif"),
        (["training", "--samples", "999999"], "there are 10000 samples"),
    ],
)
def test_what_is_refused_is_refused_before_anything_is_computed(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sqtheory.models.studies.hbfp.cross_validation.train", None)
    assert main(["hbfp", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_the_sections_are_those_of_the_study() -> None:
    from sqtheory.cli.hbfp import SECTIONS as NAMED

    assert (*SECTIONS, "training") == NAMED
