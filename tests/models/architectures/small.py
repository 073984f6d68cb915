"""The first block of the zoo's models, on a few samples: real weights, little work."""

import re
from functools import cache
from pathlib import Path

import numpy as np

from sqtheory.models import Model, Samples, open_model, samples_for
from sqtheory.models.architectures.model import Source


@cache
def model(name: str) -> Model:
    whole = open_model(name)
    kept = {name: t for name, t in whole.tensors.items() if not re.match(r"\w+\.[1-9]", name)}
    return type(whole).of(kept, whole.heads, Source({}, {}))


def written(path: Path, name: str) -> Path:
    """The same as a file, for verbs."""
    np.savez(path, allow_pickle=False, **model(name).tensors)
    return path


@cache
def samples(name: str, count: int = 12) -> Samples:
    return samples_for(open_model(name)).some(count)
