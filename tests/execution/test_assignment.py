"""One tensor has one mask and one format, whoever asks: the verbs, in any order, over any other tensors."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.rounding import stochastic
from sqtheory.alphabet.scores import Random
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, top
from sqtheory.cli import main
from sqtheory.compress import Recipe, beside
from sqtheory.exceptions import SpellingError
from sqtheory.execution import Bound, Spelled, sweep
from sqtheory.execution.assignment import bound
from sqtheory.execution.fingerprints import word
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.orders.errors import norm
from sqtheory.orders.pair import Pair
from sqtheory.tables import share

MASK, FORMAT, SEED = "top(0.5, per=row, score=random(rng))", "int4", 3
X = np.random.default_rng(0).standard_normal((32, 64)).astype(np.float32)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "w.safetensors"
    save_file({"a.weight": X, "b.weight": X[::-1].copy()}, path)
    return path


def test_order_apply_verify_and_report_speak_of_one_mask(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--mask", MASK, "--format", FORMAT, "--seed", str(SEED)]
    assert main(["order", str(file), *asked, "--json"]) == 0
    ordered = {t["name"]: t["errors"] for t in json.loads(capsys.readouterr().out)["tensors"]}

    out, page = file.with_name("out.safetensors"), file.with_name("page.html")
    assert main(["apply", str(file), str(out), *asked, "--json"]) == 0
    written = {t["name"]: t for t in json.loads(beside(out).read_text())["tensors"]}
    for name, errors in ordered.items():
        for key in ("s", "q", "sq", "qs"):
            assert written[name][f"e_{key}"] == errors[key], (name, key)
        assert written[name]["error"] == pytest.approx(errors["sq"], rel=1e-12)
    capsys.readouterr()
    assert main(["verify", str(out), "--against", str(file)]) == 0
    assert main(["report", str(file), *asked, "-o", str(page)]) == 0
    page_text = page.read_text()
    for errors in ordered.values():
        assert all(share(errors[key], norm(X, 2)) in page_text for key in ("sq", "qs"))

    with open_checkpoint(out) as opened:
        for name, x in (("a.weight", X), ("b.weight", X[::-1])):
            pair = Spelled(MASK, FORMAT, SEED).of(name)
            np.testing.assert_array_equal(opened.read(name), (pair.s >> pair.q)(x))
    assert ordered["a.weight"]["s"] != ordered["b.weight"]["s"], "another name draws other numbers"


def test_a_pipeline_has_the_numbers_that_it_has_alone(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def ordered(*words: str) -> dict[tuple[str, str, str], dict[str, float]]:
        assert main(["order", str(file), *words, "--seed", "3", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)["tensors"]
        return {(t["name"], t["mask"], t["format"]): t["errors"] for t in found}

    other = "int(4, rounding=stochastic(rng))"
    alone = ordered("--mask", MASK, "--format", FORMAT)
    both = ordered("--mask", "2:4", "--mask", MASK, "--format", other, "--format", FORMAT)
    assert len(both) == 8 and alone.items() <= both.items()


def test_what_is_spelled_is_parsed_with_a_generator_of_its_name() -> None:
    text = "int(4, rounding=stochastic(rng))"
    for name in ("a", "b", "layer.0.weight", "é\u2028"):
        rng = np.random.default_rng([SEED, word(name)])
        s, q = parse_as(Sparsifier, "mask", MASK, {"rng": rng}), parse_as(Quantizer, "format", text, {"rng": rng})
        expected = q(s(X))
        for assignment in (Spelled(MASK, text, SEED), Recipe(MASK, text, seed=SEED).assignment):
            for _ in range(2):
                pair = assignment.of(name)
                np.testing.assert_array_equal(pair.q(pair.s(X)), expected)


def test_what_draws_nothing_is_the_same_for_all() -> None:
    for assignment in (Spelled("2:4", "mxfp4"), Spelled("2:4", "mxfp4", 5), Bound(nm(2, 4), int_(4))):
        assert assignment.uniform and assignment.seeds == ()
        assert assignment.of("a") == assignment.of("b") == Pair(*assignment.pattern)
    drawn = Spelled(MASK, FORMAT, SEED)
    assert not drawn.uniform and drawn.seeds == ((SEED,),)
    assert (drawn.mask, drawn.format) == ("top(0.5, per=row, score=random(rng))", "int(4)")


def test_generators_of_the_caller_are_asked_once() -> None:
    one, two = np.random.default_rng(1), np.random.default_rng(2)
    masks, formats = [top(0.5, score=Random(one)), nm(2, 4)], [int_(4, rounding=stochastic(two)), int_(4)]
    grid = bound(masks, formats)
    again = [tuple(np.random.default_rng(seed).integers(2**63, size=2).tolist()) for seed in (1, 2)]
    assert [pair.seeds for pair in grid] == [tuple(again), (again[0],), (again[1],), ()]
    after = one.bit_generator.state, two.bit_generator.state
    s, t = grid[0].of("a").s, grid[1].of("a").s
    np.testing.assert_array_equal(s.mask(X), t.mask(X))
    assert not np.array_equal(s.mask(X), grid[0].of("b").s.mask(X))
    assert (one.bit_generator.state, two.bit_generator.state) == after


def test_a_sweep_of_operators_is_that_of_their_pairs(file: Path) -> None:
    def row(count: int) -> object:
        rng = np.random.default_rng(7)
        masks, formats = [top(0.5, score=Random(rng)), nm(2, 4)], [int_(4), int_(3)]
        with open_checkpoint(file) as checkpoint:
            return [rows[0] for rows in sweep(checkpoint, checkpoint.tensors, masks[:count], formats[:count])]

    assert row(1) == row(2)


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        (("int4", "int4"), SpellingError, "int(4) is not a mask"),
        (("2:4", "2:4"), SpellingError, "nm(2, 4) is not a format"),
        (("2:4", "int4", -1), ValueError, "non-negative"),
    ],
)
def test_words_that_assign_nothing_are_refused(asked: tuple[object, ...], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=re.escape(said)):
        Spelled(*asked)  # type: ignore[arg-type]
