"""A mask on the inputs of the block linears and a format on their weights, in both orders."""

from collections.abc import Mapping, Sequence

from sqtheory.alphabet.operators import IDENTITY, Operator
from sqtheory.execution.assignment import Assignment, InputOperators
from sqtheory.models.evaluation.comparing import Comparison
from sqtheory.models.evaluation.compression import Weights, images
from sqtheory.models.evaluation.evaluations import Evaluations
from sqtheory.models.metrics import Scores
from sqtheory.orders.applied import Order
from sqtheory.orders.procedural import quantized_image

ORDERS = (Order.sq, Order.qs)


def of_inputs(dense: Evaluations, pruned: InputOperators) -> Scores:
    """The model whose inputs of block linears are pruned, by what their weights say."""
    exact = images(dense.model, lambda layer: layer.weight)
    return dense.with_weights(exact, IDENTITY, _masks(pruned, exact))


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
    rounded = images(model, lambda layer: quantized_image(layer.weight, assignment.of(layer.name)))
    own: dict[Order, Mapping[str, Operator]] = {
        Order.sq: {name: s >> inputs for name, s in _masks(pruned, exact).items()},
        Order.qs: {name: inputs >> s for name, s in _masks(pruned, rounded).items()},
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


def _masks(pruned: InputOperators, weights: Weights) -> Mapping[str, Operator]:
    return {name: pruned.of(name, weight).s for name, weight in weights.items()}
