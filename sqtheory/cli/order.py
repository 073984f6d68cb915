"""``sqtheory order``: both orders, the optimum and the open assumptions in every tensor of a checkpoint."""

import argparse
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqtheory import __version__
from sqtheory.cli import options
from sqtheory.cli.options import (
    CHECKPOINT_HELP,
    add_engine,
    add_pipeline,
    add_statistics,
    add_targets,
    add_workers,
)
from sqtheory.cli.printing import print_text
from sqtheory.cli.verb import MARKDOWN_TABLES, Document, Render, Verb, json_of

if TYPE_CHECKING:
    from sqtheory.alphabet.shares import Pruned
    from sqtheory.execution import Assignment
    from sqtheory.files.statistics import Statistics
    from sqtheory.orders.grid import Row

DESCRIPTION = """\
Compare sparsify-then-quantize (S→Q) with quantize-then-sparsify (Q→S) in every layer.

For each tensor x and each pair of a mask s and a format q: the errors of s alone, of q alone, of both
orders, of the best mask any order could choose at the scales of x (optimum), the additive bound
‖x − s(x)‖ + ‖x − q(x)‖, the winner, and the channels through which order can matter here:
  M  selection: the mask chosen on q(x) differs from the mask chosen on x
  Σ  scale: masking moved the scale of a block that still has survivors
  Z  zero: pruned entries do not come back as zero
The last column names the theorem by which the winner wins on that tensor (sqtheory show THEOREM), or the
assumptions of prune_first_dominates that fail there."""

EXAMPLES = """\
masks:    2:4   4:8   50% (prunes 50%)   top(0.5, per=row)   nm(2, 4, axis=0)       (sqtheory masks)
formats:  int8  int4:b32  hbfp6  mxfp8  mxfp4  nvfp4  nf4  int(4, scaling=halfrange) (sqtheory formats)

examples:
  sqtheory order zoo:lm-dense --mask 2:4 --format mxfp4
  sqtheory order model.safetensors --mask 2:4 --mask 50% --format int4 --format hbfp4 --sort worst
  sqtheory order model.safetensors --mask 2:4 --format int4 --targets 're:.*proj.weight' --json
  sqtheory order zoo:lm-dense --mask 'nm(2, 4, score=wanda)' --format mxfp4 --statistics stats.safetensors"""

SORTS = ("file", "worst", "gap")
RECORDED = ("ties", "seed", "targets", "ignore", "sort", "top", "fail_over")
"""The options that the recipe in the JSON document repeats."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("checkpoint", metavar="CKPT", help=CHECKPOINT_HELP)
    parser.add_argument("--mask", action="append", required=True, metavar="MASK", help="repeat for a grid")
    parser.add_argument("--format", action="append", required=True, metavar="FORMAT", help="repeat for a grid")
    add_pipeline(parser)
    add_engine(parser)
    add_statistics(parser)
    add_targets(parser)
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
    from sqtheory.alphabet.shares import pruned
    from sqtheory.cli.progress import progress
    from sqtheory.execution import Sweep
    from sqtheory.execution.gathering import gathered
    from sqtheory.execution.workers import workers
    from sqtheory.files import atomic
    from sqtheory.files.checkpoints import reading
    from sqtheory.files.views.seeing import notes

    known = options.statistics(arguments)
    grid = options.grid(arguments, known)
    staff = workers(arguments.executor, arguments.workers)
    if arguments.results is not None:
        atomic.check_folder(arguments.results)
    with reading(arguments.checkpoint) as opened:
        checkpoint = options.seen(arguments, opened)
        if known is not None:
            known.check({info.name: info.shape for info in checkpoint.tensors})
        taken, skipped = options.targets(arguments).split(checkpoint.tensors)
        with staff.crew() as (executor, count):
            swept = Sweep(
                checkpoint,
                taken,
                grid,
                arguments.norm,
                executor=executor,
                results=arguments.results,
                ahead=2 * count,
                waits=lambda left: print_text(
                    f"sqtheory: waiting for {left} tensors that other processes compute in {arguments.results}",
                    to_stderr=True,
                ),
            )
            found = list(progress(swept, "order", quiet=arguments.json))
    rows = [row for rows in gathered(taken, found, experts=arguments.experts) for row in rows]
    if arguments.results is not None:
        said = f"{swept.computed} tensors computed, {swept.found} found in {arguments.results}"
        print_text(f"sqtheory: {said}", to_stderr=True)
    reached = {one.words[0]: pruned(one.pattern[0], (info.shape for info in taken)) for one in grid}
    ordered = _sorted(rows, arguments.sort)[: None if arguments.top is None else arguments.top * len(grid)]
    left = [{"name": info.name, "reason": reason} for info, reason in skipped]
    broken = _failures(rows, arguments.fail_over)
    return Document(
        "sqtheory.order/1",
        lambda: _content(arguments, rows, ordered, grid, left, reached, known),
        lambda render: _text(arguments, rows, ordered, grid, len(skipped), reached, render),
        status=1 if broken else 0,
        notes=(*notes(taken), *broken),
    )


def _sorted(rows: "Sequence[Row]", by: str) -> "list[Row]":
    """Whole tensors in the wanted order; rows of one tensor stay together."""
    from sqtheory.orders.grid import by_tensor

    tensors = by_tensor(rows)
    if by == "worst":
        tensors.sort(key=lambda group: -max(r.order.relative(r.order.errors.sq) for r in group))
    elif by == "gap":
        tensors.sort(key=lambda group: -max(abs(r.order.gap) for r in group))
    return [row for group in tensors for row in group]


def _content(
    arguments: argparse.Namespace,
    rows: "Sequence[Row]",
    shown: "Sequence[Row]",
    grid: "Sequence[Assignment]",
    skipped: list[dict[str, str]],
    reached: "Mapping[str, Pruned | None]",
    known: "Statistics | None",
) -> dict[str, Any]:
    from sqtheory.orders.grid import total_of
    from sqtheory.tables import json_ready

    shares = {mask: {"pruned": share.to_dict()} if share else {} for mask, share in reached.items()}
    totals = [
        {"mask": mask, "format": fmt, **total_of(rows[at :: len(grid)]).to_dict(), **shares[mask]}
        for at, (mask, fmt) in enumerate(one.words for one in grid)
    ]
    return {
        "version": __version__,
        "checkpoint": arguments.checkpoint,
        "recipe": {
            "masks": list(dict.fromkeys(mask for mask, _ in (one.words for one in grid))),
            "formats": list(dict.fromkeys(fmt for _, fmt in (one.words for one in grid))),
            "norm": json_ready(arguments.norm),
            **{name: getattr(arguments, name) for name in RECORDED},
            **({} if known is None else {"statistics": known.sha256}),
            **({"axis": arguments.axis} if arguments.axis else {}),
        },
        "tensors": [row.to_dict() for row in shown],
        "total": totals[0] if len(totals) == 1 else None,
        "totals": totals,
        "skipped": skipped,
    }


def _text(
    arguments: argparse.Namespace,
    rows: "Sequence[Row]",
    shown: "Sequence[Row]",
    grid: "Sequence[Assignment]",
    skipped: int,
    reached: "Mapping[str, Pruned | None]",
    render: Render,
) -> str:
    from sqtheory.alphabet.norms import spell_norm
    from sqtheory.orders.grid import pipeline_table, sentences

    tensors = len(rows) // len(grid)
    p = spell_norm(arguments.norm)
    parts = [
        f"{arguments.checkpoint}: {tensors} tensors compared, {skipped} left alone. "
        f"Errors are ‖x − y‖_{p} in percent of ‖x‖_{p}; the optimum is the best mask at the scales of x."
    ]
    for at, one in enumerate(grid):
        some = rows[at :: len(grid)]
        parts.append(render(pipeline_table(shown[at :: len(grid)], some)))
        share = reached[one.words[0]]
        parts.append("\n".join([*sentences(some), *([str(share)] if share else [])]))
    return "\n\n".join(parts)


def _failures(rows: "Sequence[Row]", limit: float | None) -> list[str]:
    failures = [
        f"tensor {r.name!r}: S→Q lost with {r.order.mask}, {r.order.format} although a theorem forbids it: "
        "a fault of this program, please report it"
        for r in rows
        if r.guarantee_broken
    ]
    if limit is not None:
        for r in rows:
            best = 100 * r.order.relative(min(r.order.errors.sq, r.order.errors.qs))
            if not best <= limit:
                said = f"{best:.4f}%" if best < math.inf else "a norm beyond the range of float64"
                failures.append(f"tensor {r.name!r}: {said} exceeds --fail-over {limit:g}%")
    return failures


VERB = Verb(
    name="order",
    help="compare both orders in every layer of a checkpoint",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    forms=(json_of("sqtheory.order/1"), MARKDOWN_TABLES),
    run=run,
)
