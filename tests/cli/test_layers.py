import json
from pathlib import Path

import pytest

from sqtheory.cli import main
from tests.models.architectures.small import written

ASKED = ("layers", "vit-dense", "--mask", "2:4", "--format", "int4", "--samples", "3")


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main([*ASKED, *argv]) == 0
    return capsys.readouterr().out


def test_a_table_and_two_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "--activations").splitlines()
    assert lines[0] == "vit-dense, nm(2, 4) with int(4), weights and activations: 3 images"
    assert lines[1].split()[:4] == ["layer", "S→Q", "error", "cosine"]
    assert [line.split()[0] for line in lines[2:26]] == [
        f"blocks.{block}.{layer}.weight" for block in range(6) for layer in ("qkv", "proj", "fc1", "fc2")
    ]
    assert lines[27].startswith("S→Q: relative error") and lines[28].startswith("Q→S: relative error")
    assert said(capsys, "--markdown").startswith("**vit-dense")


def test_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(said(capsys, "--json"))
    assert document["schema"] == "sqtheory.layers/1" and len(document["layers"]) == 24
    first = document["layers"][0]
    assert set(first) == {"name", "norm", "sq", "qs", "contributions"}
    assert 0 < first["sq"]["relative"] < 1 and first["contributions"]["activation"] == 0


def test_refusals(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["layers", "vit-dense", "--mask", "2:5", "--format", "int4"]) == 3
    assert "tensor 'blocks.0.qkv.weight'" in capsys.readouterr().err


def test_products_of_an_instruction(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = str(written(tmp_path / "w.npz", "vit-dense"))
    asked = ["layers", model, "--mask", "2:4", "--format", "mxfp8", "--samples", "1", "--accumulate", "fp8_fast"]
    assert main(asked) == 0
    first, header, *_ = capsys.readouterr().out.splitlines()
    assert first.endswith("weights, products added up by fp8_fast: 1 images")
    assert header.split()[-2:] == ["operands", "accumulation"]


def test_caches(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = str(written(tmp_path / "w.npz", "lm-dense"))
    asked = ["layers", model, "--cache", "--mask", "top(0.5, per=row)", "--format", "int(4)", "--samples", "1"]
    assert main([*asked, "--keys", "int(4, per=column)", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "sqtheory.caches/1" and document["keys"] == "int(4, per=column)"
    [one] = document["attentions"]
    assert one["name"] == "layers.0" and one["sq"]["values"] < one["qs"]["values"]
    assert all(one[order]["output"] <= one[order]["output_bound"] for order in ("sq", "qs"))
    assert main(asked) == 0
    title, header, line = capsys.readouterr().out.splitlines()
    assert title.endswith("top(0.5, per=row) with int(4), keys with int(4): 1 windows")
    assert header.split()[:3] == ["attention", "S→Q", "keys"] and line.split()[0] == "layers.0"
    for more, why in ((["--activations"], "keys and values alone"), (["--accumulate", "fp8_fast"], "alone, without")):
        assert main([*asked, *more]) == 2
        assert why in capsys.readouterr().err
    assert main([*[each for each in asked if each != "--cache"], "--keys", "int4"]) == 2
    assert "--keys is the format of the keys of --cache" in capsys.readouterr().err
