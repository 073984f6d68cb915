"""What was computed of matrices, told of the tensors of the file that they come from."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TypeVar

from sqtheory.files.checkpoints import TensorInfo
from sqtheory.orders.grid import Row
from sqtheory.orders.together import together

Found = TypeVar("Found")


def of_files(tensors: Sequence[TensorInfo], found: Sequence[Found]) -> Iterator[tuple[TensorInfo, list[Found]]]:
    """What was found of tensors as they are shown, gathered by the tensor of the file: the first shown of it, and all.

    Both sequences are in the order of the file and of the same length.
    """
    pairs = zip(tensors, found, strict=True)
    for _, group in groupby(pairs, key=lambda pair: pair[0].stored.name):
        infos, own = zip(*group, strict=True)
        yield infos[0], list(own)


def gathered(
    tensors: Sequence[TensorInfo], found: Sequence[Sequence[Row]], *, experts: bool = False
) -> list[list[Row]]:
    """The rows of each tensor, one for each pipeline: one for all its matrices, or with ``experts`` one for each.

    A tensor of which some matrix has no rows has none.
    """
    whole = [(info, rows) for info, rows in of_files(tensors, found) if all(rows)]
    if experts:
        return [[replace(row, view=info.seen_as) for row in own] for info, rows in whole for own in rows]
    return [_together(info, rows) for info, rows in whole]


def _together(info: TensorInfo, matrices: Sequence[Sequence[Row]]) -> list[Row]:
    if info.view is None or len(matrices) == 1:
        return [replace(row, name=info.stored.name, view=info.seen_as) for row in matrices[0]]
    name, shape = info.stored.name, info.view.shape(info.stored.shape)
    return [replace(together(name, shape, rows), view=info.seen_as) for rows in zip(*matrices, strict=True)]
