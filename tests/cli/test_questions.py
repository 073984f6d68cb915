import pytest

from sqtheory.cli import main


def test_a_report_of_what_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["questions", "vit-dense", "--ask", "depth", "--samples", "2"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("# Open questions, answered on vit-dense (2 images)\n\n## Does the relative error")
    assert printed.count("\n## ") == 1 and printed.count("S→Q: from") == 3


def test_an_unknown_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["questions", "vit-dense", "--ask", "why"]) == 2
    assert "a question is one of collisions, widths, depth" in capsys.readouterr().err
