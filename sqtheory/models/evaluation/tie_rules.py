"""Both tie rules where weights sit on a grid: what the choice among equal magnitudes does to either order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.ties import high_index, low_index
from sqtheory.execution.assignment import Bound
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.models.evaluation.weight_images import Weights
from sqtheory.models.metrics import METRICS, Estimate, Metric, Scores
from sqtheory.orders.applied import Order

ON_A_GRID = 0.05
"""The share of the entries of all weights that the rule must move."""
ORDERS = (Order.sq, Order.qs)


@final
@dataclass(frozen=True, eq=False)
class TieRules:
    """Scores of both orders when equal magnitudes leave the lower index and when they leave the higher one."""

    mask: str
    format: str
    metrics: tuple[str, ...]
    moved: Mapping[Order, float]
    """By order, the share of entries that differ between the rules."""
    low: Mapping[Order, Scores]
    high: Mapping[Order, Scores]
    """An order whose entries the rule hardly moves has its scores of ``low``."""

    def shift(self, metric: Metric) -> Estimate:
        """What the higher index adds to the metric of Q→S, paired."""
        return metric.difference(self.high[Order.qs], self.low[Order.qs])

    def gap(self, metric: Metric, scores: Mapping[Order, Scores]) -> Estimate:
        """What Q→S adds to a metric beyond S→Q under one rule, paired."""
        return metric.difference(scores[Order.qs], scores[Order.sq])

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        rules = {"low_index": self.low, "high_index": self.high}
        return {
            "mask": self.mask,
            "format": self.format,
            "moved": {order.name: share for order, share in self.moved.items()},
            "results": {
                rule: {
                    order.name: {name: METRICS[name].estimate(scores[order]).to_dict() for name in self.metrics}
                    for order in ORDERS
                }
                for rule, scores in rules.items()
            },
            "paired": {
                rule: {name: self.gap(METRICS[name], scores).to_dict() for name in self.metrics}
                for rule, scores in rules.items()
            },
            "high_minus_low": {name: self.shift(METRICS[name]).to_dict() for name in self.metrics},
        }


def tie_rules(evaluations: Evaluations, s: Sparsifier, q: Quantizer) -> TieRules | None:
    """Evaluate both orders under both rules; None where neither moves ``ON_A_GRID`` of the entries."""
    model = evaluations.model
    low, high = (evaluations.made(Bound(s.with_ties(rule), q), ORDERS) for rule in (low_index, high_index))
    moved = {order: _differing(low[order], high[order]) for order in ORDERS}
    if max(moved.values()) < ON_A_GRID:
        return None
    first = {order: evaluations.with_weights(low[order]) for order in ORDERS}
    second = {o: evaluations.with_weights(high[o]) if moved[o] >= ON_A_GRID else first[o] for o in ORDERS}
    return TieRules(str(s), str(q), model.metrics, moved, first, second)


def _differing(a: Weights, b: Weights) -> float:
    entries = sum(w.size for w in a.values())
    return sum(int(np.count_nonzero(w != b[name])) for name, w in a.items()) / entries
