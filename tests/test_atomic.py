import os
from pathlib import Path

import pytest

from sqtheory import atomic


def test_a_new_file_gets_the_mode_the_umask_allows(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        assert atomic.write(tmp_path / "deep" / "file", b"one")
    finally:
        os.umask(old)
    assert (tmp_path / "deep" / "file").read_bytes() == b"one"
    assert (tmp_path / "deep" / "file").stat().st_mode & 0o777 == 0o640


def test_other_content_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    atomic.write(path, b"one")
    assert not atomic.write(path, b"one")
    with pytest.raises(FileExistsError, match="--force"):
        atomic.write(path, b"two")
    assert path.read_bytes() == b"one"
    assert atomic.write(path, b"two", force=True) and path.read_bytes() == b"two"


def test_a_failed_write_leaves_the_old_file_and_no_stray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    atomic.write(path, b"one")

    def full(descriptor: int) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        atomic.write(path, b"two", force=True)
    assert path.read_bytes() == b"one" and [p.name for p in tmp_path.iterdir()] == ["file"]


def test_writing_never_changes_the_umask_that_all_threads_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(mask: int) -> int:
        raise AssertionError("the umask belongs to the whole process")

    monkeypatch.setattr(os, "umask", changed)
    assert atomic.write(tmp_path / "file", b"one")


def test_a_file_keeps_its_mode_and_a_symbolic_link_is_replaced_itself(tmp_path: Path) -> None:
    path, link = tmp_path / "file", tmp_path / "link"
    atomic.write(path, b"one")
    path.chmod(0o604)
    atomic.write(path, b"two", force=True)
    assert path.stat().st_mode & 0o777 == 0o604
    link.symlink_to(path)
    with pytest.raises(FileExistsError), atomic.NewFile(link):
        pass
    atomic.write(link, b"three", force=True)
    assert path.read_bytes() == b"two" and link.read_bytes() == b"three" and not link.is_symlink()


@pytest.mark.parametrize("nameless", [True, False])
@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_the_mode_of_a_new_file_is_what_the_umask_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nameless: bool, mask: int
) -> None:
    if not nameless:
        monkeypatch.setattr(atomic, "_TMPFILE", 0)
    old = os.umask(mask)
    try:
        atomic.write(tmp_path / "file", b"one")
    finally:
        os.umask(old)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o666 & ~mask


def test_bytes_are_synced_before_the_name_is_taken_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = []
    fsync = os.fsync

    def traced(descriptor: int) -> None:
        order.append(("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file", path.exists()))
        fsync(descriptor)

    path = tmp_path / "file"
    monkeypatch.setattr(os, "fsync", traced)
    atomic.write(path, b"one")
    assert order == [("file", False), ("folder", True)]


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    with atomic.NewFolder(out, ["a", "sub/b"]) as folder:
        atomic.write(folder / "a", b"1")
        atomic.write(folder / "sub" / "b", b"2")
        assert not out.exists()
    assert (out / "a").read_bytes() == b"1" and (out / "sub" / "b").read_bytes() == b"2"
    with pytest.raises(ZeroDivisionError), atomic.NewFolder(out, ["a", "sub/b"], force=True) as folder:
        atomic.write(folder / "a", b"3")
        raise ZeroDivisionError
    assert (out / "a").read_bytes() == b"1" and [p.name for p in out.parent.iterdir()] == ["out"]


def test_a_folder_is_replaced_only_by_force_and_never_with_what_is_not_its_own(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with atomic.NewFolder(out, ["a"]) as folder:
        atomic.write(folder / "a", b"1")
    with pytest.raises(FileExistsError, match="--force"), atomic.NewFolder(out, ["a"]):
        pass
    with atomic.NewFolder(out, ["a"], force=True) as folder:
        atomic.write(folder / "a", b"2")
    assert (out / "a").read_bytes() == b"2"
    (out / "mine").write_text("x")
    with pytest.raises(FileExistsError, match="holds 'mine'"), atomic.NewFolder(out, ["a"], force=True):
        pass
    (out / "mine").unlink()
    with pytest.raises(FileExistsError, match="holds 'late'"), atomic.NewFolder(out, ["a"], force=True):
        (out / "late").write_text("came while the folder was written")
    assert sorted(p.name for p in out.iterdir()) == ["a", "late"]
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileExistsError, match="is no folder"), atomic.NewFolder(tmp_path / "file", [], force=True):
        pass
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "out"]


def test_abandoned_folders_go_and_those_in_use_stay(tmp_path: Path) -> None:
    left = tmp_path / f".sqtheory-{'0' * 16}.partial"
    left.mkdir()
    (left / "a").write_text("x")
    with atomic.NewFolder(tmp_path / "one", []) as first:
        assert not left.exists()
        with atomic.NewFolder(tmp_path / "two", []):
            assert first.is_dir()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one", "two"]


def test_a_fault_of_the_exchange_gives_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a").write_text("old")
    rename = os.rename

    def faulty(old: Path, new: Path) -> None:
        if Path(new) == out and not (Path(old) / "a").read_text() == "old":
            raise OSError(28, "No space left on device")
        rename(old, new)

    monkeypatch.setattr(os, "rename", faulty)
    with pytest.raises(OSError, match="No space"), atomic.NewFolder(out, ["a"], force=True) as folder:
        (folder / "a").write_text("new")
    assert (out / "a").read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["out"]
