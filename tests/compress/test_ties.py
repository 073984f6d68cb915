"""Tensors that are equal under two names: they stay equal, whatever is drawn."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sqtheory.cli import main
from sqtheory.compress.ties import equal_tensors
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.checkpoints.tensors import PIECE_BYTES

RNG = np.random.default_rng(0)
E, OTHER = (RNG.normal(size=(32, 16)).astype(np.float32) for _ in range(2))
BOTH = ("--targets", "re:.*")
DRAWS = {
    "a mask": ("--mask", "top(0.5, score=random(rng))", "--format", "int4"),
    "ties": ("--mask", "nm(2, 4, ties=random(rng))", "--format", "int(3)", "--order", "qs"),
    "a format": ("--mask", "2:4", "--format", "int(4, rounding=stochastic(rng))"),
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "in"
    path.mkdir()
    save_file({"embed_tokens.weight": E, "lm_head.weight": E.copy(), "fc.weight": OTHER}, path / "model.safetensors")
    (path / "config.json").write_text(json.dumps({"tie_word_embeddings": True}))
    return path


def test_equal_tensors_are_those_equal_to_the_last_byte(tmp_path: Path) -> None:
    long = np.zeros((2, PIECE_BYTES // 4), np.float32)
    late = long.copy()
    late[-1, -1] = 1
    tensors = {"a": E, "b": OTHER, "c": E.copy(), "d": long, "e": late, "f": long.copy(), "g": E.reshape(16, 32).copy()}
    tensors |= {
        "i": np.ones((32, 16), np.int32),
        "j": np.ones((32, 16), np.int32),
        "one": np.ones(1),
        "two": np.ones(1),
    }
    tensors |= {"z": E.copy()}
    save_file(tensors, tmp_path / "w.safetensors")
    with open_checkpoint(tmp_path / "w.safetensors") as checkpoint:
        ties = equal_tensors(checkpoint)
    assert ties == (("a", "c", "z"), ("d", "f"))


@pytest.mark.parametrize("words", DRAWS.values(), ids=DRAWS)
def test_equal_tensors_draw_the_same_and_stay_equal(
    words: tuple[str, ...], model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = model.with_name("out")
    assert main(["apply", str(model), str(out), *words, *BOTH]) == 0
    said = "Equal in the source and in the result: embed_tokens.weight, lm_head.weight."
    assert said in capsys.readouterr().out
    after = load_file(out / "model.safetensors")
    assert after["embed_tokens.weight"].tobytes() == after["lm_head.weight"].tobytes() != E.tobytes()
    assert main(["verify", str(out)]) == 0
    assert main(["verify", str(out), "--against", str(model)]) == 0


def test_draws_without_ties_are_those_of_before(model: Path) -> None:
    words = DRAWS["a mask"]
    save_file({"fc.weight": OTHER, "lm_head.weight": E}, model / "model.safetensors")
    assert main(["apply", str(model), str(model.with_name("one")), *words, *BOTH]) == 0
    save_file({"fc.weight": OTHER, "lm_head.weight": E, "z": E.copy()}, model / "model.safetensors")
    assert main(["apply", str(model), str(model.with_name("two")), *words, *BOTH]) == 0
    one, two = (load_file(model.with_name(name) / "model.safetensors") for name in ("one", "two"))
    assert all(one[name].tobytes() == two[name].tobytes() for name in one)


def test_packed_ties_stay_equal_too(model: Path) -> None:
    out = model.with_name("out.safetensors")
    assert main(["pack", str(model), str(out), *DRAWS["a mask"], *BOTH]) == 0
    assert main(["verify", str(out), "--against", str(model)]) == 0
    back = out.with_name("back.safetensors")
    assert main(["unpack", str(out), str(back)]) == 0
    after = load_file(back)
    assert after["embed_tokens.weight"].tobytes() == after["lm_head.weight"].tobytes()


def test_a_head_that_parts_from_its_embedding_is_named(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--mask", "2:4", "--format", "int4", "--targets", "lm_head.weight", "--targets", "fc.weight")
    assert main(["apply", str(model), str(model.with_name("out")), *words]) == 0
    said = "Equal in the source and no longer in the result: embed_tokens.weight, lm_head.weight; embed_tokens.weight"
    assert f"{said} is left alone (not a target)." in capsys.readouterr().out


def test_ties_among_what_is_left_alone_are_not_spoken_of(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["apply", str(model), str(model.with_name("out")), "--mask", "2:4", "--format", "int4"]) == 0
    assert "Equal in the source" not in capsys.readouterr().out
