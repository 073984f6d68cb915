"""What a call is given: a checkpoint by its path or open, operators as text or as they are, statistics."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias, TypeVar

from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.ties import Ties
from sqtheory.files.checkpoints import Checkpoint, open_checkpoint
from sqtheory.files.statistics import Statistics

One = TypeVar("One")

PathLike: TypeAlias = str | os.PathLike[str]
Source: TypeAlias = PathLike | Checkpoint
"""A checkpoint: a file, a folder, ``zoo:NAME``, or what ``open_checkpoint`` gives, which stays open."""
Mask: TypeAlias = Sparsifier | str
Format: TypeAlias = Quantizer | str
TieRule: TypeAlias = Ties | str
Known: TypeAlias = PathLike | Statistics
"""Statistics of inputs: a file of them, or what is read from one."""
Words: TypeAlias = str | Sequence[str]
"""A name or ``re:PATTERN`` of tensors, or several."""


@contextmanager
def held(source: Source) -> Iterator[Checkpoint]:
    """The checkpoint; what was given open is not closed."""
    if isinstance(source, Checkpoint):
        yield source
        return
    with open_checkpoint(source) as checkpoint:
        yield checkpoint


@contextmanager
def opened(source: Source) -> Iterator[Checkpoint]:
    """The same; the context ends with a CheckpointError where the files are others by then."""
    with held(source) as checkpoint:
        before = checkpoint.signature
        yield checkpoint
        checkpoint.check_unchanged(before)


def name_of(source: Source) -> str:
    """How a checkpoint is called in what is said of it."""
    return str(source.path) if isinstance(source, Checkpoint) else os.fspath(source)


def is_folder(source: Source) -> bool:
    """A folder was named."""
    return not isinstance(source, Checkpoint) and Path(source).is_dir()


def statistics_of(known: Known | None) -> Statistics | None:
    """Statistics of inputs, read where a file is named."""
    return known if known is None or isinstance(known, Statistics) else Statistics.read(Path(known))


def statistics_path(known: Known) -> Path:
    """The file that they are, or were, read from."""
    return known.path if isinstance(known, Statistics) else Path(known)


def words(given: Words) -> tuple[str, ...]:
    """Names or patterns, a text being one."""
    return (given,) if isinstance(given, str) else tuple(given)


def several(given: One | Iterable[One]) -> tuple[One, ...]:
    """One, or several, as several; a text is one."""
    return tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
