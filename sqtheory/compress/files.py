"""Layouts of safetensors files, one or a folder of them: each like its source."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import final

from sqtheory.compress.layout import ITSELF, Content, Contents, Layout, Metadata, Target
from sqtheory.compress.strays import sentence, strays
from sqtheory.files import atomic
from sqtheory.files.checkpoints import Checkpoint, SafetensorsCheckpoint, SafetensorsWriter, TensorInfo
from sqtheory.files.checkpoints.elements import ELEMENTS, Element
from sqtheory.files.checkpoints.npz_writing import NpyWriter, NpzWriter
from sqtheory.files.checkpoints.shards import inside
from sqtheory.files.checkpoints.tensors import PIECE_BYTES, plain, refused
from sqtheory.files.checkpoints.writing import Begun
from sqtheory.files.digests import digest, sha256


@final
@dataclass(frozen=True)
class SafetensorsFile(Layout):
    """One safetensors file like its source: its metadata, and what is added to them."""

    source: SafetensorsCheckpoint
    out: Path

    def element(self, info: TensorInfo) -> Element | None:
        return ELEMENTS.get(info.dtype) if info.is_float else None

    def headers(self, targets: Sequence[Target], metadata: Metadata) -> dict[str, str]:
        return {ITSELF: sha256([_laid(self.source, metadata(self.source.path.name)).front()])}

    def places(self, metadata: Metadata) -> dict[str, dict[str, int]]:
        return {ITSELF: _laid(self.source, metadata(self.source.path.name)).starts}

    def write(self, contents: Contents, metadata: Metadata, out: Path) -> None:
        _write(self.source, out, contents, metadata(self.source.path.name), contents.begun(ITSELF))


@final
@dataclass(frozen=True)
class Folder(Layout):
    """A folder of safetensors files and, if there are several, their index; other files are copied, .git excepted.

    A safetensors file beside them that is not in the index and repeats a tensor of it is left out.
    """

    source: Checkpoint
    index: Path | None
    shards: Mapping[str, SafetensorsCheckpoint]
    out: Path

    def element(self, info: TensorInfo) -> Element | None:
        return ELEMENTS.get(info.dtype) if info.is_float else None

    @property
    def home(self) -> Path:
        """The folder that is read."""
        return self.source.path.parent

    def tensors(self) -> tuple[TensorInfo, ...]:
        return tuple(info for shard in self.shards.values() for info in shard.tensors)

    @cached_property
    def strays(self) -> dict[str, str]:
        """The files that are left out, as they were found first, with a tensor that each repeats."""
        held = [info.name for one in (self.source, *self.shards.values()) for info in one.tensors]
        return strays(self.home, self.shards, held)

    @property
    def note(self) -> str | None:
        said = (super().note, sentence(self.out, self.strays))
        return "; ".join(one for one in said if one is not None) or None

    def others(self) -> dict[str, Path]:
        found = {}
        for folder, folders, names in os.walk(self.home):
            folders[:] = sorted(name for name in folders if name != ".git" and not atomic.is_hidden(name))
            linked = next((name for name in folders if Path(folder, name).is_symlink()), None)
            if linked is not None:
                raise refused(Path(folder, linked), "a symbolic link to a folder is not copied")
            for name in sorted(name for name in names if not atomic.is_hidden(name)):
                path = Path(folder, name)
                relative = path.relative_to(self.home).as_posix()
                if relative not in self.shards and relative not in self.strays and path != self.index:
                    found[relative] = inside(self.home, path)
        return found

    def headers(self, targets: Sequence[Target], metadata: Metadata) -> dict[str, str]:
        index = {} if self.index is None else {self.index.name: digest(self.index)}
        return {n: sha256([_laid(shard, metadata(n)).front()]) for n, shard in self.shards.items()} | index

    def places(self, metadata: Metadata) -> dict[str, dict[str, int]]:
        return {name: _laid(shard, metadata(name)).starts for name, shard in self.shards.items()}

    def check(self, force: bool) -> None:
        self.check_place()
        atomic.check_new(self.out, self.parts(), force=force)

    def check_place(self) -> None:
        """Raise ValueError where ``out`` lies inside the folder that is read."""
        home, out = self.home.resolve(), self.out.resolve()
        if out == home or home in out.parents:
            raise ValueError(f"{plain(str(self.out))} lies in the folder of the input: write to another folder")

    def parts(self) -> tuple[str, ...]:
        return (*self.files(), *self.others())

    def write(self, contents: Contents, metadata: Metadata, out: Path) -> None:
        copy_files(self.others(), out)
        for name, shard in self.shards.items():
            own = (next(contents) for _ in shard.tensors)
            _write(shard, out / name, own, metadata(name), contents.begun(name))
        if self.index is not None:
            atomic.write(out / self.index.name, self.index.read_bytes())


def copy_files(files: Mapping[str, Path], out: Path) -> None:
    """Copy files to their paths in a folder."""
    for relative, path in files.items():
        with path.open("rb") as old, atomic.NewFile(out / relative) as new:
            while piece := old.read(PIECE_BYTES):
                new.write(piece)


def fill(writer: SafetensorsWriter | NpzWriter | NpyWriter, contents: Iterator[Content]) -> None:
    """Write all contents."""
    with writer as opened:
        for content in contents:
            opened.copy(content.info.name, content.pieces)


def _write(
    source: SafetensorsCheckpoint,
    out: Path,
    contents: Iterator[Content],
    added: Mapping[str, str],
    begun: Begun | None,
) -> None:
    metadata = {**source.metadata, **added}
    fill(SafetensorsWriter(out, source.tensors, metadata, source=source, begun=begun), contents)


def _laid(source: SafetensorsCheckpoint, added: Mapping[str, str]) -> SafetensorsWriter:
    """What takes the place of a file, laid out."""
    return SafetensorsWriter(source.path, source.tensors, {**source.metadata, **added})
