"""What verbs write to: never an input, never what is not theirs; a full disk is named; inputs stay one thing."""

import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from sqtheory.cli import main
from sqtheory.files.checkpoints import SafetensorsCheckpoint
from tests.cli.test_kills import APPLIED, MXFP4, PAGE, SOURCES, archive, safetensors, sharded
from tests.files.atomic.killing import CALLS, tree
from tests.nightly import NIGHTLY, nightly, thin

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="uses links, limits and devices of Linux")


def said(capsys: pytest.CaptureFixture[str], status: int, *words: object) -> str:
    """The one line of a refusal."""
    capsys.readouterr()
    assert main([*map(str, words)]) == status
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1, captured
    return captured.err


def itself(source: Path, out: Path) -> None:
    source.rename(out)


def symlink(source: Path, out: Path) -> None:
    out.symlink_to(source)


def hard_link(source: Path, out: Path) -> None:
    os.link(source, out)


LINKS = (itself, symlink, hard_link)


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("kind", ["page", "report", "packed", "figure", "unpacked", "checkpoint", "config"])
def test_an_input_is_never_replaced_by_whatever_name(
    tmp_path: Path, kind: str, link: Callable[[Path, Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The name of the output leads to a file that is read: itself, a link, a hard link."""
    source, home = tmp_path / "in", tmp_path / "home"
    home.mkdir()
    commands: dict[str, tuple[Callable[[Path], Path], str, tuple[object, ...]]] = {
        "page": (safetensors, "page.html", ("report", source, *PAGE, "-o", home / "page.html")),
        "report": (archive, "o.npz.sqtheory.json", ("apply", source, home / "o.npz", *MXFP4)),
        "packed": (safetensors, "o.safetensors.sqtheory.json", ("pack", source, home / "o.safetensors", *MXFP4)),
        "figure": (safetensors, "channels.csv", ("figure", "channels", "--model", source, "--out", home)),
        "unpacked": (safetensors, "o.safetensors", ("unpack", source, home / "o.safetensors")),
        "checkpoint": (safetensors, "o.safetensors", ("apply", source, home / "o.safetensors", *MXFP4)),
        "config": (sharded, "o.safetensors.sqtheory.json", ("pack", source, home / "o.safetensors", *MXFP4)),
    }
    make, name, command = commands[kind]
    file = make(tmp_path / ("in.npz" if make is archive else "made"))
    if kind == "unpacked":
        packed = tmp_path / "packed.safetensors"
        assert main(["pack", str(file), str(packed), *MXFP4]) == 0
        file = packed
    if make is sharded:
        file.rename(source)
        file = source / "1.safetensors"
        if link is itself:
            pytest.skip("a file of a folder lies in it")
    else:
        file.rename(source)
        file = source
    before = file.read_bytes()
    link(file, home / name)
    words = [home / name if word == source and link is itself else word for word in command]
    assert "is the input itself" in said(capsys, 2, *words, "--force")
    assert (home / name).read_bytes() == before and [p.name for p in home.iterdir()] == [name]


def test_a_copied_file_of_the_input_is_an_input_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = sharded(tmp_path / "in"), tmp_path / "out"
    os.link(source / "more" / "notes.txt", tmp_path / "out.sqtheory.json")
    assert "file of the input" in said(capsys, 2, "apply", source, out, *MXFP4, "--force")
    assert (source / "more" / "notes.txt").read_text() == "notes" and not out.exists()


@pytest.mark.parametrize("content", [b"mine", b"", b'{"schema": "else/1"}', None])
def test_only_a_report_is_replaced_by_a_report(
    tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = safetensors(tmp_path / "in.safetensors"), tmp_path / "out.safetensors"
    beside = tmp_path / "out.safetensors.sqtheory.json"
    beside.mkdir() if content is None else beside.write_bytes(content)
    command = ("apply", source, out, *MXFP4)
    assert "pass --force" in said(capsys, 2, *command)
    assert "is no report of apply" in said(capsys, 2, *command, "--force") and not out.exists()
    assert beside.is_dir() if content is None else beside.read_bytes() == content
    beside.rmdir() if content is None else beside.unlink()
    assert main([*map(str, command)]) == main([*map(str, command), "--force"]) == 0


def test_only_a_page_is_replaced_by_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, page = safetensors(tmp_path / "in.safetensors"), tmp_path / "page.html"
    page.write_text("{}")
    command = ("report", source, *PAGE, "-o", page)
    assert "pass --force" in said(capsys, 2, *command)
    assert "is no HTML page" in said(capsys, 2, *command, "--force") and page.read_text() == "{}"
    page.unlink()
    assert main([*map(str, command)]) == main([*map(str, command), "--force"]) == 0


def test_a_folder_that_holds_other_files_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind in ("folder", "compressed-tensors"):
        name, to, options, _ = APPLIED[kind]
        (tmp_path / kind).mkdir()
        source, out = SOURCES[name](tmp_path / kind / name), tmp_path / kind / "home" / to
        assert main(["apply", str(source), str(out), *options]) == 0
        (out / "mine").write_text("mine")
        before = tree(out)
        assert "holds 'mine'" in said(capsys, 2, "apply", source, out, *options, "--force") and tree(out) == before


class Full:
    """Calls of one kind find the disk full from a number on."""

    def __init__(self, call: str, at: int, patch: pytest.MonkeyPatch) -> None:
        self.left, real = at, getattr(os, call)

        def faulty(*args: object, **options: object) -> object:
            if call == "mkdir" and os.path.isdir(str(args[0])):
                return real(*args, **options)
            self.left -= 1
            if self.left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), *(args if call == "mkdir" else ()))
            return real(*args, **options)

        patch.setattr(os, call, faulty)


ORDERS = (("order", *MXFP4), ("order", *MXFP4, "--json"))
WRITING: dict[str, tuple[str, ...]] = {
    **{kind: ("apply", name, f"home/{to}", *new) for kind, (name, to, new, _) in APPLIED.items()},
    "unpack": ("unpack", "packed.safetensors", "home/out.safetensors"),
    "report": ("report", "in.safetensors", *PAGE, "-o", "home/page.html"),
    "figure": ("figure", "block", "--format", "svg", "--out", "home"),
    "order": ("order", "in.safetensors", *MXFP4, "--results", "home"),
}


@thin(8)
@pytest.mark.parametrize("call", ["write", "fsync", "mkdir"])
@pytest.mark.parametrize("verb", WRITING)
def test_a_full_disk_is_named_with_the_file_and_leaves_nothing(
    tmp_path: Path, verb: str, call: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call in CALLS
    monkeypatch.chdir(tmp_path)
    command, home = WRITING[verb], tmp_path / "home"
    made = {name: make(tmp_path / name) for name, make in SOURCES.items() if name in command}
    if verb == "unpack":
        assert main(["pack", str(safetensors(tmp_path / "in.safetensors")), "packed.safetensors", *MXFP4]) == 0
    assert main([*command]) == 0
    wanted = tree(home)
    shutil.rmtree(home)
    before, faults = tree(tmp_path), 0
    for at in range(100) if NIGHTLY or verb != "figure" else (0, 2, 99):
        with monkeypatch.context() as patch:
            full = Full(call, at, patch)
            capsys.readouterr()
            status = main([*command])
        captured = capsys.readouterr()
        if status == 0:  # whatever fails after all have their names, is not said
            assert tree(home).keys() == wanted.keys() and (full.left >= 0 or call == "fsync")
            break
        faults += 1
        assert status == 4 and captured.err.count("\n") == 1, captured.err
        assert "No space left" in captured.err and "home" in captured.err, captured.err
        assert ".partial" not in captured.err and captured.out == ""
        left = tree(home)
        if verb == "order":  # lines that are finished stay
            left = {name: data for name, data in left.items() if not name.endswith(".json")}
        whole = call == "fsync" and left == wanted  # the very last call, for a folder with all in it
        assert (left == {} or whole) and tree(tmp_path).items() >= before.items(), at
        shutil.rmtree(home, ignore_errors=True)
    assert faults > 0 and (made or verb in ("unpack", "figure"))


@LINUX
@pytest.mark.parametrize("verb", [("inspect",), *(pytest.param(v, marks=nightly) for v in ORDERS)])
def test_a_full_standard_output_is_said(tmp_path: Path, verb: tuple[str, ...]) -> None:
    import subprocess

    source = safetensors(tmp_path / "in.safetensors")
    command = [sys.executable, "-m", "sqtheory", verb[0], str(source), *verb[1:]]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (4, "sqtheory: standard output: No space left on device\n")


def touched(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(file.read(8)[:0])
    os.utime(path)


def changed_and_set_back(path: Path) -> None:
    times = path.stat()
    with path.open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"\0\0\0\0")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def replaced(path: Path) -> None:
    shutil.copy(path, path.with_name("copy"))
    os.replace(path.with_name("copy"), path)


READING: dict[str, tuple[str, ...]] = {
    "order": ("order", "in.safetensors", *MXFP4),
    "order in threads": ("order", "in.safetensors", *MXFP4, "--workers", "2", "--executor", "threads"),
    "order with results": ("order", "in.safetensors", *MXFP4, "--results", "results"),
    "report": ("report", "in.safetensors", *PAGE, "-o", "page.html"),
    "apply": ("apply", "in.safetensors", "out.safetensors", *MXFP4),
    "pack": ("pack", "in.safetensors", "out.safetensors", *MXFP4),
    "predict": ("predict", "in.safetensors", *MXFP4),
    "price": ("price", "in.safetensors", *MXFP4),
    "inspect": ("inspect", "in.safetensors"),
    "verify": ("verify", "in.safetensors"),
    "against": ("verify", "out.safetensors", "--against", "in.safetensors"),
    "figure": ("figure", "channels", "--format", "svg", "--model", "in.safetensors"),
    "evaluate": ("evaluate", "in.safetensors", "--samples", "1"),
}


@thin(2)
@pytest.mark.parametrize("change", [touched, changed_and_set_back, replaced])
@pytest.mark.parametrize("verb", READING)
def test_an_input_that_changes_while_it_is_read_is_refused_by_name(
    tmp_path: Path,
    verb: str,
    change: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """After the first tensor is read; nothing is printed or written then."""
    if verb == "evaluate" and change is not replaced:
        pytest.skip("one change of a large file is enough")
    monkeypatch.chdir(tmp_path)
    source = safetensors(tmp_path / "in.safetensors")
    if verb == "evaluate":
        from sqtheory.files import zoo

        shutil.copy(zoo.path("lm-dense"), source)
    if verb in ("verify", "against"):
        assert main(["apply", "in.safetensors", "out.safetensors", *MXFP4]) == 0
    if verb == "verify":
        os.replace("out.safetensors", source)
        os.replace("out.safetensors.sqtheory.json", "in.safetensors.sqtheory.json")
    read, once = SafetensorsCheckpoint._read, [True]

    def meddling(self: SafetensorsCheckpoint, info: object) -> object:
        values = read(self, info)  # type: ignore[arg-type]
        if self.path.name == "in.safetensors" and once and once.pop():
            change(source)
        return values

    slabs = SafetensorsCheckpoint.slabs

    def meddling_slabs(self: SafetensorsCheckpoint, name: str) -> Iterator[object]:
        pieces: Iterable[object] = list(slabs(self, name))
        if once and once.pop():
            change(source)
        yield from pieces

    monkeypatch.setattr(SafetensorsCheckpoint, "_read", meddling)
    monkeypatch.setattr(SafetensorsCheckpoint, "slabs", meddling_slabs)
    error = said(capsys, 3, *READING[verb])
    assert error.startswith("sqtheory: ") and "in.safetensors" in error and "changed" in error and not once
    written = {name for name in tree(tmp_path) if not name.startswith(("in.safetensors", "results/", "figures/"))}
    assert written <= ({"out.safetensors", "out.safetensors.sqtheory.json"} if verb == "against" else set())
