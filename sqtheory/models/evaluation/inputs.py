"""A mask on the inputs of the block linears and a format on their weights, in both orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from sqtheory.alphabet.operators import IDENTITY, Operator
from sqtheory.alphabet.procedures import PLAIN
from sqtheory.alphabet.traits import DETERMINISTIC, Trait
from sqtheory.arrays import Array
from sqtheory.execution.assignment import Assignment, InputOperators
from sqtheory.models.evaluation.comparing import Comparison
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.models.evaluation.weight_images import Weights, images
from sqtheory.models.metrics import Scores
from sqtheory.orders.applied import Order
from sqtheory.orders.pair import Pair
from sqtheory.orders.procedural import ordered_image, sparse_image

ORDERS = (Order.sq, Order.qs)


@final
@dataclass(frozen=True)
class Proceeding(Operator):
    """The mask of a pair, or mask and format in an order, as its procedure puts them to rows of any leading axes."""

    pair: Pair
    order: Order | None = None

    @property
    def traits(self) -> frozenset[Trait]:
        return self.pair.s.traits & self.pair.q.traits & {DETERMINISTIC}

    @property
    def by_row(self) -> bool:
        return self.pair.s.by_row and (self.order is None or self.pair.q.by_row)

    def apply(self, x: Array, origin: Array) -> Array:
        rows = x.reshape(-1, x.shape[-1])
        made = sparse_image(rows, self.pair) if self.order is None else ordered_image(rows, self.pair, self.order)
        return made.reshape(x.shape)

    def __str__(self) -> str:
        pair = self.pair
        acts = {None: f"{pair.s}", Order.sq: f"{pair.s} >> {pair.q}", Order.qs: f"{pair.q} >> {pair.s}"}[self.order]
        return f"{acts} {pair.procedure.title}"


def of_inputs(dense: Evaluations, pruned: InputOperators) -> Scores:
    """The model whose inputs of block linears are pruned, by what their weights say."""
    exact = images(dense.model, lambda layer: layer.weight)
    return dense.with_weights(exact, IDENTITY, _inputs(pruned, exact, IDENTITY, None))


def compare_inputs(
    dense: Evaluations, assignment: Assignment, pruned: InputOperators, orders: Sequence[Order], *, activations: bool
) -> Comparison:
    """Evaluate a mask on inputs, a format on weights (with ``activations`` on the inputs too), and both.

    S→Q: inputs are pruned by the weights as they were, then rounded. Q→S: rounded, then pruned by the rounded weights.
    Raises ValueError for an order that is neither.
    """
    if not {*orders} <= {*ORDERS}:
        raise ValueError(f"{pruned.mask}: inputs are pruned before or after rounding: --order is sq, qs or both")
    model, inputs = dense.model, assignment.pattern[1] if activations else IDENTITY
    exact = images(model, lambda layer: layer.weight)
    rounded = dense.images.quantized(assignment)
    own: dict[Order, Mapping[str, Operator]] = {
        Order.sq: _inputs(pruned, exact, inputs, Order.sq),
        Order.qs: _inputs(pruned, rounded, inputs, Order.qs),
    }
    return Comparison(
        pruned.mask,
        assignment.words[1],
        str(inputs),
        None,
        model.metrics,
        dense.dense(),
        of_inputs(dense, pruned),
        dense.with_weights(rounded, inputs),
        {order: dense.with_weights(rounded, IDENTITY, own[order]) for order in orders},
    )


def _inputs(pruned: InputOperators, weights: Weights, q: Operator, order: Order | None) -> Mapping[str, Operator]:
    pairs = {name: pruned.of(name, weight) for name, weight in weights.items()}
    return {name: _applied(pair, q, order) for name, pair in pairs.items()}


def _applied(pair: Pair, q: Operator, order: Order | None) -> Operator:
    """What an order does to inputs that q rounds, if it is not the identity."""
    if pair.procedure != PLAIN:
        return Proceeding(pair, None if q == IDENTITY else order)
    return q >> pair.s if order is Order.qs else pair.s >> q
