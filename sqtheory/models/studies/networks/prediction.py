"""The order gap in the metric, predicted from weights and second moments, and measured, over formats × patterns."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import final

import numpy as np

from sqtheory.alphabet.notation import parse_as
from sqtheory.alphabet.operators import IDENTITY
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.exceptions import about
from sqtheory.models.architectures.model import Model
from sqtheory.models.evaluation.data import Samples
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.models.evaluation.weight_images import Weights, ordered_weights, weights
from sqtheory.models.metrics import Estimate
from sqtheory.models.studies.networks.activations import moments_of
from sqtheory.models.studies.networks.layers import law_of
from sqtheory.models.studies.networks.sensitivity import Around, Sensitivities
from sqtheory.orders.applied import Order
from sqtheory.orders.matrix_errors import gram_norm
from sqtheory.tables import Table
from sqtheory.theory.expectations.agreement import correlation

FORMATS = ("int8", "int6", "int4", "int3", "mxfp8", "mxfp6", "mxfp4", "hbfp8", "hbfp6", "hbfp4", "nvfp4")
PATTERNS = ("50%", "75%", "2:4", "1:4")


@final
@dataclass(frozen=True)
class LayerGaps:
    """E‖y − ŷ‖² of Q→S less that of S→Q for every layer, by name."""

    gram: Mapping[str, float]
    """From weights and second moments, theorem ``gram_error``: which swaps happen is known."""
    law: Mapping[str, float] | None
    """By the order-gap law, which knows of each block only what lies in it; None where it is silent."""


@final
@dataclass(frozen=True)
class PredictedGap:
    """One mask and one format: the gap of the metric, Q→S less S→Q, positive where S→Q is better."""

    pattern: str
    format: str
    measured: Estimate
    predicted: Mapping[tuple[str, Around], float | None]
    """By ``gram`` or ``law`` and the sensitivity; None where the law is silent."""


@final
@dataclass(frozen=True, eq=False)
class Study:
    """A model, the samples on which the metric is measured, and other samples for moments and sensitivities."""

    model: Model
    samples: Samples
    calibration: Samples
    workers: int = 1
    results: Path | None = None

    @classmethod
    def of(
        cls, model: Model, every: Samples, count: int, calibration: int, workers: int, results: Path | None
    ) -> "Study":
        """``count`` evenly spread samples to measure on, ``calibration`` of those halfway between them."""
        spread = every.some(2 * count)
        between = Samples(spread.unit, spread.inputs[1::2], spread.targets[1::2]).some(min(calibration, count))
        return cls(model, every.some(count), between, workers, results)

    @cached_property
    def sensitivities(self) -> Sensitivities:
        """On the calibration samples."""
        moments = moments_of(self.model, self.calibration)
        return Sensitivities(Evaluations(self.model, self.calibration, self.workers, self.results), moments)

    @cached_property
    def evaluations(self) -> Evaluations:
        """On the samples to measure on."""
        return Evaluations(self.model, self.samples, self.workers, self.results)

    def weights_at(self, around: Around, s: Sparsifier) -> Weights:
        """Where the metric is differentiated: the dense weights, or those that s prunes."""
        return weights(self.model, IDENTITY if around is Around.dense else s)

    def slopes(self, around: Around, s: Sparsifier) -> Mapping[str, float]:
        """The sensitivity to every layer, by name."""
        at = self.weights_at(around, s)
        return {layer.name: self.sensitivities.of(layer, around, at) for layer in self.model.linears}

    def gaps(self, s: Sparsifier, q: Quantizer) -> LayerGaps:
        """Of every layer, at the second moments of the calibration samples."""
        prepared, gram, law = ordered_weights(self.model, s, q), {}, {}
        for layer in self.model.linears:
            name, w, sigma = layer.name, layer.weight, self.sensitivities.moments[layer.name]
            sq, qs = (gram_norm(w - prepared[order][name], sigma) ** 2 for order in (Order.sq, Order.qs))
            gram[name] = qs - sq
            with about(f"tensor {name!r}"):
                found = law_of(q, s, w, sigma)
            if found is not None:
                law[name] = found.predicted
        return LayerGaps(gram, law if len(law) == len(gram) else None)

    def measured(self, s: Sparsifier, q: Quantizer) -> Estimate:
        """The gap of the metric, paired sample by sample."""
        scores = self.evaluations.of_orders(s, q, (Order.sq, Order.qs))
        return self.sensitivities.metric.difference(scores[Order.qs], scores[Order.sq])

    def report(
        self, patterns: Sequence[str], formats: Sequence[str], *, done: Callable[[int], None] = lambda count: None
    ) -> str:
        """The grid, its agreement and the sensitivities, in Markdown."""
        cells, slopes = [], {}
        for pattern in patterns:
            s = parse_as(Sparsifier, "mask", pattern)
            here = {around: self.slopes(around, s) for around in Around}
            slopes[pattern] = here
            for name in formats:
                q = parse_as(Quantizer, "format", name)
                gaps, measured = self.gaps(s, q), self.measured(s, q)
                both = {"law": gaps.law, "gram": gaps.gram}
                predicted = {
                    (kind, around): None if of is None else weighed(of, here[around])
                    for kind, of in both.items()
                    for around in Around
                }
                cells.append(PredictedGap(pattern, name, measured, predicted))
                done(1)
        metric = self.sensitivities.metric.name.replace("_", " ")
        tables = (_grid(cells, metric), _agreement(cells), _slopes(slopes, metric))
        return "\n\n".join((*(table.markdown() for table in tables), _sentence(cells)))


def weighed(gaps: Mapping[str, float], slopes: Mapping[str, float]) -> float:
    """Σ over layers of sensitivity × gap."""
    return sum(slopes[name] * gap for name, gap in gaps.items())


KINDS = tuple((kind, around) for kind in ("law", "gram") for around in Around)


def _grid(cells: Sequence[PredictedGap], metric: str) -> Table:
    header = ("pipeline", "measured", "±", *(f"{kind}, {around.value}" for kind, around in KINDS))
    rows = []
    for cell in cells:
        predicted = (cell.predicted[kind] for kind in KINDS)
        values = ("–" if value is None else _number(value) for value in predicted)
        rows.append(
            (
                f"{cell.pattern} {cell.format}",
                _number(cell.measured.value),
                _number(cell.measured.standard_error),
                *values,
            )
        )
    return Table(header, tuple(rows), f"Order gap (Q→S less S→Q) in {metric}: measured and predicted")


@final
@dataclass(frozen=True)
class Fit:
    """How well predictions and measurements agree over cells."""

    cells: int
    rank: float
    """Spearman's correlation; NaN below three cells."""
    factor: float
    """exp of the mean of ln(predicted/measured) over cells where both are positive."""
    spread: float
    """exp of the standard deviation of the same: a factor, at least 1."""
    error: float
    """Root mean square of predicted − measured over that of measured."""
    signs: int
    """Of the cells whose measured gap is beyond noise at 95 %, those with its sign."""
    certain: int
    """How many those are."""


def fit(pairs: Iterable[tuple[Estimate, float]]) -> Fit:
    """Of (measured, predicted) gaps; Spearman's correlation of their ranks (`spearman1904proof`)."""
    given = list(pairs)
    x, y = np.array([m.value for m, _ in given]), np.array([p for _, p in given])
    ratios = np.log(y[(x > 0) & (y > 0)] / x[(x > 0) & (y > 0)])
    certain = [(m.value, p) for m, p in given if m.low > 0 or m.high < 0]
    return Fit(
        len(given),
        correlation(_ranks(x), _ranks(y)) if len(given) > 2 else math.nan,
        math.exp(ratios.mean()) if len(ratios) else math.nan,
        math.exp(ratios.std()) if len(ratios) else math.nan,
        float(np.sqrt(((x - y) ** 2).sum() / (x**2).sum())) if (x**2).sum() else math.nan,
        sum((value > 0) == (p > 0) for value, p in certain),
        len(certain),
    )


def _ranks(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> list[float]:
    """1 for the smallest; equal values share the mean of their ranks."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return [float(r) for r in (np.cumsum(counts) - (counts - 1) / 2)[which]]


def _agreement(cells: Sequence[PredictedGap]) -> Table:
    """Over the whole grid, where the law speaks, and within each pattern."""
    header = (
        *("predicted by", "over", "cells", "rank correlation", "predicted/measured", "spread, a factor"),
        *("relative error", "certain cells", "sign right"),
    )
    rows = []
    for kind, around in KINDS:
        spoken = [cell for cell in cells if cell.predicted["law", around] is not None]
        groups = {"all": cells}
        if kind == "gram" and 0 < len(spoken) < len(cells):
            groups["where the law speaks"] = spoken
        for pattern in dict.fromkeys(cell.pattern for cell in cells):
            groups[pattern] = [cell for cell in cells if cell.pattern == pattern]
        for label, some in groups.items():
            pairs = _pairs(some, kind, around)
            if pairs:
                f = fit(pairs)
                numbers = (f"{f.rank:.3f}", f"{f.factor:.3f}", f"{f.spread:.2f}", f"{f.error:.3f}")
                name = f"{kind}, {around.value}"
                rows.append((name, label, str(f.cells), *numbers, str(f.certain), str(f.signs)))
    return Table(header, tuple(rows), "Agreement over the grid")


def _pairs(cells: Sequence[PredictedGap], kind: str, around: Around) -> list[tuple[Estimate, float]]:
    return [(cell.measured, p) for cell in cells if (p := cell.predicted[kind, around]) is not None]


def _slopes(slopes: Mapping[str, Mapping[Around, Mapping[str, float]]], metric: str) -> Table:
    """Sensitivities by layer: the dense model's once, the others for each pattern."""
    columns = [(f"{Around.dense.value}", next(iter(slopes.values()))[Around.dense])]
    for pattern, here in slopes.items():
        columns += [(f"{pattern}: {around.value}", here[around]) for around in (Around.pruned, Around.along)]
    layers = list(columns[0][1])
    rows = tuple((name, *(f"{values[name]:.4g}" for _, values in columns)) for name in layers)
    return Table(("layer", *(title for title, _ in columns)), rows, f"{metric} per unit of E‖y − ŷ‖²")


def _sentence(cells: Sequence[PredictedGap]) -> str:
    """What the agreement says, from its numbers."""
    if len(cells) < 3:
        return "Too few cells for a rank correlation."
    fits = {around: fit(_pairs(cells, "gram", around)) for around in Around}
    best = min(fits, key=lambda around: fits[around].error)
    said = [
        f"Of the sensitivities, {best.value} has the smallest error with the gram gaps over all cells "
        f"({fits[best].error:.2f}; predicting no gap at all has 1), rank correlation {fits[best].rank:.2f}."
    ]
    for pattern in dict.fromkeys(cell.pattern for cell in cells):
        f = fit(_pairs([cell for cell in cells if cell.pattern == pattern], "gram", best))
        said.append(
            f"Within {pattern}: rank correlation {f.rank:.2f}, relative error {f.error:.2f}, "
            f"the sign of {f.signs} of {f.certain} certain gaps."
        )
    return " ".join(said)


def _number(value: float) -> str:
    return f"{value:.5f}"
