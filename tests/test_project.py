"""The project file: what is installed, and what no file may name."""

import importlib
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest

import sqtheory
from sqtheory import MissingExtra, __version__
from sqtheory.cli import formats, main, verbs
from sqtheory.cli.verb import Document
from sqtheory.proofs.references import references
from tests.nightly import nightly

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HOSTS = tuple(name + ".org" for name in ("pypi", "pythonhosted", "npmjs", "debian"))
BINARY = (".gz", ".safetensors")


def test_requirements_have_floors_and_no_caps() -> None:
    needed = {line.split(">=")[0] for line in PROJECT["dependencies"]}
    assert needed == {"numpy", "scipy", "sympy", "matplotlib", "safetensors", "threadpoolctl", "tqdm"}
    extras = PROJECT["optional-dependencies"]
    assert {"test", "prove", "onnx", "gguf", "dask", "notebook", "all"} <= extras.keys()
    lines = [line for group in (PROJECT["dependencies"], *extras.values()) for line in group]
    assert not [line for line in lines if any(cap in line for cap in ("<", "==", "~", "!"))]
    assert [name for name, group in extras.items() if "torch" in " ".join(group)] == ["peers"], "only to compare"
    assert PROJECT["version"] == __version__


def test_the_project_names_its_pythons_and_a_paper_that_it_cites() -> None:
    named = [c.removeprefix("Programming Language :: Python :: ") for c in PROJECT["classifiers"] if ":: 3." in c]
    assert named == ["3.11", "3.12", "3.13", "3.14"] and PROJECT["requires-python"] == f">={named[0]}"
    paper = references()["harma2025interplay"].plain("eprint")
    assert PROJECT["urls"] == {"Paper": f"https://arxiv.org/abs/{paper}"}


def test_a_missing_extra_is_one_line_that_names_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(arguments: object) -> Document:
        raise MissingExtra("onnx", "onnx", "reading an ONNX model")

    monkeypatch.setattr(verbs, "VERBS", (replace(formats.VERB, run=absent),))
    assert main(["formats"]) == 4
    [line] = capsys.readouterr().err.splitlines()
    assert "pip install 'sqtheory[onnx]'" in line and "reading an ONNX model" in line


@nightly
def test_the_wheel_has_the_proofs_inside_and_nothing_else_at_its_top(tmp_path: Path) -> None:
    """Laid out as the build section says, the package proves away from the checkout."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    rules = wheel["wheel"]
    site = tmp_path / "site"
    for folder in rules["only-include"]:
        for file in (ROOT / folder).rglob("*"):
            name = file.relative_to(ROOT).as_posix()
            if file.is_file() and "__pycache__" not in name and not f"/{name}".startswith(tuple(rules["exclude"])):
                there = site / name.replace(folder, rules["sources"].get(folder, folder), 1)
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, there)
    assert [folder.name for folder in site.iterdir()] == ["sqtheory"]
    for command in (["prove", "margin"], ["show", "margin"], ["cite", "prune_first_identity"]):
        run = subprocess.run(
            [sys.executable, "-m", "sqtheory", *command],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
    proofs = [file.read_text(encoding="utf-8") for file in (ROOT / "proofs").glob("*.py")]
    assert len(proofs) > 40 and not [text for text in proofs if re.search(r"^\s*(from|import) proofs\b", text, re.M)]


def test_no_file_names_the_host_of_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = listed.stdout.split() if listed.returncode == 0 else [p.name for p in ROOT.iterdir()]
    texts = {n: (ROOT / n).read_bytes() for n in names if (ROOT / n).is_file() and not n.endswith(BINARY)}
    assert texts
    assert not [n for n, text in texts.items() if any(host.encode() in text for host in HOSTS)]


def every_dataclass() -> list[type]:
    modules = [
        importlib.import_module(m.name)
        for m in pkgutil.walk_packages(sqtheory.__path__, "sqtheory.")
        if not m.name.endswith("__main__")
    ]
    found = {c for module in modules for c in vars(module).values() if isinstance(c, type) and is_dataclass(c)}
    return sorted((c for c in found if c.__module__.startswith("sqtheory.")), key=lambda c: c.__qualname__)


def test_public_dataclasses_are_frozen_and_those_with_arrays_are_compared_by_identity() -> None:
    classes = [c for c in every_dataclass() if not c.__name__.startswith("_")]
    assert len(classes) > 100
    changeable = {c.__name__ for c in classes if not c.__dataclass_params__.frozen}
    assert changeable == {"Search", "ChainSearch", "Bracket", "SizesCut", "CutPass"}, (
        "which count what they have tried and seen"
    )
    holding = [c for c in classes if any(str(f.type).startswith("numpy.ndarray") for f in fields(c))]
    assert len(holding) > 5
    assert {c.__name__ for c in holding if c.__dataclass_params__.eq} == set()
