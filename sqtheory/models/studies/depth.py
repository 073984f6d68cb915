"""How the error of a pipeline grows through the layers of a model, and what each layer adds to it on real inputs."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, final

import numpy as np

from sqtheory.alphabet.operators import IDENTITY, Operator
from sqtheory.alphabet.sparsifiers import Sparsifier
from sqtheory.arithmetic import Accumulation, accumulated, read
from sqtheory.arrays import Array
from sqtheory.models.architectures.linears import EXACT, Compressed, Linear, Watched, quantized_inputs
from sqtheory.models.architectures.model import Model
from sqtheory.models.evaluation.data import Samples
from sqtheory.models.evaluation.weight_images import Weights, ordered_weights, weights
from sqtheory.orders.applied import Order
from sqtheory.tables import Table, json_ready, short

Totals: TypeAlias = dict[tuple[str, str], float]
"""Sums over batches of squares and products, by layer and by what they are of."""


@final
@dataclass(frozen=True)
class Deviation:
    """An output ŷ of a layer against the dense y, over all samples, when all layers before it are compressed too."""

    absolute: float
    """‖y − ŷ‖₂."""
    relative: float
    """‖y − ŷ‖₂/‖y‖₂."""
    cosine: float
    """⟨y, ŷ⟩/(‖y‖₂‖ŷ‖₂)."""

    @property
    def sqnr(self) -> float:
        """10 log₁₀(‖y‖²/‖y − ŷ‖²) in decibels."""
        return math.inf if self.relative == 0 else -20 * math.log10(self.relative)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        named = {"absolute": self.absolute, "relative": self.relative, "cosine": self.cosine, "sqnr": self.sqnr}
        return {name: json_ready(value) for name, value in named.items()}


@final
@dataclass(frozen=True)
class Contributions:
    """What one layer adds at the inputs X of the dense model: norms over ‖XWᵀ‖₂ of the terms of two theorems.

    ``dot_decomposition``: XWᵀ − q(X)Ŵᵀ = ε_q(X)Wᵀ + Xε(W)ᵀ − ε_q(X)ε(W)ᵀ; ``dot_interaction``: what S→Q loses beyond
    q on both operands and s on the weight.
    """

    activation: float
    """ε_q(X)Wᵀ; 0 where activations are not quantized."""
    quantization: float
    """Xε_q(W)ᵀ."""
    sparsity: float
    """Xε_s(W)ᵀ."""
    weight: Mapping[Order, float]
    """Xε(W)ᵀ of both operators on the weight."""
    product: Mapping[Order, float]
    """ε_q(X)ε(W)ᵀ of both."""
    interaction: Mapping[Order, float]
    """(XWᵀ − q(X)Ŵᵀ) − (XWᵀ − q(X)q(W)ᵀ) − (XWᵀ − Xs(W)ᵀ)."""
    total: Mapping[Order, float]
    """XWᵀ − q(X)Ŵᵀ."""
    operands: Mapping[Order, float] = field(default_factory=dict)
    """q(X)Ŵᵀ − oŵᵀ, o and ŵ as an accumulation reads both; empty where products are added up exactly."""
    accumulation: Mapping[Order, float] = field(default_factory=dict)
    """oŵᵀ − fl(oŵᵀ): what the accumulator adds."""

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        alone = {name: json_ready(getattr(self, name)) for name in ("activation", "quantization", "sparsity")}
        names: tuple[str, ...] = ("weight", "product", "interaction", "total")
        names += ("operands", "accumulation") if self.accumulation else ()
        by_order = {name: {o.name: json_ready(v) for o, v in getattr(self, name).items()} for name in names}
        return {**alone, **by_order}


@final
@dataclass(frozen=True)
class LayerReport:
    """One block linear: its deviation in each order, and what it contributes itself."""

    name: str
    norm: float
    """‖y‖₂ of the dense model's outputs, without the bias."""
    deviations: Mapping[Order, Deviation]
    contributions: Contributions

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON."""
        deviations = {order.name: each.to_dict() for order, each in self.deviations.items()}
        return {"name": self.name, "norm": self.norm, **deviations, "contributions": self.contributions.to_dict()}


def layer_reports(
    model: Model,
    samples: Samples,
    s: Sparsifier,
    q: Operator,
    orders: Sequence[Order] = (Order.sq, Order.qs),
    *,
    activations: bool = False,
    accumulation: Accumulation | None = None,
    done: Callable[[int], None] = lambda count: None,
) -> tuple[LayerReport, ...]:
    """Every block linear of a model, first to last. Raises what the operators raise, naming the tensor.

    With an ``accumulation`` all compressed layers read their operands and add up products as it does.
    Raises ValueError for a recurrent model, whose later inputs are chosen by its own outputs.
    """
    inputs = q if activations else IDENTITY
    both = ordered_weights(model, s, q, orders)
    parts = Parts(weights(model, s), weights(model, q), both, inputs, accumulation)
    policies = {order: Compressed(both[order], inputs, accumulation=accumulation) for order in orders}
    totals: Totals = defaultdict(float)
    for start in range(0, len(samples), model.batch):
        batch = samples.inputs[start : start + model.batch]
        outputs: dict[str, Array] = {}

        def see(layer: Linear, x: Array, y: Array, outputs: dict[str, Array] = outputs) -> None:
            if layer.name in outputs:
                raise ValueError(
                    f"{layer.name!r} is computed step by step: no error through the depth is defined for it"
                )
            outputs[layer.name] = y.copy()
            parts.contribute(totals, layer, x)

        model.logits(batch, Watched(EXACT, see))
        for order in orders:

            def compare(
                layer: Linear, x: Array, y: Array, order: Order = order, to: Mapping[str, Array] = outputs
            ) -> None:
                _deviate(totals, layer.name, order, to[layer.name], y)

            model.logits(batch, Watched(policies[order], compare))
        done(len(batch))
    return tuple(_report(totals, layer.name, orders) for layer in model.linears)


@final
@dataclass(frozen=True, eq=False)
class Parts:
    """The weights of every layer after s, after q, after both; and the operator on inputs."""

    sparse: Weights
    image: Weights
    both: Mapping[Order, Weights]
    inputs: Operator
    accumulation: Accumulation | None = None

    def contribute(self, totals: Totals, layer: Linear, x: Array) -> None:
        """Add the squares of every term at the inputs x of one layer."""
        name, w = layer.name, layer.weight
        rows = x.reshape(-1, x.shape[-1])
        rounded = quantized_inputs(layer, x, self.inputs).reshape(rows.shape)
        lost = rows - rounded
        exact, images = rows @ w.T, rounded @ self.image[name].T
        terms = {
            "dense": exact,
            "activation": lost @ w.T,
            "quantization": rows @ (w - self.image[name]).T,
            "sparsity": rows @ (w - self.sparse[name]).T,
        }
        for order, changed in self.both.items():
            kept = rounded @ changed[name].T
            terms[f"weight {order}"] = rows @ (w - changed[name]).T
            terms[f"product {order}"] = lost @ (w - changed[name]).T
            terms[f"total {order}"] = exact - kept
            terms[f"interaction {order}"] = images - kept - terms["sparsity"]
            if self.accumulation is not None:
                o, factor = read(rounded, self.accumulation.reads, "x"), read(changed[name], self.accumulation.reads)
                product = o.values @ factor.values.T
                terms[f"operands {order}"] = kept - product
                terms[f"accumulation {order}"] = product - accumulated(o, factor, self.accumulation)
        for term, values in terms.items():
            totals[name, term] += _square(values)


def _deviate(totals: Totals, name: str, order: Order, dense: Array, y: Array) -> None:
    totals[name, f"difference {order}"] += _square(dense - y)
    totals[name, f"size {order}"] += _square(y)
    totals[name, f"reference {order}"] += _square(dense)
    totals[name, f"dot {order}"] += float(np.sum(np.multiply(dense, y, dtype=np.float64)))


def _square(values: Array) -> float:
    return float(np.sum(np.square(values, dtype=np.float64)))


def _report(totals: Totals, name: str, orders: Sequence[Order]) -> LayerReport:
    def share(term: str) -> float:
        return math.sqrt(totals[name, term] / totals[name, "dense"]) if totals[name, "dense"] else math.nan

    def by_order(term: str) -> dict[Order, float]:
        return {order: share(f"{term} {order}") for order in orders}

    deviations = {}
    for order in orders:
        size, reference, lost = (totals[name, f"{what} {order}"] for what in ("size", "reference", "difference"))
        cosine = totals[name, f"dot {order}"] / math.sqrt(size * reference) if size * reference else math.nan
        deviations[order] = Deviation(math.sqrt(lost), math.sqrt(lost / reference) if reference else math.nan, cosine)
    contributions = Contributions(
        share("activation"),
        share("quantization"),
        share("sparsity"),
        by_order("weight"),
        by_order("product"),
        by_order("interaction"),
        by_order("total"),
        *((by_order("operands"), by_order("accumulation")) if (name, f"operands {orders[0]}") in totals else ()),
    )
    return LayerReport(name, math.sqrt(totals[name, "dense"]), deviations, contributions)


def layer_table(reports: Sequence[LayerReport], title: str = "") -> Table:
    """A line for each layer: relative error, cosine and SQNR of its output; its own contributions in percent."""
    orders = list(reports[0].deviations)
    header = ["layer"]
    for order in orders:
        header += [f"{order} error", "cosine", "SQNR"]
    header += [
        "q(X)",
        "q(W)",
        "s(W)",
        *(f"{order} here" for order in orders),
        *(f"{order} interaction" for order in orders),
        *(("operands", "accumulation") if reports[0].contributions.accumulation else ()),
    ]
    rows = []
    for each in reports:
        cells = [short(each.name)]
        for order in orders:
            found = each.deviations[order]
            cells += [_percent(found.relative), f"{found.cosine:.4f}", f"{found.sqnr:.1f} dB"]
        own = each.contributions
        shares = [own.activation, own.quantization, own.sparsity]
        shares += [kind[order] for kind in (own.total, own.interaction) for order in orders]
        shares += [own.operands[orders[0]], own.accumulation[orders[0]]] if own.accumulation else []
        rows.append((*cells, *map(_percent, shares)))
    return Table(tuple(header), tuple(rows), title)


def worst_layers(reports: Sequence[LayerReport], order: Order, count: int = 3) -> list[LayerReport]:
    """The layers that add most error of their own."""
    return sorted(reports, key=lambda each: -each.contributions.total[order])[:count]


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"
