"""``sqtheory unpack``: the values of a packed checkpoint."""

import argparse
from pathlib import Path

from sqtheory.cli.options import Verbs

DESCRIPTION = """\
Write the values that a packed checkpoint stands for to a plain safetensors file, one tensor at a time.

A packed file is a safetensors file. The tensor NAME is there as NAME.codes (the codes of the entries that are kept,
bit after bit, the lowest first), NAME.scales (one for each block, in the width that the format gives them),
NAME.tensor_scale (NVFP4) and NAME.indices (which entries are kept). The key sqtheory.packed of its metadata says
in JSON how they are decoded. Unpacked values are those that were packed, bit for bit, as F32 or F64;
tensors that are not packed and all other metadata are copied as they are."""

EPILOG = """\
example:
  sqtheory unpack model-packed.safetensors model.safetensors
  sqtheory unpack model-packed.safetensors --list"""


def add(verbs: Verbs) -> None:
    """Describe the verb."""
    parser = verbs.add_parser(
        "unpack",
        help="write the values of a packed checkpoint",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("packed", type=Path, metavar="PACKED", help="a safetensors file with packed tensors")
    parser.add_argument("out", type=Path, nargs="?", metavar="OUT", help="the safetensors file to write")
    parser.add_argument("--force", action="store_true", help="replace OUT if it exists")
    parser.add_argument("--list", action="store_true", help="print the packed tensors and their bits; write nothing")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Unpack, or list."""
    from sqtheory.cli.progress import progress
    from sqtheory.packing import PackedCheckpoint, unpack_file
    from sqtheory.tables import Table, one_line

    if (arguments.out is None) != arguments.list:
        raise ValueError("unpack needs either OUT or --list")
    with PackedCheckpoint(arguments.packed) as packed:
        if not arguments.list:
            unpack_file(packed, arguments.out, force=arguments.force, progress=lambda i: progress(i, "unpack"))
            return 0
        rows = []
        for name, schema in packed.schemas.items():
            nbytes = packed.info(name).nbytes
            rows.append(
                (
                    one_line(name),
                    "×".join(map(str, schema.shape)) or "scalar",
                    one_line(schema.operator),
                    str(schema.bits),
                    str(8 * nbytes - schema.bits),
                    f"{8 * nbytes / max(schema.size, 1):.6g}",
                )
            )
    print(Table(("tensor", "shape", "operator", "bits", "padding", "bits an entry"), tuple(rows)).text())
    return 0
