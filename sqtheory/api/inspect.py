"""What a checkpoint holds, in one call."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from sqtheory.api.given import Source, Words, name_of, opened, several
from sqtheory.api.result import Result
from sqtheory.execution.prefetch import Watch, unwatched
from sqtheory.files.checkpoints.decoding import Decoding
from sqtheory.files.inspection import TensorSummary, inspect_slabs
from sqtheory.files.targets import Targets
from sqtheory.files.views.axes import Axes
from sqtheory.files.views.seeing import axes_of, inspected
from sqtheory.tables import Table, counted, number, short


@final
@dataclass(frozen=True, repr=False, eq=False)
class InspectResult(Result):
    """Every tensor of a checkpoint, and why it is left alone, None for a target."""

    checkpoint: str
    tensors: tuple[tuple[TensorSummary, str | None], ...]
    axes: Mapping[str, str]
    """Which axis is reduced of those tensors that are no plain matrices, by name."""
    stored: Mapping[str, Mapping[str, str]]
    """The stored tensors that spell a quantized one, by its name."""
    decoding: Decoding | None
    """What is read as values and stored as codes, if anything is."""
    between = "\n"

    def parts(self) -> Sequence[Table | str]:
        rows = tuple(
            (
                short(t.name),
                t.dtype,
                "×".join(map(str, t.shape)) or "scalar",
                _share(t.zeros, t.size),
                " ".join(t.patterns) or "–",
                _magnitude(t.absmax),
                _magnitude(t.absmin_nonzero),
                str(t.nan + t.inf),
                reason or "yes",
                *([self.axes.get(t.name, "–")] if self.axes else []),
            )
            for t, reason in self.tensors
        )
        header: tuple[str, ...] = (
            "tensor",
            "dtype",
            "shape",
            "zeros",
            "keeps",
            "max |x|",
            "min |x|>0",
            "NaN/Inf",
            "target",
        )
        header += ("reduced axis",) if self.axes else ()
        size = sum(t.size for t, _ in self.tensors)
        zeros = sum(t.zeros for t, _ in self.tensors)
        together = f"{counted(len(rows), 'tensor')}, {size} values, {_share(zeros, size)} zeros"
        if (decoding := self.decoding) is not None:
            together += f"\nShown as values: {decoding.schemes}. Not shown, {decoding.companions}."
        return Table(header, rows), together

    def to_dict(self) -> dict[str, Any]:
        axes = {name: {"axis": text} for name, text in self.axes.items()}
        stored = {name: {"stored": dict(parts)} for name, parts in self.stored.items()}
        tensors = [
            {**t.to_dict(), "skipped": reason, **axes.get(t.name, {}), **stored.get(t.name, {})}
            for t, reason in self.tensors
        ]
        return {"schema": "sqtheory.inspect/1", "checkpoint": self.checkpoint, "tensors": tensors}

    def columns(self) -> Mapping[str, Sequence[Any]]:
        names = [name for name in TensorSummary.__dataclass_fields__ if name != "name"]
        columns: dict[str, Sequence[Any]] = {"tensor": [t.name for t, _ in self.tensors]}
        columns |= {name: [getattr(t, name) for t, _ in self.tensors] for name in names}
        if self.axes:
            columns["axis"] = [self.axes.get(t.name) for t, _ in self.tensors]
        return {**columns, "skipped": [reason for _, reason in self.tensors]}


def inspect(
    checkpoint: Source,
    *,
    targets: Words = (),
    ignore: Words = (),
    axis: Words = (),
    watch: Watch = unwatched,
) -> InspectResult:
    """Count and measure the entries of every tensor: zeros, n:m patterns, range, NaN; and say which are targets.

    As ``sqtheory inspect``. Raises CheckpointError, MissingExtra.

    >>> result = inspect("zoo:vit-s2of4", ignore="re:blocks.[1-9].*")
    >>> [(t.name, t.zeros, t.patterns) for t, reason in result.tensors if reason is None and "fc1" in t.name]
    [('blocks.0.fc1.weight', 32768, ('2:4', '4:8'))]
    """
    rule = Targets(several(targets), several(ignore))
    with opened(checkpoint) as whole:
        source = inspected(whole, rule, Axes.parse(several(axis)))
        found = tuple(
            (inspect_slabs(info, source.slabs(info.name)).of_file(info), rule.reason_to_skip(info))
            for info in watch(source.tensors, "inspect")
        )
        stored = {info.name: parts for info in source.tensors if (parts := source.parts(info.name))}
        return InspectResult(name_of(checkpoint), found, axes_of(source.tensors), stored, source.decoding)


def _share(zeros: int, size: int) -> str:
    return f"{100 * zeros / size:.2f}%" if size else "–"


def _magnitude(value: float) -> str:
    """A number, an en dash where there is none."""
    return number(None if math.isnan(value) else value)
