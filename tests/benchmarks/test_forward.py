"""Forward passes against their matrix products alone, by a ratio that leaves room for a busy machine."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from sqtheory.models import Linear, Linears, open_model, samples_for
from sqtheory.models.evaluating import single_threaded_products

GOAL = 2.0
"""A forward pass may cost so many times its products."""
ROOM = 2
ATTENTION = {"vit-dense": (6, 4, 50, 32), "lm-dense": (6, 3, 256, 64)}
"""Blocks, heads, positions, head size."""


def processor_time(call: Callable[[], object]) -> float:
    start = time.thread_time()
    call()
    return time.thread_time() - start


@pytest.mark.parametrize("name", ATTENTION)
def test_a_forward_pass_costs_little_beside_its_products(name: str) -> None:
    model = open_model(name)
    inputs = samples_for(model).inputs[: model.batch]
    pairs = []

    class Noting(Linears):
        def __call__(self, layer: Linear, x: np.ndarray) -> np.ndarray:
            pairs.append((x.reshape(-1, x.shape[-1]).copy(), layer.weight))
            return layer.of(x, layer.weight)

    model.logits(inputs, Noting())
    blocks, heads, length, size = ATTENTION[name]
    q, scores = (
        np.ones((model.batch, heads, length, size), np.float32),
        np.ones((model.batch, heads, length, length), np.float32),
    )

    def products() -> None:
        for x, w in pairs:
            x @ w.T
        for _ in range(blocks):
            q @ q.swapaxes(-1, -2)
            scores @ q

    with single_threaded_products():
        rounds = [(processor_time(lambda: model.logits(inputs)), processor_time(products)) for _ in range(8)]
    assert min(own / bare for own, bare in rounds) < GOAL * ROOM
