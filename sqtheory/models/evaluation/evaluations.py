"""Evaluations of one model, each distinct set of weights and inputs computed once, here or in an earlier run."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import final

import numpy as np

from sqtheory.alphabet.operators import IDENTITY, Operator
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.execution.assignment import Assignment, Bound
from sqtheory.execution.fingerprints import description, digest_of, program
from sqtheory.execution.stored import stored
from sqtheory.files import atomic
from sqtheory.models.architectures.linears import Compressed
from sqtheory.models.architectures.model import Model
from sqtheory.models.evaluation.compression import Weights, assigned_weights, images, weights
from sqtheory.models.evaluation.data import Samples
from sqtheory.models.evaluation.evaluating import evaluate
from sqtheory.models.metrics import Reals, Scores
from sqtheory.orders.applied import Order
from sqtheory.orders.procedural import quantized_image, sparse_image
from sqtheory.records import sealed, unsealed

SCHEMA = "sqtheory.scores/2"
LITTLE = np.dtype("<f8")


@final
@dataclass(frozen=True)
class StoredScores:
    """Scores as a line of a folder of results: float64, little-endian, base64."""

    schema: str
    key: str
    losses: str
    hits: str
    predictions: int
    sizes: str | None

    @classmethod
    def of(cls, key: str, scores: Scores) -> "StoredScores":
        """The line of an evaluation with this key."""
        sizes = None if scores.sizes is None else _packed(scores.sizes)
        return cls(SCHEMA, key, _packed(scores.losses), _packed(scores.hits), scores.predictions, sizes)

    @property
    def scores(self) -> Scores:
        """What was stored, to the last bit."""
        sizes = None if self.sizes is None else _unpacked(self.sizes)
        return Scores(_unpacked(self.losses), _unpacked(self.hits), self.predictions, sizes)


@final
@dataclass(frozen=True, eq=False)
class Evaluations:
    """Scores of one model on one set of samples under any weights and activations.

    Kept by content: of the weights (+0 and −0 are one), the other tensors, the operator on activations, the samples
    and this program. ``results``: a folder where finished evaluations stay for later runs.
    """

    model: Model
    samples: Samples
    workers: int = 1
    results: Path | None = None
    done: Callable[[int], None] = lambda count: None
    known: dict[str, Scores] = field(default_factory=dict)
    prepared: dict[tuple[Assignment | Order, ...], Mapping[Order, Weights]] = field(default_factory=dict)
    """The weights of the last assignment of a mask and a format."""

    def dense(self) -> Scores:
        """The model as exported."""
        return self.of(IDENTITY)

    def of(self, f: Operator, activations: Operator = IDENTITY) -> Scores:
        """The model with f(W) for the weight of every block linear."""
        return self.with_weights(weights(self.model, f), activations)

    def of_mask(self, assignment: Assignment) -> Scores:
        """The model under the mask of every weight."""
        return self.with_weights(
            images(self.model, lambda layer: sparse_image(layer.weight, assignment.of(layer.name)))
        )

    def of_format(self, assignment: Assignment, activations: Operator = IDENTITY) -> Scores:
        """The model under the format of every weight."""
        found = images(self.model, lambda layer: quantized_image(layer.weight, assignment.of(layer.name)))
        return self.with_weights(found, activations)

    def of_orders(
        self, s: Sparsifier, q: Quantizer, orders: Sequence[Order], activations: Operator = IDENTITY
    ) -> Mapping[Order, Scores]:
        """The model under both operators, in each of several orders."""
        return self.of_both(Bound(s, q), orders, activations)

    def of_both(
        self, assignment: Assignment, orders: Sequence[Order], activations: Operator = IDENTITY
    ) -> Mapping[Order, Scores]:
        """The model under the mask and the format of every weight, in each of several orders."""
        asked: tuple[Assignment | Order, ...] = (assignment, *orders)
        if asked not in self.prepared:
            self.prepared.clear()
            self.prepared[asked] = assigned_weights(self.model, assignment, orders)
        return {order: self.with_weights(self.prepared[asked][order], activations) for order in orders}

    def with_weights(
        self, given: Weights, activations: Operator = IDENTITY, own: Mapping[str, Operator] = MappingProxyType({})
    ) -> Scores:
        """The model with these weights for its block linears; ``own``: what is done to the inputs of some of them."""
        key = self._key(given, activations, own)
        found = self.known.get(key) or self._read(key)
        if found is None:
            found = evaluate(
                self.model, self.samples, Compressed(given, activations, own), workers=self.workers, done=self.done
            )
            if self.results is not None:
                atomic.write(self._path(key), sealed(StoredScores.of(key, found)).encode(), force=True)
        else:
            self.done(len(found))
        self.known[key] = found
        return found

    def _key(self, given: Weights, activations: Operator, own: Mapping[str, Operator]) -> str:
        replaced = {name: digest_of(w + w.dtype.type(0)) for name, w in given.items()}
        kept = {name: digest_of(t) for name, t in self.model.tensors.items() if name not in given}
        data = [digest_of(part) for part in (self.samples.inputs, self.samples.targets)]
        inputs = [description(activations, {}), *((name, description(f, {})) for name, f in sorted(own.items()))]
        parts = (program(), self.model.spelled, inputs, data, sorted((kept | replaced).items()))
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]

    def _path(self, key: str) -> Path:
        assert self.results is not None
        return self.results / f"{key}.json"

    def _read(self, key: str) -> Scores | None:
        if self.results is None:
            return None
        found = stored(self._path(key))
        line = found and unsealed(StoredScores, found[1])
        return line.scores if line is not None and (line.schema, line.key) == (SCHEMA, key) else None


def _packed(values: Reals) -> str:
    return base64.b64encode(values.astype(LITTLE).tobytes()).decode()


def _unpacked(text: str) -> Reals:
    return np.frombuffer(base64.b64decode(text), LITTLE).astype(np.float64)
