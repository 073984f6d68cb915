import json
from pathlib import Path

import pytest

from sqtheory.cli import main
from tests.models.architectures.folders import bert_folder
from tests.models.architectures.small import written as written_model
from tests.models.architectures.small_gru import dictionary
from tests.models.architectures.small_gru import written as written_gru
from tests.models.architectures.test_llama_safetensors import written

FEW = ("--samples", "6", "--workers", "1")
PAIR = ("evaluate", "lm-dense", "--mask", "2:4", "--format", "hbfp4")
METRICS = {"accuracy", "cross_entropy", "bits_per_byte", "perplexity", "phoneme_error_rate", "cosine"}


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main([*argv, *FEW]) == 0
    return capsys.readouterr().out


def test_the_model_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capsys, "evaluate", "vit-dense", "--json"))
    assert found["schema"] == "sqtheory.evaluate/1" and found["of"] == "dense"
    assert found["samples"] == {"unit": "image", "count": 6} and set(found) >= METRICS
    assert found["bits_per_byte"] is None and found["cosine"] is None and found["accuracy"]["value"] >= 0.5
    assert set(found["accuracy"]) == {"value", "standard_error", "interval"}
    lines = said(capsys, "evaluate", "vit-dense").splitlines()
    assert lines[0] == "vit-dense, vision transformer: 6 images"
    assert lines[1].split() == ["accuracy", "±", "cross", "entropy", "±", "perplexity", "±"]


def test_both_orders_and_their_differences(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capsys, *PAIR, "--json", "--order", "both", "--order", "gain"))
    results = {r["name"]: r for r in found["results"]}
    assert list(results) == ["dense", "S only", "Q only", "S→Q", "Q→S", "gain"]
    assert found["of"] == "S→Q" and all(found[name] == results["S→Q"][name] for name in METRICS)
    first, second = found["paired"]
    assert (first["order"], first["minus"], second["order"]) == ("qs", "sq", "gain")
    gap = first["bits_per_byte"]
    values = [results[name]["bits_per_byte"]["value"] for name in ("Q→S", "S→Q")]
    assert gap["value"] == pytest.approx(values[0] - values[1])
    assert 0 < gap["value"] and gap["standard_error"] < results["S→Q"]["bits_per_byte"]["standard_error"]
    threshold = found["threshold"]["bits_per_byte"]
    parts = [results[name]["bits_per_byte"]["value"] for name in ("Q only", "S only", "dense")]
    assert threshold == pytest.approx(parts[0] + parts[1] - parts[2])
    assert found["excess"][1]["bits_per_byte"]["exceeded"] is True
    text = said(capsys, *PAIR, "--order", "qs")
    assert "nm(2, 4) with hbfp(4), weights" in text and "Q→S beyond the threshold" in text and "minus" not in text


def test_one_operator_alone_and_activations(capsys: pytest.CaptureFixture[str]) -> None:
    alone = json.loads(said(capsys, "evaluate", "lm-dense", "--format", "int3", "--json"))
    both = json.loads(said(capsys, "evaluate", "lm-dense", "--format", "int3", "--activations", "--json"))
    assert alone["of"] == "int(3)" and "results" not in alone
    assert both["bits_per_byte"]["value"] > alone["bits_per_byte"]["value"]
    assert said(capsys, "evaluate", "lm-dense", "--mask", "50%", "--markdown").startswith("**lm-dense")


def test_a_method_of_activations_prunes_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    """WINA keeps what counts for the output: it loses less of the metric than magnitude, at one budget."""
    alone = {
        name: json.loads(said(capsys, "evaluate", "lm-dense", "--mask", "50%", "--method", name, "--json"))
        for name in ("wina", "teal")
    }
    assert alone["wina"]["of"] == "top(0.5) of inputs by wina" and alone["teal"]["method"] == "teal"
    assert alone["wina"]["bits_per_byte"]["value"] < alone["teal"]["bits_per_byte"]["value"]
    text = said(
        capsys, "evaluate", "lm-dense", "--mask", "50%", "--format", "int3", "--method", "wina", "--activations"
    )
    assert "top(0.5) of inputs by wina with int(3), weights and activations" in text and "Q→S minus S→Q" in text


def test_your_own_text_and_your_own_folder_of_results(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_bytes(b"And it came to pass in those days. " * 60)
    asked = ("evaluate", "lm-dense", "--data", str(text), "--results", str(tmp_path / "kept"), "--json")
    first = said(capsys, *asked)
    assert json.loads(first)["samples"]["count"] == 6
    assert said(capsys, *asked) == first and len(list((tmp_path / "kept").glob("*.json"))) == 1


def test_words_and_phonemes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The file of the model and the dictionary are the caller's; results stay and are taken up again."""
    files = (str(written_gru(tmp_path / "g2p.npz")), "--data", str(dictionary(tmp_path / "dict")))
    asked = ("evaluate", *files, "--mask", "2:4", "--format", "int4:b8", "--results", str(tmp_path / "kept"))
    assert main([*asked, "--json"]) == 0
    first = capsys.readouterr().out
    found = json.loads(first)
    assert found["samples"] == {"unit": "word", "count": 5} and found["family"] == "grapheme-to-phoneme GRU"
    assert found["perplexity"] is found["bits_per_byte"] is found["cross_entropy"] is None
    results = {r["name"]: r["phoneme_error_rate"]["value"] for r in found["results"]}
    assert list(results) == ["dense", "S only", "Q only", "S→Q", "Q→S"]
    [paired] = found["paired"]
    assert paired["phoneme_error_rate"]["value"] == pytest.approx(results["Q→S"] - results["S→Q"])
    assert found["excess"][0]["phoneme_error_rate"]["value"] == pytest.approx(
        results["S→Q"] - (results["S only"] + results["Q only"] - results["dense"])
    )
    assert len(list((tmp_path / "kept").glob("*.json"))) == 5
    assert main([*asked, "--json"]) == 0 and capsys.readouterr().out == first
    assert main(["evaluate", *files, "--format", "int4:b8", "--activations", "--samples", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("grapheme-to-phoneme GRU: 3 words") and "phoneme error rate" in lines[1]
    (tmp_path / "dict").write_text("abc AE1 B KK\n", encoding="ascii")
    assert main(["evaluate", *files]) == 3
    said = capsys.readouterr().err
    assert "line 1: no phoneme of CMUdict is called 'KK'" in said and said.count("\n") == 1
    assert main(["evaluate", *files, "dict"]) == 2
    assert "this model is evaluated on one pronouncing dictionary, got 2 files" in capsys.readouterr().err


def test_an_encoder_by_the_cosine_of_its_embeddings(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("the cafe runner, 7 running 中 then the run " * 40, encoding="utf-8")
    asked = ("evaluate", str(bert_folder(tmp_path / "bert")), "--data", str(text), "--mask", "2:4", "--format", "int3")
    found = json.loads(said(capsys, *asked, "--json"))
    assert found["family"] == "BERT-shaped encoder" and found["samples"] == {"unit": "passage", "count": 6}
    results = {r["name"]: r["cosine"]["value"] for r in found["results"]}
    assert results["dense"] == 1 and found["cosine"]["value"] == results["S→Q"] < 1
    assert all(found[name] is None for name in METRICS - {"cosine"})
    gap = found["paired"][0]["cosine"]
    assert gap["value"] == pytest.approx(results["Q→S"] - results["S→Q"]) and gap["standard_error"] > 0
    assert found["threshold"]["cosine"] == pytest.approx(results["S only"] + results["Q only"] - 1)
    lines = said(capsys, *asked).splitlines()
    assert lines[1].split() == ["cosine", "±"] and lines[2].split() == ["dense", "1.00000", "0.00000"]
    assert main([*asked, "--heads", "5"]) == 3
    assert "a width of 32 has no 5 heads" in capsys.readouterr().err


def test_a_llama_in_hugging_faces_layout(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("the 12 hens " * 700, encoding="utf-8")
    asked = ("evaluate", str(written(tmp_path / "llama")), "--data", str(text), "--format", "int3", "--json")
    found = json.loads(said(capsys, *asked))
    assert found["family"] == "Llama in Hugging Face's layout" and found["perplexity"]["value"] > 1
    assert found["samples"] == {"unit": "window", "count": 6} and found["cosine"] is None
    (tmp_path / "llama" / "config.json").unlink()
    assert main(list(asked)) == 3
    assert "config.json: there is no such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "status", "message"),
    [
        (("no-such-model",), 3, "no-such-model: there is no such file"),
        (("zoo:vit",), 3, "no model named 'vit' in the zoo"),
        (("vit-dense", "--order", "sq"), 2, "--order is for a --mask and a --format together"),
        (("vit-dense", "--activations"), 2, "--activations needs the --format"),
        (("vit-dense", "--format", "int44x"), 2, "int44x"),
        (("vit-dense", "--mask", "2:5"), 3, "tensor 'blocks.0.qkv.weight': axis 1 of length 128"),
        (("vit-dense", "--samples", "10001"), 2, "1 to 10000 can be taken"),
        (("lm-dense", "--data", "a", "b"), 2, "this model is evaluated on one text file, got 2 files"),
        (("lm-dense", "--data", "nowhere"), 4, "nowhere: No such file"),
        (
            ("lm-dense", "--mask", "50%", "--format", "int4", "--method", "wina", "--order", "gain", "--samples", "2"),
            2,
            "inputs are pruned before or after rounding: --order is sq, qs or both",
        ),
        (("lm-dense", "--heads", "5"), 2, "a width of 192 has no 5 heads"),
    ],
)
def test_refusals(argv: tuple[str, ...], status: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", *argv]) == status
    printed = capsys.readouterr()
    assert message in printed.err and printed.err.count("\n") == 1 and not printed.out


def test_products_of_an_instruction(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = str(written_model(tmp_path / "w.npz", "vit-dense"))
    asked = ["evaluate", model, "--format", "mxfp8", "--accumulate", "fp8_promoted", "--samples", "1"]
    assert main([*asked, "--json", "--workers", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["accumulation"] == "fp8_promoted" and found["accuracy"]["value"] in (0, 1)
    assert main(["evaluate", "vit-dense", "--accumulate", "fp9"]) == 2
    assert "there is no accumulation 'fp9'" in capsys.readouterr().err
