"""What a start of the command line loads: what the verb needs and nothing else."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sqtheory.cli import main, parser
from sqtheory.cli.verb import Verb
from sqtheory.cli.verbs import VERBS

SCRIPT = """
import json, sys
from sqtheory.__main__ import main
try:
    main()
except SystemExit:
    pass
print("\\n" + json.dumps(sorted(sys.modules)))
"""
FOREIGN = (
    *("numba", "scipy", "sympy", "mpmath", "hypothesis", "matplotlib", "pandas", "onnx", "gguf", "z3", "tqdm"),
    *("numpy.ma", "multiprocessing", "socket", "zipfile", "pickletools", "tomllib", "difflib", "html", "unittest"),
)
OURS = (
    *("theory", "methods", "models", "bench", "show", "proofs", "compress", "strategies", "alphabet.compensation"),
    *("api.report", "api.apply", "execution.recipe_file", "execution.leases", "execution.derived"),
    *("files.packing", "files.codecs.registry", "files.checkpoints.pickle_operations"),
    *(f"files.checkpoints.{kind}" for kind in ("npz", "gguf", "onnx", "tflite", "ctranslate2")),
)


def loaded(*words: str) -> set[str]:
    """The modules in memory after a command line, in a process of its own."""
    run = subprocess.run([sys.executable, "-c", SCRIPT, *words], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_order_of_a_small_file_loads_nothing_that_it_does_not_use(tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    save_file({"w": np.random.default_rng(0).standard_normal((160, 160), np.float32)}, path)
    found = loaded("order", str(path), "--mask", "2:4", "--format", "mxfp4")
    assert {"numpy", "safetensors", "sqtheory.orders.grid"} <= found
    assert not found & {*FOREIGN, *(f"sqtheory.{name}" for name in OURS)}
    assert not found & {f"sqtheory.cli.{verb.name}" for verb in VERBS if verb.name != "order"}


def test_evaluate_without_a_method_loads_none() -> None:
    found = loaded("evaluate", "lm-dense", "--mask", "2:4", "--format", "int4", "--samples", "1", "--json")
    assert "sqtheory.models.evaluation.comparing" in found
    assert not found & {"sympy", "matplotlib", "sqtheory.methods", "sqtheory.theory.theorem"}


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_version_and_help_do_without_numpy(word: str) -> None:
    found = loaded(word)
    assert "sqtheory.cli" in found and not found & {"numpy", *FOREIGN}


def verbs(grammar: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    [found] = [a for a in grammar._actions if isinstance(a, argparse._SubParsersAction)]
    return dict(found.choices)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_the_grammar_of_a_line_is_that_of_its_verb(verb: Verb) -> None:
    alone = verbs(parser([verb.name, "x"]))
    assert list(alone) == [verb.name]
    assert alone[verb.name].format_help() == verbs(parser())[verb.name].format_help()


def test_lines_that_begin_with_no_verb_have_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["--help"], ["ordr", "x"], ["x", "order"]):
        assert list(verbs(parser(words))) == [verb.name for verb in VERBS]
        assert parser(words).format_help() == parser().format_help()
    with pytest.raises(SystemExit):
        main(["ordr", "x"])
    said = capsys.readouterr().err
    assert "invalid choice: 'ordr'" in said and all(verb.name in said for verb in VERBS)


def test_a_line_computes_by_numba_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    line = ["order", "x", "--mask", "2:4", "--format", "int4"]
    assert parser(line).parse_args(line).engine == "numba"
    monkeypatch.setitem(sys.modules, "numba", None)
    assert parser(line).parse_args(line).engine == "numpy"
    assert parser(line).parse_args([*line, "--engine", "definition"]).engine == "definition"


def test_numba_that_is_asked_for_and_absent_is_a_missing_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    assert main(["order", "zoo:vit-dense", "--mask", "2:4", "--format", "int4", "--engine", "numba"]) == 4
    assert "pip install 'sqtheory[fast]'" in capsys.readouterr().err
