"""What a model said of every sample, and metrics of it with their uncertainty."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.exceptions import NonFinite
from sqtheory.tables import json_ready

Reals: TypeAlias = NDArray[np.float64]
NORMAL_95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""


@final
@dataclass(frozen=True, eq=False)
class Scores:
    """For every sample, over its predictions: the mean loss, and the share predicted right.

    The loss is −ln p of the true class; of a pronunciation, its edits; of an encoder, which predicts no class,
    1 − cos of its embedding with the dense model's, and the share NaN.
    """

    losses: Reals
    hits: Reals
    predictions: int
    """How many each sample has: 1 for an image or a word, the length of a window of text, 0 for a passage to embed."""
    sizes: Reals | None = None
    """Over how many phonemes of each the loss is a mean; None where ``predictions`` says it of all."""

    @classmethod
    def joined(cls, parts: Sequence["Scores"]) -> "Scores":
        """The samples of one evaluation, batch after batch."""
        losses, hits = (np.concatenate([getattr(part, name) for part in parts]) for name in ("losses", "hits"))
        sizes = [part.sizes for part in parts if part.sizes is not None]
        return cls(losses, hits, parts[0].predictions, np.concatenate(sizes) if sizes else None)

    @property
    def weights(self) -> Reals:
        """What each counts in a mean over the predictions of all; their mean is 1."""
        return np.ones(len(self)) if self.sizes is None else self.sizes / self.sizes.mean()

    def __len__(self) -> int:
        return len(self.losses)


@final
@dataclass(frozen=True)
class Estimate:
    """A number with one standard error of independent samples, and a 95 % interval."""

    value: float
    standard_error: float
    low: float
    high: float

    @classmethod
    def normal(cls, value: float, standard_error: float) -> "Estimate":
        """The interval value ± 1.96 standard errors."""
        return cls(value, standard_error, value - NORMAL_95 * standard_error, value + NORMAL_95 * standard_error)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        numbers = {"value": self.value, "standard_error": self.standard_error, "interval": [self.low, self.high]}
        return {name: json_ready(number) for name, number in numbers.items()}


@final
@dataclass(frozen=True)
class Metric:
    """M = φ(mean of g over samples), φ increasing: its value, and by the delta method its uncertainty.

    A ratio is φ(mean of wg) for weights w of mean 1; a sample's part in its error is w(g − mean of wg).
    """

    name: str
    of_sample: Callable[[Scores], Reals]
    transform: Callable[[float], float] = float
    slope: Callable[[float], float] = lambda mean: 1.0
    up_is_worse: bool = True
    ratio: bool = False
    """Over the predictions of all samples together, of which each has its own number."""

    def estimate(self, scores: Scores) -> Estimate:
        """M of one evaluation; the interval of a share of single predictions is Wilson's (`wilson1927probable`)."""
        found = self.combination([(1.0, scores)])
        if self is ACCURACY and scores.predictions == 1:
            return Estimate(found.value, found.standard_error, *wilson(found.value, len(scores)))
        return found

    def difference(self, scores: Scores, reference: Scores) -> Estimate:
        """M(scores) − M(reference), paired sample by sample."""
        return self.combination([(1.0, scores), (-1.0, reference)])

    def combination(self, terms: Sequence[tuple[float, Scores]]) -> Estimate:
        """Σ c·M(scores) of evaluations of the same samples: √n times its standard error is that of Σ c φ'(mean) g.

        For a difference of accuracies that is McNemar's, √(b + c − (b − c)²/n)/n up to n/(n − 1), with b and c the
        samples that only one of both got right (`mcnemar1947note`).
        """
        if len({len(scores) for _, scores in terms}) != 1:
            raise ValueError(f"needed evaluations of the same samples, got {[len(s) for _, s in terms]} of them")
        value, spread = 0.0, np.zeros(len(terms[0][1]))
        for weight, scores in terms:
            each = self.of_sample(scores)
            mean = float(each.mean())
            if self.ratio:
                mean = float((scores.weights * each).mean())
                each = scores.weights * (each - mean)
            value += weight * self.transform(mean)
            spread += weight * self.slope(mean) * each
        n = len(spread)
        return Estimate.normal(value, float(spread.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan)


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a probability whose sample share of n is given (`wilson1927probable`)."""
    z2 = NORMAL_95**2 / n
    middle, half = (share + z2 / 2) / (1 + z2), math.sqrt(z2 * (share * (1 - share) + z2 / 4)) / (1 + z2)
    return middle - half, middle + half


ACCURACY = Metric("accuracy", lambda scores: scores.hits, up_is_worse=False)
CROSS_ENTROPY = Metric("cross_entropy", lambda scores: scores.losses)
BITS_PER_BYTE = Metric("bits_per_byte", lambda scores: scores.losses / math.log(2))
PERPLEXITY = Metric("perplexity", lambda scores: scores.losses, math.exp, math.exp)
PHONEME_ERROR_RATE = Metric("phoneme_error_rate", lambda scores: scores.losses, ratio=True)
COSINE = Metric("cosine", lambda scores: 1 - scores.losses, up_is_worse=False)
METRICS: Mapping[str, Metric] = {
    m.name: m for m in (ACCURACY, CROSS_ENTROPY, BITS_PER_BYTE, PERPLEXITY, PHONEME_ERROR_RATE, COSINE)
}
"""Every metric by its name: accuracy and cosine up are better, of the others down; bits per byte is for text, the
cosine with the dense model's embedding for encoders."""


def excess(metric: Metric, both: Scores, dense: Scores, quantized: Scores, sparse: Scores) -> Estimate:
    """How much worse a metric of both together is than the orthogonality threshold, paired: positive where exceeded."""
    sign = 1.0 if metric.up_is_worse else -1.0
    return metric.combination([(sign, both), (-sign, quantized), (-sign, sparse), (sign, dense)])


def softmax_scores(logits: Array, targets: NDArray[np.integer[Any]]) -> Scores:
    """Mean −ln softmax(logits) at the targets, and the share of them that are largest, of every sample; float64.

    ``logits`` (samples·predictions, classes), ``targets`` (samples, predictions). The first of equal logits counts.
    """
    check_finite(logits, "logits")
    rows, wanted = np.arange(len(logits)), targets.reshape(-1)
    shifted = logits - logits.max(axis=1, keepdims=True)
    normalizer = np.log(np.exp(shifted).sum(axis=1, dtype=np.float64))
    loss = (normalizer - shifted[rows, wanted]).reshape(targets.shape).mean(axis=1)
    hit = (logits.argmax(axis=1) == wanted).reshape(targets.shape).mean(axis=1)
    return Scores(loss, hit, targets.shape[1])


def cosine_scores(embeddings: Array, dense: Array) -> Scores:
    """1 − cos of every row of ``embeddings`` (samples, width) with its row of ``dense``; nothing is right or wrong.

    As ½‖e/‖e‖₂ − d/‖d‖₂‖₂², which is 0 exactly for equal rows and loses no digits near it.
    """
    units = []
    for rows in (embeddings, dense):
        check_finite(rows, "embeddings")
        wide = rows.astype(np.float64)
        units.append(wide / np.linalg.norm(wide, axis=1, keepdims=True))
    losses: Reals = np.square(units[0] - units[1]).sum(axis=1) / 2
    return Scores(losses, np.full(len(losses), np.nan), 0)


def check_finite(outputs: Array, what: str) -> None:
    """Raise NonFinite where a model's outputs are not all real numbers."""
    if not np.isfinite(outputs).all():
        raise NonFinite(f"{what} overflow: the weights of some layer are too large for float32")
