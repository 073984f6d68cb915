"""How much a metric answers to errors in the output of each layer, by finite differences of whole evaluations."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import final

import numpy as np

from sqtheory.arrays import Array
from sqtheory.models.architectures.linears import Linear
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.models.evaluation.weight_images import Weights
from sqtheory.models.metrics import BITS_PER_BYTE, COSINE, CROSS_ENTROPY, Metric
from sqtheory.orders.matrix_errors import gram_norm

DISTANCE = Metric("1 − cosine", lambda scores: scores.losses)
"""Of the embedding to the dense model's."""
STEP = 0.1
"""‖XEᵀ‖ over ‖XWᵀ‖ of a perturbation E, and the share by which an error is stretched."""


class Around(Enum):
    """Where and in which direction the metric is differentiated, layer by layer."""

    dense = "noise at the dense model"
    pruned = "noise at the pruned model"
    along = "along the pruning error"


def smooth_metric(names: tuple[str, ...]) -> Metric:
    """The metric that has derivatives, up being worse: bits per byte, 1 − cosine of an encoder, or cross entropy.

    Raises ValueError where the model has none.
    """
    if COSINE.name in names:
        return DISTANCE
    smooth = next((metric for metric in (BITS_PER_BYTE, CROSS_ENTROPY) if metric.name in names), None)
    if smooth is None:
        raise ValueError(f"sensitivities need a metric with derivatives, the model has {', '.join(names)}")
    return smooth


@final
@dataclass(frozen=True, eq=False)
class Sensitivities:
    """Derivatives of a metric M by the squared output error E‖(W − Ŵ)x‖² of one layer each.

    With noise E, Gaussian entries and a generator of its own for every layer: the second difference
    (M(V + E) + M(V − E) − 2M(V))/(2 tr EΣEᵀ) at weights V, the first order dropping out; half the Hessian's mean over
    directions. Along the error D = W − V of pruned weights V: (M(W − (1 + h)D) − M(W − (1 − h)D))/(4h tr DΣDᵀ), the
    change of M by the error's energy if it keeps its direction. All other layers stay as they are in V.
    """

    evaluations: Evaluations
    """On the samples of the moments."""
    moments: Mapping[str, Array]
    """Σ_x of the dense model by layer."""
    seed: int = 0

    @property
    def metric(self) -> Metric:
        """What is differentiated."""
        return smooth_metric(self.evaluations.model.metrics)

    def of(self, layer: Linear, around: Around, at: Weights) -> float:
        """M per unit of squared output error of one layer; ``at``: V, the weights of all. 0 for a layer without error.

        The noise of a layer depends on the seed and on where the layer comes in the model.
        """
        w, v, sigma = layer.weight, at[layer.name], self.moments[layer.name]
        if around is Around.along:
            error = w - v
            energy = gram_norm(error, sigma) ** 2
            if not energy:
                return 0.0
            more, less = (self._value(at, layer, v - sign * STEP * error) for sign in (1, -1))
            return (more - less) / (4 * STEP * energy)
        noise = self._noise(layer, STEP * gram_norm(w, sigma))
        one, other = (self._value(at, layer, v + sign * noise) for sign in (1, -1))
        middle = self._value(at, layer, v)
        return (one + other - 2 * middle) / (2 * gram_norm(noise, sigma) ** 2)

    def _noise(self, layer: Linear, size: float) -> Array:
        """Gaussian E with (tr EΣEᵀ)^{1/2} = ``size``."""
        names = [each.name for each in self.evaluations.model.linears]
        rng = np.random.default_rng([self.seed, names.index(layer.name)])
        drawn = rng.normal(size=layer.weight.shape)
        scaled: Array = (drawn * (size / gram_norm(drawn, self.moments[layer.name]))).astype(layer.weight.dtype)
        return scaled

    def _value(self, at: Weights, layer: Linear, weight: Array) -> float:
        scores = self.evaluations.with_weights({**at, layer.name: weight})
        return self.metric.estimate(scores).value
