"""Methods on a model that runs: what each order costs outputs and the metric, on samples not calibrated on."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias, final

import numpy as np

from sqtheory.alphabet.operators import Operator
from sqtheory.arrays import Array
from sqtheory.execution.assignment import Assigner, Assignment, InputOperators, Spelled
from sqtheory.files.statistics import Statistics, write_statistics
from sqtheory.models.architectures.linears import EXACT, Linear, Watched, quantized_inputs
from sqtheory.models.architectures.model import Model
from sqtheory.models.evaluation.calibrating import SeenInputs, seen_inputs
from sqtheory.models.evaluation.data import Samples
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.models.evaluation.inputs import compare_inputs
from sqtheory.models.evaluation.weight_images import Weights, images
from sqtheory.models.metrics import METRICS, Estimate, Metric, Scores
from sqtheory.orders.applied import Order
from sqtheory.orders.matrix_errors import gram_norm
from sqtheory.orders.pair import Pair
from sqtheory.tables import Table

ORDERS = (Order.sq, Order.qs, Order.joint)
PLAIN_MASK, PLAIN_INPUTS = "magnitude", "magnitude of inputs"
"""What the mask and the format alone are called, which every method on weights, or on inputs, is compared with."""


@final
@dataclass(frozen=True, eq=False)
class Trial:
    """One method with one format: the share of outputs lost and the scores of each order that it has."""

    method: str
    format: str
    outputs: Mapping[Order, Estimate]
    """Mean over layers of ‖X(W − Ŵ)ᵀ‖_F / ‖XWᵀ‖_F on the samples that are judged, with its standard error."""
    scores: Mapping[Order, Scores]
    zeros: float = 0.0
    """The share of zeros that S→Q leaves in the weights."""
    refused: str = ""
    """Why it was not tried, if it was not."""
    on_inputs: bool = False
    """It prunes the inputs of layers."""


OnInputsOf: TypeAlias = Callable[[Assignment, Statistics], InputOperators]
"""What a method that prunes the inputs of layers makes of a mask, a format and statistics."""


@final
@dataclass(frozen=True)
class MaskOfInputs(InputOperators):
    """The mask and the format of an assignment as they are, for the inputs of every layer."""

    inner: Assignment
    mask: str = PLAIN_INPUTS

    def of(self, name: str, weight: Array) -> Pair:
        return Pair(*self.inner.pattern)


@final
@dataclass(frozen=True, eq=False)
class Halves:
    """The first half of a set of samples, from which methods are calibrated, and the second, which judges them."""

    calibration: Samples
    judged: Samples

    @classmethod
    def of(cls, samples: Samples) -> "Halves":
        """Raises ValueError for a single sample."""
        half = len(samples) // 2
        if not half:
            raise ValueError("half of the samples calibrate and half judge: two at least are needed")
        first, second = (
            Samples(samples.unit, samples.inputs[cut], samples.targets[cut])
            for cut in (slice(half), slice(half, 2 * half))
        )
        return cls(first, second)


def trials(
    model: Model,
    samples: Samples,
    methods: Sequence[Assigner],
    inputs: Mapping[str, OnInputsOf],
    mask: str,
    formats: Sequence[str],
    *,
    workers: int = 1,
    results: Path | None = None,
    done: Callable[[int], None] = lambda count: None,
) -> tuple[Scores, tuple[Trial, ...]]:
    """The scores of the dense model, and every method with every format, plain magnitude first, then any on inputs.

    ``done`` is told of each trial. Statistics are those of the dense model on the first half of the samples.
    """
    halves = Halves.of(samples)
    seen, unseen = (seen_inputs(model, half, moments=True) for half in (halves.calibration, halves.judged))
    evaluations = Evaluations(model, halves.judged, workers, results)
    shapes = {layer.name: layer.weight.shape for layer in model.linears}
    found: list[Trial] = []
    with TemporaryDirectory() as folder:
        known = _statistics(Path(folder) / "statistics.safetensors", seen)
        for fmt in formats:
            plain = Spelled(mask, fmt)
            ways = [(PLAIN_MASK, None), *((method.name, method) for method in methods)]
            for name, method in ways:
                try:
                    assigned = plain if method is None else method.assigned(plain, known, shapes)
                    found.append(_trial(evaluations, unseen.moments, name, fmt, assigned))
                except ValueError as refusal:
                    found.append(Trial(name, fmt, {}, {}, refused=str(refusal)))
                done(1)
            own = {PLAIN_INPUTS: lambda plain, known: MaskOfInputs(plain)} if inputs else {}
            for name, of_inputs in {**own, **inputs}.items():
                found.append(_trial_on_inputs(evaluations, name, plain, of_inputs(plain, known)))
                done(1)
    return evaluations.dense(), tuple(found)


def _statistics(path: Path, seen: SeenInputs) -> Statistics:
    write_statistics(path, seen.norms, seen.moments, {}, means=seen.means, variances=seen.variances)
    return Statistics.read(path)


def _trial(
    evaluations: Evaluations,
    moments: Mapping[str, Array],
    name: str,
    fmt: str,
    assignment: Assignment,
) -> Trial:
    model = evaluations.model
    orders = [order for order in ORDERS if order is not Order.joint or _has_joint(model, assignment)]
    made = evaluations.images.ordered(assignment, orders)
    outputs = {order: _lost(model, weights, moments) for order, weights in made.items()}
    scores = {order: evaluations.with_weights(weights) for order, weights in made.items()}
    return Trial(name, fmt, outputs, scores, _zeros(made[Order.sq]))


def _trial_on_inputs(evaluations: Evaluations, name: str, plain: Spelled, pruned: InputOperators) -> Trial:
    found = compare_inputs(evaluations, plain, pruned, (Order.sq, Order.qs), activations=False)
    exact = images(evaluations.model, lambda layer: layer.weight)
    rounded = evaluations.images.quantized(plain)
    masks = {
        order: {n: pruned.of(n, w).s for n, w in seen.items()}
        for order, seen in ((Order.sq, exact), (Order.qs, rounded))
    }
    outputs = _lost_on_inputs(evaluations, rounded, masks)
    return Trial(name, plain.format, outputs, found.orders, on_inputs=True)


def _lost_on_inputs(
    evaluations: Evaluations, made: Weights, masks: Mapping[Order, Mapping[str, Operator]]
) -> Mapping[Order, Estimate]:
    """Mean over layers of ‖XWᵀ − s(X)Ŵᵀ‖_F / ‖XWᵀ‖_F for the masks of each order, in one pass of the dense model."""
    lost, size = {order: dict.fromkeys(made, 0.0) for order in masks}, dict.fromkeys(made, 0.0)

    def see(layer: Linear, x: Array, y: Array) -> None:
        exact = x.astype(np.float64) @ layer.weight.T
        size[layer.name] += float(np.square(exact).sum())
        for order, own in masks.items():
            kept = quantized_inputs(layer, x, own[layer.name]).astype(np.float64)
            lost[order][layer.name] += float(np.square(exact - kept @ made[layer.name].T).sum())

    model, samples = evaluations.model, evaluations.samples
    for start in range(0, len(samples), model.batch):
        model.logits(samples.inputs[start : start + model.batch], Watched(EXACT, see))
    return {order: _mean([math.sqrt(each[name] / size[name]) for name in made]) for order, each in lost.items()}


def _has_joint(model: Model, assignment: Assignment) -> bool:
    """Every layer has a pass that does both."""
    return all(assignment.of(layer.name).procedure.has_joint for layer in model.linears)


def _zeros(made: Weights) -> float:
    return sum(int(np.count_nonzero(w == 0)) for w in made.values()) / sum(w.size for w in made.values())


def _lost(model: Model, made: Weights, moments: Mapping[str, Array]) -> Estimate:
    shares = [
        gram_norm(layer.weight.astype(np.float64) - made[layer.name], moments[layer.name])
        / gram_norm(layer.weight, moments[layer.name])
        for layer in model.linears
    ]
    return _mean(shares)


def _mean(shares: Sequence[float]) -> Estimate:
    error = float(np.std(shares, ddof=1)) / math.sqrt(len(shares)) if len(shares) > 1 else math.nan
    return Estimate.normal(float(np.mean(shares)), error)


def trial_tables(label: str, mask: str, dense: Scores, found: Sequence[Trial], metric: Metric) -> Iterator[Table]:
    """One table for each format, a line for each method; the last columns against plain magnitude, S→Q."""
    value = metric.estimate(dense)
    named = metric.name.replace("_", " ")
    header = (
        *("method", "zeros %", "outputs lost: S→Q %", "±", "Q→S %", "±", "joint %", "±"),
        *(f"{named}: S→Q", "Q→S", "joint", "Q→S − S→Q", "±", "best − magnitude", "±", "best"),
    )
    for fmt in dict.fromkeys(trial.format for trial in found):
        here = [trial for trial in found if trial.format == fmt]
        plain = {
            on: next(trial for trial in here if trial.on_inputs is on) for on in {trial.on_inputs for trial in here}
        }
        rows = tuple(_line(trial, plain[trial.on_inputs], metric) for trial in here if not trial.refused)
        title = f"{label}: {mask} with {fmt} (dense: {value.value:.4f} ± {value.standard_error:.4f})"
        yield Table(header, rows, title)
        refused = tuple((trial.method, trial.refused) for trial in here if trial.refused)
        if refused:
            yield Table(("not tried", "because"), refused)


def _line(trial: Trial, plain: Trial, metric: Metric) -> tuple[str, ...]:
    cells = [trial.method, "–" if trial.on_inputs else f"{100 * trial.zeros:.1f}"]
    for order in ORDERS:
        lost = trial.outputs.get(order)
        cells += ["–", "–"] if lost is None else [f"{100 * lost.value:.3f}", f"{100 * lost.standard_error:.3f}"]
    values = {order: metric.estimate(scores).value for order, scores in trial.scores.items()}
    cells += [f"{values[order]:.4f}" if order in values else "–" for order in ORDERS]
    pick = min if metric.up_is_worse else max
    best = pick(values, key=lambda order: values[order])
    for scores, reference in (
        (trial.scores[Order.qs], trial.scores[Order.sq]),
        (trial.scores[best], plain.scores[Order.sq]),
    ):
        gap = metric.difference(scores, reference)
        cells += [f"{gap.value:+.4f}", f"{gap.standard_error:.4f}"]
    return (*cells, str(best))


def trial_metric(model: Model) -> Metric:
    """The first of a model's metrics."""
    return METRICS[model.metrics[0]]
