"""Whether the weaker of both comes first (`kim2026order`): the better order against what each alone costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import final

import numpy as np
from numpy.typing import NDArray

from sqtheory.models.metrics import Estimate, Scores
from sqtheory.models.studies.questions.answer import Answer, Subject, listed
from sqtheory.models.studies.questions.metric import WIDTHS
from sqtheory.models.studies.questions.tensors import mask, quantizer
from sqtheory.orders.applied import Order
from sqtheory.tables import Table

PATTERNS = ("2:4", "50%")
RESAMPLES, SEED = 400, 0
HEADER = ("pipeline", "S worse by", "Q worse by", "Q − S", "±", "Q→S − S→Q", "±", "weaker first", "is the better order")


@final
@dataclass(frozen=True, eq=False)
class Pipeline:
    """Scores of the same samples under s, q and both."""

    name: str
    sparse: Scores
    quantized: Scores
    pruned_first: Scores
    quantized_first: Scores

    def taken(self, samples: NDArray[np.intp]) -> "Pipeline":
        """The same of some samples, each as often as it is named."""
        four = (self.sparse, self.quantized, self.pruned_first, self.quantized_first)
        return Pipeline(self.name, *(_taken(scores, samples) for scores in four))

    def gap(self, subject: Subject) -> Estimate:
        """How much more q alone costs than s alone: the hypothesis prunes first where positive."""
        return subject.harm(self.quantized, self.sparse)

    def advantage(self, subject: Subject) -> Estimate:
        """How much more Q→S costs than S→Q."""
        return subject.harm(self.quantized_first, self.pruned_first)


def weaker_first(subject: Subject) -> Answer:
    """INT of every width under two masks: the sign rule, and whether the advantage of an order rises with the gap."""
    rows, broken, kept, sentences = [], [], [], []
    for pattern in PATTERNS:
        found = [_evaluated(subject, pattern, f"int{bits}") for bits in WIDTHS]
        for each in found:
            gap, advantage = each.gap(subject), each.advantage(subject)
            verdict = _verdict(gap, advantage)
            broken += [each.name] if verdict == "no" else []
            kept += [each.name] if verdict == "yes" else []
            alone = (subject.harm(scores, subject.evaluations.dense()) for scores in (each.sparse, each.quantized))
            numbers = (*(e.value for e in alone), gap.value, gap.standard_error)
            order = (advantage.value, advantage.standard_error)
            cells = (f"{v:.5f}" for v in (*numbers, *order))
            rows.append((each.name, *cells, "S→Q" if gap.value > 0 else "Q→S", verdict))
        sentences.append(_monotony(subject, pattern, found))
    rule = (
        f"Where both differences are certain (95 %), the weaker first is the better order with: {listed(kept)}; "
        f"the worse one with: {listed(broken)}."
    )
    return Answer("Does the weaker of both come first?", Table(HEADER, tuple(rows)), (rule, *sentences))


def concordance(x: Sequence[float], y: Sequence[float]) -> float:
    """Kendall's τ_a: the mean of sgn(x_i − x_j) sgn(y_i − y_j) over all pairs."""
    return float(np.mean([np.sign(x[i] - x[j]) * np.sign(y[i] - y[j]) for i, j in combinations(range(len(x)), 2)]))


def _evaluated(subject: Subject, pattern: str, width: str) -> Pipeline:
    s, q = mask(pattern), quantizer(width)
    orders = subject.evaluations.of_orders(s, q, (Order.sq, Order.qs))
    alone = subject.evaluations.of(s), subject.evaluations.of(q)
    return Pipeline(f"{pattern} {width}", *alone, orders[Order.sq], orders[Order.qs])


def _verdict(gap: Estimate, advantage: Estimate) -> str:
    if not all(e.low > 0 or e.high < 0 for e in (gap, advantage)):
        return "unclear"
    return "yes" if gap.value * advantage.value > 0 else "no"


def _monotony(subject: Subject, pattern: str, found: Sequence[Pipeline]) -> str:
    n = len(subject.evaluations.samples)
    resamples = np.random.default_rng(SEED).integers(n, size=(RESAMPLES, n))
    draws = [_order_of(subject, [each.taken(samples) for each in found]) for samples in resamples]
    low, high = np.quantile(draws, (0.025, 0.975))
    falls = [
        f"{one.name.split()[-1]} to {other.name.split()[-1]} by {-fall.value:.5f} ± {fall.standard_error:.5f}"
        for one, other in pairwise(found)
        if (fall := _rise(subject, one, other)).high < 0 and subject.harm(other.quantized, one.quantized).low > 0
    ]
    return (
        f"{pattern}: Kendall's τ of Q − S and the advantage of S→Q is {_order_of(subject, found):.2f} over the widths "
        f"[{low:.2f}, {high:.2f}]; although q gets stronger, the advantage falls for certain from "
        f"{listed(falls, 'no width to the next')}."
    )


def _order_of(subject: Subject, found: Sequence[Pipeline]) -> float:
    return concordance([each.gap(subject).value for each in found], [each.advantage(subject).value for each in found])


def _rise(subject: Subject, one: Pipeline, other: Pipeline) -> Estimate:
    """By how much the advantage of S→Q rises from one to the other, paired."""
    sign = 1.0 if subject.metric.up_is_worse else -1.0
    terms = ((other, sign), (one, -sign))
    return subject.metric.combination(
        [
            (c * side, scores)
            for each, side in terms
            for c, scores in ((1, each.quantized_first), (-1, each.pruned_first))
        ]
    )


def _taken(scores: Scores, samples: NDArray[np.intp]) -> Scores:
    sizes = None if scores.sizes is None else scores.sizes[samples]
    return Scores(scores.losses[samples], scores.hits[samples], scores.predictions, sizes)
