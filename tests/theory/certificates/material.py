"""Real weights and made activations."""

from functools import cache

import numpy as np
from numpy.random import Generator

from sqtheory.arrays import Array
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.targets import Targets


@cache
def linears(model: str) -> tuple[tuple[str, Array], ...]:
    """Every linear layer of the blocks of a model, outputs × inputs."""
    with open_checkpoint(model) as checkpoint:
        taken, _ = Targets((), ()).split(checkpoint.tensors)
        return tuple((t.name, checkpoint.read(t.name).astype(np.float64)) for t in taken)


def activations(rng: Generator, samples: int, inputs: int, kind: str) -> Array:
    """Inputs of equal power; of log-normal powers; positive ones with a mean; of low rank and some noise."""
    z = rng.normal(size=(samples, inputs))
    power = np.exp(rng.normal(size=inputs))
    if kind == "white":
        return z
    if kind == "channels":
        return np.asarray(z * power)
    if kind == "positive":
        return np.maximum(z * power + 0.3, 0)
    assert kind == "low_rank"
    return np.asarray(0.3 * power * z + rng.normal(size=(samples, 8)) @ rng.normal(size=(8, inputs)))
