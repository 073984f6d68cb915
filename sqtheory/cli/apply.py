"""``sqtheory apply``: a checkpoint with its weights sparsified and quantized, and the record of what that cost."""

import argparse
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqtheory import __version__
from sqtheory.alphabet.storage import Index
from sqtheory.cli import options
from sqtheory.cli.options import CHECKPOINT_HELP, add_pipeline, add_statistics, add_targets
from sqtheory.cli.printing import print_text
from sqtheory.cli.verb import Document, Form, Verb
from sqtheory.files.code_layout import CodeLayout
from sqtheory.orders.applied import Order

if TYPE_CHECKING:
    from sqtheory.compress import Plan

Item = TypeVar("Item")
REPORT = (Form("--json", "print the report as one JSON object, sqtheory.apply/2"),)

DESCRIPTION = """\
Write a checkpoint whose weights are sparsified and quantized, in their own types and kind of file.

Every other tensor, file, name and entry of the metadata stays as it is, byte for byte. First everything is
computed and checked (a mask that does not fit, a format that overflows, a pattern that is lost are refused, also an
n:m that the source keeps where no mask is given, n at most half of m = 2, 4, 8 or 16), then everything is written,
or nothing. Beside OUT goes OUT.sqtheory.json, schema sqtheory.apply/2: for each tensor the errors of s, of q, of both
orders, the bound and what is left of it, zeros, patterns, open channels, theorem, hash; for each file the hash of all
that is no entry of a tensor; last, the hash of the report itself.

The error of a tensor is that of the values in the file. Where its type (F16, BF16) does not have every value of the
result, these are rounded once more to it, and counted as rounded; e_s, e_q, e_sq, e_qs are those of the operators.
Of --statistics, for masks that look at inputs, the report has the SHA-256.

A quantized source (FP8, NVFP4, GPTQ, … codes with their scales) is decoded: what is compressed are its values, and all
of them, also those of weights that are left alone, are written as F32, which has every one. Companions of codes, scales
of activations and the quantization that config.json states are left out, and named.

Kinds: safetensors → safetensors, a folder with or without an index → a folder (all other files are copied,
.git excepted), npz → npz, npy → npy, ONNX → ONNX (external data are refused), GGUF → safetensors (blocks of codes
become F32).

--pack writes codes instead, from any kind of file: one safetensors file with the codes, the scales and the places of
survivors in the bits that they take. Stated are the bits of an entry by theorem storage and in the file, whose last
bytes are filled up. `sqtheory unpack` gives back the values that apply writes without --pack for F32 and F64, bit for
bit (those of F16 and BF16 unrounded); its --help describes the file. --layout compressed-tensors writes a folder with
model.safetensors and config.json, as the package of that name and vLLM read them: formats int2 … int8 in blocks or
rows (pack-quantized), mxfp4 and nvfp4; pruned entries are stored there as zeros, for this layout has no places."""

EXAMPLES = """\
examples:
  sqtheory apply model.safetensors out.safetensors --mask 2:4 --format mxfp4 --dry-run
  sqtheory apply model.safetensors out.safetensors --mask 2:4 --format mxfp4
  sqtheory apply Llama-8B Llama-8B-int4g32-2of4-sq --mask 2:4 --format int4:b32 --ignore 're:.*gate.weight'
  sqtheory apply model.safetensors packed.safetensors --mask 2:4 --format mxfp4 --pack
  sqtheory apply model.safetensors packed --format int4:b128 --pack --layout compressed-tensors
  sqtheory apply zoo:lm-dense out.safetensors --mask 'nm(2, 4, score=wanda)' --format int4 --statistics s.safetensors
  sqtheory verify out.safetensors --against model.safetensors"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument(
        "--pack", action="store_true", help="write codes, scales and places of survivors instead of values"
    )
    add_arguments(parser)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """All arguments but ``--pack``."""
    parser.add_argument("checkpoint", metavar="CKPT", help=CHECKPOINT_HELP)
    parser.add_argument(
        "out", metavar="OUT", type=Path, help="a file of the same kind, or a folder for a folder; codes: see --layout"
    )
    parser.add_argument("--mask", default="1:1", metavar="MASK", help="see sqtheory masks; default: nothing is pruned")
    parser.add_argument("--format", required=True, metavar="FORMAT", help="see sqtheory formats")
    parser.add_argument(
        "--order",
        choices=[order.name for order in Order],
        default=Order.sq.name,
        help="sq: sparsify, then quantize (default); qs: quantize, then sparsify; gain: the best mask for q(x)",
    )
    parser.add_argument(
        "--frozen-scale", action="store_true", help="S→Q at the scales of the dense tensor, as qs and gain have anyway"
    )
    parser.add_argument(
        "--layout",
        choices=list(CodeLayout),
        default=None,
        help="of codes: one safetensors file for sqtheory unpack (default), or a folder for the package "
        "compressed-tensors",
    )
    parser.add_argument(
        "--index",
        choices=[index.name for index in Index],
        default=None,
        help="how places are stored among codes: one number for each group (default where it can be), ⌈log₂ m⌉ bits "
        "for each survivor, or one bit for each entry",
    )
    add_pipeline(parser)
    add_statistics(parser)
    add_targets(parser)
    parser.add_argument("--workers", type=options.count, default=1, metavar="N", help="tensors computed at once (1)")
    parser.add_argument("--dry-run", action="store_true", help="compute, check and report everything, write nothing")
    parser.add_argument("--force", action="store_true", help="replace OUT and its report")


def run(arguments: argparse.Namespace) -> Document:
    """Plan, write unless it is a dry run, print."""
    import numpy as np

    from sqtheory import compress
    from sqtheory.cli.progress import progress
    from sqtheory.execution.workers import Threads
    from sqtheory.files.checkpoints import open_checkpoint

    if not arguments.pack and (arguments.layout or arguments.index):
        raise ValueError("--layout and --index are about codes: they need --pack")
    index = None if arguments.index is None else Index[arguments.index]
    packing = compress.Packing(CodeLayout(arguments.layout or CodeLayout.sqtheory), index) if arguments.pack else None
    rng = np.random.default_rng(arguments.seed)
    ties = None if arguments.ties is None else options.ties(arguments.ties, arguments.norm, rng)
    s, known = options.mask(arguments.mask, ties, rng, calibrated=True), options.statistics(arguments)
    options.check_awaited(known, [s])
    recipe = compress.Recipe(
        mask=str(s),
        format=arguments.format,
        order=Order[arguments.order],
        norm=arguments.norm,
        frozen_scale=arguments.frozen_scale,
        seed=arguments.seed,
    ).told(known)

    def watch(items: Iterable[Item], what: str) -> Iterable[Item]:
        return progress(items, what, quiet=arguments.json)

    with open_checkpoint(arguments.checkpoint) as source, Threads(arguments.workers).crew() as (executor, ahead):
        folder = Path(arguments.checkpoint).is_dir()
        layout = compress.layout_of(source, arguments.out, folder=folder, packing=packing)
        plan = compress.plan(
            *(layout, recipe, options.targets(arguments), __version__),
            executor=executor,
            ahead=ahead,
            watch=watch,
            force=arguments.force,
        )
        if not arguments.dry_run:
            compress.apply(plan, executor=executor, ahead=ahead, watch=watch, force=arguments.force)
    if layout.note:
        print_text(f"sqtheory: {layout.note}", to_stderr=True)
    made = plan.report.to_json().removesuffix("\n") if arguments.json else _text(plan, arguments)
    return Document(text=lambda render: made)


def _text(plan: "Plan", arguments: argparse.Namespace) -> str:
    from sqtheory.alphabet.norms import spell_norm
    from sqtheory.alphabet.shares import pruned
    from sqtheory.compress import beside
    from sqtheory.files.packing import bits_sentence
    from sqtheory.tables import Table, one_line, share

    report, p = plan.report, arguments.norm

    rows = [
        (
            one_line(t.name),
            t.dtype,
            "×".join(map(str, t.shape)),
            *(share(value, t.x_norm) for value in (t.e_s, t.e_q, t.e_sq, t.e_qs, t.error, t.bound(p))),
            f"{100 * t.zeros / math.prod(t.shape):.2f}" if math.prod(t.shape) else "–",
            " ".join(t.patterns) or "–",
            str(t.rounded),
            f"{t.bits_in_file / math.prod(t.shape):.6g}" if math.prod(t.shape) else "–",
            t.open,
            t.theorem or "not " + ", ".join(t.failed),
        )
        for t in report.tensors
    ]
    errors = ("S %", "Q %", "S→Q %", "Q→S %", "written %", "bound %")
    header = ("tensor", "dtype", "shape", *errors, "zeros %", "keeps", "rounded", "bits", "open", "by")
    title = f"{report.recipe.mask} with {report.recipe.format}, {report.recipe.order.value}"
    spelled = spell_norm(p)
    parts = [
        Table(header, tuple(rows), title).text(),
        f"Errors are ‖x − y‖_{spelled} in percent of ‖x‖_{spelled}; written is that of the values in the file; "
        "bits are those that an entry takes there.",
    ]
    mask, _ = report.recipe.assignment.pattern
    reached = pruned(mask, (t.shape for t in report.tensors))
    if reached:
        parts.append(str(reached))
    if report.packing is not None:
        entries, bits = sum(math.prod(t.shape) for t in report.tensors), sum(t.bits or 0 for t in report.tensors)
        parts.append(
            bits_sentence(len(report.tensors), entries, bits, sum(t.bits_in_file for t in report.tensors)) + "."
        )
    rounded = [t for t in report.tensors if t.rounded]
    if rounded:
        count = sum(t.rounded for t in rounded)
        kinds = ", ".join(sorted({t.dtype for t in rounded}))
        parts.append(f"{count} values in {len(rounded)} tensors are none of {kinds} and were rounded once more to it.")
    if report.left_alone:
        left = "\n".join(f"  {one_line(t.name)} ({t.reason})" for t in report.left_alone)
        how = "byte for byte" if report.decoding is None else "as they are, codes as their values"
        parts.append(f"Left alone, {how}, {len(report.left_alone)} tensors:\n{left}")
    if report.copied:
        parts.append(f"Copied: {', '.join(map(one_line, report.copied))}")
    size = f"{len(report.tensors)} tensors compressed, {plan.nbytes} bytes of tensors"
    done = "nothing is written (--dry-run)" if arguments.dry_run else f"written to {arguments.out}"
    parts.append(f"{size}: {done}" + ("" if arguments.dry_run else f", the report to {beside(arguments.out)}"))
    return "\n\n".join(parts)


VERB = Verb(
    name="apply",
    help="write a checkpoint with its weights sparsified and quantized, as values or (--pack) as codes",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    forms=REPORT,
    run=run,
)
PACK = Verb(
    name="pack",
    help="short for apply --pack: write the codes of a checkpoint",
    description="The same as sqtheory apply --pack; sqtheory apply --help says what that writes.",
    examples="example:\n  sqtheory pack model.safetensors packed.safetensors --format int4:b32 --mask 2:4",
    options=add_arguments,
    forms=REPORT,
    run=run,
    preset={"pack": True},
)
