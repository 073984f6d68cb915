"""``sqtheory certify``: guarantees and predictions for every layer of a model, beside what is measured."""

import argparse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sqtheory.cli.evaluation_options import accumulation_of, add_accumulate, add_data, add_model, add_pair, opened
from sqtheory.cli.verb import MARKDOWN_TABLE, Document, Verb, json_of
from sqtheory.version import __version__

if TYPE_CHECKING:
    from sqtheory.models.architectures.model import Model
    from sqtheory.models.studies.networks import LayerGuarantee, StackBound
    from sqtheory.orders.applied import Order
    from sqtheory.tables import Table

DESCRIPTION = """\
What is guaranteed and what is predicted for every block linear Y = XWᵀ of a model, at the inputs X of the dense model,
beside what is measured. Weights are compressed, inputs exact. Errors are in percent of ‖Y‖; gaps, E‖y - ŷ‖² of Q→S
less that of S→Q, in percent of the latter.
  certified       the bound of theorem linear_layer, min(‖X‖₂‖W - Ŵ‖_F, ‖X‖_F‖W - Ŵ‖₂); tightness: measured over it
  within 95%      share of outputs of S→Q that the bound of dot_concentration holds for; proved to be 95% or more for
                  stochastic rounding, a model of rounding to nearest; tightness: root mean squares of error and bound
  by the law      the gap by the order-gap law and the inputs' second moments; ± accidents: its standard deviation over
                  arrangements that tell nothing; the law decides where it exceeds two of them. – where the law does
                  not speak: groups that span several scales, such as 50%
Then the totals, and the bound on the logits through the whole network (theorem propagation), however loose.

With --accumulate, a second table, in percent of the norm of the output, on 64 rows of X at most:
  operands              what reading X and the weight in the type of that instruction costs
  accumulator           what its accumulator adds, emulated bit for bit; bound: what it can add at most
                        (theorems accumulator_bound, promoted_bound)
  orders apart          how far the outputs of S→Q and Q→S are apart, operands read, sums exact
  larger                order: apart whatever the accumulator does within both bounds (theorem order_on_hardware);
                        accumulator: it adds more than they are apart"""

EXAMPLES = """\
examples:
  sqtheory certify lm-dense --mask 2:4 --format int4 --samples 4
  sqtheory certify vit-dense --mask 1:4 --format mxfp4 --order sq --json
  sqtheory certify vit-dense --mask 2:4 --format mxfp8 --samples 1 --accumulate fp8_fast"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    add_model(parser)
    parser.add_argument("--order", choices=("sq", "qs", "both"), default="both", help="certify this order (both)")
    add_accumulate(parser)
    add_pair(parser, 4)
    add_data(parser)


def run(arguments: argparse.Namespace) -> Document:
    """Open, certify, print."""
    from sqtheory.cli.progress import counter
    from sqtheory.models.evaluation.weight_images import ordered_weights
    from sqtheory.models.studies.networks import certify_layers, certify_stack, guarantee_table, totals
    from sqtheory.orders.applied import Order

    orders = [Order.sq, Order.qs] if arguments.order == "both" else [Order[arguments.order]]
    s, q, model, samples = opened(arguments)
    by = accumulation_of(arguments)
    with counter(len(model.linears), "certify", "layer", quiet=arguments.json) as done:
        found = certify_layers(model, samples, s, q, orders, accumulation=by, done=done)
    prepared = ordered_weights(model, s, q, orders)
    with counter(len(orders) * len(samples), "certify", samples.unit, quiet=arguments.json) as done:
        stacks = {order: certify_stack(model, samples, prepared[order], done=done) for order in orders}
    together = totals(found)
    recipe = {"mask": str(s), "format": str(q), "samples": len(samples)}
    recipe |= {} if by is None else {"accumulation": str(by)}
    table = guarantee_table(found, f"{arguments.model}, {s} with {q}, weights: {len(samples)} {samples.unit}s")
    return Document(
        "sqtheory.certify/1",
        lambda: {
            **{"version": __version__, "model": arguments.model, **recipe},
            **{"layers": [each.to_dict() for each in found], "totals": together},
            "stack": {order.name: None if stack is None else stack.to_dict() for order, stack in stacks.items()},
        },
        lambda render: "\n\n".join(
            (
                render(table),
                "\n".join((*_sentences(together, orders), *_through(model, stacks))),
                *_hardware(found, render),
            )
        ),
    )


def _sentences(together: Mapping[str, Any], orders: "list[Order]") -> list[str]:
    """The totals in words."""
    lines = []
    for order in orders:
        each = together[order.name]
        lines.append(
            f"{order}: all layers together err by {each['measured']:.5g}, certified {each['bound']:.5g}, tightness "
            f"{each['tightness']:.3f} ({each['loosest']:.3f} to {each['tightest']:.3f} by layer)."
        )
    lines.append(f"The probabilistic bound held for {100 * together['coverage']:.3f}% of the outputs of S→Q.")
    better = f"S→Q has the smaller output error in {together['sq_better']} of {together['layers']} layers"
    if together["law"] is None:
        return [*lines, f"{better}; the order-gap law does not speak of this mask and format."]
    return [
        *lines,
        f"{better}; the gap of all is {together['gap']:.5g}, by the law {together['law']:.5g} ± "
        f"{together['deviation']:.2g}; the law decides {together['decided']} layers, "
        f"{together['decided_rightly']} of them rightly.",
    ]


def _hardware(found: "tuple[LayerGuarantee, ...]", render: "Callable[[Table], str]") -> list[str]:
    """The table of what an accumulator adds and a sentence, where one was asked for."""
    from sqtheory.models.studies.networks import hardware_sentence, hardware_table

    each = [one.hardware for one in found if one.hardware is not None]
    return [render(hardware_table(each, "What the accumulator adds")), hardware_sentence(each)] if each else []


def _through(model: "Model", stacks: "Mapping[Order, StackBound | None]") -> list[str]:
    """One line for each order on the bound of the logits."""
    lines = []
    for order, stack in stacks.items():
        if stack is None:
            return [f"Through the whole network: no bound for the parts of a {model.label}."]
        more = "" if stack.informative else ", no more than the norm before the head says of any weights"
        lines.append(
            f"Through the whole network, {order}: the logits of a prediction move by at most {stack.bound:.4g} "
            f"(measured {stack.measured:.4g}){more}."
        )
    return lines


VERB = Verb(
    name="certify",
    help="bounds on the output error of every layer of a model, and the predicted order gap, beside the measured",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    forms=(json_of("sqtheory.certify/1"), MARKDOWN_TABLE),
    run=run,
)
