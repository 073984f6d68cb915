"""Forward passes of models that come with the package, beside the matrix products that none can do without."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from sqtheory.arrays import Array
from sqtheory.bench.cases import Call
from sqtheory.models import Linear, Linears, Model, open_model, samples_for
from sqtheory.models.evaluation.evaluating import single_threaded_products

Pair = tuple[Array, Array]
"""Two factors."""


@final
@dataclass(frozen=True)
class Pass:
    """The logits of one batch of a transformer, meant to take ``goal`` times the time of their products at most."""

    name: str
    """Of the model."""
    goal: float = 2.0

    @contextmanager
    def prepared(self) -> Iterator[tuple[Call, Call]]:
        """The forward pass and its products alone, both on one thread of the library of products."""
        model = open_model(self.name)
        inputs = samples_for(model).inputs[: model.batch]
        factors = products(model, inputs)
        with single_threaded_products():
            yield partial(model.logits, inputs), partial(_multiply, factors)


def products(model: Model, inputs: NDArray[Any]) -> list[Pair]:
    """The factors of every linear layer, and those of queries by keys and of scores by values in every block."""
    noting = _Noting()
    model.logits(inputs, noting)
    (rows, width), blocks = noting.pairs[0][0].shape, {layer.name.split(".")[1] for layer in model.linears}
    positions, size = rows // len(inputs), width // model.heads
    q = np.ones((len(inputs), model.heads, positions, size), np.float32)
    scores = np.ones((len(inputs), model.heads, positions, positions), np.float32)
    return noting.pairs + [(q, q.swapaxes(-1, -2)), (scores, q)] * len(blocks)


def _multiply(factors: list[Pair]) -> None:
    for a, b in factors:
        a @ b


@final
class _Noting(Linears):
    """Exact, keeping what every linear layer was asked."""

    def __init__(self) -> None:
        self.pairs: list[Pair] = []

    def __call__(self, layer: Linear, x: Array) -> Array:
        self.pairs.append((x.reshape(-1, x.shape[-1]).copy(), layer.weight.T))
        return layer.of(x, layer.weight)


PASSES: dict[str, Pass] = {name: Pass(name) for name in ("vit-dense", "lm-dense")}
"""Every pass by the name of its model."""
