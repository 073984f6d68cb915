"""``sqtheory certify``: guarantees and predictions for every layer of a model, beside what is measured."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqtheory import __version__
from sqtheory.cli.evaluation_options import add_data, add_model, add_pair, opened
from sqtheory.cli.options import Verbs
from sqtheory.cli.printing import print_json, print_text

if TYPE_CHECKING:
    from sqtheory.models.architectures.model import Model
    from sqtheory.models.studies.networks import StackBound
    from sqtheory.orders.applied import Order

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
Then the totals, and the bound on the logits through the whole network (theorem propagation), however loose."""

EPILOG = """\
examples:
  sqtheory certify lm-dense --mask 2:4 --format int4 --samples 4
  sqtheory certify vit-dense --mask 1:4 --format mxfp4 --order sq --json"""


def add(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "certify",
        help="bounds on the output error of every layer of a model, and the predicted order gap, beside the measured",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model(parser)
    parser.add_argument("--order", choices=("sq", "qs", "both"), default="both", help="certify this order (both)")
    add_pair(parser, 4)
    add_data(parser)
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print one JSON object, schema sqtheory.certify/1")
    shape.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Open, certify, print."""
    from sqtheory.cli.progress import counter
    from sqtheory.models.evaluation.compression import ordered_weights
    from sqtheory.models.studies.networks import certify_layers, certify_stack, guarantee_table, totals
    from sqtheory.orders.applied import Order

    orders = [Order.sq, Order.qs] if arguments.order == "both" else [Order[arguments.order]]
    s, q, model, samples = opened(arguments)
    with counter(len(model.linears), "certify", "layer", quiet=arguments.json) as done:
        found = certify_layers(model, samples, s, q, orders, done=done)
    prepared = ordered_weights(model, s, q, orders)
    with counter(len(orders) * len(samples), "certify", samples.unit, quiet=arguments.json) as done:
        stacks = {order: certify_stack(model, samples, prepared[order], done=done) for order in orders}
    together = totals(found)
    if arguments.json:
        recipe = {"mask": str(s), "format": str(q), "samples": len(samples)}
        through = {order.name: None if stack is None else stack.to_dict() for order, stack in stacks.items()}
        document = {"schema": "sqtheory.certify/1", "version": __version__, "model": arguments.model, **recipe}
        document |= {"layers": [each.to_dict() for each in found], "totals": together, "stack": through}
        print_json(document)
        return 0
    table = guarantee_table(found, f"{arguments.model}, {s} with {q}, weights: {len(samples)} {samples.unit}s")
    print_text(table.markdown() if arguments.markdown else table.text())
    print_text("\n" + "\n".join((*_sentences(together, orders), *_through(model, stacks))))
    return 0


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
