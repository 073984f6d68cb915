"""``sqtheory unpack``: the values of a packed checkpoint."""

import argparse
from pathlib import Path

from sqtheory.cli.verb import Document, Verb

DESCRIPTION = """\
Write the values that a packed checkpoint stands for to a plain safetensors file, one tensor at a time.

A packed file is a safetensors file. The tensor NAME is there as NAME.codes (the codes of the entries that are kept,
bit after bit, the lowest first), NAME.scales (one for each block, in the width that the format gives them),
NAME.offsets (affine: zero points as codes, or numbers like the scales), NAME.tensor_scale (NVFP4) and NAME.indices
(which entries are kept). The key sqtheory.packed of its metadata says in JSON how they are decoded. Unpacked values
are those that were packed, bit for bit, as F32 or F64; tensors that are not packed and all
other metadata are copied as they are."""

EXAMPLES = """\
example:
  sqtheory unpack model-packed.safetensors model.safetensors
  sqtheory unpack model-packed.safetensors --list"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("packed", type=Path, metavar="PACKED", help="a safetensors file with packed tensors")
    parser.add_argument("out", type=Path, nargs="?", metavar="OUT", help="the safetensors file to write")
    parser.add_argument("--force", action="store_true", help="replace OUT if it exists")
    parser.add_argument("--list", action="store_true", help="print the packed tensors and their bits; write nothing")


def run(arguments: argparse.Namespace) -> Document:
    """Unpack, or list."""
    from sqtheory.cli.progress import progress
    from sqtheory.files.codecs.configuration import check_beside
    from sqtheory.files.packing import PackedCheckpoint, bits_table, unpack_file

    if (arguments.out is None) != arguments.list:
        raise ValueError("unpack needs either OUT or --list")
    with PackedCheckpoint(arguments.packed) as packed:
        if not arguments.list:
            check_beside(arguments.out)
            unpack_file(packed, arguments.out, force=arguments.force, progress=lambda i: progress(i, "unpack"))
            return Document()
        table, total = bits_table(packed.schemas, {name: packed.info(name).nbytes for name in packed.schemas})
    return Document(text=lambda render: f"{render(table)}\n{total}")


VERB = Verb(
    name="unpack",
    help="write the values of a packed checkpoint",
    description=DESCRIPTION,
    examples=EXAMPLES,
    options=add_options,
    run=run,
)
