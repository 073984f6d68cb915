import os
from pathlib import Path

import pytest

from sqtheory.files import atomic
from sqtheory.files.atomic import files


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
        monkeypatch.setattr(files, "_TMPFILE", 0)
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
