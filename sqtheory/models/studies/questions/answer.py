"""A question, the numbers, and what they say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import final

from sqtheory.alphabet.scores import Partnered, awaiting_wanda
from sqtheory.models.architectures.linears import Linear
from sqtheory.models.evaluation.calibrating import seen_inputs
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.models.metrics import METRICS, Estimate, Metric, Scores
from sqtheory.tables import Table

CALIBRATION = 8
"""Samples from which Wanda's norms of input channels are taken."""


@final
@dataclass(frozen=True)
class Answer:
    """One question with its table; the sentences are made from the numbers of the table."""

    question: str
    table: Table
    sentences: tuple[str, ...]

    @property
    def short(self) -> str:
        """The question and the first of the sentences."""
        return f"**{self.question}** {self.sentences[0]}"

    def markdown(self) -> str:
        """A section of a report."""
        return "\n\n".join((f"## {self.question}", self.table.markdown(), " ".join(self.sentences)))


@final
@dataclass(frozen=True, eq=False)
class Subject:
    """The model that is asked about, with its evaluations."""

    evaluations: Evaluations

    @property
    def linears(self) -> tuple[Linear, ...]:
        """Its block linears."""
        return self.evaluations.model.linears

    @property
    def metric(self) -> Metric:
        """The first of the model's metrics."""
        return METRICS[self.evaluations.model.metrics[0]]

    @property
    def metric_name(self) -> str:
        """As it is written in a sentence."""
        return self.metric.name.replace("_", " ")

    def harm(self, scores: Scores, reference: Scores) -> Estimate:
        """How much worse the metric is than that of a reference, paired: positive if worse."""
        sign = 1.0 if self.metric.up_is_worse else -1.0
        return self.metric.combination([(sign, scores), (-sign, reference)])

    @cached_property
    def wanda(self) -> Mapping[str, Partnered]:
        """Wanda's score of every layer, by the inputs of the dense model on samples spread over the set."""
        samples = self.evaluations.samples.some(min(CALIBRATION, len(self.evaluations.samples)))
        found = seen_inputs(self.evaluations.model, samples, batch=len(samples))
        return {name: awaiting_wanda.told(norms) for name, norms in found.norms.items()}


def percent(share: float, digits: int = 2) -> str:
    """A share in percent."""
    return f"{100 * share:.{digits}f}%"


def listed(words: Iterable[str], none: str = "none") -> str:
    """Words with commas between."""
    return ", ".join(words) or none
