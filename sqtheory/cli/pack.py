"""``sqtheory pack``: a checkpoint as the codes of its sparsified and quantized weights."""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqtheory import __version__
from sqtheory.cli import options
from sqtheory.cli.options import CHECKPOINT_HELP, Verbs, add_targets

if TYPE_CHECKING:
    from sqtheory.checkpoints import Checkpoint
    from sqtheory.packing import Packed, Schema
    from sqtheory.quantizers import Quantizer
    from sqtheory.sparsifiers import Sparsifier

DESCRIPTION = """\
Write the codes, the scales and the places of survivors, in the bits that they take: bits an entry are stated, those
of theorem storage and those in the file, whose last bytes are filled up. `sqtheory unpack` gives the values back, bit
for bit, as F32 (F64 where the checkpoint has F64); its --help describes the file. All other tensors stay as they are.

--layout compressed-tensors writes a folder instead, with model.safetensors and config.json, as the package of that
name and vLLM read them: formats int2 … int8 in blocks or rows (pack-quantized), mxfp4 and nvfp4. Pruned entries are
stored there as zeros, for this layout has no places."""

EPILOG = """\
examples:
  sqtheory pack model.safetensors packed.safetensors --format int4:b32 --mask 2:4
  sqtheory pack model.safetensors packed.safetensors --format mxfp4 --mask 2:4 --order gain --dry-run
  sqtheory pack model.safetensors packed --format int4:b128 --layout compressed-tensors
  sqtheory unpack packed.safetensors model.safetensors"""

ORDERS = ("sq", "qs", "gain")
LAYOUTS = ("sqtheory", "compressed-tensors")


def add(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "pack",
        help="write the codes of a checkpoint: packed values, scales, places of survivors",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", metavar="CKPT", help=CHECKPOINT_HELP)
    parser.add_argument("out", metavar="OUT", type=Path, help="the safetensors file to write (or folder, see --layout)")
    parser.add_argument("--format", required=True, metavar="FORMAT", help="see sqtheory formats")
    parser.add_argument("--mask", default=None, metavar="MASK", help="see sqtheory masks; default: nothing is pruned")
    parser.add_argument(
        "--order",
        choices=ORDERS,
        default="sq",
        help="sq: sparsify, then quantize (default); qs: quantize, then sparsify; gain: the best mask for q(x) in L2",
    )
    parser.add_argument(
        "--frozen-scale", action="store_true", help="S→Q at the scales of the dense tensor, as qs and gain have anyway"
    )
    parser.add_argument(
        "--index",
        choices=("combination", "position", "bitmap"),
        default=None,
        help="how places are stored: one number for each group (default where it can be), ⌈log₂ m⌉ bits for each "
        "survivor, or one bit for each entry",
    )
    parser.add_argument("--layout", choices=LAYOUTS, default="sqtheory", help="default: sqtheory")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of the generator that spellings call rng"
    )
    add_targets(parser)
    parser.add_argument("--dry-run", action="store_true", help="pack, state the bits, write nothing")
    parser.add_argument("--force", action="store_true", help="replace OUT if it exists")
    parser.add_argument("--json", action="store_true", help="print one JSON object, schema sqtheory.pack/1")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Pack, write unless it is a dry run, print."""
    import numpy as np

    from sqtheory.checkpoints import open_checkpoint
    from sqtheory.cli.progress import progress
    from sqtheory.packing import write_compressed_tensors, write_packed

    rng = np.random.default_rng(arguments.seed)
    q = options.quantizer(arguments.format, rng)
    s = None if arguments.mask is None else options.mask(arguments.mask, None, rng)
    if s is None and (arguments.order != "sq" or arguments.frozen_scale or arguments.index):
        raise ValueError("--order, --frozen-scale and --index need a --mask")
    nbytes: dict[str, int] = {}
    with open_checkpoint(arguments.checkpoint) as source:
        taken, _ = options.targets(arguments).split(source.tensors)

        def packs() -> "Iterator[tuple[str, Packed]]":
            for info in progress(taken, "pack", quiet=arguments.json):
                packed = _packed(source, info.name, q, s, arguments)
                nbytes[info.name] = packed.nbytes
                yield info.name, packed

        said = {**_metadata(source), **_recipe(arguments, q, s)}
        if arguments.dry_run:
            schemas = {name: packed.schema for name, packed in packs()}
        elif arguments.layout == "sqtheory":
            schemas = write_packed(arguments.out, packs(), source, said, force=arguments.force)
        else:
            schemas, nbytes = write_compressed_tensors(arguments.out, packs(), source, said, force=arguments.force)
    print(_json(arguments, schemas, nbytes) if arguments.json else _text(schemas, nbytes))
    return 0


def _packed(
    source: "Checkpoint", name: str, q: "Quantizer", s: "Sparsifier | None", arguments: argparse.Namespace
) -> "Packed":
    from sqtheory.checkpoints.tensors import plain, quoted
    from sqtheory.exceptions import InputRefused
    from sqtheory.orders import gain_mask
    from sqtheory.packing import pack_image, pack_masked
    from sqtheory.storage import Index

    x = source.read(name)
    index = None if arguments.index is None else Index[arguments.index]
    try:
        if s is None:
            return pack_image(x, q)
        if arguments.order == "gain":
            return pack_masked(x, q, s, gain_mask(x, q(x), s, 2), index=index)
        if arguments.order == "sq" and arguments.frozen_scale:
            return pack_masked(x, q, s, s.mask(x), index=index)
        return pack_image(x, s >> q if arguments.order == "sq" else q >> s, index=index)
    except InputRefused as refusal:
        raise type(refusal)(f"{plain(str(source.path))}: tensor {quoted(name)}: {refusal}") from refusal


def _metadata(source: "Checkpoint") -> Mapping[str, str]:
    """What a safetensors file says of itself."""
    from sqtheory.checkpoints import SafetensorsCheckpoint

    return source.metadata if isinstance(source, SafetensorsCheckpoint) else {}


def _recipe(arguments: argparse.Namespace, q: "Quantizer", s: "Sparsifier | None") -> dict[str, str]:
    recipe = {
        "mask": None if s is None else str(s),
        "format": str(q),
        **{name: getattr(arguments, name) for name in ("order", "frozen_scale", "seed", "targets", "ignore")},
    }
    return {"sqtheory.version": __version__, "sqtheory.recipe": json.dumps(recipe, ensure_ascii=False)}


def _rows(schemas: "Mapping[str, Schema]", nbytes: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "shape": list(schema.shape),
            "operator": schema.operator,
            "kept": schema.kept,
            "bits": schema.bits,
            "bits_in_file": 8 * nbytes[name],
            "bits_per_entry": float(schema.bits_per_entry),
        }
        for name, schema in schemas.items()
    ]


def _json(arguments: argparse.Namespace, schemas: "Mapping[str, Schema]", nbytes: Mapping[str, int]) -> str:
    content = {
        "schema": "sqtheory.pack/1",
        "version": __version__,
        "checkpoint": arguments.checkpoint,
        "out": None if arguments.dry_run else str(arguments.out),
        "layout": arguments.layout,
        "tensors": _rows(schemas, nbytes),
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False)


def _text(schemas: "Mapping[str, Schema]", nbytes: Mapping[str, int]) -> str:
    from sqtheory.packing import bits_table

    table, total = bits_table(schemas, nbytes)
    return f"{table.text()}\n{total}"
