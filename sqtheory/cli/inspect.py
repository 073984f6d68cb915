"""``sqtheory inspect``: what a checkpoint holds."""

import argparse
import math

from sqtheory.cli.options import CHECKPOINT_HELP, Verbs, add_targets, targets
from sqtheory.cli.printing import print_json, print_text


def add(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "inspect",
        help="list the tensors of a checkpoint: shapes, zeros, patterns kept, NaN and infinities",
        description="List every tensor of a checkpoint with its shape, its share of zeros, the n:m patterns its "
        "last axis keeps, its range, NaN and infinities, and whether `sqtheory order` would work on it.",
    )
    parser.add_argument("checkpoint", metavar="CKPT", help=CHECKPOINT_HELP)
    add_targets(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object, schema sqtheory.inspect/1")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""
    from sqtheory.cli.progress import progress
    from sqtheory.files.checkpoints import reading
    from sqtheory.files.inspection import inspect_slabs
    from sqtheory.tables import Table, one_line

    rule = targets(arguments)
    with reading(arguments.checkpoint) as checkpoint:
        summaries = [
            (inspect_slabs(info, checkpoint.slabs(info.name)), rule.reason_to_skip(info))
            for info in progress(checkpoint.tensors, "inspect", quiet=arguments.json)
        ]
    if arguments.json:
        tensors = [{**summary.to_dict(), "skipped": reason} for summary, reason in summaries]
        content = {"schema": "sqtheory.inspect/1", "checkpoint": arguments.checkpoint, "tensors": tensors}
        print_json(content)
        return 0
    rows = tuple(
        (
            one_line(t.name),
            t.dtype,
            "×".join(map(str, t.shape)) or "scalar",
            _share(t.zeros, t.size),
            " ".join(t.patterns) or "–",
            _magnitude(t.absmax),
            _magnitude(t.absmin_nonzero),
            str(t.nan + t.inf),
            reason or "yes",
        )
        for t, reason in summaries
    )
    header = ("tensor", "dtype", "shape", "zeros", "keeps", "max |x|", "min |x|>0", "NaN/Inf", "target")
    print_text(Table(header, rows).text())
    size = sum(t.size for t, _ in summaries)
    zeros = sum(t.zeros for t, _ in summaries)
    print(f"{len(rows)} tensors, {size} values, {_share(zeros, size)} zeros")
    return 0


def _share(zeros: int, size: int) -> str:
    return f"{100 * zeros / size:.2f}%" if size else "–"


def _magnitude(value: float) -> str:
    """A number, an en dash where there is none."""
    from sqtheory.tables import number

    return number(None if math.isnan(value) else value)
