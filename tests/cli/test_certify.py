import json
from pathlib import Path

import pytest

from sqtheory.cli import main
from tests.models.architectures.small import written

ASKED = ("certify", "vit-dense", "--mask", "2:4", "--samples", "1")


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main([*ASKED, *argv]) == 0
    return capsys.readouterr().out


def test_a_line_for_each_layer_then_totals_and_the_whole_network(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "--format", "int4").splitlines()
    assert lines[0] == "vit-dense, nm(2, 4) with int(4), weights: 1 images"
    assert len([line for line in lines if line.startswith("blocks.")]) == 24
    assert lines[-5].startswith("Q→S: all layers together") and "the law decides" in lines[-3]
    assert lines[-1].startswith("Through the whole network, Q→S: the logits of a prediction move by at most")


def test_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(said(capsys, "--format", "int4", "--order", "qs", "--json"))
    assert document["schema"] == "sqtheory.certify/1" and len(document["layers"]) == 24
    first = document["layers"][0]
    assert "sq" not in first and first["qs"]["measured"] <= first["qs"]["bound"]
    assert document["stack"]["qs"]["measured"] <= document["stack"]["qs"]["bound"]
    assert document["totals"]["layers"] == 24 and 0.9 < document["totals"]["coverage"] <= 1
    assert set(first["law"]) == {"measured", "predicted", "deviation", "decided"}


def test_refusals(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["certify", "vit-dense", "--mask", "2:5", "--format", "int4"]) == 3
    assert "tensor 'blocks.0.qkv.weight'" in capsys.readouterr().err


def test_what_the_hardware_adds(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = str(written(tmp_path / "w.npz", "vit-dense"))
    asked = ["certify", model, "--mask", "2:4", "--format", "mxfp8", "--samples", "1", "--accumulate", "fp8_fast"]
    assert main(asked) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "What the accumulator adds" in lines and lines[-1].startswith("fp8_fast: in ")
    assert main([*asked, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["accumulation"] == "fp8_fast" and len(document["layers"]) == 4
    for layer in document["layers"]:
        assert layer["hardware"]["sq"]["measured"] < layer["hardware"]["sq"]["bound"]
    assert main([*asked[:-1], "fp8fast"]) == 2
    assert "did you mean fp8_fast" in capsys.readouterr().err
