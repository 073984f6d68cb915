"""``sqtheory apply``: a checkpoint with its weights sparsified and quantized, and the record of what that cost."""

import argparse
from pathlib import Path

from sqtheory.cli import options
from sqtheory.cli.options import CHECKPOINT_HELP, add_method, add_pipeline, add_statistics, add_targets, add_tolerance
from sqtheory.cli.printing import say
from sqtheory.cli.progress import watched
from sqtheory.cli.verb import Document, Form, Verb
from sqtheory.files.code_layout import CodeLayout

REPORT = (Form("--json", "print the report as one JSON object, sqtheory.apply/2"),)

DESCRIPTION = """\
Write a checkpoint whose weights are sparsified and quantized, in their own types and kind of file.

Every other tensor, file, name and entry of the metadata stays as it is, byte for byte. First everything is
computed and checked (a format that overflows, a weight with NaN, a pattern that is lost are refused, also an n:m
that the source keeps where no mask is given, n at most half of m = 2, 4, 8 or 16), then everything is written, or
nothing. A target that the mask or the format does not fit is left alone and listed, unless --strict. Beside OUT goes
OUT.sqtheory.json, schema sqtheory.apply/2: for each tensor the errors of s, of q, of both orders, the bound and what is
left of it, zeros, patterns, open channels, theorem, hash; for each file the hash of all that is no entry of a tensor;
last, the hash of the report itself.

Groups and blocks run along the axis that a layer sums over, which is the last of a matrix [out, in]: input channels of
kernels, axis 0 of GPT-2's Conv1D and of what an ONNX node multiplies by from the right; each expert of a 3-D tensor is
a matrix of its own. --axis says otherwise; the axis of each tensor is in the report, and verify takes it from there.

The error of a tensor is that of the values in the file. Where its type (F16, BF16) does not have every value of the
result, these are rounded once more to it, and counted as rounded; e_s, e_q, e_sq, e_qs are those of the operators.
Of --statistics, for masks that look at inputs, the report has the SHA-256.

A quantized source (FP8, NVFP4, GPTQ, … codes with their scales) is decoded: what is compressed are its values, and all
of them, also those of weights that are left alone, are written as F32, which has every one. Companions of codes, scales
of activations and the quantization that config.json states are left out, and named.

Kinds: safetensors → safetensors, a folder with or without an index → a folder (all other files are copied, except
.git and safetensors files beside the index that repeat a tensor of it), npz → npz, npy → npy, ONNX → ONNX (external
data go to OUT.data, nodes of codes become nodes of values), GGUF → safetensors (blocks of
codes become F32).

--pack writes codes instead, from any kind of file: one safetensors file with the codes, the scales and the places of
survivors in the bits that they take. Stated are the bits of an entry by theorem storage and in the file, whose last
bytes are filled up. `sqtheory unpack` gives back the values that apply writes without --pack for F32 and F64, bit for
bit (those of F16 and BF16 unrounded); its --help describes the file. Other layouts have no places: pruned entries are
stored there as zeros. --layout compressed-tensors, gptq, gptq_v2 or awq writes a folder with model.safetensors and
config.json, as vLLM and the packages of these names read them. compressed-tensors: int2 … int8 in blocks or rows, with
integer zero points (affine) or without (pack-quantized), mxfp4, nvfp4. gptq, gptq_v2: integers of 2, 3, 4, 8 bits with
zero points or without, awq: of 4 bits, one width and group a file, scales in float16 or bfloat16 (stored=float16 of
affine, scaling=stored(float16)), in which values are computed there; gptq stores z − 1 and has no zero point 0.
--layout gguf writes, from a GGUF file of F32 or F16, the one that llama.cpp reads: of the blocks that have the codes
the smallest, Q4_0, Q5_0, Q8_0 for integers (formats of these names, or any with scaling=stored(float16)), Q4_1, Q5_1
for affine(…, offset=float, stored=float16), TQ1_0, IQ4_NL, MXFP4 for e2m1 under powers of two, NVFP4 for e2m1 under
e4m3. 32 entries of a row (of NVFP4 16, of TQ1_0 256) must have one scale; all metadata but general.file_type and
general.quantization_version stay, and sqtheory.* are added. --layout onnx writes, from an ONNX model of one file, codes
of 2, 4 or 8 bits with integer zero points or without, in blocks of a multiple of 16 entries, in the place of right
operands of MatMul, which becomes MatMulNBits of ONNX Runtime."""

EXAMPLES = """\
examples:
  sqtheory apply model.safetensors out.safetensors --mask 2:4 --format mxfp4 --dry-run
  sqtheory apply model.safetensors out.safetensors --mask 2:4 --format mxfp4
  sqtheory apply Llama-8B Llama-8B-int4g32-2of4-sq --mask 2:4 --format int4:b32 --ignore 're:.*gate.weight'
  sqtheory apply model.safetensors out.safetensors --recipe rules.toml
  sqtheory apply model.safetensors packed.safetensors --mask 2:4 --format mxfp4 --pack
  sqtheory apply model.safetensors packed --format int4:b128 --pack --layout compressed-tensors
  sqtheory apply model.safetensors gptq --format 'affine(4, block=128, stored=float16)' --pack --layout gptq
  sqtheory apply model-f16.gguf model-q8_0.gguf --mask 2:4 --format Q8_0 --pack --layout gguf
  sqtheory apply model.onnx model-int4.onnx --format 'affine(4, block=32)' --pack --layout onnx
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
    from sqtheory.alphabet.storage import Index
    from sqtheory.orders.applied import Order

    parser.add_argument("checkpoint", metavar="CKPT", help=CHECKPOINT_HELP)
    parser.add_argument(
        "out", metavar="OUT", type=Path, help="a file of the same kind, or a folder for a folder; codes: see --layout"
    )
    parser.add_argument("--mask", default=None, metavar="MASK", help="see sqtheory masks; default: nothing is pruned")
    parser.add_argument("--format", default=None, metavar="FORMAT", help="see sqtheory formats")
    options.add_recipe(parser)
    parser.add_argument(
        "--order",
        choices=[order.name for order in Order],
        default=None,
        help="sq: sparsify, then quantize (default); qs: quantize, then sparsify; gain: the best mask for q(x); "
        "joint: the one pass of a --method that has one",
    )
    parser.add_argument(
        "--frozen-scale", action="store_true", help="S→Q at the scales of the dense tensor, as qs and gain have anyway"
    )
    parser.add_argument(
        "--layout",
        choices=list(CodeLayout),
        default=None,
        help="of codes: one safetensors file for sqtheory unpack (default), a folder for loaders of "
        "compressed-tensors, GPTQ or AWQ, a GGUF file for llama.cpp or an ONNX model for ONNX Runtime, from one",
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
    add_method(parser)
    options.add_tool(parser)
    add_targets(parser)
    add_tolerance(parser)
    parser.add_argument("--workers", type=options.count, default=1, metavar="N", help="tensors computed at once (1)")
    options.add_engine(parser)
    parser.add_argument("--dry-run", action="store_true", help="compute, check and report everything, write nothing")
    parser.add_argument("--force", action="store_true", help="replace OUT and its report")


def run(arguments: argparse.Namespace) -> Document:
    """Plan, write unless it is a dry run, print."""
    from sqtheory.api.apply import apply

    options.say_apart(arguments)
    made = apply(
        arguments.checkpoint,
        arguments.out,
        arguments.mask,
        arguments.format,
        order=arguments.order,
        recipe=arguments.recipe,
        frozen_scale=arguments.frozen_scale,
        pack=arguments.pack,
        layout=arguments.layout,
        index=arguments.index,
        norm=arguments.norm,
        ties=arguments.ties,
        seed=arguments.seed,
        targets=arguments.targets,
        ignore=arguments.ignore,
        axis=arguments.axis,
        strict=arguments.strict,
        keep_going=arguments.keep_going,
        statistics=arguments.statistics,
        method=arguments.method,
        tool=arguments.tool,
        workers=arguments.workers,
        dry_run=arguments.dry_run,
        force=arguments.force,
        watch=watched(arguments),
        say=say,
    )
    text = made.report.to_json().removesuffix("\n") if arguments.json else made.text()
    return Document(text=lambda render: text, status=1 if made.failures else 0, notes=made.failures)


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
