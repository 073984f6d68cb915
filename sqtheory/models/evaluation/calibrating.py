"""Statistics of what every block linear of a model is given: the inputs X, all positions of all samples."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.arrays import Array
from sqtheory.models.architectures.linears import EXACT, Linear, Watched
from sqtheory.models.architectures.model import Model
from sqtheory.models.evaluation.data import Samples
from sqtheory.models.evaluation.tokens import AttentionWeighting


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
    by_attention: bool = False,
    batch: int | None = None,
    done: Callable[[int], None] = lambda count: None,
) -> SeenInputs:
    """Run the dense model on samples, ``batch`` at a time, the model's own number unless told.

    ``by_attention`` weighs every token by the attention it receives (``token_weights``): X is √r_t x_t then.
    ``done`` is told how many samples each finished batch had. The last bits are those of the matrix products.
    """
    squares: dict[str, Array] = {}
    products: dict[str, Array] = {}
    sums: dict[str, Array] = {}
    counts: dict[str, int] = {}

    def add(name: str, rows: Array, roots: Array) -> None:
        counts[name] = counts.get(name, 0) + len(rows)
        sums[name] = sums.get(name, 0) + (rows * roots).sum(axis=0)
        squares[name] = squares.get(name, 0) + np.square(rows).sum(axis=0)
        if moments:
            products[name] = products.get(name, 0) + rows.T @ rows

    def weigh(name: str, x: Array, weights: Array) -> None:
        roots = np.sqrt(weights).reshape(-1, 1)
        add(name, x.reshape(-1, x.shape[-1]) * roots, roots)

    def see(layer: Linear, x: Array, y: Array) -> None:
        if by_attention:
            weighting.see(layer.name, x)
        else:
            add(layer.name, x.reshape(-1, x.shape[-1]).astype(np.float64), np.ones(1))

    weighting = AttentionWeighting(weigh)
    watched = Watched(EXACT, see, weighting.attending if by_attention else None)
    step = model.batch if batch is None else batch
    for start in range(0, len(samples), step):
        some = samples.inputs[start : start + step]
        model.logits(some, watched)
        weighting.end()
        done(len(some))
    means = {name: total / counts[name] for name, total in sums.items()}
    powers = {name: total / counts[name] for name, total in squares.items()}
    variances = {name: np.maximum(powers[name] - np.square(means[name]), 0.0) for name in means}
    return SeenInputs({name: np.sqrt(total) for name, total in squares.items()}, products, means, variances)
