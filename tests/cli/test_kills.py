"""Every verb that writes, killed at every call by which it changes a file: what is there is old, new or nothing.

Nothing stays that a run without a death would not leave, a second run gets to the end, ``verify`` agrees, and inputs
are not touched.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from safetensors.numpy import save_file

from sqtheory import __version__, compress
from sqtheory.cli import main, parser
from sqtheory.files import atomic
from sqtheory.files.atomic import exchange, files
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.targets import Targets
from sqtheory.show.figures.data import FigureKind
from sqtheory.show.page import page
from tests.compress.material import INDEX
from tests.files.atomic.killing import dies, kills, tree
from tests.nightly import NIGHTLY, thin

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a process is forked and killed")
SHAPE = (8, 32)


def small(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(SHAPE).astype("f4")


def safetensors(path: Path) -> Path:
    save_file({"a.weight": small(1), "b.weight": small(2), "norm.weight": np.ones(4, "f4")}, path)
    return path


def sharded(folder: Path) -> Path:
    (folder / "more").mkdir(parents=True)
    for number in (1, 2):
        save_file({f"{number}.weight": small(number)}, folder / f"{number}.safetensors")
    places = {f"{number}.weight": f"{number}.safetensors" for number in (1, 2)}
    (folder / INDEX).write_text(json.dumps({"weight_map": places}))
    (folder / "config.json").write_text("{}")
    (folder / "more" / "notes.txt").write_text("notes")
    return folder


def archive(path: Path) -> Path:
    np.savez_compressed(path, w=small(1), v=small(2))
    return path


def array(path: Path) -> Path:
    np.save(path, small(1))
    return path


def model(path: Path) -> Path:
    weights = [numpy_helper.from_array(small(n), f"{n}.weight") for n in (1, 2)]
    onnx.save(helper.make_model(helper.make_graph([], "g", [], [], weights)), path)
    return path


SOURCES: dict[str, Callable[[Path], Path]] = {
    "in.safetensors": safetensors,
    "in": sharded,
    "in.npz": archive,
    "in.npy": array,
    "in.onnx": model,
}
MXFP4, INT4 = ("--mask", "2:4", "--format", "mxfp4"), ("--mask", "2:4", "--format", "int4")
CT = ("--pack", "--layout", "compressed-tensors", "--mask", "2:4", "--format")
APPLIED: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]] = {
    "safetensors": ("in.safetensors", "out.safetensors", MXFP4, INT4),
    "folder": ("in", "out", MXFP4, INT4),
    "npz": ("in.npz", "out.npz", MXFP4, INT4),
    "npy": ("in.npy", "out.npy", MXFP4, INT4),
    "onnx": ("in.onnx", "out.onnx", MXFP4, INT4),
    "packed": ("in.safetensors", "out.safetensors", ("--pack", *MXFP4), ("--pack", *INT4)),
    "packed folder": ("in", "out.safetensors", ("--pack", *MXFP4), ("--pack", *INT4)),
    "compressed-tensors": ("in.safetensors", "out", (*CT, "int4:b32"), (*CT, "int8:b32")),
}
SYSTEMS = ("whole", "no renameat2", "bare")
"""With everything; without an exchange of names; without that, hard links, and files that have no name."""


@pytest.fixture
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param != "whole":
        monkeypatch.setattr(exchange, "renameat2", lambda old, new, how: False)
    if request.param == "bare":
        monkeypatch.setattr(files, "_TMPFILE", 0)

        def no_link(*args: object, **options: object) -> None:
            raise OSError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", no_link)
    return str(request.param)


def run(*words: object) -> int:
    return main([*map(str, words)])


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one, for thousands of waits for a disk; nightly on the disk."""
    if NIGHTLY or not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


@contextmanager
def planned(source: Path, out: Path, options: tuple[str, ...], *, force: bool) -> Iterator[compress.Plan]:
    """What ``apply`` is about to write."""
    asked = parser().parse_args(["apply", *map(str, (source, out)), *options])
    packing = compress.Packing(asked.layout or "sqtheory", None) if asked.pack else None
    with open_checkpoint(source) as opened:
        layout = compress.layout_of(opened, out, folder=source.is_dir(), packing=packing)
        recipe = compress.Recipe(asked.mask, asked.format)
        yield compress.plan(layout, recipe, Targets(), __version__, force=force)


BY_DAY = (("packed", False), ("packed folder", True), ("compressed-tensors", False), ("npz", True), ("onnx", False))
"""Of the kinds besides one file and a folder: a kind of file, and whether it replaces one."""
WHOLE = ("safetensors", True, "whole")
"""Killed at every third call by day; the others at every ninth; all at every one nightly."""


@thin(2)
@pytest.mark.parametrize("half", [False, True] if NIGHTLY else [False], ids=lambda half: "half" if half else "before")
@pytest.mark.parametrize("system", SYSTEMS, indirect=True)
@pytest.mark.parametrize("force", [False, True], ids=["new", "replacing"])
@pytest.mark.parametrize("kind", APPLIED)
@pytest.mark.usefixtures("capsys")
def test_a_checkpoint_and_its_report_are_both_or_neither(
    place: Path, kind: str, force: bool, system: str, half: bool
) -> None:
    """What is there after a death is the old pair, the new one, or nothing, when ``recover`` or the next has looked.

    ``verify`` agrees with both pairs, and pairs are compared byte by byte; it looks itself after some of the deaths.
    """
    by_day = kind in ("safetensors", "folder") or (system == "whole" and (kind, force) in BY_DAY)
    if not (NIGHTLY or (by_day and (system == "whole" or kind == "safetensors"))):
        pytest.skip("nightly, with every system")
    every = 1 if NIGHTLY else 3 if (kind, force, system) == WHOLE else 9
    name, to, new, old = APPLIED[kind]
    source, home, kept = SOURCES[name](place / name), place / "home", place / "kept"
    out = home / to
    before = tree(source) if source.is_dir() else source.read_bytes()
    states = []
    for options in (old, new):
        shutil.rmtree(home, ignore_errors=True)
        assert run("apply", source, out, *options) == 0
        assert run("verify", out, "--against", source) == 0
        states.append(tree(home))
        if options == old:
            shutil.copytree(home, kept)

    def reset() -> None:
        shutil.rmtree(home, ignore_errors=True)
        if force:
            shutil.copytree(kept, home)

    reset()
    with planned(source, out, new, force=force) as plan:

        def write() -> int:
            compress.apply(plan, force=force)
            return 0

        deaths = 0
        for at in kills(write, reset, half, every):
            deaths += 1
            seen = {name: data for name, data in tree(home).items() if not name.startswith(".")}
            if force and system == "whole":
                assert out.exists(), "a name is never without its checkpoint"
            if not force and out.exists():
                assert seen == states[1], "a checkpoint is never without its report"
            if at % 7 == 0:
                assert run("verify", out, "--against", source) == (0 if force or seen == states[1] else 3)
            if at % 2:
                atomic.recover(home)
                assert tree(home) in (states[0] if force else {}, states[1])
            if not force and seen == states[1]:
                with pytest.raises(FileExistsError, match="--force"):
                    write()
                atomic.recover(home)
            else:
                write()
            assert tree(home) == states[1]
    assert deaths > 20 // every
    assert run("verify", out, "--against", source) == 0
    assert (tree(source) if source.is_dir() else source.read_bytes()) == before


@pytest.mark.parametrize("system", SYSTEMS if NIGHTLY else SYSTEMS[:1], indirect=True)
@pytest.mark.usefixtures("capsys", "system")
def test_a_death_while_names_are_given_back(place: Path) -> None:
    """The journal of a first death is undone by a run that dies too, anywhere; the third gives the old pair."""
    home, old, new = place / "home", place / "old", place / "new"

    def written(content: bytes) -> int:
        with atomic.Together(home, {"out.json": None, "out": ("a", "b")}, force=True) as folder:
            for name in ("out.json", "out/a", "out/b"):
                atomic.write(folder / name, content)
        return 0

    for content, folder in ((b"old", old), (b"new", new)):
        shutil.rmtree(home, ignore_errors=True)
        written(content)
        home.rename(folder)

    def reset() -> None:
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(old, home)

    def recovered() -> int:
        atomic.recover(home)
        return 0

    halfway = [at for at in kills(lambda: written(b"new"), reset) if [*home.glob(".sqtheory-*/journal")]]
    assert len(halfway) > 3
    for at in halfway[:: 1 if NIGHTLY else 6]:
        for _ in kills(recovered, lambda at=at: (reset(), dies(lambda: written(b"new"), at))):  # type: ignore[misc]
            atomic.recover(home)
            assert tree(home) in (tree(old), tree(new))


@pytest.mark.parametrize("force", [False, True], ids=["new", "replacing"])
@pytest.mark.usefixtures("capsys")
def test_unpack_killed_anywhere(place: Path, force: bool) -> None:
    packed, home = place / "packed.safetensors", place / "home"
    assert run("pack", safetensors(place / "in.safetensors"), packed, *MXFP4) == 0
    assert run("unpack", packed, home / "out.safetensors") == 0
    wanted = tree(home)
    command = ("unpack", packed, home / "out.safetensors", *(("--force",) if force else ()))

    def reset() -> None:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        if force:
            (home / "out.safetensors").write_bytes(b"old")

    for _ in kills(lambda: run(*command), reset):
        seen = {name: data for name, data in tree(home).items() if not name.startswith(".")}
        assert seen in ({"out.safetensors": b"old"} if force else {}, wanted)
        assert run(*command) == (0 if force or seen != wanted else 2) and tree(home) == wanted


PAGE = ("--mask", "2:4", "--format", "int4", "--no-prediction")
WRITTEN: dict[str, tuple[str, ...]] = {
    "report": ("report", "in.safetensors", *PAGE, "-o", "home/page.html"),
    "figure": ("figure", "block", "--model", "in.safetensors", "--format", "svg", "--out", "home"),
    "order": ("order", "in.safetensors", "--mask", "2:4", "--format", "int4", "--results", "home"),
    "order in threads": (
        "order",
        "in.safetensors",
        *MXFP4,
        "--results",
        "home",
        "--workers",
        "2",
        "--executor",
        "threads",
    ),
}


@thin(2)
@pytest.mark.parametrize("force", [False, True], ids=["new", "replacing"])
@pytest.mark.parametrize("verb", WRITTEN)
@pytest.mark.usefixtures("capsys")
def test_what_a_killed_run_left_goes_with_the_next(
    place: Path, verb: str, force: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of other content that were there before are as they were, or are replaced."""
    if force and verb.startswith("order"):
        pytest.skip("a sweep replaces nothing")
    monkeypatch.chdir(place)
    home, source = place / "home", safetensors(place / "in.safetensors")
    before = source.read_bytes()
    pages: list[str] = []
    monkeypatch.setattr("sqtheory.show.page.page", lambda found: (pages or pages.append(page(found)) or pages)[0])
    monkeypatch.setattr(FigureKind, "files", cache(FigureKind.files))
    command = (*WRITTEN[verb], *(("--force",) if force else ()))
    assert run(*WRITTEN[verb]) == 0
    wanted = tree(home)
    old = {name: b"<!doctype html>" for name in wanted} if force else {}

    def reset() -> None:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        for name, data in old.items():
            (home / name).write_bytes(data)

    deaths = 0
    for _ in kills(lambda: run(*command), reset, every=1 if NIGHTLY else 4):
        deaths += 1
        seen = {name: data for name, data in tree(home).items() if not any(p[0] == "." for p in Path(name).parts)}
        for name, data in seen.items():
            assert data == old.get(name) or name.endswith("/claim") or similar(data, wanted[name])
        again = run(*command)
        assert again == 0 or (again == 2 and verb == "report" and seen == wanted)
        assert tree(home).keys() == wanted.keys()
        assert all(similar(data, wanted[name]) for name, data in tree(home).items())
    assert deaths > 2 and source.read_bytes() == before


def similar(one: bytes, other: bytes) -> bool:
    """The same, but for the signature of the file that a line of results is of, where its age lets it be known."""
    if not one.startswith(b'{"schema": "sqtheory.result/'):
        return one == other
    lines = [json.loads(text) for text in (one, other)]
    return all(lines[0][key] == lines[1][key] for key in lines[0] if key not in ("signature", "sha256"))


@pytest.mark.usefixtures("capsys")
def test_evaluations_killed_anywhere(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores of a model by themselves, since a whole verb takes seconds for each death."""
    from sqtheory.models import open_model, samples_for
    from sqtheory.models.evaluation.evaluations import Evaluations

    model, home = open_model("lm-dense"), place / "home"
    samples = samples_for(model, ()).some(1)
    scores = Evaluations(model, samples).dense()
    monkeypatch.setattr("sqtheory.models.evaluation.evaluations.evaluate", lambda *args, **options: scores)

    def evaluated() -> int:
        atomic.check_folder(home)
        Evaluations(model, samples, results=home).dense()
        return 0

    assert evaluated() == 0
    wanted = tree(home)
    assert len(wanted) == 1
    for _ in kills(evaluated, lambda: shutil.rmtree(home, ignore_errors=True)):
        assert {n: d for n, d in tree(home).items() if not n.startswith(".")} in ({}, wanted)
        assert evaluated() == 0 and tree(home) == wanted


def test_a_pair_without_a_journal_would_be_seen(place: Path) -> None:
    """The same states of files that are renamed one after the other: one death leaves the first without the second."""
    home, broken = place / "home", 0

    def pair() -> int:
        for name in ("out.sqtheory.json", "out"):
            atomic.write(home / name, b"new", force=True)
        return 0

    def reset() -> None:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()

    for _ in kills(pair, reset):
        broken += len({name for name in tree(home) if not name.startswith(".")}) == 1
    assert broken > 0
    assert dies(lambda: 3, 0) == 3
