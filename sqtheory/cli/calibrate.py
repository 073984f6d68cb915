"""``sqtheory calibrate``: what the inputs of every weight of a model look like, for masks that look at them."""

import argparse
from pathlib import Path

from sqtheory.cli import options
from sqtheory.cli.evaluation_options import add_files, add_model
from sqtheory.cli.verb import Document, Verb

DESCRIPTION = """\
Run a model and write statistics of the inputs X (samples × inputs) of each block linear, all positions of all samples:
a safetensors file of schema sqtheory.statistics/1, which order, report, apply, verify and evaluate take as
--statistics for masks that look at inputs, such as 'nm(2, 4, score=wanda)', and for methods (sqtheory methods).

  NAME.norms     F64 (inputs,)          ‖X_j‖₂ of every input j of the weight NAME, whose last axis are its inputs
  NAME.moments   F64 (inputs, inputs)   XᵀX, with --moments
  NAME.means     F64 (inputs,)          the mean of every input j, and NAME.variances its variance, with --means
  metadata       schema, model, samples (what they are), count (how many), tokens (what they weigh, with --tokens)

With --tokens attention a token x_t counts by the attention that it receives in its block, as RSQ has it: X is √r_t x_t,
r_t from 1 to 3 before its sum is brought to the number of tokens of the sample.

Of a model that cannot be computed here, a file of your own in this layout does as well: norms are enough, and so are
moments; of the metadata schema is needed. Refused are NaN, infinities, negative norms, another number of inputs than
the weight has, and a NAME that the checkpoint does not have; targets without statistics are, too. The same model and
samples make the same bytes. Samples are spread over the set that evaluate measures on: pass --data for others."""

EXAMPLES = """\
examples:
  sqtheory calibrate lm-dense -o stats.safetensors
  sqtheory calibrate lm-dense -o stats.safetensors --moments --tokens attention
  sqtheory calibrate my-model.safetensors -o stats.safetensors --data my-text.txt --samples 128
  sqtheory order zoo:lm-dense --mask 'nm(2, 4, score=wanda)' --format int4 --statistics stats.safetensors

in Python, from activations of your own:
  save_file({"layers.0.q_proj.weight.norms": np.linalg.norm(X.astype("f8"), axis=0)}, "stats.safetensors",
            metadata={"schema": "sqtheory.statistics/1"})"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    add_model(parser)
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FILE", help="a .safetensors file")
    parser.add_argument(
        "--samples", type=options.count, default=8, metavar="N", help="so many images, windows, passages or words (8)"
    )
    parser.add_argument("--moments", action="store_true", help="write XᵀX too, inputs × inputs numbers a weight")
    parser.add_argument("--means", action="store_true", help="write the mean and the variance of every input too")
    parser.add_argument(
        "--tokens", choices=("attention",), help="weigh every token by the attention that it receives in its block"
    )
    add_files(parser)
    parser.add_argument("--force", action="store_true", help="replace FILE")


def run(arguments: argparse.Namespace) -> Document:
    """Open, compute, write."""
    import os

    from sqtheory.cli.progress import counter
    from sqtheory.files import atomic, zoo
    from sqtheory.files.outputs import check_outputs
    from sqtheory.files.statistics import check_replaced, write_statistics
    from sqtheory.models import open_model, samples_for
    from sqtheory.models.evaluation.calibrating import seen_inputs
    from sqtheory.models.evaluation.evaluating import single_threaded_products

    if arguments.out.suffix != ".safetensors":
        raise ValueError(f"{arguments.out}: statistics are a .safetensors file: name it so")
    if os.path.lexists(arguments.out) and not arguments.force:
        raise FileExistsError(f"{arguments.out} exists: pass --force to replace it")
    name = arguments.model.removeprefix("zoo:")
    known = name in zoo.names()
    check_outputs([arguments.out], f"zoo:{name}" if known else arguments.model, *map(Path, arguments.data))
    check_replaced(arguments.out)
    atomic.check_folder(arguments.out.parent)
    model = open_model(arguments.model, heads=arguments.heads)
    samples = samples_for(model, tuple(arguments.data)).some(arguments.samples)
    weighed = arguments.tokens is not None
    with single_threaded_products(), counter(len(samples), "calibrate", samples.unit) as done:
        found = seen_inputs(model, samples, moments=arguments.moments, by_attention=weighed, done=done)
    metadata = {"model": name if known else arguments.model, "samples": f"{samples.unit}s", "count": str(len(samples))}
    if weighed:
        metadata["tokens"] = arguments.tokens
    more = {"means": found.means, "variances": found.variances} if arguments.means else {}
    write_statistics(arguments.out, found.norms, found.moments, metadata, **more, force=arguments.force)
    what = " and ".join(["norms", *["second moments"] * arguments.moments, *["means and variances"] * arguments.means])
    return Document(notes=(f"{what} of the inputs of {len(found.norms)} weights in {arguments.out}",))


VERB = Verb(
    name="calibrate",
    help="write statistics of the inputs of a model's weights, for Wanda's masks",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    run=run,
)
