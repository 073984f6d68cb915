"""What a pickle holds, told from the operations that it lists (``pickletools``), none of which is carried out."""

import io
import pickletools
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, final

from sqtheory.files.checkpoints.pickles import EXPORTED, PICKLE, PYTHON, RUNS, TORCHSCRIPT, loaded, saved

_LONGEST = 1 << 24
"""Bytes of a pickle whose operations are looked at."""
_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""The pickle with which a file of torch.save begins that is no zip archive; two more stand before the object."""
_KEYS = ("state_dict", "model_state_dict", "model", "module", "params", "params_ema")
"""Where a dictionary that training writes holds the weights."""
_TENSOR = "torch._utils _rebuild_"
_ORDERED = "collections OrderedDict"
_READ = (ValueError, RuntimeError, OSError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)


def pickled(archive: zipfile.ZipFile) -> str | None:
    """What is said of a zip archive where PyTorch wrote it, None where it did not."""
    parts = {member: member.split("/") for member in archive.namelist()}
    ends = {path[-1] for path in parts.values()}
    if "constants.pkl" in ends or ("data.pkl" in ends and any("code" in path[:-1] for path in parts.values())):
        return TORCHSCRIPT
    if {"archive_format", "model.json"} <= ends:
        return EXPORTED
    for member, path in parts.items():
        if path[-1] == "data.pkl":
            try:
                with archive.open(member) as stream:
                    return _said(io.BytesIO(stream.read(_LONGEST)))
            except _READ:
                return PICKLE
    return None


def pickle_said(file: Path) -> str:
    """What is said of a file that begins like a pickle."""
    try:
        with file.open("rb") as opened:
            stream = io.BytesIO(opened.read(_LONGEST))
        if stream.getvalue().startswith(_MAGIC):
            for _ in range(3):
                for _ in pickletools.genops(stream):
                    pass
            return _said(stream)
        found = _look(stream)
    except _READ:
        return PICKLE
    return _told(found, "pickle.load(open(FILE, 'rb'))") if found.torch else PYTHON


@final
@dataclass
class _PickleLook:
    """What the operations of a pickle show: the first of them, classes and functions named, where the weights are."""

    top: str = ""
    known: bool = True
    """Everything that is named is what ``torch.load`` takes for harmless."""
    torch: bool = False
    key: str | None = None
    inner: str = ""
    """The first operation of what the key stands for."""


def _said(stream: IO[bytes]) -> str:
    found = _look(stream)
    return _told(found, loaded(found.known))


def _told(found: _PickleLook, source: str) -> str:
    whole = source if found.key is None else f"{source}[{found.key!r}]"
    first = found.top if found.key is None else found.inner
    if first.startswith(_TENSOR):
        return f"a PyTorch pickle of one tensor, {RUNS} " + saved(f"{{'tensor': {source}}}")
    if first in ("EMPTY_LIST", "EMPTY_TUPLE", "MARK", "LIST", "TUPLE"):
        return f"a PyTorch pickle of a list, {RUNS} " + saved(f"{{str(i): t for i, t in enumerate({source})}}")
    if first in ("EMPTY_DICT", "DICT", _ORDERED):
        return f"a PyTorch pickle, {RUNS} {saved(whole)}"
    if " " in first or first == "module":
        return f"a PyTorch pickle of a whole module, {RUNS} " + saved(f"{whole}.state_dict()")
    return PICKLE


def _look(stream: IO[bytes]) -> _PickleLook:
    """The next pickle of a stream. Raises ValueError where it is none or cut off."""
    found, waiting = _PickleLook(), ""
    for place, (name, word) in enumerate(_operations(stream)):
        if place == 0 or (place == 1 and found.top == "MARK" and word == "module"):
            found.top = word  # in files that are no archives a whole module stands in a tuple, after this word
        if waiting:
            if word in ("EMPTY_DICT", _ORDERED) or (" " in word and not word.startswith(_TENSOR)):
                found.key, found.inner = waiting, word
            waiting = ""
        if name in ("GLOBAL", "STACK_GLOBAL"):
            found.torch |= word.startswith("torch")
            found.known &= _harmless(word)
        elif found.key is None and found.top in ("EMPTY_DICT", _ORDERED) and word in _KEYS:
            waiting = word
    return found


def _operations(stream: IO[bytes]) -> Iterator[tuple[str, str]]:
    """Each operation but those on the memo, and a word for it: a text, ``module name`` of what is named, or its name.

    A text that is taken from the memo is a text again.
    """
    texts: list[str] = []
    memo: dict[object, str | None] = {}
    last: str | None = None
    for operation, argument, _ in pickletools.genops(stream):
        name = operation.name
        if name in ("PROTO", "FRAME"):
            continue
        if name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
            memo[len(memo) if name == "MEMOIZE" else argument] = last
            continue
        taken = memo.get(argument) if name in ("GET", "BINGET", "LONG_BINGET") else None
        last = argument if isinstance(argument, str) else taken
        if name == "STACK_GLOBAL":
            yield name, " ".join(texts[-2:])
        elif last is not None:
            texts = [*texts[-1:], last]
            yield name, last
        else:
            yield name, name


def _harmless(named: str) -> bool:
    module, _, name = named.partition(" ")
    storage = module in ("torch", "torch.storage") and (name.endswith("Storage") or not name[:1].isupper())
    return named in (_ORDERED, "torch Size") or module in ("torch._utils", "torch._tensor") or storage
