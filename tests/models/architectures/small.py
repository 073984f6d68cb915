"""The first block of the zoo's models, on a few samples: real weights, little work."""

import re
from functools import cache

from sqtheory.models import Model, Samples, open_model, samples_for
from sqtheory.models.architectures.model import Source


@cache
def model(name: str) -> Model:
    whole = open_model(name)
    kept = {name: t for name, t in whole.tensors.items() if not re.match(r"\w+\.[1-9]", name)}
    return type(whole).of(kept, whole.heads, Source({}, {}))


@cache
def samples(name: str, count: int = 12) -> Samples:
    return samples_for(open_model(name)).some(count)
