import zipfile
from pathlib import Path

import numpy as np
import pytest

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints.npz import NpzCheckpoint
from sqtheory.files.checkpoints.npz_writing import NpzWriter
from tests.files.checkpoints.handmade import rewrite

ARRAYS = {"w": np.arange(6.0), "é": np.zeros(40, "f2"), "last": np.ones((2, 2), ">f4")}
LIMITS = {"usual": (None, None), "sizes": (200, None), "offsets": (300, None), "many": (None, 2)}


@pytest.fixture(params=["stored", "deflated"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An archive that NpzWriter made from one that numpy made."""
    (np.savez if request.param == "stored" else np.savez_compressed)(tmp_path / "in.npz", **ARRAYS)
    copy(tmp_path)
    return tmp_path / "out.npz"


def copy(folder: Path) -> None:
    with NpzCheckpoint(folder / "in.npz") as source, NpzWriter(folder / "out.npz", source, force=True) as writer:
        for info in source.tensors:
            writer.copy(info.name, source.stored(info.name))


def said(path: Path) -> bytes:
    """The structure of an archive that is laid out as NpzWriter does."""
    with NpzCheckpoint(path) as archive:
        archive.check_structure()
        return archive.structure()


@pytest.mark.parametrize(("limit", "count"), LIMITS.values(), ids=LIMITS)
def test_what_is_written_has_the_structure_of_its_source(
    written: Path, monkeypatch: pytest.MonkeyPatch, limit: int | None, count: int | None
) -> None:
    """With fields of 64 bits as well, where zipfile thinks them needed."""
    if limit is not None:
        monkeypatch.setattr(zipfile, "ZIP64_LIMIT", limit)
    if count is not None:
        monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", count)
    copy(written.parent)
    with NpzCheckpoint(written.with_name("in.npz")) as source:
        assert said(written) == source.structure()
    if (limit, count) != (None, None):
        monkeypatch.undo()
        with pytest.raises(CheckpointError):
            said(written)


def test_every_bit_outside_the_members_is_checked(written: Path) -> None:
    whole, right, inside = written.read_bytes(), said(written), set[int]()
    with zipfile.ZipFile(written) as archive:
        for member in archive.infolist():
            begin = member.header_offset + 30 + len(member.filename.encode())
            inside |= {*range(8 * begin, 8 * (begin + member.compress_size))}
    missed = []
    for place in {*range(8 * len(whole))} - inside:
        spoiled = bytearray(whole)
        spoiled[place // 8] ^= 1 << place % 8
        rewrite(written, bytes(spoiled))
        try:
            missed += [place] if said(written) == right else []
        except CheckpointError as refusal:
            assert str(refusal).isprintable()
    assert not missed and len(whole) > len(inside) // 8 > 100


@pytest.mark.parametrize("spoil", [lambda b: b + b"\0", lambda b: b"\0" + b], ids=["behind", "before"])
def test_bytes_around_an_archive_are_refused(written: Path, spoil: object) -> None:
    assert callable(spoil)
    rewrite(written, spoil(written.read_bytes()))
    with pytest.raises(CheckpointError):
        said(written)
