"""``sqtheory order``: both orders, the optimum and the open assumptions in every tensor of a checkpoint."""

import argparse

from sqtheory.cli import options
from sqtheory.cli.options import (
    CHECKPOINT_HELP,
    add_engine,
    add_grid,
    add_method,
    add_pipeline,
    add_statistics,
    add_targets,
    add_tolerance,
    add_workers,
)
from sqtheory.cli.printing import say
from sqtheory.cli.progress import watched
from sqtheory.cli.verb import MARKDOWN_TABLES, Document, Verb, json_of

DESCRIPTION = """\
Compare sparsify-then-quantize (S→Q) with quantize-then-sparsify (Q→S) in every layer.

For each tensor x and each pair of a mask s and a format q: the errors of s alone, of q alone, of both
orders, of the best mask any order could choose at the scales of x (optimum), the additive bound
‖x − s(x)‖ + ‖x − q(x)‖, the winner, and the channels through which order can matter here:
  M  selection: the mask chosen on q(x) differs from the mask chosen on x
  Σ  scale: masking moved the scale of a block that still has survivors
  Z  zero: pruned entries do not come back as zero
The last column names the theorem by which the winner wins on that tensor (sqtheory show THEOREM), or the
assumptions of prune_first_dominates that fail there.

Groups and blocks run along the axis that a layer sums over. Where that is not the last of a matrix [out, in], a further
column says which it is: input channels of kernels, axis 0 of GPT-2's Conv1D, the right operand of an ONNX MatMul; each
expert of a 3-D tensor is a matrix of its own, one line for all of them or, with --experts, for each.

With --chain it compares every order of the masks and quantizers of a chain, each kind in its own order: the mask at
the first place, between, last. Errors are those of the whole chain; ties at the cut are counted where a mask stands."""

EXAMPLES = """\
masks:    2:4   4:8   50% (prunes 50%)   top(0.5, per=row)   nm(2, 4, axis=0)       (sqtheory masks)
formats:  int8  int4:b32  hbfp6  mxfp8  mxfp4  nvfp4  nf4  int(4, scaling=halfrange) (sqtheory formats)

examples:
  sqtheory order zoo:lm-dense --mask 2:4 --format mxfp4
  sqtheory order model.safetensors --mask 2:4 --mask 50% --format int4 --format hbfp4 --sort worst
  sqtheory order model.safetensors --mask 2:4 --format W4A16 --targets 're:.*proj.weight' --json
  sqtheory order model.safetensors --recipe rules.toml
  sqtheory order model.safetensors --mask 2:4 --format mxfp4 --axis 're:.*experts.*=1' --experts
  sqtheory order zoo:lm-dense --mask 'nm(2, 4, score=wanda)' --format mxfp4 --statistics stats.safetensors
  sqtheory order zoo:lm-dense --chain 'int8 >> 2:4 >> mxfp4'"""

SORTS = ("file", "worst", "gap")


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("checkpoint", metavar="CKPT", help=CHECKPOINT_HELP)
    add_grid(parser)
    parser.add_argument(
        "--chain",
        default=None,
        metavar="'F >> G >> …'",
        help="masks and quantizers in any number, instead of --mask and --format: every order of them",
    )
    add_pipeline(parser)
    add_engine(parser)
    add_statistics(parser)
    add_method(parser)
    options.add_tool(parser)
    add_targets(parser)
    add_tolerance(parser)
    parser.add_argument("--experts", action="store_true", help="a line for each expert of a tensor that holds several")
    parser.add_argument(
        "--sort", choices=SORTS, default="file", help="worst: largest S→Q error first; gap: largest difference first"
    )
    parser.add_argument("--top", type=options.count, default=None, metavar="N", help="print the first N tensors only")
    parser.add_argument(
        "--fail-over",
        type=options.percent,
        default=None,
        metavar="PERCENT",
        help="exit 1 if the better order's error exceeds PERCENT of the norm of some tensor",
    )
    add_workers(parser)


def run(arguments: argparse.Namespace) -> Document:
    """Read, compare, print; 1 if a check failed."""
    from sqtheory.alphabet.kernels import engine_name
    from sqtheory.api.order import order
    from sqtheory.execution.workers import suited

    if arguments.chain is not None:
        return _of_chain(arguments)
    options.say_apart(arguments)
    return Document.of(
        order(
            arguments.checkpoint,
            arguments.mask,
            arguments.format,
            recipe=arguments.recipe,
            norm=arguments.norm,
            ties=arguments.ties,
            seed=arguments.seed,
            targets=arguments.targets,
            ignore=arguments.ignore,
            axis=arguments.axis,
            experts=arguments.experts,
            strict=arguments.strict,
            keep_going=arguments.keep_going,
            statistics=arguments.statistics,
            method=arguments.method,
            tool=arguments.tool,
            sort=arguments.sort,
            top=arguments.top,
            fail_over=arguments.fail_over,
            workers=arguments.workers,
            executor=arguments.executor or suited(engine_name(), arguments.workers),
            results=arguments.results,
            watch=watched(arguments),
            say=say,
        )
    )


ALONE = ("mask", "format", "recipe", "method", "tool", "statistics", "experts", "executor", "results")
"""Options that a chain does not have."""


def _of_chain(arguments: argparse.Namespace) -> Document:
    """Compare the orders of a chain. Raises ValueError beside what is of pairs alone."""
    from sqtheory.api.chains import order_chain

    for name in ALONE:
        if getattr(arguments, name):
            raise ValueError(f"--chain says masks and formats itself and is computed here: leave --{name} out")
    return Document.of(
        order_chain(
            arguments.checkpoint,
            arguments.chain,
            norm=arguments.norm,
            ties=arguments.ties,
            seed=arguments.seed,
            targets=arguments.targets,
            ignore=arguments.ignore,
            axis=arguments.axis,
            strict=arguments.strict,
            keep_going=arguments.keep_going,
            sort=arguments.sort,
            top=arguments.top,
            fail_over=arguments.fail_over,
            workers=arguments.workers or 1,
            watch=watched(arguments),
            say=say,
        )
    )


VERB = Verb(
    name="order",
    help="compare both orders in every layer of a checkpoint",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    forms=(json_of("sqtheory.order/1", "sqtheory.order_chain/1"), MARKDOWN_TABLES),
    run=run,
)
