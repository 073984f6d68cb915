"""What does not fit, and what holds no numbers, on every verb that works on targets."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sqtheory.cli import main
from sqtheory.execution.selection import MASK
from tests.nightly import nightly

ASKED = ("--mask", "2:4", "--format", "int4")
CHANNELS = "3 input channels at each place of the kernel are not a whole number of groups of 4 (tail=error)"
RULE = f"does not fit nm(2, 4): {CHANNELS}"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Two linears, a convolution that 2:4 does not fit, and a causal mask."""
    rng = np.random.default_rng(0)
    path = tmp_path / "w.safetensors"
    weights = {f"{i}.fc.weight": rng.normal(size=(16, 32)).astype(np.float32) for i in range(2)}
    weights["conv.weight"] = rng.normal(size=(8, 3, 3, 3)).astype(np.float32)
    weights["causal"] = np.triu(np.full((16, 16), -np.inf, np.float32), 1)
    save_file(weights, path)
    return path


@pytest.fixture
def broken(model: Path) -> Path:
    """The same with a NaN in a weight."""
    weights = load_file(model)
    weights["1.fc.weight"][3, 4] = np.nan
    save_file(weights, model)
    return model


def said(capsys: pytest.CaptureFixture[str], status: int, *words: object) -> tuple[str, str]:
    assert main(list(map(str, words))) == status
    found = capsys.readouterr()
    return found.out, found.err


def test_order_lists_what_it_leaves_alone(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, 0, "order", model, *ASKED)
    assert "2 tensors compared, 2 left alone" in out and err == ""
    assert "Compared 1.02 K of 1.5 K parameters in 2 of 4 tensors." in out
    assert f"Left alone: conv.weight ({RULE})." in out and f"Left alone: causal ({MASK})." in out
    content = json.loads(said(capsys, 0, "order", model, *ASKED, "--json")[0])
    assert content["parameters"] == {"compared": 1024, "of": 1496}
    assert content["skipped"] == [{"name": "causal", "reason": MASK}, {"name": "conv.weight", "reason": RULE}]
    assert content["recipe"]["strict"] is content["recipe"]["keep_going"] is False


def test_price_goes_past_what_does_not_fit_and_says_so(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    some = ("--targets", "re:.*weight", "--sample", "8")
    out, err = said(capsys, 0, "price", model, *ASKED, *some)
    assert err == f"sqtheory: Left alone: conv.weight ({RULE}).\n"
    assert out == said(capsys, 0, "price", model, *ASKED, "--targets", "re:.*fc.weight", "--sample", "8")[0]


def test_buffers_and_masks_with_nan_and_infinity_are_left_alone_by_name(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = {"bn.running_var": np.full((4, 8), np.nan, np.float32)}
    odd |= {f"{name}": np.full((1, 1, 8, 8), -np.inf, np.float32) for name in ("h.0.attn.bias", "h.0.attn_mask")}
    save_file({**load_file(model), **odd}, model)
    found = json.loads(said(capsys, 0, "order", model, *ASKED, "--json")[0])
    reasons = {one["name"]: one["reason"] for one in found["skipped"]}
    assert reasons["bn.running_var"] == "buffer" and reasons["h.0.attn.bias"] == "attention mask"
    assert reasons["h.0.attn_mask"] == "attention mask" and len(found["tensors"]) == 2


@pytest.mark.parametrize("verb", [("order",), ("report", "-o", "page.html"), ("predict",), ("apply",)])
def test_strict_refuses_the_misfit_then_the_mask(
    verb: tuple[str, ...], model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(model.parent)
    name, *more = verb
    words = [name, model, *(["out.safetensors"] if name == "apply" else []), *ASKED, *more, "--strict"]
    out, err = said(capsys, 3, *words)
    assert out == "" and err.count("\n") == 1 and f"tensor 'conv.weight': {CHANNELS}" in err
    _, err = said(capsys, 3, *words, "--ignore", "conv.weight")
    assert "tensor 'causal': " in err and "-inf at (0, 1)" in err
    assert said(capsys, 0, *words, "--ignore", "conv.weight", "--ignore", "causal")


def test_all_targets_that_do_not_fit_are_an_error_that_names_them(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = said(capsys, 3, "order", model, "--mask", "nm(2, 7)", "--format", "int4")
    assert out == "" and err.count("\n") == 1 and "'0.fc.weight'" in err and "(and 1 more)" in err


@pytest.mark.parametrize(
    "workers", [(), ("--workers", "2"), ("--results", "r"), pytest.param(("--executor", "processes"), marks=nightly)]
)
def test_a_weight_with_nan_is_an_error_and_keep_going_passes_it(
    workers: tuple[str, ...], broken: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(broken.parent)
    _, err = said(capsys, 3, "order", broken, *ASKED, *workers)
    assert "tensor '1.fc.weight': nan at (3, 4)" in err
    out, err = said(capsys, 1, "order", broken, *ASKED, "--keep-going", *workers)
    assert "1 tensor compared, 3 left alone" in out and "Left alone: 1.fc.weight (refused: nan at (3, 4)" in out
    assert "sqtheory: tensor '1.fc.weight': nan at (3, 4)" in err
    alone = json.loads(said(capsys, 0, "order", broken, *ASKED, "--ignore", "1.fc.weight", "--json")[0])
    going = json.loads(said(capsys, 1, "order", broken, *ASKED, "--keep-going", "--json", *workers)[0])
    assert going["tensors"] == alone["tensors"] and going["totals"] == alone["totals"]


def test_small_tensors_that_are_batched_are_passed_one_by_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(1)
    weights = {f"w.{i}": rng.normal(size=(4, 8)).astype(np.float32) for i in range(9)}
    weights["w.4"][0, 0] = np.inf
    save_file(weights, tmp_path / "w.safetensors")
    found = json.loads(said(capsys, 1, "order", tmp_path / "w.safetensors", *ASKED, "--keep-going", "--json")[0])
    assert [one["name"] for one in found["tensors"]] == [f"w.{i}" for i in range(9) if i != 4]
    assert [one["name"] for one in found["skipped"]] == ["w.4"]


def test_predict_and_report_say_how_much_they_compare(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, 1, "predict", broken, *ASKED, "--keep-going")
    assert "Compared 512 of 1.5 K parameters in 1 of 4 tensors." in out and "nan at (3, 4)" in err
    assert f"Left alone: conv.weight ({RULE})." in out
    page = broken.with_name("page.html")
    _, err = said(capsys, 3, "report", broken, *ASKED, "-o", page)
    assert "nan at (3, 4)" in err and not page.exists()
    _, err = said(capsys, 1, "report", broken, *ASKED, "-o", page, "--keep-going")
    text = page.read_text()
    assert "nan at (3, 4)" in err and "Compared 512 of 1.5 K parameters in 1 of 4 tensors" in text
    assert all(why in text for why in (RULE, MASK, "refused: nan at (3, 4)"))


def test_apply_copies_what_does_not_fit_and_verify_accepts_it(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = broken.with_name("out.safetensors")
    _, err = said(capsys, 3, "apply", broken, out, *ASKED)
    assert "tensor '1.fc.weight': nan at (3, 4)" in err and not out.exists()
    text, err = said(capsys, 1, "apply", broken, out, *ASKED, "--keep-going")
    assert "Compressed 512 of 1.5 K parameters in 1 of 4 tensors." in text and "nan at (3, 4)" in err
    left = {one["name"]: one["reason"] for one in json.loads(Path(f"{out}.sqtheory.json").read_text())["left_alone"]}
    assert left["conv.weight"] == RULE and left["causal"] == MASK
    assert left["1.fc.weight"].startswith("refused: nan at (3, 4)")
    before, after = load_file(broken), load_file(out)
    assert all(before[name].tobytes() == after[name].tobytes() for name in left)
    assert "verified" in said(capsys, 0, "verify", out, "--against", broken)[0]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("0.fc.weight", RULE), ("0.fc.weight", MASK), ("conv.weight", MASK), ("0.fc.weight", "refused: nan at (3, 4)")],
)
def test_verify_finds_a_tensor_that_was_left_alone_for_no_reason(
    name: str, reason: str, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from dataclasses import replace

    from sqtheory import compress

    out = model.with_name("out.safetensors")
    said(capsys, 0, "apply", model, out, *ASKED, *(() if name == "conv.weight" else ("--ignore", name)))
    beside = compress.beside(out)
    report = compress.read_report(beside)
    forged = tuple(replace(one, reason=reason) if one.name == name else one for one in report.left_alone)
    beside.write_text(replace(report, left_alone=forged).to_json())
    _, err = said(capsys, 1, "verify", out, "--against", model)
    assert f"tensor '{name}': was left alone as" in err


def test_included_targets_that_do_not_fit_verify_too(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = model.with_name("out.safetensors")
    some = ("--targets", "0.fc.weight", "--targets", "conv.weight")
    said(capsys, 0, "apply", model, out, *ASKED, *some)
    assert said(capsys, 0, "verify", out, "--against", model)


def content(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    return json.loads(said(capsys, 0, *words, "--json")[0])  # type: ignore[no-any-return]


@pytest.mark.parametrize(("share", "zeros"), [("0%", 0), ("99.9%", 511), ("50%", 256)])
@pytest.mark.parametrize("kind", ["constant", "signs", "grid"])
def test_ties_at_the_cut_are_cut_exactly(
    kind: str, share: str, zeros: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(2)
    x = {
        "constant": np.full((16, 32), 3, np.float32),
        "signs": rng.choice([-1, 1], (16, 32)).astype(np.float32),
        "grid": (rng.integers(1, 8, (16, 32)) * rng.choice([-1, 1], (16, 32))).astype(np.float32) / 8,
    }[kind]
    path, out = tmp_path / "w.safetensors", tmp_path / "out.safetensors"
    save_file({"w": x}, path)
    said(capsys, 0, "apply", path, out, "--mask", share, "--format", "int8")
    y = load_file(out)["w"]
    assert np.count_nonzero(y == 0) == zeros
    if kind != "grid" and share == "50%":
        assert np.all(y[:8] != 0) and np.all(y[8:] == 0)  # equal magnitudes keep the lower index
    said(capsys, 0, "verify", out, "--against", path)
