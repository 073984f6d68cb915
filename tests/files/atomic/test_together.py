"""Files and folders that take their names together, where the system has an exchange of names and where it has not."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sqtheory.files import atomic
from sqtheory.files.atomic import exchange, files
from sqtheory.files.atomic.abandoned import locked
from tests.files.atomic.killing import tree

LEFT = f".sqtheory-{'0' * 16}.partial"


@pytest.fixture(params=["exchange", "links", "renames", "named"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A system with everything, without renameat2, without hard links too, and without files that have no name."""
    if request.param != "exchange":
        monkeypatch.setattr(exchange, "renameat2", lambda old, new, how: False)
    if request.param in ("renames", "named"):
        monkeypatch.setattr(files, "_TMPFILE", 0)

        def no_link(*args: object, **options: object) -> None:
            raise OSError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", no_link)
    yield request.param


def written(home: Path, content: str, *, force: bool = False) -> None:
    """A file ``out.json`` and a folder ``out`` of two files."""
    with atomic.Together(home, {"out.json": None, "out": ("a", "sub/b")}, force=force) as folder:
        atomic.write(folder / "out.json", content.encode())
        atomic.write(folder / "out" / "a", content.encode())
        atomic.write(folder / "out" / "sub" / "b", content.encode())


def held(content: str) -> dict[str, bytes]:
    return dict.fromkeys(("out.json", "out/a", "out/sub/b"), content.encode())


@pytest.mark.usefixtures("system")
def test_all_appear_or_none_and_only_force_replaces(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    written(home, "1")
    assert tree(home) == held("1")
    with pytest.raises(FileExistsError, match="--force"):
        written(home, "2")
    with pytest.raises(ZeroDivisionError), atomic.Together(home, {"new": ("a",)}) as folder:
        atomic.write(folder / "new" / "a", b"3")
        raise ZeroDivisionError
    assert tree(home) == held("1")
    (home / "out.json").chmod(0o604)
    written(home, "2", force=True)
    assert tree(home) == held("2") and (home / "out.json").stat().st_mode & 0o777 == 0o604


@pytest.mark.usefixtures("system")
def test_what_is_no_part_of_the_output_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    written(tmp_path, "1")
    (tmp_path / "out" / "mine").write_text("x")
    with pytest.raises(FileExistsError, match="holds 'mine'"):
        written(tmp_path, "2", force=True)
    (tmp_path / "out" / "mine").unlink()
    with (
        pytest.raises(FileExistsError, match="holds 'late'"),
        atomic.Together(tmp_path, {"out": ("a", "sub/b")}, force=True),
    ):
        (tmp_path / "out" / "late").write_text("came while the folder was written")
    assert tree(tmp_path) == {**held("1"), "out/late": b"came while the folder was written"}
    for names, rule in (({"out.json": ("a",)}, "is no folder"), ({"out": None}, "is a folder")):
        with pytest.raises(FileExistsError, match=rule), atomic.Together(tmp_path, names, force=True):
            pass
    with pytest.raises(FileExistsError, match="is a folder"):
        atomic.write(tmp_path / "out", b"", force=True)


@pytest.mark.usefixtures("system")
def test_a_file_that_comes_meanwhile_stays_and_nothing_else_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = atomic.Together.check
    monkeypatch.setattr(atomic.Together, "check", lambda self: (check(self), (tmp_path / "b").write_text("late"))[0])
    with pytest.raises(FileExistsError), atomic.Together(tmp_path, {"a": None, "b": None}) as folder:
        (tmp_path / "b").unlink()
        atomic.write(folder / "a", b"1")
        atomic.write(folder / "b", b"1")
    assert tree(tmp_path) == {"b": b"late"}


@pytest.mark.parametrize("call", ["fsync", "replace", "rename", "unlink"])
def test_a_fault_while_names_change_hands_gives_all_of_them_back(
    call: str, system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call of a kind fails once in turn; all is as it was, or, after the last step, as it is to be."""
    real, seen = getattr(os, call), 0
    for at in range(100):
        home = tmp_path / str(at)
        written(home, "1")
        count = [at]

        def faulty(*args: object, count: list[int] = count, **options: object) -> object:
            count[0] -= 1
            if count[0] == -1:
                raise OSError(5, "Input/output error")
            return real(*args, **options)

        with monkeypatch.context() as patch:
            patch.setattr(os, call, faulty)
            try:
                written(home, "2", force=True)
            except OSError as error:
                assert error.filename is None or ".partial" not in str(error.filename)
                seen += 1
        atomic.recover(home)
        assert tree(home) in (held("1"), held("2")), (call, at)
        if count[0] >= 0:
            assert tree(home) == held("2")
            break
    assert seen > 0 or (call, system) in (("replace", "exchange"), ("rename", "exchange"))


def test_abandoned_folders_go_and_those_in_use_stay(tmp_path: Path) -> None:
    left = tmp_path / LEFT
    left.mkdir()
    (left / "a").write_text("x")
    with atomic.Together(tmp_path, {}) as first:
        assert not left.exists()
        with atomic.Together(tmp_path, {}):
            assert first.is_dir()
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("name", ["../victim", "/etc/victim", "sub/victim", "..", ""])
def test_a_journal_moves_names_of_its_own_folder_only(tmp_path: Path, name: str) -> None:
    victim, home = tmp_path / "victim", tmp_path / "home"
    victim.write_text("x")
    (home / LEFT / "old").mkdir(parents=True)
    (home / LEFT / "journal").write_text(f'{{"{name}": 1}}')
    (home / LEFT / "old" / "victim").write_text("planted")
    atomic.recover(home)
    assert victim.read_text() == "x" and (home / LEFT).is_dir()


def test_several_files_are_written_where_they_differ(tmp_path: Path) -> None:
    atomic.write_all(tmp_path, {"a": b"1", "b": b"1"})
    first = (tmp_path / "a").stat().st_ino
    with pytest.raises(FileExistsError, match="--force"):
        atomic.write_all(tmp_path, {"a": b"1", "b": b"2", "c": b"2"})
    assert tree(tmp_path) == {"a": b"1", "b": b"1"}
    atomic.write_all(tmp_path, {"a": b"1", "b": b"2", "c": b"2"}, force=True)
    assert tree(tmp_path) == {"a": b"1", "b": b"2", "c": b"2"} and (tmp_path / "a").stat().st_ino == first


@pytest.mark.skipif(not hasattr(os, "fork"), reason="two processes by fork")
def test_pairs_of_two_processes_never_mix(tmp_path: Path) -> None:
    """Each replaces both names again and again; whoever has the folder locked sees two of one."""
    written(tmp_path, "1")
    children = []
    for content in ("1", "2"):
        children.append(os.fork())
        if children[-1] == 0:
            try:
                for _ in range(60):
                    written(tmp_path, content, force=True)
                os._exit(0)
            finally:
                os._exit(1)
    seen, running = set(), list(children)
    while running:
        with locked(tmp_path):
            pair = tuple((tmp_path / name).read_text() for name in ("out.json", "out/a", "out/sub/b"))
        seen.add(pair)
        for child in list(running):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                running.remove(child)
                assert status == 0
    assert seen == {("1",) * 3, ("2",) * 3}
