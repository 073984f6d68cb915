"""``sqtheory evaluate``: accuracy, bits per byte, perplexity or cosine of a model, compressed in either order."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqtheory.cli import options
from sqtheory.cli.evaluation_options import (
    accumulation_of,
    add_accumulate,
    add_data,
    add_evaluation,
    add_model,
    cores,
)
from sqtheory.cli.verb import MARKDOWN_TABLES, Document, Verb, json_of
from sqtheory.version import __version__

if TYPE_CHECKING:
    from sqtheory.execution.assignment import Assignment, InputOperators
    from sqtheory.files.statistics import Statistics
    from sqtheory.models.evaluation.comparing import Comparison
    from sqtheory.models.evaluation.evaluations import Evaluations
    from sqtheory.models.metrics import Estimate, Scores
    from sqtheory.tables import Table

DESCRIPTION = """\
Compute with a model and measure what sparsity and quantization of its block linears cost in the metric.

Without --mask and --format: the model as it is. With one of them: that operator alone. With both: the dense model,
the mask alone (S only), the format alone (Q only), and both together in each order, then what the order costs, paired
sample by sample, and whether a combination is worse than the orthogonality threshold
  EM(dense) + (EM(q) - EM(dense)) + (EM(s) - EM(dense))
of a metric EM. ± is one standard error of independent samples. Sensitive parts (embeddings, heads, norms) stay exact.
With --accumulate all of these, the dense model too, add up products as that instruction does.
MODEL is a file, or a folder of safetensors, recognized by its tensors. What can be computed, on which samples:
  vision transformers shaped like the zoo's       accuracy, on images
  byte language models shaped like the zoo's      bits per byte, on windows of 256 bytes of text
  Llama, as GGUF or in Hugging Face's layout,     perplexity, on windows of 512 tokens of text
    with byte-level byte pairs (SmolLM2)
  encoders shaped like BERT in that layout,       cosine of the mean embedding with the dense model's,
    with WordPiece (all-MiniLM-L6-v2)             on passages of 126 tokens of text
  the grapheme-to-phoneme GRU of g2p-en           words said like any of their pronunciations, and edits to the
    (its checkpoint20.npz)                        nearest, on 2000 words of a pronouncing dictionary
Hugging Face's layout has config.json and tokenizer.json (or BERT's vocab.txt) beside the tensors; a variant that these
files name and that is not computed (biases or scaled rotations in a Llama, another activation) is refused. Of the GRU
all five matrices, that of the logits too, are block linears."""

EXAMPLES = """\
examples:
  sqtheory evaluate vit-dense --samples 1000
  sqtheory evaluate lm-dense --mask 2:4 --format hbfp4 --samples 64
  sqtheory evaluate lm-dense --mask 'nm(2, 4, score=wanda)' --format int4 --statistics stats.safetensors
  sqtheory evaluate lm-dense --mask 2:4 --format int4 --method sparsegpt --statistics stats.safetensors
  sqtheory evaluate lm-dense --mask 50% --format int4 --method wina
  sqtheory evaluate lm-dense --mask 50% --format mxfp4 --order both --order gain --activations --json
  sqtheory evaluate vit-dense --mask 2:4 --format mxfp8 --activations --accumulate fp8_fast --samples 20
  sqtheory evaluate my-model.safetensors --format int4 --data my-text.txt
  sqtheory evaluate checkpoint20.npz --mask 2:4 --format hbfp4 --data cmudict.dict
  sqtheory evaluate all-MiniLM-L6-v2 --mask 50% --format hbfp6 --samples 50"""

BOTH, TWO = "both", ("sq", "qs")
"""What ``--order`` calls these two."""
NO_MASK, NO_FORMAT = "1:1", "int8"
"""What stands in the place of a mask or a format that is not asked for, and is not used."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    from sqtheory.orders.applied import Order

    add_model(parser)
    parser.add_argument("--mask", default=None, metavar="MASK", help="2:4, 50%%, … (sqtheory masks)")
    parser.add_argument("--format", default=None, metavar="FORMAT", help="int4, mxfp4, … (sqtheory formats)")
    parser.add_argument(
        "--order",
        action="append",
        choices=[*(order.name for order in Order), BOTH],
        help="sq: S→Q; qs: Q→S; gain: the best mask at the weights' scales; joint: the one pass of a --method that has "
        "one; both: sq and qs (default); repeatable",
    )
    parser.add_argument(
        "--activations", action="store_true", help="quantize the inputs of the block linears with the same format too"
    )
    add_accumulate(parser)
    options.add_statistics(parser)
    options.add_method(parser)
    add_data(parser)
    add_evaluation(parser)


def run(arguments: argparse.Namespace) -> Document:
    """Open, compute, print."""
    from sqtheory.alphabet.operators import IDENTITY
    from sqtheory.cli.progress import counter
    from sqtheory.files import atomic
    from sqtheory.models import open_model, samples_for
    from sqtheory.models.evaluation.comparing import compare_orders
    from sqtheory.models.evaluation.evaluations import Evaluations
    from sqtheory.models.evaluation.inputs import compare_inputs, of_inputs
    from sqtheory.orders.applied import Order

    mask, fmt = arguments.mask, arguments.format
    if (mask is None or fmt is None) and arguments.order:
        raise ValueError("--order is for a --mask and a --format together")
    if fmt is None and arguments.activations:
        raise ValueError("--activations needs the --format they are quantized with")
    given = arguments.order or [BOTH]
    orders = [Order[one] for one in dict.fromkeys(one for name in given for one in (TWO if name == BOTH else (name,)))]
    assignment, pruned, known = _assigned(arguments)
    accumulation = accumulation_of(arguments)
    model = open_model(arguments.model, heads=arguments.heads)
    assignment = assignment.on({layer.name: layer.weight.shape for layer in model.linears})
    if known is not None:
        known.check({name: tensor.shape for name, tensor in model.tensors.items()})
    samples = samples_for(model, tuple(arguments.data)).some(arguments.samples)
    if arguments.results is not None:
        atomic.check_folder(arguments.results)
    runs = 3 + len(orders) if mask and fmt else 1
    with counter(runs * len(samples), "evaluate", samples.unit, quiet=arguments.json) as done:
        found = Evaluations(
            model, samples, arguments.workers or cores(), arguments.results, done, accumulation=accumulation
        )
        comparison = None
        if mask and fmt and pruned:
            comparison = compare_inputs(found, assignment, pruned, orders, activations=arguments.activations)
            scores = comparison.all
        elif mask and fmt:
            comparison = compare_orders(found, assignment, orders, activations=arguments.activations)
            scores = comparison.all
        elif mask and pruned:
            scores = {pruned.mask: of_inputs(found, pruned)}
        elif mask:
            scores = {assignment.words[0]: found.of_mask(assignment)}
        elif fmt:
            inputs = assignment.pattern[1] if arguments.activations else IDENTITY
            scores = {assignment.words[1]: found.of_format(assignment, inputs)}
        else:
            scores = {"dense": found.dense()}
    return Document(
        "sqtheory.evaluate/1",
        lambda: _content(arguments, found, scores, comparison, known),
        lambda render: "\n\n".join(map(render, _tables(arguments, found, scores, comparison))),
    )


def _assigned(arguments: argparse.Namespace) -> "tuple[Assignment, InputOperators | None, Statistics | None]":
    """The operators of every weight, those of inputs where a method prunes these, and the statistics they are told."""
    from sqtheory.api.operators import grid, method_of

    known = options.statistics(arguments)
    masks, formats = [arguments.mask or NO_MASK], [arguments.format or NO_FORMAT]
    by = method_of(arguments.method)
    if by is None:
        [assignment] = grid(masks, formats, seed=arguments.seed, known=known)
        return assignment, None, known
    from sqtheory.methods.work import PrunedOperand  # loads every method

    if by.prunes is PrunedOperand.weights:
        [assignment] = grid(masks, formats, seed=arguments.seed, known=known, method=by)
        return assignment, None, known
    [assignment] = grid(masks, formats, seed=arguments.seed, known=None if by.needs else known)
    return assignment, by.on_inputs(assignment, known), known


def _content(
    arguments: argparse.Namespace,
    found: "Evaluations",
    scores: "Mapping[str, Scores]",
    comparison: "Comparison | None",
    known: "Statistics | None",
) -> dict[str, Any]:
    from sqtheory.models.evaluation.comparing import estimates

    asked = next(iter(scores) if comparison is None else map(str, comparison.orders))
    return {
        "version": __version__,
        "model": arguments.model,
        "family": found.model.label,
        "samples": {"unit": found.samples.unit, "count": len(found.samples)},
        "seed": arguments.seed,
        **({} if known is None else {"statistics": known.sha256}),
        **({} if arguments.method is None else {"method": arguments.method}),
        **({} if found.accumulation is None else {"accumulation": str(found.accumulation)}),
        "of": asked,
        **estimates(scores[asked], found.model.metrics),
        **({} if comparison is None else comparison.to_dict()),
    }


def _tables(
    arguments: argparse.Namespace,
    found: "Evaluations",
    scores: "Mapping[str, Scores]",
    comparison: "Comparison | None",
) -> "list[Table]":
    from sqtheory.models.metrics import METRICS
    from sqtheory.tables import Table

    names = found.model.metrics
    what = f"{arguments.model}, {found.model.label}: {len(found.samples)} {found.samples.unit}s"
    if comparison is not None:
        inputs = "weights and activations" if arguments.activations else "weights"
        what += f", {comparison.mask} with {comparison.format}, {inputs}"
    if found.accumulation is not None:
        what += f", products added up by {found.accumulation}"
    header = ("", *(part for name in names for part in (name.replace("_", " "), "±")))
    rows = [(name, *_cells([METRICS[m].estimate(each) for m in names])) for name, each in scores.items()]
    tables = [Table(header, tuple(rows), what)]
    if comparison is not None:
        first = next(iter(comparison.orders))
        paired = [
            (f"{order} minus {first}", *_cells([METRICS[m].difference(each, comparison.orders[first]) for m in names]))
            for order, each in list(comparison.orders.items())[1:]
        ]
        above = [
            (f"{order} beyond the threshold", *_cells([comparison.excess(METRICS[m], order) for m in names]))
            for order in comparison.orders
        ]
        tables += [Table(header, tuple(paired), "Paired differences")] if paired else []
        tables.append(Table(header, tuple(above), "Worse than the orthogonality threshold by (positive: exceeded)"))
    return tables


def _cells(each: "list[Estimate]") -> list[str]:
    return [cell for e in each for cell in (f"{e.value:.5f}", f"{e.standard_error:.5f}")]


VERB = Verb(
    name="evaluate",
    help="accuracy, perplexity or cosine of a model under a mask and a format, in either order",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    forms=(json_of("sqtheory.evaluate/1"), MARKDOWN_TABLES),
    run=run,
)
