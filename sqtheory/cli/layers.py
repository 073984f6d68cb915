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
  accumulation          what its accumulator adds

With --cache the mask and the format are put to the keys and values of every attention instead, each head's (tokens,
channels), all else dense: per=row is one budget or scale a token, per=column one a channel. Then the shares of keys,
values and outputs that each order loses, how far the weights of a query move at most, in L1, and what theorem
cache_error certifies of the outputs."""

EXAMPLES = """\
examples:
  sqtheory layers vit-dense --mask 2:4 --format int4
  sqtheory layers lm-dense --mask 50% --format hbfp4 --activations --samples 8 --json
  sqtheory layers lm-dense --cache --mask 'top(0.5, per=row)' --format 'int(4)' --keys 'int(4, per=column)' --samples 2
  sqtheory layers vit-dense --mask 2:4 --format mxfp8 --activations --accumulate fp8_fast --samples 2"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    add_model(parser)
    parser.add_argument("--activations", action="store_true", help="quantize the inputs of the linears as well")
    add_accumulate(parser)
    parser.add_argument("--cache", action="store_true", help="of the keys and values of every attention instead")
    parser.add_argument("--keys", default=None, metavar="FORMAT", help="with --cache: another format for the keys")
    add_pair(parser, 16)
    add_data(parser)


def run(arguments: argparse.Namespace) -> Document:
    """Open, follow, print."""
    if arguments.cache:
        return _cached(arguments)
    if arguments.keys is not None:
        raise ValueError("--keys is the format of the keys of --cache")
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


def _cached(arguments: argparse.Namespace) -> Document:
    """Follow the keys and values alone."""
    from sqtheory.alphabet.notation import parse_as
    from sqtheory.alphabet.quantizers import Quantizer
    from sqtheory.cli.progress import counter
    from sqtheory.models.studies.caches import cache_reports, cache_table
    from sqtheory.orders.applied import Order

    if arguments.activations or arguments.accumulate is not None:
        raise ValueError("--cache is of keys and values alone, without --activations and --accumulate")
    s, q, model, samples = opened(arguments)
    of_keys = q if arguments.keys is None else parse_as(Quantizer, "format", arguments.keys)
    with counter(2 * len(samples), "layers", samples.unit, quiet=arguments.json) as done:
        found = {
            Order.sq: cache_reports(model, samples, s >> of_keys, s >> q, done=done),
            Order.qs: cache_reports(model, samples, of_keys >> s, q >> s, done=done),
        }
    recipe = {"mask": str(s), "format": str(q), "keys": str(of_keys), "samples": len(samples)}
    title = f"{arguments.model}, {s} with {q}, keys with {of_keys}: {len(samples)} {samples.unit}s"
    return Document(
        "sqtheory.caches/1",
        lambda: {
            **{"version": __version__, "model": arguments.model, **recipe},
            "attentions": [
                {"name": sq.name, "sq": sq.to_dict(), "qs": qs.to_dict()}
                for sq, qs in zip(found[Order.sq], found[Order.qs], strict=True)
            ],
        },
        lambda render: render(cache_table(found, title)),
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
    forms=(json_of("sqtheory.layers/1", "sqtheory.caches/1"), MARKDOWN_TABLE),
    run=run,
)
