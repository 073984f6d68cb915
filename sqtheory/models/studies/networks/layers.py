"""Every block linear of a model on real activations: what is measured, what is certified, what is predicted."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arithmetic import Accumulation
from sqtheory.arrays import Array
from sqtheory.exceptions import NotCovered, about
from sqtheory.models.architectures.model import Model
from sqtheory.models.evaluation.data import Samples
from sqtheory.models.evaluation.evaluating import single_threaded_products
from sqtheory.models.evaluation.weight_images import ordered_weights
from sqtheory.models.studies.networks.activations import inputs_of
from sqtheory.models.studies.networks.hardware import HardwareGuarantee, certify_hardware
from sqtheory.orders.applied import Order
from sqtheory.orders.matrix_errors import gram_norm, second_moments
from sqtheory.tables import Table, json_ready
from sqtheory.theory.certificates import LayerCertificate, OutputGap, certify_layer, concentration, output_gap

DELTA = 0.05
"""The chance that probabilistic bounds leave."""


@final
@dataclass(frozen=True)
class Coverage:
    """The bound of ``dot_concentration`` on each output under S→Q: how often it held, and how large it is."""

    share: float
    """The share of outputs within it; 1 − δ is what it promises for unbiased stochastic rounding."""
    tightness: float
    """Root mean square of the rounding error over that of the deviation; 1 where both are 0."""

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        return {"share": self.share, "tightness": self.tightness}


@final
@dataclass(frozen=True)
class LayerGuarantee:
    """One block linear Y = X Wᵀ at the inputs of the dense model."""

    name: str
    rows: int
    """Of X."""
    certificates: Mapping[Order, LayerCertificate]
    """Theorem ``linear_layer``, for each order."""
    coverage: Coverage
    """Theorem ``dot_concentration``, δ = ``DELTA``; for S→Q."""
    gap: OutputGap | None
    """E‖y − ŷ‖² of Q→S less that of S→Q for one row of X; None where the order-gap law is silent."""
    measured_gap: float
    """The same, measured: ``gap.measured`` where there is a law."""
    energy: float
    """E‖y − ŷ‖² of S→Q, what the gap is compared with."""
    hardware: HardwareGuarantee | None = None
    """What an accumulator adds, where one is asked for."""

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        law = None if self.gap is None else {**self.gap.to_dict(), "decided": self.gap.decided}
        found = {order.name: each.to_dict() for order, each in self.certificates.items()}
        return {
            **{"name": self.name, "rows": self.rows, **found, "coverage": self.coverage.to_dict()},
            **{"measured_gap": self.measured_gap, "energy_sq": self.energy, "law": json_ready(law)},
            **({} if self.hardware is None else {"hardware": self.hardware.to_dict()}),
        }


def certify_layers(
    model: Model,
    samples: Samples,
    s: Sparsifier,
    q: Quantizer,
    orders: Sequence[Order] = (Order.sq, Order.qs),
    *,
    accumulation: Accumulation | None = None,
    done: Callable[[int], None] = lambda count: None,
) -> tuple[LayerGuarantee, ...]:
    """Every block linear, first to last; ``done`` is told of each. Raises what the operators raise, naming the tensor.

    ``accumulation``: also what it adds to outputs, on ``ROWS`` rows of inputs of each layer.
    All inputs of the dense model on these samples are held at once, in float32.
    """
    with single_threaded_products():
        return tuple(_certified(model, samples, s, q, orders, accumulation, done))


def _certified(
    model: Model,
    samples: Samples,
    s: Sparsifier,
    q: Quantizer,
    orders: Sequence[Order],
    accumulation: Accumulation | None,
    done: Callable[[int], None],
) -> Iterator[LayerGuarantee]:
    prepared, inputs = ordered_weights(model, s, q, list({*orders, Order.sq, Order.qs})), inputs_of(model, samples)
    for layer in model.linears:
        x, w = inputs[layer.name], layer.weight
        moments = second_moments(x)
        energies = {o: gram_norm(w - prepared[o][layer.name], moments) ** 2 for o in (Order.sq, Order.qs)}
        with about(f"tensor {layer.name!r}"):
            coverage = _covered(x, w, prepared[Order.sq][layer.name], q, s)
            both = {order: prepared[order][layer.name] for order in (Order.sq, Order.qs)}
            hardware = None if accumulation is None else certify_hardware(layer.name, x, both, accumulation)
        yield LayerGuarantee(
            layer.name,
            len(x),
            {order: certify_layer(x, w, prepared[order][layer.name]) for order in orders},
            coverage,
            law_of(q, s, w, moments),
            energies[Order.qs] - energies[Order.sq],
            energies[Order.sq],
            hardware,
        )
        done(1)


def law_of(q: Quantizer, s: Sparsifier, w: Array, moments: Array) -> OutputGap | None:
    """The gap by the order-gap law; None for masks and quantizers that it does not cover."""
    try:
        return output_gap(q, s, w, moments)
    except NotCovered:
        return None


def _covered(x: Array, w: Array, changed: Array, q: Quantizer, s: Sparsifier) -> Coverage:
    bound = concentration(x, w, q, s, delta=DELTA)
    errors = x.astype(np.float64) @ (w.astype(np.float64) - changed).T
    size, spread = float(np.mean((errors - bound.bias) ** 2)), float(np.mean(bound.deviation**2))
    return Coverage(bound.coverage(errors), math.sqrt(size / spread) if spread else 1.0)


def guarantee_table(found: Sequence[LayerGuarantee], title: str = "") -> Table:
    """A line for each layer: relative errors and bounds, coverage, the order gap in percent of the error of S→Q."""
    orders = list(found[0].certificates)
    header = ["layer"]
    for order in orders:
        header += [f"{order} error", "certified", "tightness"]
    header += [f"within {100 * (1 - DELTA):.0f}% bound", "tightness", "gap", "by the law", "± accidents", "law decides"]
    rows = []
    for each in found:
        cells = [each.name]
        for order in orders:
            one = each.certificates[order]
            scale = one.relative / one.measured if one.measured else math.nan
            cells += [_percent(one.relative), _percent(one.bound * scale), f"{one.tightness:.3f}"]
        cells += [_percent(each.coverage.share), f"{each.coverage.tightness:.3f}"]
        law = ["–", "–", "–"]
        if each.gap is not None:
            shares = (_share(value, each.energy) for value in (each.gap.predicted, each.gap.deviation))
            law = [*shares, "yes" if each.gap.decided else "no"]
        rows.append((*cells, _share(each.measured_gap, each.energy), *law))
    return Table(tuple(header), tuple(rows), title)


def totals(found: Sequence[LayerGuarantee]) -> dict[str, Any]:
    """All layers together: root sums of squares of errors and bounds, mean coverage, gaps, and what the law decides."""
    by_order = {}
    for order in found[0].certificates:
        each = [one.certificates[order] for one in found]
        measured, bound = (math.hypot(*(getattr(c, name) for c in each)) for name in ("measured", "bound"))
        by_order[order.name] = {
            **{"measured": measured, "bound": bound, "tightness": measured / bound if bound else 1.0},
            "tightest": max(c.tightness for c in each),
            "loosest": min(c.tightness for c in each),
        }
    laws = [(one.gap, one.measured_gap) for one in found if one.gap is not None]
    decided = [measured for gap, measured in laws if gap.decided]
    return {
        **{"layers": len(found), **by_order},
        "coverage": float(np.mean([one.coverage.share for one in found])),
        "gap": sum(one.measured_gap for one in found),
        "sq_better": sum(one.measured_gap > 0 for one in found),
        "law": sum(gap.predicted for gap, _ in laws) if laws else None,
        "deviation": math.hypot(*(gap.deviation for gap, _ in laws)) if laws else None,
        "decided": len(decided),
        "decided_rightly": sum(measured > 0 for measured in decided),
    }


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def _share(value: float, of: float) -> str:
    return _percent(value / of) if of else "–"
