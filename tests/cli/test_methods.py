"""Methods on the command line: the table, the record, and one method through every verb that takes it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import sqtheory.methods
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import Statistic
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.arrays import Array
from sqtheory.cli import main
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.methods import ALL, Facts, Method, OrderVerdict, Runs, Variant, find
from sqtheory.orders.pair import Pair
from sqtheory.theory.claims import Reference
from tests.models.architectures.small import written
from tests.nightly import NIGHTLY
from tests.orders.test_procedural import Shifted

TARGET = "layers.0.q_proj.weight"
TARGETS = ("--targets", TARGET)
PIPELINE = ("--mask", "2:4", "--format", "int4")


def build(s: Sparsifier, q: Quantizer, known: Facts) -> Pair:
    return Pair(s, q, Shifted(float(known[Statistic.moments].shape[0]) / 4096))


SCRATCH = Method(
    name="scratch",
    title="every survivor moves by inputs/4096",
    source=Reference("sun2024wanda", "nowhere"),
    needs=(Statistic.moments,),
    build=build,
    evidence=(Runs("it is made up", OrderVerdict.depends, lambda: True),),
    variants=(Variant("still", "moves nothing", lambda s, q, known: Pair(s, q)),),
)


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqtheory.methods, "ALL", (*ALL, SCRATCH))


@pytest.fixture(scope="module")
def statistics(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("statistics") / "s.safetensors"
    assert main(["calibrate", "lm-dense", "-o", str(path), "--samples", "1", "--moments", "--means"]) == 0
    return str(path)


def said(capsys: pytest.CaptureFixture[str], status: int, *words: str) -> tuple[str, str]:
    capsys.readouterr()
    assert main(list(words)) == status, capsys.readouterr()
    return capsys.readouterr()


@pytest.mark.usefixtures("scratch")
def test_a_procedure_goes_through_every_verb(
    statistics: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_checkpoint("zoo:lm-dense") as source:
        w = source.read(TARGET).astype(np.float32)
    s, q = nm(2, 4), int_(4)
    moved: Array = np.where(s.mask(w), w + np.float32(192 / 4096), np.float32(0))
    asked = (*PIPELINE, "--method", "scratch", "--statistics", statistics, *TARGETS)
    ordered = json.loads(said(capsys, 0, "order", "zoo:lm-dense", *asked, "--json")[0])
    [row] = ordered["tensors"]
    assert ordered["recipe"]["method"] == "scratch" and row["mask"] == "nm(2, 4) by scratch"
    assert row["errors"]["s"] == pytest.approx(np.linalg.norm(w - moved), rel=1e-6)
    assert ordered["total"]["output"] == row["output"]
    assert set(row["output"]) == {"size", "s", "q", "sq", "qs", "joint"} and row["reason"]["failed"] == ["entrywise"]
    for order, wanted in {"sq": q(moved), "joint": 2 * q(s(w))}.items():
        out = tmp_path / f"{order}.safetensors"
        said(capsys, 0, "apply", "zoo:lm-dense", str(out), *asked, "--order", order)
        np.testing.assert_array_equal(load_file(out)[TARGET], wanted.astype(np.float16))
        said(capsys, 0, "verify", str(out))
        said(capsys, 0, "verify", str(out), "--against", "zoo:lm-dense", "--statistics", statistics)
        assert "--statistics" in said(capsys, 2, "verify", str(out), "--against", "zoo:lm-dense")[1]
    page = tmp_path / "page.html"
    said(capsys, 0, "report", "zoo:lm-dense", *asked, "-o", str(page))
    text = page.read_text()
    assert "--method scratch --statistics" in text and "no law predicts what a method does" in text
    evaluated = json.loads(said(capsys, 0, "evaluate", "lm-dense", *asked[:-2], "--samples", "1", "--json")[0])
    assert evaluated["method"] == "scratch" and evaluated["mask"] == "nm(2, 4) by scratch"


@pytest.mark.usefixtures("scratch")
def test_a_variant_is_asked_for_by_its_name(statistics: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("order", "zoo:lm-dense", *PIPELINE, *TARGETS, "--json")
    still = said(capsys, 0, *asked, "--method", "scratch:still", "--statistics", statistics)[0]
    [row], [plain] = (json.loads(text)["tensors"] for text in (still, said(capsys, 0, *asked)[0]))
    assert row["errors"] == plain["errors"] and row["output"]["sq"] > 0 and "output" not in plain
    assert "known are scratch:still" in said(capsys, 2, *asked, "--method", "scratch:mvoed")[1]


@pytest.mark.usefixtures("scratch")
def test_what_does_not_go_with_a_method_is_refused(
    statistics: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apply = ("apply", "zoo:lm-dense", str(tmp_path / "o.safetensors"), *PIPELINE, *TARGETS)
    by = ("--method", "scratch", "--statistics", statistics)
    assert "needs XᵀX of each tensor: --statistics FILE" in said(capsys, 2, *apply, "--method", "scratch")[1]
    assert "did you mean wanda" in said(capsys, 2, *apply, "--method", "wnada")[1]
    unawaited = said(capsys, 2, *apply, "--method", "erk", *by[2:])[1]
    assert "--statistics are given, but neither --mask nor --method erk awaits any" in unawaited
    assert "--frozen-scale is for operators as they are" in said(capsys, 2, *apply, *by, "--frozen-scale")[1]
    assert "--order joint takes --method" in said(capsys, 2, *apply, "--order", "joint")[1]
    assert "no joint pass" in said(capsys, 3, *apply, "--method", "scratch:still", *by[2:], "--order", "joint")[1]
    packed = ("pack", *apply[1:], *by)
    assert "is written as values: no --pack" in said(capsys, 3, *packed)[1]
    assert not list(tmp_path.iterdir())


def test_a_method_that_chooses_its_own_budget_is_verified_without_the_source(
    statistics: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "o.safetensors")
    for name, more in {"sap": (), "erk": (), "slicegpt": ("--order", "gain", "--statistics", statistics)}.items():
        asked = ("apply", "zoo:lm-dense", out, "--force", *PIPELINE, "--method", name, *TARGETS, *more)
        said(capsys, 0, *asked)
        said(capsys, 0, "verify", out)


def test_an_image_by_columns_is_rounded_to_the_type_of_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "x.safetensors", tmp_path / "o.safetensors"
    save_file({"w": np.random.default_rng(0).standard_normal((8, 16)).astype(np.float16)}, source)
    asked = ("apply", str(source), str(out), *PIPELINE, "--method", "shiftaddllm:acc", "--json")
    [one] = json.loads(said(capsys, 0, *asked)[0])["tensors"]
    assert one["rounded"] and load_file(out)["w"].dtype == np.float16
    said(capsys, 0, "verify", str(out), "--against", str(source))


def test_the_record_of_a_variant_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    text, _ = said(capsys, 0, "methods", "gptq:frozen")
    assert "gptq:frozen: S→Q rounds at the scales of the dense weight" in text
    assert "gptq:spared " in text and "gptq:frozen:spared" not in text
    own, whole = (json.loads(said(capsys, 0, "methods", name, "--json")[0]) for name in ("gptq:frozen", "gptq"))
    assert own["name"] == "gptq:frozen" and own["variants"] == whole["variants"]


def test_a_method_that_keeps_no_pattern_is_written_and_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "o.safetensors"
    said(capsys, 0, "apply", "zoo:lm-dense", str(out), *PIPELINE, "--method", "sharq", *TARGETS)
    assert np.count_nonzero(load_file(out)[TARGET] == 0) < 0.2 * 192 * 192
    said(capsys, 0, "verify", str(out))
    said(capsys, 0, "verify", str(out), "--against", "zoo:lm-dense")
    kept = load_file(out)
    kept[TARGET][0, 0] += 1
    with safe_open(out, "np") as written:
        metadata = written.metadata()
    save_file(kept, out, metadata=metadata)
    assert said(capsys, 1, "verify", str(out))[1]


def test_the_table_has_a_line_for_each_method(capsys: pytest.CaptureFixture[str]) -> None:
    text, _ = said(capsys, 0, "methods")
    listed = json.loads(said(capsys, 0, "methods", "--json")[0])["methods"]
    assert [one["name"] for one in listed] == [method.name for method in ALL]
    assert all(method.name in text and str(method.verdict) in text for method in ALL)


def test_a_record_says_whether_its_evidence_stands(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text, notes = said(capsys, 0, "methods", "wanda")
    assert not notes and all(one.says in text for one in find("wanda").evidence)
    wrong = Runs("pigs fly", OrderVerdict.holds, lambda: False)
    fallen = replace(SCRATCH, name="fallen", evidence=(wrong,))
    monkeypatch.setattr(sqtheory.methods, "ALL", (fallen,))
    text, notes = said(capsys, 1, "methods", "fallen")
    assert "fallen: pigs fly: this does not stand" in notes


def test_methods_are_tried_on_halves_of_the_samples(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = str(written(tmp_path / "lm.npz", "lm-dense"))
    asked = ("methods", "wanda", "--on", model, "--samples", "2", "--results", str(tmp_path / "kept"))
    text, _ = said(capsys, 0, *asked, "--markdown")
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| magnitude", "| wanda"]
    assert not NIGHTLY or text == said(capsys, 0, *asked, "--markdown")[0]
    assert "two at least" in said(capsys, 2, "methods", "--on", "lm-dense", "--samples", "1")[1]
