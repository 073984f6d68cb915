"""What the header of a checkpoint says, in one call; no entry is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from sqtheory.api.given import Source, Words, name_of, opened, several
from sqtheory.api.result import Result
from sqtheory.files.checkpoints import TensorInfo
from sqtheory.files.targets import Targets
from sqtheory.tables import Table, counted, short


@final
@dataclass(frozen=True, repr=False, eq=False)
class HeaderResult(Result):
    """Every tensor of a checkpoint by its header, and why it is left alone, None for a target."""

    checkpoint: str
    tensors: tuple[tuple[TensorInfo, str | None], ...]
    between = "\n"

    def parts(self) -> Sequence[Table | str]:
        infos = [info for info, _ in self.tensors]
        rows = tuple(
            (
                short(t.name),
                t.dtype,
                "×".join(map(str, t.shape)) or "scalar",
                str(t.size),
                str(t.nbytes),
                skipped or "yes",
            )
            for t, skipped in self.tensors
        )
        values, nbytes = sum(t.size for t in infos), sum(t.nbytes for t in infos)
        together = f"{counted(len(rows), 'tensor')}, {values} values, {nbytes} bytes"
        return Table(("tensor", "dtype", "shape", "values", "bytes", "target"), rows), together

    def to_dict(self) -> dict[str, Any]:
        columns = {"name": [t.name for t, _ in self.tensors], **self.columns()}
        del columns["tensor"]
        tensors = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return {"schema": "sqtheory.header/1", "checkpoint": self.checkpoint, "tensors": tensors}

    def columns(self) -> Mapping[str, Sequence[Any]]:
        columns: dict[str, Sequence[Any]] = {"tensor": [t.name for t, _ in self.tensors]}
        columns |= {name: [getattr(t, name) for t, _ in self.tensors] for name in ("dtype", "shape", "size", "nbytes")}
        return {**columns, "skipped": [skipped for _, skipped in self.tensors]}


def header(checkpoint: Source, *, targets: Words = (), ignore: Words = ()) -> HeaderResult:
    """List every tensor with its type, its shape and its bytes, as the header says.

    As ``sqtheory inspect --header``. Raises CheckpointError, MissingExtra.
    """
    rule = Targets(several(targets), several(ignore))
    with opened(checkpoint) as source:
        found = tuple((info, rule.reason_to_skip(info)) for info in source.tensors)
    return HeaderResult(name_of(checkpoint), found)
