"""Tensors that are stored twice: entries equal bit for bit under several names, as a head tied to an embedding."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sqtheory.compress.report import Report
from sqtheory.files.checkpoints import Checkpoint, TensorInfo
from sqtheory.files.digests import sha256
from sqtheory.files.views.view import View
from sqtheory.tables import short

Ties: TypeAlias = tuple[tuple[str, ...], ...]
"""The names of each group of equal tensors, in the order of the file."""


def equal_tensors(checkpoint: Checkpoint) -> Ties:
    """Groups of floating-point tensors of one type and shape whose stored bytes are equal.

    Of tensors that another has type and shape of the first piece is read, of those that are equal there all of it.
    """
    alike: dict[tuple[str, tuple[int, ...]], list[str]] = defaultdict(list)
    for info in checkpoint.tensors:
        if info.is_float and info.size > 1:
            alike[info.dtype, info.shape].append(info.name)
    by_start = [same for names in alike.values() for same in _grouped(checkpoint, names, whole=False)]
    found = [tuple(same) for names in by_start for same in _grouped(checkpoint, names, whole=True)]
    places = {info.name: at for at, info in enumerate(checkpoint.tensors)}
    return tuple(sorted(found, key=lambda names: places[names[0]]))


def first_of(ties: Ties, tensors: Iterable[TensorInfo], views: Mapping[str, View]) -> dict[str, str]:
    """For every tensor of a group, and every matrix of it, that of the first of the group, whose draws it shares."""
    shapes, alike = {info.name: info.shape for info in tensors}, {}
    for first, *others in ties:
        for name in others:
            for index in views[name].indices(shapes[name]) if name in views else ("",):
                alike[f"{name}{index}"] = f"{first}{index}"
    return alike


def sentences(ties: Ties, report: Report) -> Iterator[str]:
    """What becomes of each group with a tensor that is compressed: whether all of it stays equal."""
    made = {one.name: one for one in report.tensors}
    left = {one.name: one for one in report.left_alone}
    for names in ties:
        if not any(name in made for name in names) or len((made | left)[names[0]].shape) < 2:
            continue
        listed = ", ".join(map(short, names))
        if len({(one.dtype, one.sha256) for one in ((made | left)[name] for name in names)}) == 1:
            yield f"Equal in the source and in the result: {listed}."
        else:
            apart = "".join(f"; {short(name)} is left alone ({left[name].reason})" for name in names if name in left)
            yield f"Equal in the source and no longer in the result: {listed}{apart}."


def _grouped(checkpoint: Checkpoint, names: list[str], *, whole: bool) -> list[list[str]]:
    """The names of tensors that begin with the same piece, or are the same to the end, where these are several."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names if len(names) > 1 else ():
        pieces = checkpoint.stored(name)
        groups[sha256(pieces if whole else _first(pieces))].append(name)
    return [same for same in groups.values() if len(same) > 1]


def _first(pieces: Iterator[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    yield next(pieces)
