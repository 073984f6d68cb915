"""``sqtheory inspect``: what a checkpoint holds."""

import argparse
import math

from sqtheory.cli.options import CHECKPOINT_HELP, add_targets, targets
from sqtheory.cli.verb import Document, Verb, json_of

_INSPECT, _HEADER = "sqtheory.inspect/1", "sqtheory.header/1"


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("checkpoint", metavar="CKPT", help=CHECKPOINT_HELP)
    parser.add_argument(
        "--header",
        action="store_true",
        help="names, types and shapes alone, in the order of the file: no entry is read",
    )
    add_targets(parser)


def run(arguments: argparse.Namespace) -> Document:
    """Print the table."""
    return _header(arguments) if arguments.header else _entries(arguments)


def _header(arguments: argparse.Namespace) -> Document:
    """What the file says before an entry is read."""
    from sqtheory.files.checkpoints import reading
    from sqtheory.tables import Table, one_line

    rule = targets(arguments)
    with reading(arguments.checkpoint) as checkpoint:
        infos = checkpoint.tensors
    reasons = [rule.reason_to_skip(info) for info in infos]
    rows = tuple(
        (one_line(info.name), info.dtype, _shape(info.shape), str(info.size), str(info.nbytes), reason or "yes")
        for info, reason in zip(infos, reasons, strict=True)
    )
    values, nbytes = sum(info.size for info in infos), sum(info.nbytes for info in infos)
    tensors = [
        {"name": info.name, "dtype": info.dtype, "shape": info.shape, "size": info.size, "nbytes": info.nbytes}
        | {"skipped": reason}
        for info, reason in zip(infos, reasons, strict=True)
    ]
    return Document(
        _HEADER,
        lambda: {"checkpoint": arguments.checkpoint, "tensors": tensors},
        lambda render: (
            f"{render(Table(('tensor', 'dtype', 'shape', 'values', 'bytes', 'target'), rows))}\n"
            f"{len(rows)} tensors, {values} values, {nbytes} bytes"
        ),
    )


def _entries(arguments: argparse.Namespace) -> Document:
    """What the entries are."""
    from sqtheory.cli.progress import progress
    from sqtheory.files.checkpoints import reading
    from sqtheory.files.inspection import inspect_slabs
    from sqtheory.files.views.axes import Axes
    from sqtheory.files.views.seeing import inspected
    from sqtheory.tables import Table, one_line

    rule = targets(arguments)
    with reading(arguments.checkpoint) as opened:
        checkpoint = inspected(opened, rule, Axes.parse(arguments.axis))
        summaries = [
            (inspect_slabs(info, checkpoint.slabs(info.name)).of_file(info), rule.reason_to_skip(info), info.seen_as)
            for info in progress(checkpoint.tensors, "inspect", quiet=arguments.json)
        ]
    viewed = any(text for *_, text in summaries)
    rows = tuple(
        (
            one_line(t.name),
            t.dtype,
            _shape(t.shape),
            _share(t.zeros, t.size),
            " ".join(t.patterns) or "–",
            _magnitude(t.absmax),
            _magnitude(t.absmin_nonzero),
            str(t.nan + t.inf),
            reason or "yes",
            *([text or "–"] if viewed else []),
        )
        for t, reason, text in summaries
    )
    header = (
        "tensor",
        "dtype",
        "shape",
        "zeros",
        "keeps",
        "max |x|",
        "min |x|>0",
        "NaN/Inf",
        "target",
        *["reduced axis"] * viewed,
    )
    size = sum(t.size for t, *_ in summaries)
    zeros = sum(t.zeros for t, *_ in summaries)
    together = f"{len(rows)} tensors, {size} values, {_share(zeros, size)} zeros"
    tensors = [
        {**summary.to_dict(), "skipped": reason, **({"axis": text} if text else {})}
        for summary, reason, text in summaries
    ]
    return Document(
        _INSPECT,
        lambda: {"checkpoint": arguments.checkpoint, "tensors": tensors},
        lambda render: f"{render(Table(header, rows))}\n{together}",
    )


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "scalar"


def _share(zeros: int, size: int) -> str:
    return f"{100 * zeros / size:.2f}%" if size else "–"


def _magnitude(value: float) -> str:
    """A number, an en dash where there is none."""
    from sqtheory.tables import number

    return number(None if math.isnan(value) else value)


VERB = Verb(
    name="inspect",
    help="list the tensors of a checkpoint: shapes, zeros, patterns kept, NaN and infinities",
    description="List every tensor of a checkpoint with its shape, its share of zeros, the n:m patterns its "
    "reduced axis keeps, its range, NaN and infinities, and whether `sqtheory order` would work on it.",
    options=add_options,
    forms=(json_of(_INSPECT, _HEADER),),
    run=run,
)
