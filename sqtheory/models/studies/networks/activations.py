"""Real activations: what every block linear of the dense model is given, and its second moments."""

from collections.abc import Mapping

import numpy as np

from sqtheory.arrays import Array
from sqtheory.models.architectures.linears import EXACT, Linear, Watched
from sqtheory.models.architectures.model import Model
from sqtheory.models.evaluation.data import Samples
from sqtheory.orders.matrix_errors import second_moments


def inputs_of(model: Model, samples: Samples) -> Mapping[str, Array]:
    """X of every block linear by name, rows × inputs, float32: all positions of all samples, in their order."""
    seen: dict[str, list[Array]] = {}

    def see(layer: Linear, x: Array, y: Array) -> None:
        seen.setdefault(layer.name, []).append(x.reshape(-1, x.shape[-1]).copy())

    for start in range(0, len(samples), model.batch):
        model.logits(samples.inputs[start : start + model.batch], Watched(EXACT, see))
    return {name: np.concatenate(parts) for name, parts in seen.items()}


def moments_of(model: Model, samples: Samples) -> Mapping[str, Array]:
    """Σ_x = XᵀX/n of every block linear by name, float64."""
    return {name: second_moments(x) for name, x in inputs_of(model, samples).items()}
