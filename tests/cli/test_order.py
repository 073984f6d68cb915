import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory.alphabet.kernels import ENGINES
from sqtheory.cli import main
from sqtheory.files import zoo
from tests.nightly import NIGHTLY, thin

FORMATS = ("int8", "int4", "hbfp8", "hbfp6", "hbfp4", "mxfp8", "mxfp6", "mxfp4", "nvfp4")
SOME_LAYERS = ("--targets", r"re:(blocks|layers)\.[05]\..*(proj|qkv|fc1|fc2)\.weight")


def document(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> dict[str, Any]:
    assert main(["order", *arguments, "--json"]) == status
    captured = capsys.readouterr()
    return json.loads(captured.out)  # type: ignore[no-any-return]


def grid(*formats: str) -> list[str]:
    return [word for f in formats for word in ("--format", f)]


@thin(2)
@pytest.mark.parametrize("model", zoo.names())
def test_sparsifying_first_never_loses_for_nm_masks_on_real_weights(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = document(capsys, f"zoo:{model}", "--mask", "2:4", *grid(*FORMATS), *SOME_LAYERS)
    rows = found["tensors"]
    assert len(rows) == len(FORMATS) * (14 if model.startswith("lm") else 8)
    for row in rows:
        e = row["errors"]
        assert e["sq"] <= e["qs"] and e["gain"] <= min(e["sq_dense"], e["qs"])
        assert e["sq"] == e["sq_dense"] <= row["bound"]
        assert row["winner"] in ("sq", "equal")
        assert row["channels"]["Sigma"]["on_tensor"] == row["channels"]["Z"]["on_tensor"] == "closed"
    if "s2of4" in model:
        assert {row["winner"] for row in rows} == {"equal"}
        assert all(row["errors"]["s"] == 0 and row["errors"]["sq"] == row["errors"]["qs"] for row in rows)
    elif "dense" in model:
        assert {row["winner"] for row in rows} == {"sq"}


@thin(2)
@pytest.mark.parametrize("model", ["lm-s50", "vit-s50"])
def test_a_fixed_unstructured_pattern_makes_the_orders_agree(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, f"zoo:{model}", "--mask", "50%", *grid("int4", "hbfp4", "mxfp4", "nvfp4"), *SOME_LAYERS)
    assert {row["winner"] for row in found["tensors"]} == {"equal"}
    assert all(row["swaps"] == 0 and row["channels"]["M"]["on_tensor"] == "closed" for row in found["tensors"])


def test_the_optimum_is_never_beaten_at_the_dense_scale(capsys: pytest.CaptureFixture[str]) -> None:
    masks = ("50%", "top(0.5, per=row)", "nm(2, 4, axis=0)", "blockwise(0.5, tile=(4, 4))", "threshold(0.05)")
    asked = [word for m in masks for word in ("--mask", m)]
    layers = SOME_LAYERS if NIGHTLY else ("--targets", r"re:blocks\.[05]\..*proj\.weight")
    for p in ("1", "2", "inf"):
        found = document(capsys, "zoo:vit-dense", *asked, *grid("int4", "mxfp4", "nf4"), "--norm", p, *layers)
        assert len(found["tensors"]) >= 2 * len(masks) * 3
        for row in found["tensors"]:
            assert row["errors"]["gain"] <= min(row["errors"]["qs"], row["errors"]["sq_dense"])


def test_an_unstructured_mask_reverses_the_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "reversal.npz", x=np.array([[7, 0.45, 0.44, 0.9]]))
    found = document(
        capsys,
        str(tmp_path / "reversal.npz"),
        "--mask",
        "top(3)",
        "--format",
        "hbfp(4, block=2)",
        "--norm",
        "1",
        "--targets",
        "x",
    )
    [row] = found["tensors"]
    assert row["winner"] == "qs" and row["channels"]["M"]["on_tensor"] == "open"
    assert row["errors"]["sq"] == pytest.approx(0.915) and row["errors"]["qs"] == pytest.approx(0.535)


def test_the_document_has_the_promised_shape(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "zoo:vit-dense", "--mask", "2:4", "--mask", "50%", *grid("int4", "mxfp4"), "--norm", "inf")
    assert found["schema"] == "sqtheory.order/1"
    assert len(found["tensors"]) == 24 * 4 and len(found["skipped"]) == 56
    row = found["tensors"][0]
    assert {"name", "shape", "mask", "format", "errors", "bound", "channels", "winner", "norm"} <= row.keys()
    assert row["norm"] == "Infinity" and {"s", "q", "sq", "qs", "gain"} <= row["errors"].keys()
    assert set(row["channels"]["M"]) == {"by_structure", "on_tensor", "count", "of", "why"}
    per_pipeline = {(t["mask"], t["format"]): t for t in found["totals"]}
    assert len(per_pipeline) == 4
    for (mask, fmt), whole in per_pipeline.items():
        own = [r for r in found["tensors"] if (r["mask"], r["format"]) == (mask, fmt)]
        for name in ("s", "q", "sq", "qs", "gain"):
            assert whole["errors"][name] == max(r["errors"][name] for r in own)
        assert sum(whole["winners"].values()) == len(own)
    assert found["total"] is None


def test_totals_are_norms_over_all_entries(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "zoo:vit-dense", "--mask", "2:4", "--format", "int4")
    joint = np.sqrt(np.sum([r["errors"]["sq"] ** 2 for r in found["tensors"]]))
    assert found["total"]["errors"]["sq"] == pytest.approx(joint, rel=1e-12)
    assert found["total"]["winners"] == {"sq": 24, "qs": 0, "equal": 0}


def test_text_lists_every_target_and_explains(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["order", "zoo:vit-dense", "--mask", "2:4", "--format", "mxfp4", "--sort", "worst", "--top", "2"]) == 0
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert sum(line.startswith("blocks.") for line in lines) == 2
    assert any(line.startswith("total") for line in lines)
    assert "Of 24 tensors S→Q wins in 24" in text and "theorem prune_first_dominates" in text and "M is open" in text


def test_worst_first_sorts_by_relative_error(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "zoo:vit-dense", "--mask", "2:4", "--format", "mxfp4", "--sort", "worst", "--top", "5")
    shares = [r["errors"]["sq"] / r["x_norm"] for r in found["tensors"]]
    everything = document(capsys, "zoo:vit-dense", "--mask", "2:4", "--format", "mxfp4")["tensors"]
    assert shares == sorted((r["errors"]["sq"] / r["x_norm"] for r in everything), reverse=True)[:5]


def test_ties_change_the_cost_of_quantizing_first(capsys: pytest.CaptureFixture[str]) -> None:
    cost = {
        rule: document(capsys, "zoo:vit-dense", "--mask", "2:4", "--format", "int4", "--ties", rule, *SOME_LAYERS)
        for rule in ("by_original", "low_index", "high_index", "adversarial")
    }
    qs = {rule: found["total"]["errors"]["qs"] for rule, found in cost.items()}
    sq = {rule: found["total"]["errors"]["sq"] for rule, found in cost.items()}
    assert len(set(sq.values())) == 1
    assert qs["by_original"] == sq["by_original"] < min(qs["low_index"], qs["high_index"])
    assert max(qs["low_index"], qs["high_index"]) < qs["adversarial"]
    assert cost["by_original"]["tensors"][0]["channels"]["M"]["by_structure"] == "closed"


def test_fail_over_is_exit_status_one(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["order", "zoo:vit-dense", "--mask", "2:4", "--format", "int4", *SOME_LAYERS]
    assert main([*asked, "--fail-over", "60"]) == 0
    assert main([*asked, "--fail-over", "10"]) == 1
    assert "exceeds --fail-over 10%" in capsys.readouterr().err


def refused(capsys: pytest.CaptureFixture[str], status: int, *arguments: str) -> str:
    assert main(["order", *arguments]) == status
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    return captured.err


def test_nan_names_tensor_entry_and_block(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weight = np.ones((4, 128), np.float32)
    weight[2, 70] = np.nan
    save_file({"good": np.ones((4, 128), np.float32), "bad": weight}, tmp_path / "nan.safetensors")
    message = refused(capsys, 3, str(tmp_path / "nan.safetensors"), "--mask", "2:4", "--format", "int4")
    assert all(part in message for part in ("'bad'", "(2, 70)", "block (2, 1)", "nan"))


def test_a_length_that_does_not_divide_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    message = refused(capsys, 3, "zoo:vit-dense", "--mask", "3:5", "--format", "int4")
    assert "'blocks.0.fc1.weight'" in message and "128" in message and "groups of 5" in message


def test_a_truncated_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = zoo.path("vit-s50").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(whole[: len(whole) // 2])
    message = refused(capsys, 3, str(tmp_path / "cut.safetensors"), "--mask", "2:4", "--format", "int4")
    assert "cut.safetensors" in message


@pytest.mark.parametrize(
    ("mask", "fmt", "near"),
    [
        ("2:4", "mxpf4", "mxfp4"),
        ("nm(2, 4, tie=low_index)", "int4", "ties"),
        ("2:4", "int(4, scaling=absmx)", "absmax"),
    ],
)
def test_a_wrong_spelling_points_at_the_character(
    mask: str, fmt: str, near: str, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused(capsys, 2, "zoo:vit-dense", "--mask", mask, "--format", fmt)
    assert f"did you mean {near!r}" in message and "at character" in message


def test_a_mask_is_no_format(capsys: pytest.CaptureFixture[str]) -> None:
    assert "not a format" in refused(capsys, 2, "zoo:vit-dense", "--mask", "2:4", "--format", "2:4")
    assert "not a mask" in refused(capsys, 2, "zoo:vit-dense", "--mask", "int4", "--format", "int4")


def test_nothing_to_work_on_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("zoo:vit-dense", "--mask", "2:4", "--format", "int4")
    assert "no tensor is called 'nonesuch'" in refused(capsys, 3, *asked, "--targets", "nonesuch")
    assert "no tensor is called 're:x+'" in refused(capsys, 3, *asked, "--ignore", "re:x+")
    assert "no tensor is a target" in refused(capsys, 3, *asked, "--ignore", "re:.*")
    assert "not a regular expression" in refused(capsys, 2, *asked, "--targets", "re:(")


@pytest.mark.usefixtures("compiled_at_once")
def test_engines_agree(capsys: pytest.CaptureFixture[str]) -> None:
    """Counts and verdicts in full, norms to their last digits; compiled loops in every digit."""
    arguments = ("zoo:vit-dense", "--mask", "2:4", *grid("int4", "mxfp4"), *SOME_LAYERS, "--engine")
    numpy, numba, definition = (document(capsys, *arguments, name)["tensors"] for name in ENGINES)
    assert numba == numpy
    for mine, theirs in zip(numpy, definition, strict=True):
        assert mine["errors"] == pytest.approx(theirs["errors"], rel=1e-12)
        for name in ("winner", "swaps", "ties", "channels", "reason"):
            assert mine[name] == theirs[name]
