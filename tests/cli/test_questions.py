from pathlib import Path

import pytest

from sqtheory.cli import main
from sqtheory.models.studies.questions import QUESTIONS
from tests.models.architectures import small
from tests.models.architectures.small_gru import dictionary, written


def test_a_report_of_what_is_asked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = str(small.written(tmp_path / "vit.npz", "vit-dense"))
    assert main(["questions", model, "--ask", "depth", "--samples", "2"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"# Open questions, answered on {model} (2 images)\n\n## Does the relative error")
    assert printed.count("\n## ") == 1 and printed.count("S→Q: from") == 3


def test_an_unknown_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["questions", "vit-dense", "--ask", "whence"]) == 2
    assert "a question is one of collisions, widths, why, depth" in capsys.readouterr().err


def test_what_a_recurrent_network_is_not_asked_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = ("questions", str(written(tmp_path / "g2p.npz")), "--data", str(dictionary(tmp_path / "dict")))
    assert main([*model]) == 0
    printed = capsys.readouterr().out
    assert printed.count("\n## ") == len(QUESTIONS) and printed.count("Not answered on this model") == 2
    assert "## depth\n\nNot answered on this model: 'enc_w_ih' is computed step by step" in printed
    # Eight weights a row: the scale alone takes four bits a weight.
    assert "## budget\n\nNot answered on this model: the cheapest way takes 4.87 bits per weight" in printed
    assert main([*model, "--ask", "depth"]) == 2
    assert "computed step by step" in capsys.readouterr().err
