"""Trainings side by side: what block floating point costs in accuracy, and what the order of mask and format does."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from sqtheory.execution.fingerprints import description, digest_of, program
from sqtheory.execution.stored import stored
from sqtheory.files import atomic
from sqtheory.models.evaluation.data import Samples
from sqtheory.models.studies.hbfp.images import FOLDS, fold
from sqtheory.models.studies.hbfp.training import DESCENT, Descent, Run, Training, train
from sqtheory.models.studies.hbfp.trainings import FULL, SPARSE, TRAININGS
from sqtheory.models.studies.questions.answer import Answer, listed
from sqtheory.orders.applied import Order
from sqtheory.records import sealed, unsealed
from sqtheory.tables import Table

SCHEMA = "sqtheory.training/1"
TWO_SIDED: Mapping[int, float] = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776}
"""The 0.975 quantile of Student's t by degrees of freedom: 95 % intervals of a few paired differences."""


@final
@dataclass(frozen=True)
class StoredRun:
    """A finished run in a folder of results."""

    schema: str
    key: str
    losses: tuple[float, ...]
    accuracies: tuple[float, ...]


@final
@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Every training on every fold of the samples: the fold held out, and the seed, are its number."""

    samples: Samples
    descent: Descent = DESCENT
    trainings: tuple[Training, ...] = TRAININGS
    folds: int = FOLDS
    results: Path | None = None
    """A folder where finished runs stay for later ones."""

    @property
    def about(self) -> str:
        """What is trained, in a sentence or two."""
        d, count = self.descent, len(self.samples)
        widths, (height, width) = "-".join(map(str, d.hidden)), self.samples.inputs.shape[1:]
        return (
            f"Trained is a perceptron of hidden layers {widths} on images halved to {height // 2} × {width // 2}: "
            f"{d.epochs} epochs of batches of {d.batch}, rate {d.rate:g} falling to 0, momentum {d.momentum:g}, blocks "
            f"of {d.block}. Of {count} images each of {self.folds} parts is held out in turn, with a seed of its own; "
            f"spread is the standard deviation over them, ± a standard error."
        )

    def runs(self, done: Callable[[int], None] = lambda runs: None) -> Mapping[Training, tuple[Run, ...]]:
        """The runs of each training, one for each fold."""
        splits = [fold(self.samples, number, self.folds) for number in range(self.folds)]
        found: dict[Training, list[Run]] = {training: [] for training in self.trainings}
        for number, split in enumerate(splits):
            for training in self.trainings:
                key = self._key(training, number)
                run = self._read(key)
                if run is None:
                    run = train(split, training, self.descent, number)
                    if self.results is not None:
                        line = StoredRun(SCHEMA, key, run.losses, run.accuracies)
                        atomic.write(self.results / f"{key}.json", sealed(line).encode(), force=True)
                found[training].append(run)
                done(1)
        return {training: tuple(each) for training, each in found.items()}

    def _key(self, training: Training, number: int) -> str:
        data = [digest_of(part) for part in (self.samples.inputs, self.samples.targets)]
        parts = (program(), description(training, {}), description(self.descent, {}), data, number, self.folds)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]

    def _read(self, key: str) -> Run | None:
        if self.results is None:
            return None
        found = stored(self.results / f"{key}.json")
        line = found and unsealed(StoredRun, found[1])
        if line is None or (line.schema, line.key) != (SCHEMA, key):
            return None
        return Run(line.losses, line.accuracies)


@final
@dataclass(frozen=True)
class Paired:
    """The mean of differences over folds, in points of accuracy, and its standard error."""

    value: float
    standard_error: float
    count: int

    @classmethod
    def of(cls, runs: Sequence[Run], reference: Sequence[Run]) -> "Paired":
        """Accuracy less that of the reference, fold by fold."""
        differences = [100 * (a.accuracy - b.accuracy) for a, b in zip(runs, reference, strict=True)]
        return cls(float(np.mean(differences)), spread(differences) / math.sqrt(len(differences)), len(differences))

    @property
    def certain(self) -> bool:
        """The 95 % interval of Student's t holds no 0."""
        return abs(self.value) > TWO_SIDED.get(self.count - 1, 2.776) * self.standard_error

    @property
    def cells(self) -> tuple[str, str]:
        """As a table shows them."""
        return f"{self.value:+.2f}", f"{self.standard_error:.2f}"


def spread(values: Sequence[float]) -> float:
    """The standard deviation of a sample, n − 1 below; NaN for one value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def accuracies(runs: Mapping[Training, Sequence[Run]], about: str) -> Answer:
    """Accuracy after the last epoch: the mean over folds, their spread, the difference from FP32 on the same folds."""
    rows, lost = [], []
    full = runs.get(FULL)
    for training, each in runs.items():
        values = [100 * run.accuracy for run in each]
        less = Paired.of(each, full) if full is not None and training is not FULL else None
        losses = float(np.mean([run.losses[-1] for run in each]))
        cells = less.cells if less else ("–", "–")
        rows.append((training.name, f"{np.mean(values):.2f}", f"{spread(values):.2f}", *cells, f"{losses:.3f}"))
        lost += [f"{training.name} ({less.value:+.2f})"] if less and less.certain else []
    header = ("training", "accuracy", "spread", "less FP32", "±", "training loss")
    said = f"Unlike FP32 at 95 % each (paired over folds, {len(runs) - 1} compared): {listed(lost)}. {about}"
    return Answer("What does training in block floating point cost?", Table(header, tuple(rows)), (said,))


def orders(runs: Mapping[Training, Sequence[Run]]) -> Answer | None:
    """Q→S less S→Q for every schedule trained in both orders; None where there is none."""
    found = {
        (training.schedule, training.order): (training, each)
        for training, each in runs.items()
        if training in SPARSE[1:]
    }
    rows, certain = [], []
    for (schedule, order), (training, first) in found.items():
        if order is not Order.sq or (schedule, Order.qs) not in found:
            continue
        second = found[schedule, Order.qs][1]
        name = training.name.removesuffix(f", 2:4 {order}")
        more = Paired.of(second, first)
        means = [f"{100 * np.mean([run.accuracy for run in each]):.2f}" for each in (first, second)]
        rows.append((name, *means, *more.cells))
        certain += [name] if more.certain else []
    if not rows:
        return None
    header = ("training, 2:4", "S→Q", "Q→S", "Q→S less S→Q", "±")
    said = f"The orders differ at 95 % each (paired over folds, {len(rows)} compared) with: {listed(certain)}."
    return Answer("Does the order of mask and format matter while training?", Table(header, tuple(rows)), (said,))
