"""The order gap that the theory expects of every layer beside the one that is measured, in one call."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from sqtheory.api import operators
from sqtheory.api.given import Format, Mask, Source, Words, name_of, opened, several
from sqtheory.api.result import Result
from sqtheory.api.sight import choose
from sqtheory.exceptions import InputRefused, about
from sqtheory.execution.gathering import of_files
from sqtheory.execution.prefetch import Watch, unwatched
from sqtheory.execution.selection import Selection, Tolerance
from sqtheory.files.checkpoints import StoredTensor, TensorInfo
from sqtheory.files.targets import Targets
from sqtheory.files.views.axes import Axes
from sqtheory.files.views.seeing import axes_of, axes_said
from sqtheory.tables import Table
from sqtheory.theory.expectations import Agreement, AgreementReport, agreement, agreement_table
from sqtheory.version import __version__


@final
@dataclass(frozen=True, repr=False, eq=False)
class PredictResult(Result):
    """Predicted and measured order gap of each tensor, for each format and norm."""

    checkpoint: str
    predictions: tuple[AgreementReport, ...]
    chosen: Selection
    """Which tensors were compared, and why the others were left alone."""
    tensors: bool
    """Text and JSON have a line for each tensor as well."""

    def parts(self) -> Sequence[Table | str]:
        tables = (one.table() for one in self.predictions if self.tensors)
        return (
            agreement_table(self.predictions),
            *tables,
            "\n".join(self.chosen.sentences()),
            *axes_said(self.chosen.taken),
        )

    @property
    def failures(self) -> tuple[str, ...]:
        """Weights that were refused."""
        return tuple(self.chosen.failures)

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": "sqtheory.predict/1",
            "version": __version__,
            "checkpoint": self.checkpoint,
            "predictions": [one.to_dict(tensors=self.tensors) for one in self.predictions],
            "skipped": len(self.chosen.skipped),
            "parameters": self.chosen.parameters,
            **({"axes": axes} if (axes := axes_of(self.chosen.taken)) else {}),
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
    masks: Mask | Iterable[Mask],
    formats: Format | Iterable[Format],
    *,
    norm: float | Iterable[float] = 1.0,
    seed: int = 0,
    targets: Words = (),
    ignore: Words = (),
    axis: Words = (),
    strict: bool = False,
    keep_going: bool = False,
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
    sparse: tuple[Mask, ...] = several(masks)
    given: tuple[Format, ...] = several(formats)
    for mask in sparse:
        operators.mask(mask, None, np.random.default_rng(seed))  # refused first, if it awaits statistics
    spelled = [one for mask in sparse for each in given for one in operators.grid([mask], [each], seed=seed)]
    pipelines = [(one, float(p)) for one in spelled for p in several(norm)]
    columns: list[list[Agreement]] = [[] for _ in pipelines]
    rule, axes = Targets(several(targets), several(ignore)), Axes.parse(several(axis))
    with opened(checkpoint) as whole:
        kinds = [op for one in spelled for op in one.pattern]
        source, chosen = choose(whole, rule, axes, lambda info: kinds, strict=strict)
        tolerates = Tolerance(source, strict=strict, keep_going=keep_going)
        for info in watch(chosen.taken, "predict"):
            x = StoredTensor.of(source, info.name) or source.read(info.name)
            try:
                with about(f"tensor {info.name!r}"):
                    pairs = [(one.of(info.name), p) for one, p in pipelines]
                    own = [agreement(info.name, x, pair.s, pair.q, p) for pair, p in pairs]
            except InputRefused as refusal:
                if not tolerates(info, refusal):
                    raise
                continue
            for column, each in zip(columns, own, strict=True):
                column.append(each)
        chosen = chosen.without(tolerates.left)
    found = tuple(
        AgreementReport(*one.words, p, _whole(chosen.taken, column))
        for (one, p), column in zip(pipelines, columns, strict=True)
    )
    return PredictResult(name_of(checkpoint), found, chosen, tensors)


def _whole(tensors: Sequence[TensorInfo], found: Sequence[Agreement]) -> tuple[Agreement, ...]:
    """What was found of matrices that are worked on, together for each tensor of the file."""
    own = {each.name: each for each in found}
    kept = [own[info.name] for info in tensors]
    return tuple(Agreement.together(info.stored.name, parts) for info, parts in of_files(tensors, kept))
