"""Evaluations of one model, each distinct set of weights and inputs computed once, here or in an earlier run."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import final

import numpy as np

from sqtheory.alphabet.operators import IDENTITY, Operator
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.traits import DETERMINISTIC
from sqtheory.arithmetic import Accumulation
from sqtheory.execution.assignment import Assignment, Bound
from sqtheory.execution.fingerprints import description, digest_of, program
from sqtheory.execution.stored import stored
from sqtheory.files import atomic
from sqtheory.models.architectures.linears import Compressed
from sqtheory.models.architectures.model import Model
from sqtheory.models.evaluation.data import Samples
from sqtheory.models.evaluation.evaluating import evaluate
from sqtheory.models.evaluation.weight_images import WeightImages, Weights, weights
from sqtheory.models.metrics import Reals, Scores
from sqtheory.orders.applied import Order
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
    and this program; and by the operators, so that what was asked before is not made again. ``results``: a folder
    where finished evaluations stay for later runs.
    """

    model: Model
    samples: Samples
    workers: int = 1
    results: Path | None = None
    done: Callable[[int], None] = lambda count: None
    known: dict[str, Scores] = field(default_factory=dict)
    asked: dict[tuple[object, ...], Scores] = field(default_factory=dict)
    """By what was asked: the operators on weights and on inputs."""
    prepared: dict[Assignment, dict[Order, Weights]] = field(default_factory=dict)
    """The weights of the last assignment of a mask and a format."""
    accumulation: Accumulation | None = None
    """How the products of block linears are added up; None: as numpy's are."""

    @cached_property
    def images(self) -> WeightImages:
        """What the last masks and formats make of the weights."""
        return WeightImages(self.model)

    def dense(self) -> Scores:
        """The model as exported."""
        return self.of(IDENTITY)

    def of(self, f: Operator, activations: Operator = IDENTITY) -> Scores:
        """The model with f(W) for the weight of every block linear."""
        drawn = DETERMINISTIC not in f.traits
        return self._once(None if drawn else (f, activations), lambda: weights(self.model, f), activations)

    def of_mask(self, assignment: Assignment) -> Scores:
        """The model under the mask of every weight."""
        s, _ = assignment.pattern
        key = None if DETERMINISTIC not in s.traits else (s if assignment.uniform else assignment, "S")
        return self._once(key, lambda: self.images.sparse(assignment))

    def of_format(self, assignment: Assignment, activations: Operator = IDENTITY) -> Scores:
        """The model under the format of every weight."""
        _, q = assignment.pattern
        key = None if DETERMINISTIC not in q.traits else (q if assignment.uniform else assignment, activations, "Q")
        return self._once(key, lambda: self.images.quantized(assignment), activations)

    def of_orders(
        self, s: Sparsifier, q: Quantizer, orders: Sequence[Order], activations: Operator = IDENTITY
    ) -> Mapping[Order, Scores]:
        """The model under both operators, in each of several orders."""
        return self.of_both(Bound(s, q), orders, activations)

    def of_both(
        self, assignment: Assignment, orders: Sequence[Order], activations: Operator = IDENTITY
    ) -> Mapping[Order, Scores]:
        """The model under the mask and the format of every weight, in each of several orders."""
        made = self.made(assignment, orders)
        return {order: self.with_weights(made[order], activations) for order in orders}

    def made(self, assignment: Assignment, orders: Sequence[Order]) -> Mapping[Order, Weights]:
        """The weights under the mask and the format of each, at least in these orders."""
        if assignment not in self.prepared:
            self.prepared.clear()
        known = self.prepared.setdefault(assignment, {})
        missing = [order for order in orders if order not in known]
        if missing:
            known.update(self.images.ordered(assignment, missing))
        return known

    def with_weights(
        self, given: Weights, activations: Operator = IDENTITY, own: Mapping[str, Operator] = MappingProxyType({})
    ) -> Scores:
        """The model with these weights for its block linears; ``own``: what is done to the inputs of some of them."""
        key = self._key(given, activations, own)
        found = self.known.get(key) or self._read(key)
        if found is None:
            found = evaluate(
                self.model,
                self.samples,
                Compressed(given, activations, own, self.accumulation),
                workers=self.workers,
                done=self.done,
            )
            if self.results is not None:
                atomic.write(self._path(key), sealed(StoredScores.of(key, found)).encode(), force=True)
        else:
            self.done(len(found))
        self.known[key] = found
        return found

    def _once(
        self, key: tuple[object, ...] | None, given: Callable[[], Weights], activations: Operator = IDENTITY
    ) -> Scores:
        """The scores that are known by a key, else with the weights that are given; None: known by none."""
        found = None if key is None else self.asked.get(key)
        if found is not None:
            self.done(len(found))
            return found
        found = self.with_weights(given(), activations)
        if key is not None:
            self.asked[key] = found
        return found

    @cached_property
    def _digests(self) -> Mapping[str, str]:
        """Of every tensor as exported."""
        return {name: digest_of(tensor) for name, tensor in self.model.tensors.items()}

    @cached_property
    def _data(self) -> list[str]:
        return [digest_of(part) for part in (self.samples.inputs, self.samples.targets)]

    def _key(self, given: Weights, activations: Operator, own: Mapping[str, Operator]) -> str:
        replaced = {name: digest_of(w + w.dtype.type(0)) for name, w in given.items()}
        inputs = [description(activations, {}), *((name, description(f, {})) for name, f in sorted(own.items()))]
        added = () if self.accumulation is None else (str(self.accumulation),)
        tensors = sorted({**self._digests, **replaced}.items())
        parts = (program(), self.model.spelled, inputs, self._data, tensors, *added)
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
