"""``sqtheory tools`` and ``--tool``: a release of the field by its name."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sqtheory.alphabet.notation import parse
from sqtheory.cli import main
from sqtheory.tools import ALL


def said(capsys: pytest.CaptureFixture[str], status: int, *words: str) -> tuple[str, str]:
    assert main(words) == status
    out = capsys.readouterr()
    return out.out, out.err


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "w.safetensors"
    save_file({"a.weight": np.random.default_rng(0).standard_normal((8, 64), np.float32)}, path)
    return path


def test_the_table_has_every_tool_and_the_record_its_hypotheses(capsys: pytest.CaptureFixture[str]) -> None:
    text, _ = said(capsys, 0, "tools")
    listed = json.loads(said(capsys, 0, "tools", "--json")[0])["tools"]
    assert [one["name"] for one in listed] == [tool.name for tool in ALL] and all(t.name in text for t in ALL)
    assert max(map(len, text.splitlines())) <= 101
    text, _ = said(capsys, 0, "tools", "onnx")
    assert "onnx 1.23.2" in text and "prune_first_dominates" in text and "keeps_scale" in text
    text, _ = said(capsys, 0, "tools", "bitsandbytes:nf4")
    assert "sq_never_worse: refuted" in text and "witness of shape" in text
    record = json.loads(said(capsys, 0, "tools", "bitsandbytes:nf4", "--json")[0])
    assert record["schema"] == "sqtheory.tools/1" and record["verdicts"][0]["verdict"] == "refuted"


def test_zeros_of_those_that_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    text, _ = said(capsys, 0, "tools", "--zeros", "gfloat", "--markdown")
    assert text.startswith("| tool | zeros, mixed |") and "| gfloat:mxfp4 | kept | kept |" in text


def test_a_mode_says_what_becomes_of_zeros_and_is_alone_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    for name, zeros in (
        ("bitsandbytes:8bit", "both signs: to a last bit; of one sign: to a last bit ≥ 0, ? ≤ 0."),
        ("gfloat:mxfp4", "both signs: kept;"),
    ):
        assert f"Zeros of blocks of {zeros}" in said(capsys, 0, "tools", name)[0]
    assert "Zeros of blocks" not in said(capsys, 0, "tools", "torch-topk:keep-2:4")[0]
    text, _ = said(capsys, 0, "tools", "--zeros", "gguf:Q4_1", "gfloat:mxfp4", "--markdown")
    assert [line.split(" ")[1] for line in text.splitlines()[2:]] == ["gguf:Q4_1", "gfloat:mxfp4"]


def test_a_mode_that_is_left_out_is_named(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, notes = said(capsys, 0, "order", str(file), "--mask", "2:4", "--tool", "gfloat")
    assert "--tool gfloat means gfloat:mxfp4, the first of its 7 modes" in notes
    assert "means" not in said(capsys, 0, "order", str(file), "--mask", "2:4", "--tool", "gfloat:mxfp4")[1]


def test_decide_answers_of_a_tool(capsys: pytest.CaptureFixture[str]) -> None:
    text, _ = said(capsys, 0, "decide", "sq_never_worse", "--tool", "gfloat:mxfp4")
    assert "proved by theorem prune_first_dominates" in text and "concluded by" in text
    assert "asked with mask nm(2, 4)" in text
    other = json.loads(said(capsys, 0, "decide", "zero_kept", "--tool", "gfloat", "--mask", "1:4", "--json")[0])
    assert (other["verdict"], other["tool"], other["mask"]) == ("proved", "gfloat:mxfp4", "nm(1, 4)")
    assert "leave --ties out" in said(capsys, 2, "decide", "zero_kept", "--tool", "gfloat", "--ties", "by_original")[1]
    assert "or --tool" in said(capsys, 2, "decide", "zero_kept", "--mask", "2:4")[1]


def test_order_and_apply_take_what_a_tool_does_and_verify_asks_for_it(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = json.loads(said(capsys, 0, "order", str(file), "--mask", "2:4", "--tool", "onnx:qdq-int4", "--json")[0])
    spelled = json.loads(said(capsys, 0, "order", str(file), "--mask", "2:4", "--format", "int4:b32", "--json")[0])
    assert named == spelled
    out = tmp_path / "out.safetensors"
    said(capsys, 0, "apply", str(file), str(out), "--mask", "2:4", "--tool", "onnx:qdq-int4")
    x = load_file(file)["a.weight"]
    np.testing.assert_array_equal(load_file(out)["a.weight"], (parse("2:4") >> parse("int4:b32"))(x))
    said(capsys, 0, "verify", str(out), "--tool", "onnx:qdq-int4", "--against", str(file))
    _, wrong = said(capsys, 1, "verify", str(out), "--tool", "onnx:qdq-int8")
    assert "made with format int(4, block=32), --tool onnx:qdq-int8 means int(8, block=32)" in wrong


def test_a_report_takes_a_tool(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    asked = ("--tool", "gfloat:mxfp4", "--mask", "2:4", "--no-prediction")
    said(capsys, 0, "report", str(file), *asked, "-o", str(page))
    assert "mxfp(e2m1)" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--tool", "gfloat:mxfp4"), "--tool gfloat:mxfp4 has no mask: --mask is needed"),
        (("--tool", "torch-topk-cuda"), "--tool torch-topk-cuda:keep-2:4 has no format: --format is needed"),
        (("--tool", "gfloat", "--mask", "2:4", "--format", "int4"), "says format mxfp(e2m1): leave --format out"),
        (("--tool", "hqq:4bit", "--mask", "2:4"), "--tool hqq:4bit: no operator here is it"),
        (("--tool", "hqq:4bit", "--mask", "2:4"), "see --tool hqq:4bit-plain"),
        (("--tool", "gfloa", "--mask", "2:4"), "did you mean gfloat?"),
        (("--tool", "q4_1", "--mask", "2:4"), "there is no tool 'q4_1': did you mean gguf:Q4_1?"),
    ],
)
def test_what_is_missing_or_doubled_beside_a_tool_is_named(
    words: tuple[str, ...], says: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in said(capsys, 2, "order", str(file), *words)[1]
    if says.startswith("--tool gfloat:mxfp4 has no mask"):
        return
    assert says in said(capsys, 2, "apply", str(file), str(tmp_path / "o.safetensors"), *words)[1]


def test_where_a_tool_is_apart_from_its_operator_order_says_so(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loose = next(
        (tool.of_mode(m.name) for tool in ALL for m in tool.modes if m.apart and m.mask is None and not m.lacks), None
    )
    assert loose is not None
    _, notes = said(capsys, 0, "order", str(file), "--mask", "2:4", "--tool", loose.name)
    assert f"is not it in {loose.mode.steps[0].differ} of" in notes
