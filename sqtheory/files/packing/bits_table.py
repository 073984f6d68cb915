"""The bits of packed tensors: those of theorem ``storage``, and those in the file."""

from collections.abc import Mapping

from sqtheory.files.packing.schema import Schema
from sqtheory.tables import Table, counted, one_line, short


def bits_table(schemas: Mapping[str, Schema], nbytes: Mapping[str, int]) -> tuple[Table, str]:
    """A row for each tensor, and a sentence on all; ``nbytes`` are those of the arrays of each in the file."""
    rows = tuple(
        (
            short(name),
            "×".join(map(str, schema.shape)) or "scalar",
            one_line(schema.operator),
            f"{100 * schema.kept / max(schema.size, 1):.2f}",
            str(schema.bits),
            f"{float(schema.bits_per_entry):.6g}",
            f"{8 * nbytes[name] / max(schema.size, 1):.6g}",
        )
        for name, schema in schemas.items()
    )
    header = ("tensor", "shape", "operator", "kept %", "bits", "bits an entry", "in the file")
    size, bits = (sum(getattr(schema, what) for schema in schemas.values()) for what in ("size", "bits"))
    return Table(header, rows), bits_sentence(len(rows), size, bits, 8 * sum(nbytes[name] for name in schemas))


def bits_sentence(tensors: int, size: int, bits: int, in_file: int) -> str:
    """What tensors of ``size`` entries in all take, by theorem ``storage`` and in the file, in bits an entry."""
    by_theorem, stored = (f"{count / max(1, size):.6g}" for count in (bits, in_file))
    these = f"{counted(tensors, 'tensor')}, {size} entries"
    return f"{these}: {by_theorem} bits an entry by theorem storage, {stored} in the file"
