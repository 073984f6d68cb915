"""Density and bits of every layer under one storage budget, on the weights of a model and in its metric."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from sqtheory.alphabet.allocation.curves import Allocation, Choice, allocated
from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.alphabet.storage import stored_bits
from sqtheory.arrays import Array
from sqtheory.models.evaluation.weight_images import images
from sqtheory.models.metrics import Scores
from sqtheory.models.studies.questions.answer import Answer, Subject, percent
from sqtheory.models.studies.questions.tensors import mask, quantizer
from sqtheory.tables import Table

KEPT = ("1", "0.75", "0.5", "0.25")
FORMATS = ("int8", "int6", "int5", "int4", "int3", "int2")
BUDGETS = (2, 3, 4)
"""Bits per weight, scales and places of survivors counted."""


@final
@dataclass(frozen=True)
class Way:
    """A share of every row that is kept, by magnitude, and a format: S→Q."""

    kept: str
    format: str

    @property
    def operators(self) -> tuple[Sparsifier, Quantizer]:
        """s and q."""
        return mask(f"top({self.kept}, per=row)"), quantizer(self.format)

    def image(self, w: Array) -> Array:
        """q(s(w))."""
        s, q = self.operators
        return (s >> q)(w)

    def choice(self, w: Array) -> Choice:
        """The bits that it takes, and the squared error that it leaves."""
        s, q = self.operators
        cost = stored_bits(q, w.shape, None if self.kept == KEPT[0] else s)
        return Choice(cost, float(np.square(w.astype(np.float64) - self.image(w)).sum()))

    def __str__(self) -> str:
        return f"{percent(float(self.kept), 0)} {self.format}"


WAYS = tuple(Way(kept, fmt) for kept in KEPT for fmt in FORMATS)


def shared_budget(subject: Subject) -> Answer:
    """One density and format for all layers against one for each, by theorem ``budget_price``."""
    layers = subject.linears
    curves = [[way.choice(layer.weight) for way in WAYS] for layer in layers]
    energy = sum(float(np.square(layer.weight.astype(np.float64)).sum()) for layer in layers)
    entries = sum(layer.weight.size for layer in layers)
    cheapest = min(sum(curve[at].cost for curve in curves) for at in range(len(WAYS))) / entries
    budgets = [bits for bits in BUDGETS if cheapest <= bits]
    if not budgets:
        raise ValueError(f"the cheapest way takes {cheapest:.2f} bits per weight, the largest budget is {max(BUDGETS)}")
    rows, saved = [], []
    for bits in budgets:
        budget = bits * entries
        same, own = _alike(curves, budget), allocated(curves, budget)
        alike, apart = (_scores(subject, places) for places in ((same,) * len(layers), own.places))
        worse = subject.harm(apart, alike)
        least = sum(curve[same].loss for curve in curves)
        saved.append((bits, 1 - own.loss / least, worse))
        rows.append(
            (
                str(bits),
                str(WAYS[same]),
                *(percent((part / energy) ** 0.5) for part in (least, own.loss, max(own.bound, 0.0))),
                _used(own),
                *(f"{subject.metric.estimate(scores).value:.5f}" for scores in (alike, apart)),
                f"{worse.value:.5f}",
                f"{worse.standard_error:.5f}",
            )
        )
    header = (
        *("bits per weight", "the same of all", "error", "own of each", "no less than", "ways used"),
        *(f"{subject.metric_name}: the same", "own", "own worse by", "±"),
    )
    parts = (f"{percent(share)} at {bits} bits" for bits, share, _ in saved)
    better = sum(worse.value < -2 * worse.standard_error for *_, worse in saved)
    return Answer(
        "What does a density and a format for each layer save, under one budget?",
        Table(header, tuple(rows)),
        (
            f"Of the squared error of the weights, {', '.join(parts)}; in the {subject.metric_name} it is certainly "
            f"better, beyond two standard errors, at {better} of {len(rows)} budgets.",
            *(f"None of the ways fits {bits} bits per weight." for bits in BUDGETS if bits not in budgets),
        ),
    )


def _alike(curves: Sequence[Sequence[Choice]], budget: int) -> int:
    """The place of the way that loses least of all if every layer has it, within the budget."""
    fits = [at for at in range(len(WAYS)) if sum(curve[at].cost for curve in curves) <= budget]
    return min(fits, key=lambda at: sum(curve[at].loss for curve in curves))


def _scores(subject: Subject, places: Sequence[int]) -> Scores:
    ways = {layer.name: WAYS[at] for layer, at in zip(subject.linears, places, strict=True)}
    made = images(subject.evaluations.model, lambda layer: ways[layer.name].image(layer.weight))
    return subject.evaluations.with_weights(made)


def _used(own: Allocation) -> str:
    """The ways by how many layers have them, the most frequent first."""
    counts = {at: own.places.count(at) for at in own.places}
    return ", ".join(f"{n} {WAYS[at]}" for at, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:3])
