"""What was computed of matrices, told of the tensors of the file that they come from."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TypeVar

from sqtheory.files.checkpoints import TensorInfo
from sqtheory.files.views.choosing import Choice
from sqtheory.orders.grid import Row
from sqtheory.orders.together import together

Found = TypeVar("Found")


def of_files(choice: Choice, found: Sequence[Found]) -> Iterator[tuple[str, list[tuple[TensorInfo, Found]]]]:
    """What was found of each target, gathered by the tensor of the file: its name, and its matrices in turn."""
    pairs = zip(choice.taken, found, strict=True)
    for name, group in groupby(pairs, key=lambda pair: choice.checkpoint.origin(pair[0].name)):
        yield name, list(group)


def gathered(choice: Choice, found: Sequence[Sequence[Row]], *, experts: bool = False) -> list[list[Row]]:
    """The rows of each target, one for each pipeline: one for all its matrices, or with ``experts`` one for each."""
    texts = choice.texts
    if experts:
        pairs = zip(choice.taken, found, strict=True)
        return [[replace(row, view=texts.get(info.name)) for row in rows] for info, rows in pairs]
    lines = []
    for name, group in of_files(choice, found):
        infos, rows = [info for info, _ in group], [own for _, own in group]
        info = infos[0]
        columns = zip(*rows, strict=True)
        if len(infos) > 1 and info.view is not None and info.matrix_of is not None:
            shape = info.view.shape(info.matrix_of)
            lines.append([replace(together(name, shape, column), view=texts[info.name]) for column in columns])
        else:
            lines.append([replace(row, name=name, view=texts.get(info.name)) for row in rows[0]])
    return lines
