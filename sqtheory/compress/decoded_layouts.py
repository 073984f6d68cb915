"""Compressed checkpoints whose source is quantized: its decoded weights as F32, without their companions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import final

from sqtheory.compress.files import Folder, copy_files, fill
from sqtheory.compress.layout import ITSELF, Contents, Layout, Metadata, Pieces, Target
from sqtheory.files import atomic
from sqtheory.files.checkpoints import SafetensorsCheckpoint, SafetensorsWriter, TensorInfo, redeclare
from sqtheory.files.checkpoints.elements import ELEMENTS, Element
from sqtheory.files.checkpoints.json_text import json_object
from sqtheory.files.checkpoints.writing import Begun
from sqtheory.files.codecs.configuration import without
from sqtheory.files.codecs.decoding import DecodedCheckpoint
from sqtheory.files.digests import sha256
from sqtheory.files.views.architecture import CONFIG


@dataclass(frozen=True)
class Decoded(Layout):
    """Safetensors files with values in the place of codes."""

    source: DecodedCheckpoint
    out: Path
    shards: Mapping[str, SafetensorsCheckpoint]
    """The files of the source by name."""

    @cached_property
    def contents(self) -> dict[str, tuple[TensorInfo, ...]]:
        """What is written in the place of each file, where that is anything: a weight where its first part is."""
        home = {info.name: name for name, shard in self.shards.items() for info in shard.tensors}
        found: dict[str, list[TensorInfo]] = {name: [] for name in self.shards}
        for info in self.source.tensors:
            if info.quantized:
                first = next(iter(self.source.encoded[info.name].parts.values()))
                found[home[first]].append(redeclare(info, "F32"))
            else:
                found[home[info.name]].append(info)
        return {name: tuple(infos) for name, infos in found.items() if infos}

    def tensors(self) -> tuple[TensorInfo, ...]:
        return tuple(info for infos in self.contents.values() for info in infos)

    def element(self, info: TensorInfo) -> Element | None:
        return ELEMENTS.get(info.dtype) if info.is_float else None

    def kept(self, info: TensorInfo) -> Pieces:
        return self.source.stored(info.name)

    def writer(self, name: str, metadata: Metadata, out: Path, begun: Begun | None) -> SafetensorsWriter:
        """What takes the place of a file of the source."""
        said = self.said(name, metadata)
        return SafetensorsWriter(out, self.contents[name], said, source=self.source, begun=begun)

    def laid(self, name: str, metadata: Metadata) -> SafetensorsWriter:
        """What takes the place of a file of the source, laid out."""
        return SafetensorsWriter(self.source.path, self.contents[name], self.said(name, metadata))

    def said(self, name: str, metadata: Metadata) -> dict[str, str]:
        """The metadata of what takes the place of a file of the source: nothing that describes codes."""
        own = {key: text for key, text in self.shards[name].metadata.items() if key not in self.source.described}
        return {**own, **metadata(name)}


@final
@dataclass(frozen=True)
class DecodedFile(Decoded):
    """One safetensors file."""

    def headers(self, targets: Sequence[Target], metadata: Metadata) -> dict[str, str]:
        return {ITSELF: sha256([self.laid(self.source.path.name, metadata).front()])}

    def places(self, metadata: Metadata) -> dict[str, dict[str, int]]:
        return {ITSELF: self.laid(self.source.path.name, metadata).starts}

    def write(self, contents: Contents, metadata: Metadata, out: Path) -> None:
        fill(self.writer(self.source.path.name, metadata, out, contents.begun(ITSELF)), contents)


@final
@dataclass(frozen=True)
class DecodedFolder(Decoded):
    """A folder like that of the source: other files are copied, configurations without the quantization they state."""

    index: Path | None

    @property
    def note(self) -> str | None:
        return self.folder.note

    @cached_property
    def folder(self) -> Folder:
        """The same of codes."""
        return Folder(self.source, self.index, self.shards, self.out)

    def others(self) -> dict[str, Path]:
        stated = self.source.files()
        return {name: path for name, path in self.folder.others().items() if name not in stated}

    def rewritten(self) -> dict[str, bytes]:
        """The files beside the tensors that are written anew, by name."""
        stated = self.source.files()
        files = {CONFIG: self._config(stated[CONFIG])} if CONFIG in stated else {}
        return files if self.index is None else {**files, self.index.name: self._listing(self.index)}

    def headers(self, targets: Sequence[Target], metadata: Metadata) -> dict[str, str]:
        shards = {name: sha256([self.laid(name, metadata).front()]) for name in self.contents}
        return shards | {name: sha256([text]) for name, text in self.rewritten().items()}

    def places(self, metadata: Metadata) -> dict[str, dict[str, int]]:
        return {name: self.laid(name, metadata).starts for name in self.contents}

    def check(self, force: bool) -> None:
        self.folder.check_place()
        atomic.check_new(self.out, self.parts(), force=force)

    def parts(self) -> tuple[str, ...]:
        return (*self.contents, *self.rewritten(), *self.others())

    def write(self, contents: Contents, metadata: Metadata, out: Path) -> None:
        copy_files(self.others(), out)
        for name, infos in self.contents.items():
            fill(self.writer(name, metadata, out / name, contents.begun(name)), (next(contents) for _ in infos))
        for name, text in self.rewritten().items():
            atomic.write(out / name, text)

    def _config(self, path: Path) -> bytes:
        return _json(without(json_object(path, path.read_bytes(), "the config")))

    def _listing(self, index: Path) -> bytes:
        listing = json_object(index, index.read_bytes(), "the index")
        metadata = listing.get("metadata")
        if isinstance(metadata, dict) and "total_size" in metadata:
            total = sum(info.nbytes for info in self.tensors())
            listing["metadata"] = {**metadata, "total_size": total}
        places = {info.name: name for name, infos in self.contents.items() for info in infos}
        return _json({**listing, "weight_map": places})


def _json(content: Mapping[str, object]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()
