"""A folder of safetensors files that an index makes one checkpoint: every tensor in exactly one file of the folder."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.files.checkpoints.json_text import json_object
from sqtheory.files.checkpoints.pickles import PICKLE, PICKLE_SUFFIXES
from sqtheory.files.checkpoints.safetensors import SafetensorsCheckpoint
from sqtheory.files.checkpoints.tensors import Checkpoint, TensorInfo, check_tensor, natural, plain, quoted, refused

MAX_INDEX = 100_000_000
"""Bytes of an index that are read at all."""
INDEX_SUFFIX = ".safetensors.index.json"
"""How the name of an index ends."""
_SUFFIX = ".safetensors"


@final
class ShardedCheckpoint(Checkpoint):
    """The tensors of all files that an index names, in natural order of their names."""

    def __init__(self, index: Path) -> None:
        """Read the index and the header of every file it names; CheckpointError where they disagree."""
        with ExitStack() as undo:
            self._index = undo.enter_context(index.open("rb", buffering=0))
            weight_map, total = _listing(index, self._index.read(MAX_INDEX + 1))
            self._shards = {
                name: undo.enter_context(SafetensorsCheckpoint(inside(index.parent, index.parent / name)))
                for name in sorted(set(weight_map.values()), key=natural)
            }
            _check_agreement(index, weight_map, self._shards)
            _check_total(index, total, self._shards)
            undo.pop_all()
        self._shard_of = weight_map
        infos = (info for shard in self._shards.values() for info in shard.tensors)
        super().__init__(index, tuple(sorted(infos, key=lambda info: natural(info.name))))

    @property
    def shards(self) -> Mapping[str, SafetensorsCheckpoint]:
        """The files by their names, in natural order."""
        return dict(self._shards)

    def files(self) -> dict[str, Path]:
        return {**{name: shard.path for name, shard in self._shards.items()}, **super().files()}

    def close(self) -> None:
        self._index.close()
        for shard in self._shards.values():
            shard.close()

    def _statuses(self) -> tuple[os.stat_result, ...]:
        return os.fstat(self._index.fileno()), *(s for shard in self._shards.values() for s in shard._statuses())

    streams = True
    encodes = True

    def stored(self, name: str) -> Iterator[NDArray[np.uint8]]:
        return self._shards[self._shard_of[self.info(name).name]].stored(name)

    def splits(self, name: str, unit: int) -> bool:
        return self._shards[self._shard_of[self.info(name).name]].splits(name, unit)

    def entries(self, name: str, begin: int, end: int) -> NDArray[Any]:
        return self._shards[self._shard_of[self.info(name).name]].entries(name, begin, end)

    def slabs(self, name: str) -> Iterator[NDArray[Any]]:
        return self._shards[self._shard_of[self.info(name).name]].slabs(name)

    def _read(self, info: TensorInfo) -> NDArray[Any]:
        return self._shards[self._shard_of[info.name]].read(info.name)


def in_folder(folder: Path) -> Path:
    """The one index, or else the one safetensors file, of a folder; CheckpointError where that is not one file."""
    names = sorted(entry.name for entry in folder.iterdir())
    indices = [name for name in names if name.endswith(INDEX_SUFFIX)]
    files = [name for name in names if name.endswith(_SUFFIX)]
    whole = {name.removesuffix(INDEX_SUFFIX) + _SUFFIX for name in indices} & set(files)
    if whole:
        raise refused(folder, f"holds {quoted(min(whole))} and its index of shards: name one of them")
    found = indices or files
    if not found:
        pickled = next((name for name in names if name.endswith(PICKLE_SUFFIXES)), None)
        if pickled:
            raise refused(folder / pickled, PICKLE)
        raise refused(folder, f"a folder without a {_SUFFIX} file or an index of such files: name one file of tensors")
    if len(found) > 1:
        raise refused(folder, f"holds {len(found)} files of tensors, {', '.join(map(quoted, found[:3]))}: name one")
    return inside(folder, folder / found[0])


def inside(folder: Path, file: Path) -> Path:
    """The file itself, a regular one that no symbolic link leads out of its folder; CheckpointError otherwise.

    Links into ``blobs`` from ``snapshots/REVISION`` stay inside: the two make one folder in a Hugging Face cache.
    """
    try:
        home, target = folder.resolve(strict=True), file.resolve(strict=True)
        regular = target.is_file()
    except FileNotFoundError as error:
        raise refused(file, "there is no such file") from error
    except (OSError, RuntimeError, ValueError) as error:
        raise refused(file, f"cannot be opened: {plain(str(error))}") from error
    homes = (home, home.parents[1] / "blobs") if home.parent.name == "snapshots" else (home,)
    if not any(home in target.parents for home in homes):
        raise refused(file, "a symbolic link leads out of the folder")
    if not regular:
        raise refused(file, "not a regular file")
    return file


def _listing(index: Path, text: bytes) -> tuple[dict[str, str], object]:
    """For every tensor the name of its file, a plain one; and the total size that the index states, None for none."""
    if len(text) > MAX_INDEX:
        raise refused(index, f"an index has at most {MAX_INDEX} bytes")
    listing = json_object(index, text, "the index")
    weight_map = listing.get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise refused(index, "weight_map must map the names of tensors to files")
    for name, file in weight_map.items():
        check_tensor(index, name, ())
        if not isinstance(file, str) or not _is_plain(file):
            shown = quoted(file) if isinstance(file, str) else type(file).__name__
            raise refused(index, f"its file must be the plain name of a {_SUFFIX} file here, got {shown}", name)
    metadata = listing.get("metadata")
    return weight_map, metadata.get("total_size") if isinstance(metadata, dict) else None


def _is_plain(file: str) -> bool:
    return file.endswith(_SUFFIX) and len(file) <= 255 and file.isprintable() and not set(file) & set("/\\:")


def _check_agreement(index: Path, weight_map: Mapping[str, str], shards: Mapping[str, SafetensorsCheckpoint]) -> None:
    """Every tensor of the index is in its file, and every tensor of a file is there by the index."""
    held = {(info.name, file) for file, shard in shards.items() for info in shard.tensors}
    for name, file in weight_map.items():
        if (name, file) not in held:
            has = [quoted(other) for other in shards if (name, other) in held]
            rule = f"the index puts it in {quoted(file)}, which does not have it"
            raise refused(index, f"{rule}{f'; it is in {has[0]}' if has else ''}", name)
    for name, file in sorted(held):
        if weight_map.get(name) != file:
            right = quoted(weight_map[name]) if name in weight_map else "no file"
            raise refused(index, f"it is in {quoted(file)}, but the index puts it in {right}", name)


def _check_total(index: Path, total: object, shards: Mapping[str, SafetensorsCheckpoint]) -> None:
    """The bytes of all tensors are what ``metadata.total_size`` says, if it says anything; 1.6e10 is a number too.

    A boolean may count as the eighth of a byte, as older writers have it.
    """
    if total is None:
        return
    infos = [info for shard in shards.values() for info in shard.tensors]
    held = sum(info.nbytes for info in infos)
    in_bits = held - sum(info.nbytes * 7 / 8 for info in infos if info.dtype == "BOOL")
    if isinstance(total, bool) or not isinstance(total, int | float) or total not in (held, in_bits):
        shown = plain(str(total))
        rule = f"metadata.total_size is {shown}, the tensors of its files have {held} bytes: correct it or leave it out"
        raise refused(index, rule)
