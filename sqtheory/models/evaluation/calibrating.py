"""Statistics of what every block linear of a model is given: the inputs X, all positions of all samples."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.arrays import Array
from sqtheory.models.architectures.linears import EXACT, Linear, Watched
from sqtheory.models.architectures.model import Model
from sqtheory.models.evaluation.data import Samples


@final
@dataclass(frozen=True, eq=False)
class SeenInputs:
    """By the name of the weight, float64: ‖X_j‖₂, mean and variance of every input j, and XᵀX where asked for."""

    norms: Mapping[str, Array]
    moments: Mapping[str, Array]
    means: Mapping[str, Array]
    variances: Mapping[str, Array]


def seen_inputs(
    model: Model,
    samples: Samples,
    *,
    moments: bool = False,
    batch: int | None = None,
    done: Callable[[int], None] = lambda count: None,
) -> SeenInputs:
    """Run the dense model on samples, ``batch`` at a time, the model's own number unless told.

    ``done`` is told how many samples each finished batch had. The last bits are those of the matrix products.
    """
    squares: dict[str, Array] = {}
    products: dict[str, Array] = {}
    sums: dict[str, Array] = {}
    counts: dict[str, int] = {}

    def see(layer: Linear, x: Array, y: Array) -> None:
        rows = x.reshape(-1, x.shape[-1]).astype(np.float64)
        counts[layer.name] = counts.get(layer.name, 0) + len(rows)
        sums[layer.name] = sums.get(layer.name, 0) + rows.sum(axis=0)
        squares[layer.name] = squares.get(layer.name, 0) + np.square(rows).sum(axis=0)
        if moments:
            products[layer.name] = products.get(layer.name, 0) + rows.T @ rows

    step = model.batch if batch is None else batch
    for start in range(0, len(samples), step):
        some = samples.inputs[start : start + step]
        model.logits(some, Watched(EXACT, see))
        done(len(some))
    means = {name: total / counts[name] for name, total in sums.items()}
    powers = {name: total / counts[name] for name, total in squares.items()}
    variances = {name: np.maximum(powers[name] - np.square(means[name]), 0.0) for name in means}
    return SeenInputs({name: np.sqrt(total) for name, total in squares.items()}, products, means, variances)
