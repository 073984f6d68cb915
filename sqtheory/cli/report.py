"""``sqtheory report``: one self-contained HTML page on a checkpoint."""

import argparse
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqtheory import __version__
from sqtheory.cli import options
from sqtheory.cli.options import CHECKPOINT_HELP, add_pipeline, add_statistics, add_targets
from sqtheory.cli.verb import Document, Verb

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from sqtheory.execution import Assignment
    from sqtheory.files.checkpoints import Checkpoint, TensorInfo
    from sqtheory.orders.grid import Row
    from sqtheory.show.page import Section
    from sqtheory.theory.expectations import Agreement

DESCRIPTION = """\
Write one HTML page on a checkpoint: what the order of sparsification and quantization costs, layer by layer.

Totals and guarantees; the worst tensors; a map of the channels (M selection, Σ scale, Z zero) open in each; the errors
of both orders with the bound and what is left of it; the order gap that the theory expects beside the measured one; the
theorem by which the winner wins or the assumption that fails; and the commands that compress as is best. Tables sort by
a click; figures are part of the page; nothing is loaded from elsewhere, and it prints. The page depends on the
checkpoint and the options only, not on the number of workers."""

EXAMPLES = """\
examples:
  sqtheory report zoo:lm-dense --mask 2:4 --format mxfp4 -o report.html
  sqtheory report model.safetensors --mask 2:4 --mask 50% --format int4 --norm 1 --workers 4 -o report.html"""

NOT_ASKED = "left out (--no-prediction)"
"""Why no gap is predicted where none was asked for."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("checkpoint", metavar="CKPT", help=CHECKPOINT_HELP)
    parser.add_argument("--mask", action="append", required=True, metavar="MASK", help="repeat for a grid")
    parser.add_argument("--format", action="append", required=True, metavar="FORMAT", help="repeat for a grid")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FILE", help="the page, a .html file")
    add_pipeline(parser)
    add_statistics(parser)
    add_targets(parser)
    parser.add_argument("--workers", type=options.count, default=1, metavar="N", help="tensors computed at once (1)")
    parser.add_argument(
        "--no-prediction",
        action="store_true",
        help="leave the predicted gap out, which takes most of the time",
    )
    parser.add_argument("--force", action="store_true", help="replace FILE")


def run(arguments: argparse.Namespace) -> Document:
    """Read, compare, predict, write."""
    import os

    from sqtheory.cli.outputs import check_outputs, check_page
    from sqtheory.cli.progress import progress
    from sqtheory.exceptions import about
    from sqtheory.execution import Sweep
    from sqtheory.execution.gathering import gathered
    from sqtheory.execution.preflight import preflight
    from sqtheory.execution.workers import Threads
    from sqtheory.files import atomic
    from sqtheory.files.checkpoints import reading
    from sqtheory.files.views.seeing import notes
    from sqtheory.show.page import Findings, page

    if os.path.lexists(arguments.out) and not arguments.force:
        raise FileExistsError(f"{arguments.out} exists: pass --force to replace it")
    if arguments.out.is_dir():
        raise ValueError(f"{arguments.out} is a folder: name a file for the page")
    check_outputs([arguments.out], arguments.checkpoint, *([arguments.statistics] if arguments.statistics else []))
    check_page(arguments.out)
    atomic.check_folder(arguments.out.parent)
    known = options.statistics(arguments)
    grid = options.grid(arguments, known)
    masks, formats = (tuple(dict.fromkeys(words)) for words in zip(*(one.words for one in grid), strict=True))
    with reading(arguments.checkpoint) as opened:
        checkpoint = options.seen(arguments, opened)
        if known is not None:
            known.check({info.name: info.shape for info in checkpoint.tensors})
        taken, skipped = options.targets(arguments).split(checkpoint.tensors)
        with about(str(checkpoint.path)):
            patterns = zip(*(one.pattern for one in grid), strict=True)
            preflight(checkpoint, taken, *(tuple(dict.fromkeys(operators)) for operators in patterns))
        with Threads(arguments.workers).crew() as (executor, count):
            swept = Sweep(checkpoint, taken, grid, arguments.norm, executor=executor, ahead=2 * count)
            rows = [row for rows in gathered(taken, list(progress(swept, "order"))) for row in rows]
            sections = [
                _section(arguments, one, rows[at :: len(grid)], _whole(taken, list(progress(gaps, "predict"))))
                for at, one in enumerate(grid)
                for gaps in [_gaps(arguments, checkpoint, taken, one, executor)]
            ]
    flags = ["--no-prediction"] if arguments.no_prediction else []
    found = Findings(
        checkpoint=arguments.checkpoint,
        version=__version__,
        p=arguments.norm,
        sections=tuple(sections),
        skipped=tuple((info.name, reason) for info, reason in skipped),
        command=_spelled(
            "report", arguments, masks, formats, [*flags, *_statistics(arguments), "-o", str(arguments.out)]
        ),
    )
    atomic.write(arguments.out, page(found).encode("utf-8", "backslashreplace"), force=arguments.force)
    count = len(rows) // len(grid)
    return Document(notes=(*notes(taken), f"{count} tensors reported in {arguments.out}"))


def _gaps(
    arguments: argparse.Namespace,
    checkpoint: "Checkpoint",
    taken: "Sequence[TensorInfo]",
    assignment: "Assignment",
    executor: "Executor | None",
) -> "Iterable[Agreement | str]":
    """Predicted and measured gap of every tensor, or why none is predicted."""
    from sqtheory.exceptions import NotCovered
    from sqtheory.files.checkpoints import StoredTensor
    from sqtheory.theory.expectations import agreement
    from sqtheory.theory.expectations.predict import checked

    if arguments.no_prediction:
        return [NOT_ASKED] * len(taken)

    mask, fmt = assignment.pattern

    def one(info: "TensorInfo") -> "Agreement | str":
        try:
            checked(fmt, mask, info.shape, arguments.norm)
        except NotCovered as silence:
            return str(silence)
        s, q = assignment.of(info.name)
        x = StoredTensor.of(checkpoint, info.name) or checkpoint.read(info.name)
        try:
            return agreement(info.name, x, s, q, arguments.norm)
        except NotCovered as silence:
            return str(silence)

    return map(one, taken) if executor is None else executor.map(one, taken)


def _whole(taken: "Sequence[TensorInfo]", gaps: "Sequence[Agreement | str]") -> "list[Agreement | str]":
    """What was found of matrices, for each tensor of the file: together, or why not."""
    from sqtheory.execution.gathering import of_files
    from sqtheory.theory.expectations import Agreement

    found: list[Agreement | str] = []
    for info, own in of_files(taken, gaps):
        silence = next((gap for gap in own if isinstance(gap, str)), None)
        found.append(silence or Agreement.together(info.stored.name, [gap for gap in own if not isinstance(gap, str)]))
    return found


def _section(
    arguments: argparse.Namespace, assignment: "Assignment", rows: "Sequence[Row]", gaps: "Iterable[Agreement | str]"
) -> "Section":
    from collections import Counter

    from sqtheory.alphabet.shares import pruned
    from sqtheory.execution.assignment import awaited
    from sqtheory.orders.applied import Order, Winner
    from sqtheory.orders.grid import total_of
    from sqtheory.show.page import Section
    from sqtheory.theory.expectations import AgreementReport

    found = list(gaps)
    predicted = tuple(g for g in found if not isinstance(g, str))
    best = Order.qs.name if total_of(rows).winner is Winner.qs else Order.sq.name
    out = _compressed(arguments.checkpoint, best)
    mask, fmt = assignment.words
    asked = ([mask], [fmt])
    known = _statistics(arguments) if awaited(assignment.pattern[0]) else []
    decided = shlex.join(["sqtheory", "decide", "sq_never_worse", *_operators(*asked), *_norm(arguments)])
    return Section(
        rows=tuple(rows),
        gaps=AgreementReport(mask, fmt, arguments.norm, predicted),
        unpredicted=dict(Counter(g for g in found if isinstance(g, str))),
        commands=(
            _spelled("apply", arguments, *asked, ["--order", best, *known], out),
            shlex.join(["sqtheory", "verify", out, "--against", arguments.checkpoint, *known]),
            *(() if known else (decided,)),
        ),
        pruned=pruned(assignment.pattern[0], (row.order.shape for row in rows)),
    )


def _compressed(checkpoint: str, order: str) -> str:
    """A name for the compressed checkpoint, of the kind that ``apply`` writes."""
    path = Path(checkpoint.removeprefix("zoo:"))
    suffix = "" if path.is_dir() else path.suffix
    stem = path.name.removesuffix(suffix) or "compressed"
    return f"{stem}-{order}{'.safetensors' if checkpoint.startswith('zoo:') or suffix == '.gguf' else suffix}"


def _spelled(
    verb: str,
    arguments: argparse.Namespace,
    masks: Sequence[object],
    formats: Sequence[object],
    more: Sequence[str],
    *out: str,
) -> str:
    """A command line on this checkpoint with these operators and the options of this page."""
    words = ["sqtheory", verb, arguments.checkpoint, *out, *_operators(masks, formats), *_norm(arguments)]
    words += [
        word for name in ("targets", "ignore", "axis") for v in getattr(arguments, name) for word in (f"--{name}", v)
    ]
    return shlex.join([*words, *more])


def _operators(masks: Sequence[object], formats: Sequence[object]) -> list[str]:
    named = (("--mask", masks), ("--format", formats))
    return [word for name, values in named for value in values for word in (name, str(value))]


def _statistics(arguments: argparse.Namespace) -> list[str]:
    """The file of statistics, if there is one."""
    return [] if arguments.statistics is None else ["--statistics", str(arguments.statistics)]


def _norm(arguments: argparse.Namespace) -> list[str]:
    """The norm and the seed where they are not the defaults."""
    norm = ["--norm", f"{arguments.norm:g}"] if arguments.norm != 2 else []
    return norm + (["--seed", str(arguments.seed)] if arguments.seed else [])


VERB = Verb(
    name="report",
    help="write one HTML page on a checkpoint: orders, bounds, channels, predictions, recipe",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    run=run,
)
