"""``sqtheory layers``: the error of every layer's output through the depth of a model, and where it comes from."""

import argparse
from typing import TYPE_CHECKING

from sqtheory.cli.evaluation_options import accumulation_of, add_accumulate, add_data, add_model, add_pair, opened
from sqtheory.cli.verb import MARKDOWN_TABLE, Document, Verb, json_of
from sqtheory.version import __version__

if TYPE_CHECKING:
    from sqtheory.models.studies.depth import LayerReport

DESCRIPTION = """\
Follow the error of both orders through the layers of a model, on real inputs.

For every block linear, in the order of the network: the relative error ‖y - ŷ‖/‖y‖, cosine and SQNR of its output
against the dense model's, when all layers before it are compressed as well. Then what the layer contributes itself, at
the inputs X of the dense model, in percent of ‖XWᵀ‖ (theorems dot_decomposition and dot_interaction):
  q(X), q(W), s(W)      the activation error, the quantized weight, the pruned weight, each alone
  here                  all of it together in that order
  interaction           what both together cost beyond quantization of both operands and pruning of the weight
With --accumulate, compressed layers compute as that instruction does, and two columns are of S→Q:
  operands              what reading q(X) and the weight in the type of the instruction costs beyond that
  accumulation          what its accumulator adds"""

EXAMPLES = """\
examples:
  sqtheory layers vit-dense --mask 2:4 --format int4
  sqtheory layers lm-dense --mask 50% --format hbfp4 --activations --samples 8 --json
  sqtheory layers vit-dense --mask 2:4 --format mxfp8 --activations --accumulate fp8_fast --samples 2"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    add_model(parser)
    parser.add_argument("--activations", action="store_true", help="quantize the inputs of the linears as well")
    add_accumulate(parser)
    add_pair(parser, 16)
    add_data(parser)


def run(arguments: argparse.Namespace) -> Document:
    """Open, follow, print."""
    from sqtheory.cli.progress import counter
    from sqtheory.models.studies.depth import layer_reports, layer_table

    s, q, model, samples = opened(arguments)
    by = accumulation_of(arguments)
    with counter(len(samples), "layers", samples.unit, quiet=arguments.json) as done:
        found = layer_reports(model, samples, s, q, activations=arguments.activations, accumulation=by, done=done)
    recipe = {"mask": str(s), "format": str(q), "activations": arguments.activations, "samples": len(samples)}
    recipe |= {} if by is None else {"accumulation": str(by)}
    inputs = "weights and activations" if arguments.activations else "weights"
    inputs += "" if by is None else f", products added up by {by}"
    title = f"{arguments.model}, {s} with {q}, {inputs}: {len(samples)} {samples.unit}s"
    return Document(
        "sqtheory.layers/1",
        lambda: {
            **{"version": __version__, "model": arguments.model, **recipe},
            "layers": [each.to_dict() for each in found],
        },
        lambda render: "\n\n".join((render(layer_table(found, title)), "\n".join(_sentences(found)))),
    )


def _sentences(found: "tuple[LayerReport, ...]") -> list[str]:
    """How each order ends, and which layers add most."""
    from sqtheory.models.studies.depth import worst_layers

    lines = []
    for order in found[0].deviations:
        first, last = found[0].deviations[order].relative, found[-1].deviations[order].relative
        worst = ", ".join(f"{w.name} ({100 * w.contributions.total[order]:.1f}%)" for w in worst_layers(found, order))
        lines.append(
            f"{order}: relative error {100 * first:.1f}% after the first layer, {100 * last:.1f}% after the last; "
            f"most is added by {worst}."
        )
    return lines


VERB = Verb(
    name="layers",
    help="the error of every layer's output through the depth of a model",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    forms=(json_of("sqtheory.layers/1"), MARKDOWN_TABLE),
    run=run,
)
