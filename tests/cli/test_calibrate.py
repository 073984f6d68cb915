"""Wanda from a model to a verified checkpoint: statistics, order, apply, verify, report and evaluate of one mask."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sqtheory.cli import main, parser
from sqtheory.compress import beside
from sqtheory.compress.compressing import row_of
from sqtheory.compress.recipe import Recipe
from sqtheory.execution import Sweep
from sqtheory.files import zoo
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.statistics import Statistics
from tests.cli.test_outputs import LINKS, itself
from tests.models.architectures import small_gru
from tests.nightly import NIGHTLY

WANDA = "nm(2, 4, score=wanda)"
TARGETS = ("--targets", r"re:layers\.0\..*proj\.weight")


@pytest.fixture(scope="module")
def statistics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("statistics") / "s.safetensors"
    assert main(["calibrate", "lm-dense", "-o", str(path), "--samples", "2"]) == 0
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The zoo's model in float32, which holds every value of int4."""
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    with open_checkpoint("zoo:lm-dense") as source:
        save_file({info.name: source.read(info.name) for info in source.tensors}, path)
    return str(path)


def pruned(w: np.ndarray, norms: np.ndarray) -> np.ndarray:
    """Wanda's 2:4 in five lines of numpy: of every 4 inputs the 2 of largest |w_ij|·‖X_j‖ stay, the first of equals."""
    scores = np.abs(w.astype(np.float64)) * norms
    ranks = np.argsort(-scores.reshape(-1, 4), axis=1, kind="stable").argsort(axis=1)
    return np.where(ranks.reshape(w.shape) < 2, w, np.float32(0))


def said(capsys: pytest.CaptureFixture[str], status: int, *words: str) -> tuple[str, str]:
    capsys.readouterr()
    assert main(list(words)) == status
    return capsys.readouterr()


def test_every_verb_prunes_as_wanda_does(statistics: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, page = tmp_path / "out.safetensors", tmp_path / "page.html"
    asked = ("--mask", WANDA, "--format", "int4", "--statistics", str(statistics), *TARGETS)
    ordered = json.loads(said(capsys, 0, "order", "zoo:lm-dense", *asked, "--json")[0])
    said(capsys, 0, "apply", "zoo:lm-dense", str(out), *asked)
    said(capsys, 0, "report", "zoo:lm-dense", *asked, "-o", str(page), "--no-prediction")

    known, report = load_file(statistics), json.loads(beside(out).read_text())
    with open_checkpoint("zoo:lm-dense") as source, open_checkpoint(out) as written:
        for one, record in zip(ordered["tensors"], report["tensors"], strict=True):
            w = source.read(one["name"])
            sparse = pruned(w, known[f"{one['name']}.norms"])
            assert one["errors"]["s"] == record["e_s"] == pytest.approx(np.linalg.norm(w - sparse), rel=1e-6)
            assert one["errors"]["sq"] == record["e_sq"] == pytest.approx(record["error"], rel=1e-5)
            y = written.read(one["name"])
            assert not y[sparse == 0].any() and np.count_nonzero(y) > 0.4 * y.size
    assert ordered["recipe"]["masks"] == [WANDA] and report["recipe"]["mask"] == WANDA
    hashes = {ordered["recipe"]["statistics"], report["recipe"]["statistics"]}
    assert len(hashes) == 1 and len(hashes.pop()) == 64
    assert f"--statistics {statistics}" in page.read_text().replace("&#x27;", "'")


def test_rows_and_totals_and_reasons_name_the_mask_that_was_asked_for(
    statistics: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, masks = tmp_path / "page.html", ("2:4", WANDA)
    asked = (*(word for m in masks for word in ("--mask", m)), "--format", "int4", "--statistics", str(statistics))
    order = ("order", "zoo:lm-dense", *asked, *TARGETS)
    found = json.loads(said(capsys, 0, *order, "--json")[0])
    assert {row["mask"] for row in found["tensors"]} == {total["mask"] for total in found["totals"]}
    for total in found["totals"]:
        own = [row for row in found["tensors"] if (row["mask"], row["format"]) == (total["mask"], total["format"])]
        assert len(own) == 7 and sum(total["winners"].values()) == 7
    text = said(capsys, 0, *order)[0]
    assert "M is open in 7 of 7 tensors: the score wanda on q(x) need not rank like the score on x." in text
    said(capsys, 0, "report", "zoo:lm-dense", *asked, *TARGETS, "-o", str(page))
    silence = f"No prediction for 7 of 7 tensors: the prediction is for n:m and top masks by magnitude, got {WANDA}."
    assert silence in page.read_text()
    assert not any("wanda(a_" in out for out in (json.dumps(found), text, page.read_text()))


def test_a_row_of_apply_is_that_of_order(statistics: Path) -> None:
    recipe = Recipe(WANDA, "int4").told(Statistics.read(statistics))
    with open_checkpoint("zoo:lm-dense") as source:
        [info] = (one for one in source.tensors if one.name == "layers.0.k_proj.weight")
        [[row]] = Sweep(source, [info], [recipe.assignment])
        assert row_of(recipe, info.name, source.read(info.name)) == row
        assert (row.order.mask, row.order.format) == recipe.assignment.words == (WANDA, "int(4)")


def test_what_was_written_is_verified_with_the_same_statistics_only(
    statistics: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, other = tmp_path / "out.safetensors", tmp_path / "other.safetensors"
    asked = ("--mask", WANDA, "--format", "mxfp4", "--statistics", str(statistics), *TARGETS)
    said(capsys, 0, "apply", "zoo:lm-dense", str(out), *asked)
    assert "Values and errors were not computed again" in said(capsys, 0, "verify", str(out))[0]
    again = ("verify", str(out), "--against", "zoo:lm-dense")
    assert "awaits ‖X_j‖₂ of every input j" in said(capsys, 2, *again)[1]
    assert "every byte, every error" in said(capsys, 0, *again, "--statistics", str(statistics))[0]

    said(capsys, 0, "calibrate", "lm-dense", "-o", str(other), "--samples", "1")
    assert "other.safetensors: its SHA-256 is" in said(capsys, 3, *again, "--statistics", str(other))[1]

    plain = tmp_path / "plain.safetensors"
    said(capsys, 0, "apply", "zoo:lm-dense", str(plain), "--mask", "2:4", "--format", "int4", *TARGETS)
    assert "statistics" not in json.loads(beside(plain).read_text())["recipe"]
    wrong = said(capsys, 2, "verify", str(plain), "--statistics", str(statistics))[1]
    assert "nm(2, 4) awaits none" in wrong


def test_evaluate_computes_with_the_weights_that_apply_writes(
    statistics: Path, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.safetensors"
    asked = ("--mask", WANDA, "--format", "int4", "--statistics", str(statistics))
    few = ("--samples", "2", "--workers", "1", "--json")
    said(capsys, 0, "apply", model, str(out), *asked, "--order", "qs")
    first = json.loads(said(capsys, 0, "evaluate", "lm-dense", *asked, "--order", "qs", *few)[0])
    second = json.loads(said(capsys, 0, "evaluate", str(out), *few)[0])
    assert first["bits_per_byte"] == second["bits_per_byte"]
    assert first["statistics"] == json.loads(beside(out).read_text())["recipe"]["statistics"]
    alone = json.loads(said(capsys, 0, "evaluate", "lm-dense", *asked[:2], *asked[4:], *few)[0])
    assert alone["of"] == WANDA and alone["bits_per_byte"] == first["results"][1]["bits_per_byte"]


def test_evaluate_draws_what_apply_draws(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.safetensors"
    asked = ("--mask", "top(0.5, per=row, score=random(rng))", "--format", "int4", "--seed", "3")
    few = ("--samples", "1", "--workers", "1", "--json")
    for order in ("sq", "qs", "gain") if NIGHTLY else ("qs",):
        said(capsys, 0, "apply", model, str(out), *asked, "--order", order, "--force")
        first = json.loads(said(capsys, 0, "evaluate", "lm-dense", *asked, "--order", order, *few)[0])
        assert first["bits_per_byte"] == json.loads(said(capsys, 0, "evaluate", str(out), *few)[0])["bits_per_byte"]


def test_the_same_model_and_samples_make_the_same_bytes(statistics: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.safetensors"
    assert main(["calibrate", "lm-dense", "-o", str(again), "--samples", "2"]) == 0
    assert again.read_bytes() == statistics.read_bytes()


def test_moments_have_the_norms_on_their_diagonal(tmp_path: Path) -> None:
    path = tmp_path / "s.safetensors"
    assert main(["calibrate", "vit-dense", "-o", str(path), "--samples", "2", "--moments"]) == 0
    found = load_file(path)
    for name in {key.rpartition(".")[0] for key in found}:
        np.testing.assert_allclose(np.diagonal(found[f"{name}.moments"]), found[f"{name}.norms"] ** 2, rtol=1e-9)


def spoiled(statistics: Path, spoil: Callable[[dict[str, np.ndarray]], None], path: Path) -> str:
    tensors = load_file(statistics)
    spoil(tensors)
    save_file(tensors, path, metadata={"schema": "sqtheory.statistics/1"})
    return str(path)


def test_what_is_not_known_is_refused_by_the_name_of_the_tensor(
    statistics: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, path = "layers.0.k_proj.weight", tmp_path / "spoiled.safetensors"
    asked = ("--mask", WANDA, "--format", "int4", *TARGETS)
    missing = spoiled(statistics, lambda t: t.__delitem__(f"{name}.norms"), path)
    verbs = {
        "order": ("order", "zoo:lm-dense", *asked),
        "apply": ("apply", "zoo:lm-dense", str(tmp_path / "out.safetensors"), *asked),
        "report": ("report", "zoo:lm-dense", *asked, "-o", str(tmp_path / "page.html")),
        "evaluate": ("evaluate", "lm-dense", *asked[:4], "--samples", "1"),
    }
    for verb, words in verbs.items():
        complaint = said(capsys, 3, *words, "--statistics", missing)[1]
        assert f"no statistics of the inputs of tensor '{name}'" in complaint
        assert complaint.count(".safetensors: ") == 1, verb
        assert "awaits ‖X_j‖₂" in said(capsys, 2, *words)[1], verb
    unknown = spoiled(statistics, lambda t: t.update({"other.norms": np.ones(3)}), path)
    for words in verbs.values():
        complaint = said(capsys, 3, *words, "--statistics", unknown)[1]
        assert "tensor 'other', which the checkpoint does not have" in complaint
    short = spoiled(statistics, lambda t: t.update({f"{name}.norms": np.ones(3)}), path)
    assert f"3 inputs of tensor '{name}'" in said(capsys, 3, *verbs["order"], "--statistics", short)[1]
    assert {p.name for p in tmp_path.iterdir()} == {"spoiled.safetensors"}


def test_statistics_that_nothing_awaits_are_refused(statistics: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("order", "zoo:lm-dense", "--mask", "2:4", "--format", "int4", "--statistics", str(statistics))
    assert "no --mask awaits any" in said(capsys, 2, *words)[1]
    for mask in ((), ("--mask", "2:4")):
        applied = ("apply", "zoo:lm-dense", "out.safetensors", *mask, *words[4:])
        assert said(capsys, 2, *applied)[1] == said(capsys, 2, *words)[1]


@pytest.mark.parametrize(
    "words",
    [
        ("decide", "sq_never_worse", "--format", "int4"),
        ("price", "zoo:vit-dense", "--format", "int4"),
        ("predict", "zoo:vit-dense", "--format", "int4"),
        ("layers", "vit-dense", "--format", "int4"),
        ("certify", "vit-dense", "--format", "int4"),
        ("scaling",),
        ("table", "--model", "vit"),
        ("sensitivity", "vit-dense"),
        ("figure", "channels"),
    ],
    ids=lambda words: words[0],
)
def test_a_mask_that_awaits_statistics_is_sent_to_the_verbs_that_take_them(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    [verbs] = [a for a in parser()._actions if isinstance(a, argparse._SubParsersAction)]
    taking = {name for name, verb in verbs.choices.items() if "--statistics" in verb._option_string_actions}
    hint = said(capsys, 2, *words, "--mask", WANDA)[1]
    named = hint.partition("of each tensor: ")[2].removesuffix(" take --statistics\n").split(", ")
    assert len(named) == len(taking) and {*named} == taking


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("name", ["o.safetensors", "o.safetensors.sqtheory.json", "o/model.safetensors", "page.html"])
def test_statistics_are_an_input_that_is_never_replaced(
    statistics: Path,
    name: str,
    link: Callable[[Path, Path], None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, home = tmp_path / "s.safetensors", tmp_path / "home"
    file.write_bytes(statistics.read_bytes())
    out = home / name
    out.parent.mkdir(parents=True)
    link(file, out)
    asked = ("--mask", WANDA, "--format", "int4", "--force", "--statistics", str(out if link is itself else file))
    if name == "page.html":
        words = ("report", "zoo:lm-dense", "-o", str(out), *asked)
    elif name == "o/model.safetensors":
        words = ("pack", "zoo:lm-dense", str(home / "o"), "--layout", "compressed-tensors", *asked)
    else:
        words = ("apply", "zoo:lm-dense", str(home / "o.safetensors"), *asked)
    assert "is the input itself" in said(capsys, 2, *words)[1]
    assert out.read_bytes() == statistics.read_bytes() and [*out.parent.iterdir()] == [out]


def test_samples_are_an_input_that_is_never_replaced(
    statistics: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "s.safetensors"
    text.write_bytes(statistics.read_bytes())
    words = ("calibrate", "lm-dense", "--data", str(text), "-o", str(text), "--samples", "1", "--force")
    assert "is the input itself" in said(capsys, 2, *words)[1] and text.read_bytes() == statistics.read_bytes()


def test_a_model_of_the_zoo_has_one_name_and_statistics_one_suffix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [tmp_path / f"{at}.safetensors" for at in range(2)]
    for path, name in zip(made, ("vit-dense", "zoo:vit-dense"), strict=True):
        said(capsys, 0, "calibrate", name, "-o", str(path), "--samples", "1")
    assert made[0].read_bytes() == made[1].read_bytes()
    for wrong in ("s.npz", "s"):
        words = ("calibrate", "vit-dense", "-o", str(tmp_path / wrong), "--samples", "1", "--force")
        assert f"{wrong}: statistics are a .safetensors file" in said(capsys, 2, *words)[1]
    assert sorted(tmp_path.iterdir()) == made


def test_nothing_but_statistics_is_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(zoo.path("lm-dense").read_bytes())
    words = ("calibrate", str(path), "-o", str(path), "--samples", "1")
    assert "exists: pass --force" in said(capsys, 2, *words)[1]
    assert "the input itself" in said(capsys, 2, *words, "--force")[1]
    other = ("calibrate", "lm-dense", "-o", str(path), "--samples", "1", "--force")
    assert "no file of statistics" in said(capsys, 2, *other)[1]


def test_results_are_kept_by_the_statistics_and_computed_anywhere(
    statistics: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = spoiled(statistics, lambda t: t.update({"layers.0.k_proj.weight.norms": np.ones(192)}), tmp_path / "o")
    order = ("order", "zoo:lm-dense", "--mask", WANDA, "--format", "int4", *TARGETS, "--json", "--statistics")
    alone = said(capsys, 0, *order, str(statistics))[0]
    kept = ("--results", str(tmp_path / "kept"))
    for counts in ("7 tensors computed, 0 found", "0 tensors computed, 7 found"):
        out, err = said(capsys, 0, *order, str(statistics), *kept)
        assert out == alone and counts in err
    assert "1 tensor computed, 6 found" in said(capsys, 0, *order, other, *kept)[1]
    assert said(capsys, 0, *order, str(statistics), "--workers", "2", "--executor", "processes")[0] == alone


def test_tokens_weigh_what_their_attention_says_and_the_file_says_so(
    statistics: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "s.safetensors"
    said(capsys, 0, "calibrate", "lm-dense", "-o", str(out), "--samples", "2", "--tokens", "attention")
    assert Statistics.read(out).metadata["tokens"] == "attention"
    assert "tokens" not in Statistics.read(statistics).metadata
    plain, weighed = load_file(statistics), load_file(out)
    assert plain.keys() == weighed.keys()
    ratios = [weighed[name] / plain[name] for name in plain]
    assert 0.5 < min(map(np.min, ratios)) < 0.999 and 1.001 < max(map(np.max, ratios)) < 1.8


def test_a_model_without_attention_has_no_weights_of_tokens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, words = small_gru.written(tmp_path / "g.npz"), small_gru.dictionary(tmp_path / "words.dict")
    out = tmp_path / "s.safetensors"
    asked = ("calibrate", str(model), "-o", str(out), "--samples", "2", "--tokens", "attention", "--data", str(words))
    assert "receive no attention" in said(capsys, 2, *asked)[1] and not out.exists()
