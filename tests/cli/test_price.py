import json

import numpy as np
import pytest

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.cli import main
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.theory.price import prices

LAYER = ("--targets", "blocks.0.fc1.weight")
ASKED = ("price", "zoo:vit-dense", "--mask", "2:4", "--format", "int3", *LAYER)


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(list(argv)) == 0
    return capsys.readouterr().out


def test_three_lines_for_each_format(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, *ASKED, "--format", "mxfp4", "--sample", "20").splitlines()
    assert len(lines) == 8 and lines[1].split()[:5] == ["mask", "format", "p", "blocks", "order"]
    assert [line.split()[4] for line in lines[2:]] == ["20"] * 6
    assert said(capsys, *ASKED, "--sample", "5", "--markdown").splitlines()[2].startswith("| mask | format |")


def test_the_document_says_what_the_library_measures(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(said(capsys, *ASKED, "--sample", "50", "--seed", "7", "--norm", "1", "--json"))
    assert document["schema"] == "sqtheory.price/1" and document["seed"] == 7
    with open_checkpoint("zoo:vit-dense") as checkpoint:
        x = checkpoint.read("blocks.0.fc1.weight")
    mine = prices(x, nm(2, 4), int_(3), 1, blocks=50, rng=np.random.default_rng(7))
    assert document["prices"] == [mine.to_dict()]
    orders = document["prices"][0]["orders"]
    assert 1 <= orders["gain"]["mean"] <= orders["sq"]["mean"] < orders["qs"]["mean"]


def test_the_figures_of_a_format_do_not_depend_on_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("price", "zoo:vit-dense", "--mask", "2:4", "--sample", "5", "--json", "--format", "int3")
    alone, beside = (json.loads(said(capsys, *asked, *more)) for more in ((), ("--format", "int4")))
    assert alone["prices"][0]["blocks"] > 5 and beside["prices"][0] == alone["prices"][0]
    assert len(beside["prices"]) == 2


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--format", "nvfp4"), "tensor 'blocks.0.fc1.weight': the optimum is over all real scales"),
        (("--norm", "3"), "the optimum is known for p = 1 and 2, got 3"),
        (("--mask", "50%"), "the optimum is for n:m masks, got top(0.5)"),
        (("--targets", "nonesuch"), "nonesuch"),
    ],
)
def test_what_it_cannot_do_is_said_in_one_line(
    argv: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [*ASKED[:2], *ASKED[4:]] if "--mask" in argv else ASKED
    assert main([*asked, *argv]) in (2, 3)
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
