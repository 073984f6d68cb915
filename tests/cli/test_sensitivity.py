from pathlib import Path

import pytest

from sqtheory.cli import main
from tests.models.architectures.small import written

ASKED = ("sensitivity", "vit-dense", "--samples", "2", "--calibration", "1", "--workers", "1")


def test_a_report_of_one_pipeline(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = str(written(tmp_path / "vit.npz", "vit-dense"))
    assert main([ASKED[0], model, *ASKED[2:], "--mask", "2:4", "--format", "int3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"# The order gap in the metric of {model}, predicted and measured"
    assert lines[2] == "Measured on 2 images; moments and sensitivities of 1 others."
    assert len([line for line in lines if line.startswith("| 2:4 int3 |")]) == 1
    assert len([line for line in lines if line.startswith("| blocks.")]) == 4


def test_refusals(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ASKED[:2], "--samples", "6000", "--mask", "2:4", "--format", "int3"]) == 2
    assert "there are 10000 samples" in capsys.readouterr().err
    assert main([*ASKED, "--mask", "2:4", "--format", "int3x"]) == 2
    assert "int3x" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [ASKED[:2], ("table", "--model", "vit")], ids=lambda verb: verb[0])
@pytest.mark.parametrize(
    "asked", [("--mask", "nm(2, 4, score=random(rng))"), ("--format", "int(4, rounding=stochastic(rng))")]
)
def test_what_draws_random_numbers_is_sent_to_evaluate(
    verb: tuple[str, ...], asked: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*verb, *asked]) == 2
    wanted = f"sqtheory: {asked[1]} draws random numbers, and {verb[0]} draws none: evaluate has --seed\n"
    assert capsys.readouterr().err == wanted
