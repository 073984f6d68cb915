"""The order gap that the theory expects of every layer beside the one that is measured, in one call."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from sqtheory.api import operators
from sqtheory.api.given import Format, Mask, Source, Words, name_of, opened, several, words
from sqtheory.api.result import Result
from sqtheory.exceptions import about
from sqtheory.execution.gathering import of_files
from sqtheory.execution.prefetch import Watch, unwatched
from sqtheory.files.checkpoints import StoredTensor
from sqtheory.files.targets import Targets
from sqtheory.files.views.axes import Axes
from sqtheory.files.views.seeing import axes_said, notes, seen
from sqtheory.tables import Table
from sqtheory.theory.expectations import Agreement, AgreementReport, agreement, agreement_table
from sqtheory.version import __version__


@final
@dataclass(frozen=True, repr=False, eq=False)
class PredictResult(Result):
    """Predicted and measured order gap of each tensor, for each format and norm."""

    checkpoint: str
    predictions: tuple[AgreementReport, ...]
    skipped: tuple[tuple[str, str], ...]
    """Names of tensors left alone, and why."""
    tensors: bool
    """Text and JSON have a line for each tensor as well."""
    axes: Mapping[str, str]
    """Which axis is reduced, where it is not the last of a matrix."""
    notes: tuple[str, ...]

    def parts(self) -> Sequence[Table | str]:
        each = (one.table() for one in self.predictions if self.tensors)
        return agreement_table(self.predictions), *each, *axes_said(self.axes)

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": "sqtheory.predict/1",
            "version": __version__,
            "checkpoint": self.checkpoint,
            "predictions": [one.to_dict(tensors=self.tensors) for one in self.predictions],
            "skipped": len(self.skipped),
            **({"axes": dict(self.axes)} if self.axes else {}),
        }

    def columns(self) -> Mapping[str, Sequence[Any]]:
        rows = [(one, each) for one in self.predictions for each in one.tensors]
        return {
            "tensor": [each.name for _, each in rows],
            "mask": [one.mask for one, _ in rows],
            "format": [one.format for one, _ in rows],
            "norm": [one.p for one, _ in rows],
            "entries": [each.entries for _, each in rows],
            "predicted": [each.predicted for _, each in rows],
            "tied": [each.tied for _, each in rows],
            "measured": [each.measured for _, each in rows],
        }


def predict(
    checkpoint: Source,
    mask: Mask,
    formats: Format | Iterable[Format],
    *,
    norm: float | Iterable[float] = 1.0,
    seed: int = 0,
    targets: Words = (),
    ignore: Words = (),
    axis: Words = (),
    tensors: bool = False,
    watch: Watch = unwatched,
) -> PredictResult:
    """Predict how much more Q→S loses than S→Q in every layer (theorem ``order_gap_law``), and measure it.

    As ``sqtheory predict``. Raises SpellingError, NotCovered for a pipeline or norm that the law does not speak of,
    InputRefused that names file and tensor.

    >>> [found] = predict("zoo:vit-dense", "2:4", "int4", targets="blocks.0.fc1.weight").predictions
    >>> 0.9 < found.total.measured / found.total.predicted < 1.1
    True
    """
    operators.mask(mask, None, np.random.default_rng(seed))  # refused first, if it awaits statistics
    given: tuple[Format, ...] = several(formats)
    spelled = [one for each in given for one in operators.grid([mask], [each], seed=seed)]
    pipelines = [(one, float(p)) for one in spelled for p in several(norm)]
    columns: list[list[Agreement]] = [[] for _ in pipelines]
    chosen = Targets(words(targets), words(ignore))
    with opened(checkpoint) as file:
        source = seen(file, chosen, Axes.parse(words(axis)), apart=True)
        taken, skipped = chosen.split(source.tensors)
        for info in watch(taken, "predict"):
            x = StoredTensor.of(source, info.name) or source.read(info.name)
            with about(f"tensor {info.name!r}"):
                for column, (one, p) in zip(columns, pipelines, strict=True):
                    column.append(agreement(info.name, x, *one.of(info.name), p))
    whole = [tuple(Agreement.together(i.stored.name, own) for i, own in of_files(taken, c)) for c in columns]
    return PredictResult(
        name_of(checkpoint),
        tuple(AgreementReport(*one.words, p, column) for (one, p), column in zip(pipelines, whole, strict=True)),
        tuple((info.name, reason) for info, reason in skipped),
        tensors,
        {info.stored.name: info.seen_as for info in taken if info.seen_as},
        notes(taken),
    )
