"""One mask and one format on one model: each alone, both in several orders, what the order costs, the threshold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from sqtheory.alphabet.operators import IDENTITY
from sqtheory.execution.assignment import Assignment
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.models.metrics import METRICS, Estimate, Metric, Scores, excess
from sqtheory.orders.applied import Order
from sqtheory.tables import json_ready
from sqtheory.theory.orthogonality import orthogonality_threshold


@final
@dataclass(frozen=True, eq=False)
class Comparison:
    """Scores of the same samples under a mask s, a format q, and both."""

    mask: str
    format: str
    activations: str
    """The operator on the inputs of the block linears."""
    tuned: str | None
    """The sparse fine-tuned model that s and both are on; None: everything is one-shot on the dense model."""
    metrics: tuple[str, ...]
    dense: Scores
    sparse: Scores
    quantized: Scores
    orders: Mapping[Order, Scores]

    @property
    def all(self) -> Mapping[str, Scores]:
        """Every evaluation by its name."""
        alone = {"dense": self.dense, "S only": self.sparse, "Q only": self.quantized}
        return alone | {str(order): scores for order, scores in self.orders.items()}

    def differences(self, metric: Metric) -> Mapping[Order, Estimate]:
        """What each other order adds to a metric beyond the first, paired."""
        first, *others = self.orders
        return {order: metric.difference(self.orders[order], self.orders[first]) for order in others}

    def threshold(self, metric: Metric) -> float:
        """The orthogonality threshold."""
        parts = (metric.estimate(scores).value for scores in (self.dense, self.quantized, self.sparse))
        return orthogonality_threshold(*parts)

    def excess(self, metric: Metric, order: Order) -> Estimate:
        """How much worse an order is than the threshold, paired; exceeded where positive."""
        return excess(metric, self.orders[order], self.dense, self.quantized, self.sparse)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        first = next(iter(self.orders))
        return {
            "mask": self.mask,
            "format": self.format,
            "activations": self.activations,
            "tuned": self.tuned,
            "results": [{"name": name, **estimates(scores, self.metrics)} for name, scores in self.all.items()],
            "paired": [
                {"order": order.name, "minus": first.name, **self._paired(order, first)}
                for order in list(self.orders)[1:]
            ],
            "threshold": {name: json_ready(self.threshold(METRICS[name])) for name in self.metrics},
            "excess": [
                {"order": order.name, **{name: self._exceeds(METRICS[name], order) for name in self.metrics}}
                for order in self.orders
            ],
        }

    def _exceeds(self, metric: Metric, order: Order) -> dict[str, Any]:
        found = self.excess(metric, order)
        return {**found.to_dict(), "exceeded": found.value > 0, "significant": found.low > 0}

    def _paired(self, order: Order, first: Order) -> dict[str, Any]:
        mine, theirs = self.orders[order], self.orders[first]
        differences = {name: METRICS[name].difference(mine, theirs).to_dict() for name in self.metrics}
        better = {
            "only_better": int((mine.hits > theirs.hits).sum()) if mine.predictions else None,
            "only_worse": int((mine.hits < theirs.hits).sum()) if mine.predictions else None,
        }
        return {**differences, "samples": better}


def compare_orders(
    dense: Evaluations,
    assignment: Assignment,
    orders: Sequence[Order],
    *,
    activations: bool = False,
    tuned: tuple[str, Evaluations] | None = None,
) -> Comparison:
    """Evaluate a mask, a format and both; ``tuned``: a fine-tuned model, by name, that holds the mask already."""
    inputs = assignment.pattern[1] if activations else IDENTITY
    name, sparse = tuned or (None, dense)
    return Comparison(
        *assignment.words,
        str(inputs),
        name,
        dense.model.metrics,
        dense.dense(),
        sparse.of_mask(assignment),
        dense.of_format(assignment, inputs),
        sparse.of_both(assignment, orders, inputs),
    )


def estimates(scores: Scores, metrics: Sequence[str]) -> dict[str, Any]:
    """Every metric of one evaluation, None where it does not apply to the model."""
    return {name: METRICS[name].estimate(scores).to_dict() if name in metrics else None for name in METRICS}
